# The private Redis: unix socket only, password, nothing on disk. PostgreSQL is the truth and Redis only speed, so after a
# restart it may be empty; and what does not fit leaves by age instead of making writes fail.

start_redis() {
  local file="$state/redis/redis.conf"
  (
    umask 077
    cat >"$file" <<CONF
port 0
unixsocket "$run_dir/redis.sock"
unixsocketperm 700
requirepass $(<"$(secret redis)")
dir "$state/redis"
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
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

stop_redis() {
  # A frozen process would take the signal only after it is thawed.
  ! running redis || kill -CONT "$pid" 2>/dev/null || true
  stop_process redis TERM 5
}
