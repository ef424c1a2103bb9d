# The private Redis: unix socket only, password, the programs as the user minschool with the rights of deploy/redis, nothing on disk. PostgreSQL is the truth and Redis only speed, so after a
# restart it may be empty; and what does not fit leaves by age instead of making writes fail.

readonly redis_memory=256mb redis_policy=allkeys-lru

# redis_rights ; the words of the programs' own ACL, in one line.
redis_rights() { grep -v '^#' "$root/deploy/redis/minschool.acl" | tr '\n' ' '; }

start_redis() {
  local file="$state/redis/redis.conf"
  (
    umask 077
    cat >"$file" <<CONF
port 0
unixsocket "$run_dir/redis.sock"
unixsocketperm 700
requirepass $(<"$(secret redis)")
user minschool on >$(<"$(secret redis)") $(redis_rights)
dir "$state/redis"
save ""
appendonly no
maxmemory $redis_memory
maxmemory-policy $redis_policy
CONF
  )
  rm -f "$run_dir/redis.sock"
  launch redis /usr/bin/redis-server "$file"
  local tries=200
  while ((tries-- > 0)) && running redis; do
    [ ! -S "$run_dir/redis.sock" ] || return 0
    pause 0.05
  done
  fail "Redis did not start; see $log_dir/redis.log"
}

# redis_command WORD... ; an error reply is a failure.
redis_command() {
  local answer
  answer=$(REDISCLI_AUTH=$(<"$(secret redis)") redis-cli -e -s "$run_dir/redis.sock" "$@" 2>&1) || fail "Redis refuses $*: $answer"
}

# A port that nobody listens on, for a master that does not exist.
readonly nobody=("127.0.0.1" 1)

# spoil_redis readonly|oom|masterdown|well ; errors that a running Redis answers with. READONLY: writes, as to a replica after a
# failover. OOM: writes, as when memory is full and nothing may be evicted. MASTERDOWN: everything, as LOADING is.
spoil_redis() {
  case "$1" in
    readonly) redis_command REPLICAOF "${nobody[@]}" ;;
    masterdown)
      redis_command CONFIG SET replica-serve-stale-data no
      redis_command REPLICAOF "${nobody[@]}"
      ;;
    oom) redis_command CONFIG SET maxmemory 1 maxmemory-policy noeviction ;;
    well)
      redis_command CONFIG SET maxmemory "$redis_memory" maxmemory-policy "$redis_policy" replica-serve-stale-data yes
      redis_command REPLICAOF NO ONE
      ;;
  esac
}

stop_redis() {
  # A frozen process would take the signal only after it is thawed.
  ! running redis || kill -CONT "$pid" 2>/dev/null || true
  stop_process redis TERM 5
}
