-- What each attempt of a request used. Rows are added and never changed.
create table usage_events (
  row_id               bigint generated always as identity primary key,
  source               text        not null,
  request_id           text        not null,
  attempt              integer     not null,
  sequence             integer     not null,
  tenant               text        not null,
  tier                 text        not null,
  model                text        not null,
  adapter              text        not null,
  adapter_version      text        not null,
  workload_class       text        not null,
  pool                 text        not null,
  worker_id            text        not null,
  worker_type          text        not null,
  prompt_tokens        bigint      not null,
  cached_prompt_tokens bigint      not null,
  output_tokens        bigint      not null,
  queue_wait_ms        bigint      not null,
  prefill_ms           bigint      not null,
  decode_ms            bigint      not null,
  compute_us           bigint      not null,
  kv_block_ms          bigint      not null,
  preemptions          integer     not null,
  outcome              text        not null,
  ended_ms             bigint      not null, -- milliseconds since the epoch
  recorded_at          timestamptz not null default now(),
  -- An event's id is request:attempt:sequence; whoever reports it first is counted.
  constraint usage_events_once unique (request_id, attempt, sequence)
);
create index usage_events_by_tenant on usage_events (tenant, ended_ms desc, row_id desc);
create index usage_events_by_end on usage_events (ended_ms desc, row_id desc);

-- Sums of the rows above, kept in their transactions.
create table usage_rollups (
  period               text        not null check (period in ('hour', 'day')),
  period_start         timestamptz not null,
  tenant               text        not null,
  model                text        not null,
  adapter              text        not null,
  workload_class       text        not null,
  requests             bigint      not null,
  prompt_tokens        bigint      not null,
  cached_prompt_tokens bigint      not null,
  output_tokens        bigint      not null,
  compute_us           bigint      not null,
  kv_block_ms          bigint      not null,
  primary key (period, tenant, period_start, model, adapter, workload_class)
);
create index usage_rollups_by_start on usage_rollups (period, period_start);

-- Facts that cannot be counted, by their place; never their content.
create table rejected_events (
  topic       text        not null,
  "partition" integer     not null,
  "offset"    bigint      not null,
  reason      text        not null,
  rejected_at timestamptz not null default now(),
  primary key (topic, "partition", "offset")
);

-- How far each partition was read, and the number of the claim that may write on.
create table consumer_offsets (
  topic       text    not null,
  "partition" integer not null,
  next_offset bigint,
  claim       bigint  not null,
  primary key (topic, "partition")
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only' using errcode = 'integrity_constraint_violation';
end $$;
create trigger usage_events_append_only before update or delete or truncate on usage_events
  for each statement execute function refuse_change();
