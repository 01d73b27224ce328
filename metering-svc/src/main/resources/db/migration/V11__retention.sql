-- Takes months out of the ledger whose hours are all closed. Their partitions stay as tables, to be kept elsewhere and
-- dropped by hand; what is late for them is refused from then on, because nobody could tell whether it was counted.
create function detach_usage_months(first timestamptz) returns integer language plpgsql as $$
declare
  part     record;
  detached integer := 0;
begin
  if first > closed_before() then
    return 0;
  end if;
  perform pg_advisory_xact_lock(hashtext('cofferdam usage months'));
  for part in
    select child.relname as name, parent.relname as parent
    from pg_inherits
    join pg_class as child on child.oid = inhrelid
    join pg_class as parent on parent.oid = inhparent
    where inhparent in ('usage_events'::regclass, 'usage_rollup_hours'::regclass)
      and right(child.relname, 7) < to_char(first at time zone 'UTC', 'YYYY_MM')
  loop
    execute format('alter table %I detach partition %I', part.parent, part.name);
    if part.parent = 'usage_events' then
      detached := detached + 1;
    end if;
  end loop;
  if detached > 0 then
    insert into ledger_retention (kept_since) values (first) on conflict do nothing;
    delete from usage_event_ids where ended_ms < extract(epoch from first) * 1000;
  end if;
  return detached;
end $$;
