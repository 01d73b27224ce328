-- Whether an id is another tenant's, for the audit log. The owner sees the rows of all tenants that have the id that is
-- asked for, and no others; whoever calls this learns a yes or no.
create function named_id() returns text language sql stable as $$
  select nullif(current_setting('cofferdam.named', true), '')
$$;

create index batch_files_by_id on batch_files (id);
create index batches_by_id on batches (id);
create index documents_by_id on documents (id);
create index transcripts_by_id on transcripts (request_id);

create policy named on batch_files for select to current_user using (id = named_id());
create policy named on batches for select to current_user using (id = named_id());
create policy named on documents for select to current_user using (id = named_id());
create policy named on transcripts for select to current_user using (request_id = named_id());

create function has_another(than text, kind text, named text) returns boolean
language plpgsql security definer set search_path from current as $$
declare
  found_one boolean;
begin
  perform set_config('cofferdam.named', named, true);
  case kind
    when 'file' then select exists (select 1 from batch_files where id = named and tenant <> than) into found_one;
    when 'batch' then select exists (select 1 from batches where id = named and tenant <> than) into found_one;
    when 'document' then select exists (select 1 from documents where id = named and tenant <> than) into found_one;
    when 'stored_request' then
      select exists (select 1 from transcripts where request_id = named and tenant <> than) into found_one;
  end case;
  perform set_config('cofferdam.named', '', true);
  return found_one;
end $$;
revoke all on function has_another(text, text, text) from public;
grant execute on function has_another(text, text, text) to "${serving}";
