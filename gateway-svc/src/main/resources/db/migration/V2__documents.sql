-- A tenant's documents, cut into passages. Row-level security lets no operator that is not leakproof look at a row before
-- its tenant is known to fit, and @@ is not: a search reads the tenant's passages by the primary key, and an index over
-- terms would not be used.
create table documents (
  tenant          text    not null,
  id              text    not null,
  collection      text    not null,
  title           text    not null,
  bytes           bigint  not null,
  passages        integer not null,
  changed_epoch_s bigint  not null default extract(epoch from now()),
  primary key (tenant, id)
);

create table passages (
  tenant   text     not null,
  document text     not null,
  place    integer  not null, -- in the document, from 0
  content  text     not null,
  terms    tsvector not null,
  primary key (tenant, document, place),
  foreign key (tenant, document) references documents on delete cascade
);

-- What a tenant has, and the row for which its writers queue.
create table document_totals (
  tenant    text    primary key,
  documents integer not null default 0,
  bytes     bigint  not null default 0
);

do $$
declare name text;
begin
  foreach name in array array['documents', 'passages', 'document_totals'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own on %I using (tenant = own_tenant())', name);
    execute format('grant select, insert, update, delete on %I to "${serving}"', name);
  end loop;
end $$;

-- A query for any of a question's words, for the first 64 of them; null where it has none.
create function any_of(config regconfig, question text) returns tsquery language sql stable as $$
  select string_agg('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery
  from (select lexeme from unnest(to_tsvector(config, question)) order by positions[1] limit 64) as words
$$;
