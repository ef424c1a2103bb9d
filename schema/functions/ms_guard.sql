-- Refuses the whole transaction with an HTTP status and the key of a message unless `ok` is true.
create or replace function ms_guard(ok boolean, code int, key text) returns void
language plpgsql as $$
begin
  if ok is not true then
    raise exception using errcode = 'MS' || lpad(code::text, 3, '0'), message = key;
  end if;
end $$;
revoke all on function ms_guard from public, minschool_site, minschool_admin;
grant execute on function ms_guard to minschool_site, minschool_admin;
