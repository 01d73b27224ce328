-- Sums of hours hold shadows, too, for which nobody pays; these few are found without the others.
create index usage_events_shadows on usage_events (tenant, ended_ms) where operation = 'shadow';
