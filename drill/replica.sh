#!/bin/bash
# A synchronous streaming replica of a running stack's PostgreSQL: drill/replica.sh STATE make|lag|kill-primary|promote|remove.
# Its data is in pg/replica, its socket in run/replica. Commits wait for it, so both have every acknowledged write. After `lag`
# it receives nothing more, and commits no longer wait.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for part in common process state postgres; do . "$root/script/lib/$part.sh"; done

. "$1/config/stack.env"
data=$state/pg/data copy=$state/pg/replica socket=$run_dir/replica
choose_postgres_user

set_on_primary() { printf '%s\n' "$@" "select pg_reload_conf();" | superuser_sql -d postgres >/dev/null; }

make_replica() {
  printf '%s\n' 'local replication postgres peer map=superuser' | as_postgres tee -a "$data/pg_hba.conf" >/dev/null
  set_on_primary ""
  as_postgres rm -rf "$copy"
  as_postgres "$postgres_bin/pg_basebackup" -h "$run_dir/pg" -U postgres -D "$copy" --write-recovery-conf --checkpoint=fast \
    >>"$log_dir/replica.log" 2>&1 || fail "pg_basebackup failed; see $log_dir/replica.log"
  mkdir -p "$socket"
  [ "$(id -u)" != 0 ] || chown postgres:postgres "$socket"
  chmod 700 "$socket"
  launch replica "${postgres_user[@]}" "$postgres_bin/postgres" -D "$copy" -c config_file="$copy/minschool.conf" \
    -c hba_file="$copy/pg_hba.conf" -c ident_file="$copy/pg_ident.conf" -c unix_socket_directories="$socket" -c synchronous_standby_names=
  await_that "select exists (select from pg_stat_replication where state = 'streaming')" "$run_dir/pg" "the replica does not stream"
  set_on_primary "alter system set synchronous_standby_names = '*';"
  await_that "select exists (select from pg_stat_replication where sync_state = 'sync')" "$run_dir/pg" "the replica is not synchronous"
}

# await_that QUERY SOCKET ERROR ; waits until the query gives t.
await_that() {
  local tries=300
  until [ "$(psql -X -At -h "$2" -U postgres -d postgres -c "$1" 2>/dev/null)" = t ]; do
    ((tries-- > 0)) || fail "$3; see $log_dir/replica.log"
    pause 0.05
  done
}

let_lag() {
  set_on_primary "alter system reset synchronous_standby_names;"
  printf '%s\n' "alter system set primary_conninfo = '';" "select pg_reload_conf();" | psql -X -q -v ON_ERROR_STOP=1 -h "$socket" -U postgres -d postgres >/dev/null
  await_that "select not exists (select from pg_stat_replication)" "$run_dir/pg" "the replica goes on streaming"
}

remove_replica() {
  stop_process replica INT 20
  as_postgres rm -rf "$copy"
  as_postgres sed -i '/synchronous_standby_names/d' "$data/postgresql.auto.conf"
}

case "$2" in
  make) make_replica ;;
  lag) let_lag ;;
  kill-primary) running postgres && kill -KILL "$pid" ;;
  promote)
    as_postgres "$postgres_bin/pg_ctl" -D "$copy" promote >>"$log_dir/replica.log" 2>&1
    await_that "select not pg_is_in_recovery()" "$socket" "the replica is not promoted"
    ;;
  remove) remove_replica ;;
  *) fail "make, lag, kill-primary, promote or remove" ;;
esac
