-- Nodes that were paid for, hour by hour, as the pools' records said then. For operators; rows are added and never changed.
create table node_hours (
  pool            text    not null,
  hour_ms         bigint  not null, -- beginning of the hour, milliseconds since the epoch
  nodes           integer not null check (nodes >= 0),
  currency        text    not null,
  micros_per_hour bigint  not null check (micros_per_hour >= 0),
  recorded_at     timestamptz not null default now(),
  primary key (pool, hour_ms)
);
create index node_hours_by_hour on node_hours (hour_ms);
create trigger node_hours_append_only before update or delete or truncate on node_hours
  for each statement execute function refuse_change();
