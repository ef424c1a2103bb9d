# The private PostgreSQL: data in pg/data, reachable only by the unix socket in run/pg. The superuser logs in by the system
# user (peer), MinSchool's three roles by passwords from secrets/, so that the Site's role really has only the Site's rights.

readonly postgres_bin=/usr/lib/postgresql/15/bin
readonly postgres_roles="minschool_owner minschool_site minschool_admin"

# as_postgres COMMAND... ; PostgreSQL refuses root, so root runs it as the user of Debian's package.
as_postgres() { (cd / && "${postgres_user[@]}" "$@"); }

# choose_postgres_user ; sets postgres_user, the words in front of a command. The user postgres cannot pass a closed home
# such as /root: there a capability lets it look up and read files, and it still writes only what it owns (with the
# second one not even that is true, but it is what root in a container has).
choose_postgres_user() {
  postgres_user=()
  [ "$(id -u)" = 0 ] || return 0
  local become=(setpriv --reuid=postgres --regid=postgres --init-groups) capability
  chown postgres:postgres "$state/pg"
  for capability in "" dac_read_search dac_override; do
    postgres_user=("${become[@]}")
    [ -z "$capability" ] || postgres_user+=(--securebits=+no_setuid_fixup "--inh-caps=+$capability" "--ambient-caps=+$capability")
    postgres_user+=(--)
    ! as_postgres test -r "$state/pg" 2>/dev/null || return 0
  done
  fail "the user postgres cannot reach $state: choose a --state outside of closed folders, such as /var/lib/minschool"
}

# start_postgres [SETTING=VALUE...]
start_postgres() {
  choose_postgres_user
  local data="$state/pg/data"
  mkdir -p "$run_dir/pg"
  [ "$(id -u)" != 0 ] || chown postgres:postgres "$run_dir/pg"
  chmod 700 "$run_dir/pg"
  if [ ! -d "$data" ]; then
    note "making the database cluster"
    as_postgres rm -rf "$data.new"
    as_postgres "$postgres_bin/initdb" -D "$data.new" -U postgres --locale=C.UTF-8 --encoding=UTF8 --auth=peer \
      >"$log_dir/initdb.log" 2>&1 || fail "PostgreSQL's initdb failed; see $log_dir/initdb.log"
    as_postgres mv "$data.new" "$data"
  fi
  postgres_settings "$@" | as_postgres tee "$data/minschool.conf" >/dev/null
  printf '%s\n' 'local all postgres peer map=superuser' 'local all all scram-sha-256' | as_postgres tee "$data/pg_hba.conf" >/dev/null
  printf 'superuser %s postgres\n' postgres "$(id -un)" | as_postgres tee "$data/pg_ident.conf" >/dev/null
  await_reaped "$data/postmaster.pid"
  launch postgres "${postgres_user[@]}" "$postgres_bin/postgres" -D "$data" -c config_file="$data/minschool.conf"
  await_postgres "$data/postmaster.pid"
}

# await_reaped PIDFILE ; a server that was killed counts as running, for the next one, until its parent has noted its end.
await_reaped() {
  local old tries=600
  { read -r old <"$1"; } 2>/dev/null || return 0
  while [ -e "/proc/$old" ] && ! read_start_time "$old" && ((tries-- > 0)); do pause 0.05; done
}

postgres_settings() {
  cat <<SETTINGS
# Written by script/lib/postgres.sh at every start.
include = 'postgresql.conf'
listen_addresses = ''
unix_socket_directories = '$run_dir/pg'
unix_socket_permissions = 0777
max_connections = 200
$([ ! -x "${build:-}/minschool" ] || "$build/minschool" postgres-config)
random_page_cost = 1.1
shared_preload_libraries = 'pg_stat_statements'
password_encryption = 'scram-sha-256'
timezone = 'UTC'
log_timezone = 'UTC'
log_error_verbosity = terse
SETTINGS
  # Your own.
  echo "include_if_exists = 'own.conf'"
  [ $# = 0 ] || printf '%s\n' "$@"
}

# await_postgres PIDFILE ; its first line says whose it is (a crash leaves the file), its eighth when queries are taken
# (as pg_ctl reads it).
await_postgres() {
  local tries=600 lines=()
  while ((tries-- > 0)) && running postgres; do
    [ ! -r "$1" ] || mapfile -t lines <"$1"
    [[ "${lines[0]:-}" != "$pid" || "${lines[7]:-}" != ready* ]] || return 0
    pause 0.05
  done
  fail "PostgreSQL did not start; see $log_dir/postgres.log"
}

# superuser_sql [PSQL OPTION...] ; statements from stdin.
superuser_sql() { psql -X -q -v ON_ERROR_STOP=1 -h "$run_dir/pg" -U postgres "$@"; }

# conninfo ROLE DATABASE -> libpq's keyword string.
conninfo() { printf "host='%s' dbname=%s user=%s" "$run_dir/pg" "$2" "$1"; }

# prepare_database ; roles, their passwords, the database. Safe to repeat.
prepare_database() {
  local role
  {
    for role in $postgres_roles; do
      printf "select 'create role %s login' where not exists (select from pg_roles where rolname = '%s') \\gexec\n" "$role" "$role"
      printf "alter role %s password '%s';\n" "$role" "$(<"$(secret "$role")")"
    done
    cat <<'SQL'
select 'create database minschool owner minschool_owner' where not exists (select from pg_database where datname = 'minschool') \gexec
revoke all on database minschool from public;
grant connect on database minschool to minschool_site, minschool_admin;
-- What the Admin's page of servers and `minschool monit` show of other roles' connections and statements.
grant pg_monitor to minschool_admin, minschool_owner;
\connect minschool
create extension if not exists pg_stat_statements;
SQL
  } | PGOPTIONS="-c client_min_messages=warning" superuser_sql -d postgres >"$log_dir/database.log" 2>&1 || fail "preparing the database failed; see $log_dir/database.log"
}

# signal_postgres SIGNAL ; the postmaster and every process of it: each of them leads a process group of its own. The
# postmaster comes first, or it could start one more between the list and the signal.
signal_postgres() {
  running postgres || return 0
  kill -s "$1" "$pid" 2>/dev/null || return 0
  kill -s "$1" $(pgrep -P "$pid") 2>/dev/null || true
}

# A frozen server keeps its connections open and does not answer, as behind a broken network.
freeze_postgres() { signal_postgres STOP; }
thaw_postgres() { signal_postgres CONT; }

# SIGINT is PostgreSQL's fast shutdown: sessions end, data is flushed. A frozen server takes it only after it is thawed.
stop_postgres() {
  thaw_postgres
  stop_process postgres INT 20
}
