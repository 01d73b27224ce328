-- Row-level security is the wall between tenants here. A transaction sets cofferdam.tenant; without it there is no row.
-- The tables belong to the user that migrates, to whom row-level security applies as well (force). The user that serves
-- (${serving}) owns nothing, and gets only what each table grants to it. The service does not use a database in which
-- it could see past this.
create function own_tenant() returns text language sql stable as $$
  select nullif(current_setting('cofferdam.tenant', true), '')
$$;

revoke all on schema public from public;
grant usage on schema public to "${serving}";
