-- What was done: "generate", or "embed".
alter table usage_events add column operation text not null default 'generate';
