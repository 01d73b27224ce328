-- The log. A leaf is the sealed record; leaves are added at the end and never changed.
create table leaves (
  index       bigint      primary key,
  tenant      text        not null,
  source      text        not null,
  event_id    text        not null,
  request_id  text        not null,
  severity    smallint    not null,
  occurred_ms bigint      not null, -- milliseconds since the epoch
  leaf        bytea       not null,
  leaf_hash   bytea       not null,
  logged_at   timestamptz not null default now(),
  constraint leaves_once unique (source, event_id)
);
create index leaves_by_tenant on leaves (tenant, index desc);
create index leaves_by_request on leaves (request_id) where request_id <> '';

-- Hashes of the complete subtrees of two leaves and more.
create table nodes (
  level smallint not null,
  index bigint   not null,
  hash  bytea    not null,
  primary key (level, index)
);

-- The one row that everyone who appends must lock: the log's sequencer.
create table log_head (
  only_row boolean primary key default true check (only_row),
  size     bigint  not null,
  root     bytea   not null
);
insert into log_head (size, root) values (0, sha256(''));

-- Heads that were signed.
create table checkpoints (
  tree_size bigint      primary key,
  root_hash bytea       not null,
  note      text        not null,
  signed_at timestamptz not null default now()
);

-- Keys of tenants, wrapped under the master key; a destroyed one stays as an empty row.
create table data_keys (
  key_id       uuid        primary key,
  tenant       text        not null,
  wrapped      bytea,
  created_at   timestamptz not null default now(),
  destroyed_at timestamptz,
  check ((wrapped is null) = (destroyed_at is not null))
);
create unique index data_keys_in_use on data_keys (tenant) where wrapped is not null;

-- Facts that cannot be logged, by their place; never their content.
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
  raise exception 'the log is append-only' using errcode = 'integrity_constraint_violation';
end $$;
create trigger leaves_append_only before update or delete or truncate on leaves
  for each statement execute function refuse_change();
create trigger nodes_append_only before update or delete or truncate on nodes
  for each statement execute function refuse_change();
create trigger checkpoints_append_only before update or delete or truncate on checkpoints
  for each statement execute function refuse_change();
