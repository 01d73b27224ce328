-- Data keys are retired after a while, so that what is sealed under one lies in a span of time; and say by which
-- key-encryption key they are wrapped.
alter table data_keys add column wrapped_by text not null default '';
alter table data_keys add column retired_at timestamptz;
drop index data_keys_in_use;
create unique index data_keys_in_use on data_keys (tenant) where wrapped is not null and retired_at is null;

-- What was erased: on somebody's request, or because its time was over.
create table erasures (
  id        bigint      generated always as identity primary key,
  tenant    text        not null,
  kind      text        not null check (kind in ('request', 'retention')),
  keys      integer     not null,
  tree_size bigint      not null,
  actor     text        not null,
  reason    text        not null,
  erased_at timestamptz not null default now(),
  recorded  boolean     not null default false -- whether the log has been told
);
create index erasures_by_tenant on erasures (tenant, id desc);
create index erasures_unrecorded on erasures (id) where not recorded;
alter table erasures enable row level security;
alter table erasures force row level security;
create policy visible on erasures using (is_visible(tenant));
