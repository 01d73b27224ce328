-- Sums of hours hold what shadows computed, which nobody pays for; these few are found without the others.
create index usage_events_shadows on usage_events (tenant, ended_ms) where operation = 'shadow';
