-- Readers never act as the owner of the tables: each query takes one of two roles, and row-level security applies
-- to both, whoever owns the tables (a superuser would pass even FORCE ROW LEVEL SECURITY).
do $$
begin
  perform pg_advisory_xact_lock(hashtext('cofferdam roles'));
  if not exists (select from pg_roles where rolname = 'metering_tenant_view') then
    create role metering_tenant_view nologin nobypassrls;
  end if;
  if not exists (select from pg_roles where rolname = 'metering_operator_view') then
    create role metering_operator_view nologin nobypassrls;
  end if;
  execute format('grant metering_tenant_view, metering_operator_view to %I', current_user);
  execute format(
    'grant usage on schema %I to metering_tenant_view, metering_operator_view', current_schema());
end $$;

grant select on usage_events, usage_rollups to metering_tenant_view, metering_operator_view;

alter table usage_events enable row level security;
alter table usage_rollups enable row level security;

-- Without the setting there is no tenant, and no row.
create policy own_rows on usage_events for select to metering_tenant_view
  using (tenant = nullif(current_setting('cofferdam.tenant', true), ''));
create policy own_rows on usage_rollups for select to metering_tenant_view
  using (tenant = nullif(current_setting('cofferdam.tenant', true), ''));
create policy all_rows on usage_events for select to metering_operator_view using (true);
create policy all_rows on usage_rollups for select to metering_operator_view using (true);
