-- Events and hours lie in partitions, one for each UTC month. An hour that is closed is never edited: what comes late
-- is booked in the first open hour, as a correction of its own.

select set_config('cofferdam.view', 'everybody', true);
alter table usage_events rename to usage_events_before;
alter table usage_events_before rename constraint usage_events_once to usage_events_before_once;
alter index usage_events_by_tenant rename to usage_events_before_by_tenant;
alter index usage_events_by_end rename to usage_events_before_by_end;
alter table usage_rollups rename to usage_rollups_before;
alter index usage_rollups_by_start rename to usage_rollups_before_by_start;

create sequence usage_events_row;
create table usage_events (
  row_id               bigint      not null default nextval('usage_events_row'),
  ended_ms             bigint      not null, -- milliseconds since the epoch
  booked_at            timestamptz not null, -- start of the hour in whose books it stands; later than its own: a correction
  recorded_at          timestamptz not null default now(),
  prompt_tokens        bigint      not null,
  cached_prompt_tokens bigint      not null,
  output_tokens        bigint      not null,
  queue_wait_ms        bigint      not null,
  prefill_ms           bigint      not null,
  decode_ms            bigint      not null,
  compute_us           bigint      not null,
  kv_block_ms          bigint      not null,
  preemptions          integer     not null,
  attempt              integer     not null,
  sequence             integer     not null,
  request_id           uuid        not null,
  source               text        not null,
  tenant               text        not null,
  tier                 text        not null,
  model                text        not null,
  adapter              text        not null,
  adapter_version      text        not null,
  workload_class       text        not null,
  pool                 text        not null,
  worker_id            text        not null,
  worker_type          text        not null,
  operation            text        not null,
  outcome              text        not null
) partition by range (ended_ms);
create index usage_events_by_tenant on usage_events (tenant, ended_ms desc, row_id desc);
create index usage_events_by_end on usage_events (ended_ms desc, row_id desc);

-- What was counted, over all months: an event's id is request:attempt:sequence, whoever reports it first is counted.
-- A request's input is billed by one of its events.
create table usage_event_ids (
  request_id uuid    not null,
  ended_ms   bigint  not null,
  attempt    integer not null,
  sequence   integer not null,
  pays       boolean not null,
  primary key (request_id, attempt, sequence)
);
create index usage_event_ids_by_end on usage_event_ids using brin (ended_ms);

-- Sums of the events by the hour in which they ended and the hour in whose books they stand, kept in their transactions.
create table usage_rollup_hours (
  period_start         timestamptz not null,
  booked_at            timestamptz not null check (booked_at >= period_start),
  requests             bigint      not null,
  prompt_tokens        bigint      not null,
  cached_prompt_tokens bigint      not null,
  output_tokens        bigint      not null,
  compute_us           bigint      not null,
  kv_block_ms          bigint      not null,
  tenant               text        not null,
  model                text        not null,
  adapter              text        not null,
  workload_class       text        not null,
  primary key (tenant, period_start, model, adapter, workload_class, booked_at)
) partition by range (period_start);
create index usage_rollup_hours_by_booking on usage_rollup_hours (booked_at, tenant);
create index usage_rollup_hours_by_start on usage_rollup_hours (period_start);

-- Sums of closed hours by day and month; what open hours add, the view below tells.
create table usage_rollup_days (like usage_rollup_hours including constraints including indexes);
create table usage_rollup_months (like usage_rollup_hours including constraints including indexes);

-- Each closing: hours that start before it are closed.
create table ledger_closings (
  closed_before timestamptz primary key,
  closed_at     timestamptz not null default now()
);
create function closed_before() returns timestamptz language sql stable as $$
  select coalesce(max(closed_before), '2020-01-01T00:00:00Z'::timestamptz) from ledger_closings
$$;

-- Each taking out of months: events that ended before are in the ledger no more.
create table ledger_retention (
  kept_since timestamptz primary key,
  done_at    timestamptz not null default now()
);

create trigger ledger_closings_append_only before update or delete or truncate on ledger_closings
  for each statement execute function refuse_change();
create trigger usage_events_append_only before update or delete or truncate on usage_events
  for each statement execute function refuse_change();
create trigger usage_rollup_hours_stay before delete or truncate on usage_rollup_hours
  for each statement execute function refuse_change();
create trigger usage_rollup_days_stay before delete or truncate on usage_rollup_days
  for each statement execute function refuse_change();
create trigger usage_rollup_months_stay before delete or truncate on usage_rollup_months
  for each statement execute function refuse_change();

-- Makes a month's partitions. They are attached, not created in place, which would lock out readers and writers.
-- A partition's own row-level security shuts out everybody but the owner, who asks the whole table, where it is forced.
create function ensure_usage_month(month timestamptz) returns boolean language plpgsql as $$
declare
  first  timestamptz := date_trunc('month', month, 'UTC');
  after  timestamptz := (date_trunc('month', month at time zone 'UTC') + interval '1 month') at time zone 'UTC';
  suffix text := to_char(month at time zone 'UTC', '_YYYY_MM');
begin
  perform pg_advisory_xact_lock(hashtext('cofferdam usage months'));
  if exists (select from pg_inherits where inhrelid = to_regclass('usage_events' || suffix)) then
    return false;
  end if;
  if first < (select max(kept_since) from ledger_retention) then
    raise exception 'the month was taken out of the ledger' using errcode = 'check_violation';
  end if;
  execute format('create table %I (like usage_events including defaults including constraints)', 'usage_events' || suffix);
  execute format('create trigger append_only before update or delete or truncate on %I
    for each statement execute function refuse_change()', 'usage_events' || suffix);
  execute format('alter table %I enable row level security', 'usage_events' || suffix);
  execute format('alter table usage_events attach partition %I for values from (%s) to (%s)',
    'usage_events' || suffix, (extract(epoch from first) * 1000)::bigint, (extract(epoch from after) * 1000)::bigint);
  execute format('create table %I (like usage_rollup_hours including constraints) with (fillfactor = 60)',
    'usage_rollup_hours' || suffix);
  execute format('create trigger stay before delete or truncate on %I
    for each statement execute function refuse_change()', 'usage_rollup_hours' || suffix);
  execute format('alter table %I enable row level security', 'usage_rollup_hours' || suffix);
  execute format('alter table usage_rollup_hours attach partition %I for values from (%L) to (%L)',
    'usage_rollup_hours' || suffix, first, after);
  return true;
end $$;

-- What was there before.
select ensure_usage_month(month) from (
  select distinct date_trunc('month', to_timestamp(ended_ms / 1000), 'UTC') as month from usage_events_before
) as months order by month;
insert into usage_events (row_id, ended_ms, booked_at, recorded_at, prompt_tokens, cached_prompt_tokens, output_tokens,
  queue_wait_ms, prefill_ms, decode_ms, compute_us, kv_block_ms, preemptions, attempt, sequence, request_id, source,
  tenant, tier, model, adapter, adapter_version, workload_class, pool, worker_id, worker_type, operation, outcome)
select row_id, ended_ms, date_trunc('hour', to_timestamp(ended_ms / 1000), 'UTC'), recorded_at, prompt_tokens,
  cached_prompt_tokens, output_tokens, queue_wait_ms, prefill_ms, decode_ms, compute_us, kv_block_ms, preemptions,
  attempt, sequence, request_id::uuid, source, tenant, tier, model, adapter, adapter_version, workload_class, pool,
  worker_id, worker_type, operation, outcome
from usage_events_before;
select setval('usage_events_row', greatest(1, (select max(row_id) from usage_events_before)));
insert into usage_event_ids (request_id, ended_ms, attempt, sequence, pays)
select request_id::uuid, ended_ms, attempt, sequence, prompt_tokens > 0 from usage_events_before;
insert into usage_rollup_hours (period_start, booked_at, requests, prompt_tokens, cached_prompt_tokens, output_tokens,
  compute_us, kv_block_ms, tenant, model, adapter, workload_class)
select period_start, period_start, requests, prompt_tokens, cached_prompt_tokens, output_tokens, compute_us,
  kv_block_ms, tenant, model, adapter, workload_class
from usage_rollups_before where period = 'hour';
drop table usage_events_before, usage_rollups_before;

-- Sums by hour, day and month, with what open hours hold. A row whose booking is later than its period is a correction.
create view usage_rollups with (security_invoker = true) as
  select 'hour' as period, period_start, booked_at, tenant, model, adapter, workload_class, requests, prompt_tokens,
    cached_prompt_tokens, output_tokens, compute_us, kv_block_ms
  from usage_rollup_hours
  union all
  select p.period, period_start, booked_at, tenant, model, adapter, workload_class, sum(requests)::bigint,
    sum(prompt_tokens)::bigint, sum(cached_prompt_tokens)::bigint, sum(output_tokens)::bigint, sum(compute_us)::bigint,
    sum(kv_block_ms)::bigint
  from (
    select 'day' as period, * from usage_rollup_days
    union all
    select 'month' as period, * from usage_rollup_months
    union all
    select o.period, date_trunc(o.period, period_start, 'UTC'), date_trunc(o.period, booked_at, 'UTC'), requests,
      prompt_tokens, cached_prompt_tokens, output_tokens, compute_us, kv_block_ms, tenant, model, adapter, workload_class
    from usage_rollup_hours cross join (values ('day'), ('month')) as o(period)
    where booked_at >= (select closed_before())
  ) as p
  group by p.period, period_start, booked_at, tenant, model, adapter, workload_class;

-- Closes the hours before a time, and adds them to their days and months. Appends hold the lock together, closings alone.
create function close_usage_hours(before timestamptz) returns boolean language plpgsql as $$
declare
  since timestamptz;
begin
  perform pg_advisory_xact_lock(hashtext('cofferdam usage closing'));
  since := closed_before();
  if before <= since or before <> date_trunc('hour', before, 'UTC') then
    return false;
  end if;
  insert into usage_rollup_days as r
  select date_trunc('day', period_start, 'UTC'), date_trunc('day', booked_at, 'UTC'), sum(requests), sum(prompt_tokens),
    sum(cached_prompt_tokens), sum(output_tokens), sum(compute_us), sum(kv_block_ms), tenant, model, adapter,
    workload_class
  from usage_rollup_hours where booked_at >= since and booked_at < before
  group by 1, 2, tenant, model, adapter, workload_class
  on conflict (tenant, period_start, model, adapter, workload_class, booked_at) do update set
    requests = r.requests + excluded.requests,
    prompt_tokens = r.prompt_tokens + excluded.prompt_tokens,
    cached_prompt_tokens = r.cached_prompt_tokens + excluded.cached_prompt_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    compute_us = r.compute_us + excluded.compute_us,
    kv_block_ms = r.kv_block_ms + excluded.kv_block_ms;
  insert into usage_rollup_months as r
  select date_trunc('month', period_start, 'UTC'), date_trunc('month', booked_at, 'UTC'), sum(requests),
    sum(prompt_tokens), sum(cached_prompt_tokens), sum(output_tokens), sum(compute_us), sum(kv_block_ms), tenant, model,
    adapter, workload_class
  from usage_rollup_hours where booked_at >= since and booked_at < before
  group by 1, 2, tenant, model, adapter, workload_class
  on conflict (tenant, period_start, model, adapter, workload_class, booked_at) do update set
    requests = r.requests + excluded.requests,
    prompt_tokens = r.prompt_tokens + excluded.prompt_tokens,
    cached_prompt_tokens = r.cached_prompt_tokens + excluded.cached_prompt_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    compute_us = r.compute_us + excluded.compute_us,
    kv_block_ms = r.kv_block_ms + excluded.kv_block_ms;
  insert into ledger_closings (closed_before) values (before);
  return true;
end $$;

-- Rows are seen as before (V2), and nothing is written into a closed hour.
alter table usage_events enable row level security;
alter table usage_events force row level security;
create policy visible on usage_events for select using (is_visible(tenant));
create policy append on usage_events for insert with check (booked_at >= (select closed_before()));

alter table usage_rollup_hours enable row level security;
alter table usage_rollup_hours force row level security;
create policy visible on usage_rollup_hours for select using (is_visible(tenant));
create policy append on usage_rollup_hours for insert with check (booked_at >= (select closed_before()));
create policy add_up on usage_rollup_hours for update
  using (is_visible(tenant) and booked_at >= (select closed_before()));

alter table usage_rollup_days enable row level security;
alter table usage_rollup_days force row level security;
create policy visible on usage_rollup_days for select using (is_visible(tenant));
create policy append on usage_rollup_days for insert with check (booked_at + interval '1 day' > (select closed_before()));
create policy add_up on usage_rollup_days for update
  using (is_visible(tenant) and booked_at + interval '1 day' > (select closed_before()));

alter table usage_rollup_months enable row level security;
alter table usage_rollup_months force row level security;
create policy visible on usage_rollup_months for select using (is_visible(tenant));
create policy append on usage_rollup_months for insert
  with check ((booked_at at time zone 'UTC' + interval '1 month') at time zone 'UTC' > (select closed_before()));
create policy add_up on usage_rollup_months for update
  using (is_visible(tenant)
    and (booked_at at time zone 'UTC' + interval '1 month') at time zone 'UTC' > (select closed_before()));
