-- expand: app servers as they tell of themselves, those that are to rest, and what the last hour was like.

-- A server is a Site and an Admin of one name. Whom nobody heard of for a month is forgotten.
create table servers (
  id bigint generated always as identity primary key,
  name text not null unique check (length(name) between 1 and 100),
  resting_since timestamptz,                     -- staff want its Site to take no requests
  resting_by bigint references users (id),
  heard_at timestamptz not null default now()
);

-- Its programs. What Redis holds while it is there stands here while it is gone: written every 2 seconds then, else
-- without `beat` every 5.
create table server_programs (
  server_id bigint not null references servers (id) on delete cascade,
  program text not null check (program in ('site', 'admin')),
  heard_at timestamptz not null default now(),
  beat text,
  primary key (server_id, program)
) with (fillfactor = 50);

-- One row for each 10 seconds of the last hour; who writes it first has the turn. Null: not known then.
create table server_samples (
  at timestamptz primary key,
  servers int not null,
  requests double precision,      -- a second
  errors double precision,        -- a second
  p50_ms double precision,
  p95_ms double precision,
  p99_ms double precision,
  cpu double precision,           -- cores, all programs
  memory bigint,                  -- bytes, all programs
  transactions double precision,  -- a second
  connections int,                -- of PostgreSQL
  commands double precision,      -- a second
  redis_memory bigint
);

-- Whether the Site of this server is to rest now: staff wish it, and another one that does not rest lives. So the last
-- one never rests, whatever was wished and whoever died since.
create function ms_server_rests(wanted bigint) returns boolean language sql stable as $$
  select exists (select from servers where id = wanted and resting_since is not null)
     and exists (select from servers s join server_programs p on p.server_id = s.id and p.program = 'site'
                  where s.id <> wanted and s.resting_since is null and p.heard_at > now() - interval '15 seconds')
$$;

grant select on servers, server_programs, server_samples to minschool_site, minschool_admin;
grant insert (name), delete on servers to minschool_site, minschool_admin;
grant update (heard_at) on servers to minschool_site;
grant update on servers to minschool_admin;
grant insert, update, delete on server_programs to minschool_site, minschool_admin;
grant insert, delete on server_samples to minschool_admin;
