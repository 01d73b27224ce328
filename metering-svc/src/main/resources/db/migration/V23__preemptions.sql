-- For whose requests attempts gave way. Other tenants' names are for operators: a tenant's view shows none of it, and no
-- role of a BI tool is granted it.
create table usage_preemptions (
  ended_ms     bigint  not null, -- of the attempt, milliseconds since the epoch
  tenant       text    not null,
  preempted_by text    not null,
  times        integer not null check (times > 0),
  attempt      integer not null,
  sequence     integer not null,
  request_id   uuid    not null
);
create index usage_preemptions_by_end on usage_preemptions (ended_ms);
create trigger usage_preemptions_stay before update or truncate on usage_preemptions
  for each statement execute function refuse_change();

alter table usage_preemptions enable row level security;
alter table usage_preemptions force row level security;
create policy operators on usage_preemptions to current_user
  using (current_setting('cofferdam.view', true) = 'everybody');

-- They leave the ledger with their months.
create function detach_preemptions() returns trigger language plpgsql as $$
begin
  delete from usage_preemptions where ended_ms < extract(epoch from new.kept_since) * 1000;
  return null;
end $$;
create trigger preemptions_too after insert on ledger_retention
  for each row execute function detach_preemptions();
