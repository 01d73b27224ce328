-- Files of lines, and the jobs that run them. Contents, names and notes are sealed by the gateway; what is plain here says
-- who, when and how much.
create table batch_files (
  tenant text not null,
  id text not null,
  output boolean not null,
  visible boolean not null,
  name bytea not null,
  bytes bigint not null,
  created_ms bigint not null,
  expires_ms bigint not null,
  primary key (tenant, id)
);

create table batch_file_parts (
  tenant text not null,
  file text not null,
  part int not null,
  content bytea not null,
  primary key (tenant, file, part),
  foreign key (tenant, file) references batch_files on delete cascade
);

create table batches (
  tenant text not null,
  id text not null,
  endpoint text not null,
  input_file text not null,
  output_file text not null,
  error_file text not null,
  status text not null check (status in ('in_progress', 'cancelling', 'completed', 'expired', 'cancelled', 'failed')),
  total int not null,
  completed int not null default 0,
  failed int not null default 0,
  created_ms bigint not null,
  expires_ms bigint not null,
  cancelling_ms bigint,
  ended_ms bigint,
  metadata bytea not null,
  actor text not null,
  source_ip text not null,
  primary key (tenant, id),
  check (completed >= 0 and failed >= 0 and completed + failed <= total)
);
create index batches_newest on batches (tenant, created_ms desc, id desc);

-- Jobs to be run and files to be deleted, at their time. A job that is taken has an owner until that time.
create table batch_due (
  tenant text not null,
  id text not null,
  at timestamptz not null,
  owner text not null default '',
  primary key (tenant, id)
);
create index batch_due_at on batch_due (at);

alter table batch_files enable row level security;
alter table batch_files force row level security;
create policy own on batch_files using (tenant = own_tenant());

alter table batch_file_parts enable row level security;
alter table batch_file_parts force row level security;
create policy own on batch_file_parts using (tenant = own_tenant());

alter table batches enable row level security;
alter table batches force row level security;
create policy own on batches using (tenant = own_tenant());

-- Whoever looks for work is no tenant: it sees whose turn it is, and can do nothing about it but as that tenant.
alter table batch_due enable row level security;
alter table batch_due force row level security;
create policy own on batch_due using (tenant = own_tenant());
create policy turns on batch_due for select using (own_tenant() is null);

grant select, insert, update, delete on batch_files, batch_file_parts, batches, batch_due to ${serving};
