-- A tenant's key, sealed under the master key of the gateways. Removing it erases what was sealed under it.
create table transcript_keys (
  tenant text  primary key,
  sealed bytea not null
);

-- Prompts and answers, sealed. What has expired is not there for the user that serves, swept or not.
create table transcripts (
  tenant     text   not null references transcript_keys on delete cascade,
  request_id text   not null,
  created_ms bigint not null, -- milliseconds since the epoch
  expires_ms bigint not null,
  sealed     bytea  not null,
  primary key (tenant, request_id)
) partition by hash (tenant);

do $$
begin
  for i in 0..15 loop
    execute format(
      'create table transcripts_%s partition of transcripts for values with (modulus 16, remainder %s)', i, i);
    execute format('alter table transcripts_%s enable row level security', i);
    execute format('alter table transcripts_%s force row level security', i);
  end loop;
end $$;

create index transcripts_by_time on transcripts (tenant, created_ms, request_id);
create index transcripts_by_expiry on transcripts (expires_ms);

create function now_ms() returns bigint language sql stable as $$
  select (extract(epoch from now()) * 1000)::bigint
$$;

alter table transcript_keys enable row level security;
alter table transcript_keys force row level security;
create policy own on transcript_keys using (tenant = own_tenant());
grant select, insert, update, delete on transcript_keys to "${serving}";

alter table transcripts enable row level security;
alter table transcripts force row level security;
create policy own on transcripts to "${serving}" using (tenant = own_tenant() and expires_ms > now_ms());
grant select, insert, delete on transcripts to "${serving}";

-- The owner sees what has expired, of all tenants, to remove it; whoever calls this learns a number.
create policy sweep on transcripts to current_user using (expires_ms <= now_ms());
create function sweep_transcripts(most integer) returns integer
language sql security definer set search_path from current as $$
  with expired as (
    select tenant, request_id from transcripts where expires_ms <= now_ms() order by expires_ms limit most
  ), removed as (
    delete from transcripts t using expired e
    where t.tenant = e.tenant and t.request_id = e.request_id returning 1
  )
  select count(*)::integer from removed
$$;
revoke all on function sweep_transcripts(integer) from public;
grant execute on function sweep_transcripts(integer) to "${serving}";
