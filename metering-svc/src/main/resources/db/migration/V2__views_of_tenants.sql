-- The second wall behind the queries' own conditions: without a view there is no row, not even for the owner of the
-- tables. A transaction takes a view by setting cofferdam.view to 'everybody', or cofferdam.tenant to a tenant.
-- (Superusers pass row-level security; the service says so at start when it runs as one.)
create function is_visible(tenant text) returns boolean language sql stable as $$
  select coalesce(
    current_setting('cofferdam.view', true) = 'everybody'
      or tenant = nullif(current_setting('cofferdam.tenant', true), ''),
    false)
$$;

alter table usage_events enable row level security;
alter table usage_events force row level security;
create policy visible on usage_events for select using (is_visible(tenant));
create policy append on usage_events for insert with check (true);

alter table usage_rollups enable row level security;
alter table usage_rollups force row level security;
create policy visible on usage_rollups for select using (is_visible(tenant));
create policy append on usage_rollups for insert with check (true);
create policy add_up on usage_rollups for update using (is_visible(tenant)) with check (true);
