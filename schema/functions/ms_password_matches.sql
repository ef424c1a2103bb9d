-- Whether two password hashes are equal. A stored value that is no Argon2id hash is nobody's password. Digests are compared,
-- so that the time it takes tells nothing of the stored hash.
create or replace function ms_password_matches(stored text, given text) returns boolean
language sql immutable as $$
  select stored like '$argon2id$%' and sha256(convert_to(stored, 'UTF8')) = sha256(convert_to(given, 'UTF8'));
$$;
revoke all on function ms_password_matches from public, minschool_site, minschool_admin;
