-- Invoices. A row is added and never changed; the document is what the invoice is, the other columns repeat it.
create table invoices (
  number         bigint  primary key,
  tenant         text    not null,
  from_day       date    not null,
  to_day         date    not null,
  issued_ms      bigint  not null, -- milliseconds since the epoch
  currency       text    not null,
  total          numeric not null,
  due            numeric not null,
  content_sha256 text    not null,
  document       bytea   not null,
  check (number > 0 and from_day < to_day)
);
create index invoices_by_tenant on invoices (tenant, number);
create trigger invoices_append_only before update or delete or truncate on invoices
  for each statement execute function refuse_change();

alter table invoices enable row level security;
alter table invoices force row level security;
create policy visible on invoices for select to current_user using (is_visible(tenant));
create policy append on invoices for insert with check (is_visible(tenant));

-- The last number that was given; its row is the lock of those who issue.
create table invoice_counter (
  one         boolean primary key default true check (one),
  last_number bigint  not null
);
insert into invoice_counter (last_number) values (0);

-- What tenants keep, hour by hour: adapters, and bytes for retrieval. Rows are added and never changed.
create table kept_hours (
  row_id      bigint generated always as identity primary key,
  tenant      text        not null,
  kind        text        not null check (kind in ('adapter', 'storage')),
  model       text        not null, -- of an adapter; else empty
  name        text        not null,
  hour_ms     bigint      not null, -- beginning of the hour, milliseconds since the epoch
  bytes       bigint      not null check (bytes >= 0),
  recorded_at timestamptz not null default now(),
  constraint kept_hours_once unique (tenant, kind, name, hour_ms)
);
create index kept_hours_by_hour on kept_hours (hour_ms);
create trigger kept_hours_append_only before update or delete or truncate on kept_hours
  for each statement execute function refuse_change();

alter table kept_hours enable row level security;
alter table kept_hours force row level security;
create policy visible on kept_hours for select to current_user using (is_visible(tenant));
create policy append on kept_hours for insert with check (true);
