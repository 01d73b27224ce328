-- Read-only roles for tools that speak SQL. They cannot log in until somebody lets them; what they see is decided by
-- their name alone, never by a setting of their session. A tenant's role sees that tenant's sums and events; an
-- operator's role sees everybody's sums and no event.

-- What V2 lets a session say of itself is for the service's own user.
alter policy visible on usage_events to current_user;
alter policy visible on usage_rollup_hours to current_user;
alter policy visible on usage_rollup_days to current_user;
alter policy visible on usage_rollup_months to current_user;

create table usage_readers (
  role_name name primary key,
  tenant    text not null
);
alter table usage_readers enable row level security;
create policy own on usage_readers for select using (role_name = current_user);

create view bi_usage with (security_invoker = true) as
  select period, period_start, booked_at, booked_at > period_start as is_correction, tenant, model, adapter,
    workload_class, requests, prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, kv_block_ms
  from usage_rollups;
create view bi_usage_events with (security_invoker = true) as
  select to_timestamp(ended_ms / 1000.0) as ended_at, booked_at, tenant, request_id, attempt, model, adapter,
    adapter_version, workload_class, operation, outcome, prompt_tokens, cached_prompt_tokens, output_tokens,
    queue_wait_ms, prefill_ms, decode_ms, compute_us, kv_block_ms, preemptions
  from usage_events;

-- Gives the two group roles what they may read; called again where they were missing and are there now.
create function grant_usage_views() returns boolean language plpgsql as $$
declare
  tables text;
begin
  if (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) then
    if to_regrole('cofferdam_bi_tenant') is null then
      create role cofferdam_bi_tenant nologin;
    end if;
    if to_regrole('cofferdam_bi_operator') is null then
      create role cofferdam_bi_operator nologin;
    end if;
  end if;
  if to_regrole('cofferdam_bi_tenant') is null or to_regrole('cofferdam_bi_operator') is null then
    raise notice 'the roles cofferdam_bi_tenant and cofferdam_bi_operator are missing';
    return false;
  end if;
  execute format('grant connect on database %I to cofferdam_bi_tenant, cofferdam_bi_operator', current_database());
  execute format('grant usage on schema %I to cofferdam_bi_tenant, cofferdam_bi_operator', current_schema());
  grant select on bi_usage, usage_rollups, usage_rollup_hours, usage_rollup_days, usage_rollup_months, ledger_closings
    to cofferdam_bi_tenant, cofferdam_bi_operator;
  grant select on bi_usage_events, usage_events, usage_readers to cofferdam_bi_tenant;
  foreach tables in array array['usage_events', 'usage_rollup_hours', 'usage_rollup_days', 'usage_rollup_months'] loop
    execute format('drop policy if exists bi_tenant on %I', tables);
    execute format('create policy bi_tenant on %I for select to cofferdam_bi_tenant
      using (tenant = (select r.tenant from usage_readers as r where r.role_name = current_user))', tables);
    if tables <> 'usage_events' then
      execute format('drop policy if exists bi_operator on %I', tables);
      execute format('create policy bi_operator on %I for select to cofferdam_bi_operator using (true)', tables);
    end if;
  end loop;
  return true;
end $$;
select grant_usage_views();

-- Lets a role read a tenant's usage; makes it, without a right to log in, where it is missing.
create function admit_usage_reader(reader name, of_tenant text) returns void language plpgsql as $$
begin
  if to_regrole(quote_ident(reader)) is null then
    execute format('create role %I nologin', reader);
  end if;
  execute format('grant cofferdam_bi_tenant to %I', reader);
  insert into usage_readers (role_name, tenant) values (reader, of_tenant)
  on conflict (role_name) do update set tenant = excluded.tenant;
end $$;

revoke execute on function ensure_usage_month, close_usage_hours, detach_usage_months, grant_usage_views,
  admit_usage_reader from public;
