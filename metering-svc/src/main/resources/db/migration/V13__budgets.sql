-- Shares of budgets that were passed, each told once.
create table budget_marks (
  tenant       text        not null,
  budget       text        not null,
  period       date        not null, -- first day of the budget's UTC day or month
  percent      integer     not null,
  limit_amount bigint      not null,
  spent        bigint      not null,
  passed_at    timestamptz not null default now(),
  told_at      timestamptz,
  primary key (tenant, budget, period, percent)
);
create index budget_marks_untold on budget_marks (passed_at) where told_at is null;
