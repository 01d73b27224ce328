-- What was done, to be found by; and a small index by time, as the log grows in its order.
alter table leaves add column operation text not null default '';
create index leaves_by_time on leaves using brin (occurred_ms) with (pages_per_range = 32);
