-- The second wall behind the queries' own conditions: without a view there is no row, not even for the owner of the
-- tables. A transaction takes a view by setting cofferdam.view to 'everybody', or cofferdam.tenant to a tenant.
-- (Superusers pass row-level security; the service says so at start when it runs as one.)
create function is_visible(tenant text) returns boolean language sql stable as $$
  select coalesce(
    current_setting('cofferdam.view', true) = 'everybody'
      or tenant = nullif(current_setting('cofferdam.tenant', true), ''),
    false)
$$;

alter table leaves enable row level security;
alter table leaves force row level security;
create policy visible on leaves for select using (is_visible(tenant));
create policy append on leaves for insert with check (true);
