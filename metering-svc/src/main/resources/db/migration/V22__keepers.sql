-- Hours of what is kept are told by those who keep it: an adapter once, however many workers hold it; storage once for
-- each database, however many gateways share it.
alter table kept_hours add column keeper text not null default '';
alter table kept_hours drop constraint kept_hours_once;
alter table kept_hours add constraint kept_hours_once unique (tenant, kind, keeper, name, hour_ms);
