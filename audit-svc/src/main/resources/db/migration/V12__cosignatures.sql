-- What witnesses signed of the checkpoints.
create table cosignatures (
  tree_size   bigint      not null references checkpoints,
  witness     text        not null,
  line        text        not null,
  cosigned_at timestamptz not null default now(),
  primary key (tree_size, witness)
);
create index cosignatures_by_witness on cosignatures (witness, tree_size desc);
create trigger cosignatures_append_only before update or delete or truncate on cosignatures
  for each statement execute function refuse_change();
