-- Names this database for good, so that gateways that share it tell of it once, and those of another one apart.
do $$
begin
  execute format('create function database_id() returns text language sql immutable as %L',
    format('select %L', left(replace(gen_random_uuid()::text, '-', ''), 12)));
end $$;
