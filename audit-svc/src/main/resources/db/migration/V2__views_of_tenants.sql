-- Records are read as one of two roles that row-level security applies to, whoever owns the tables (a superuser
-- would pass even FORCE ROW LEVEL SECURITY). Neither may see the keys.
do $$
begin
  perform pg_advisory_xact_lock(hashtext('cofferdam roles'));
  if not exists (select from pg_roles where rolname = 'audit_tenant_view') then
    create role audit_tenant_view nologin nobypassrls;
  end if;
  if not exists (select from pg_roles where rolname = 'audit_operator_view') then
    create role audit_operator_view nologin nobypassrls;
  end if;
  execute format('grant audit_tenant_view, audit_operator_view to %I', current_user);
  execute format(
    'grant usage on schema %I to audit_tenant_view, audit_operator_view', current_schema());
end $$;

grant select on leaves to audit_tenant_view, audit_operator_view;
alter table leaves enable row level security;

-- Without the setting there is no tenant, and no row.
create policy own_rows on leaves for select to audit_tenant_view
  using (tenant = nullif(current_setting('cofferdam.tenant', true), ''));
create policy all_rows on leaves for select to audit_operator_view using (true);
