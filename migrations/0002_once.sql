-- expand: a write happens once: what a request that may be repeated has done, kept in the transaction that did it.

create table once (
  key text primary key,                 -- "request:…", "form:…" or "api:…" (infra/once)
  user_id bigint,                       -- whose write it was; null when nobody was logged in
  fingerprint bytea not null,           -- SHA-256 of method, path and body: a key is for one request only
  result bigint not null,               -- the id that the write made, 0 for none
  created_at timestamptz not null default now()
);
create index once_by_age on once (created_at);

grant select, insert, delete on once to minschool_site, minschool_admin;
-- currval, for the id that the same transaction made.
grant usage on all sequences in schema public to minschool_site, minschool_admin;
