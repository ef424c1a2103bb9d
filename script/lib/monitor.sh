# The monitor: one process beside Nginx, at NET.10, port 3002. run/monitor.wanted says that it should run (script/stack stop
# removes it).

readonly monitor_port=3002
monitor_address() { printf '%s.10' "$net"; }

write_monitor_config() {
  cat >"$state/config/monitor.toml" <<CONF
# Written by script/lib/monitor.sh at every start; the keys are explained in deploy/minschool.example.toml.
[server]
address = "$(monitor_address)"
port = $monitor_port

[monitor]
log_socket = $(toml "$run_dir/monitor.sock")
saved_pages = $(toml "$state/saved-pages")
nginx_config = $(toml "$state/nginx/minschool-loadbalancer.conf")
nginx_status = "http://127.0.0.1:$port/nginx_status"
CONF
}

# start_monitor ; nothing when it runs.
start_monitor() {
  : >"$run_dir/monitor.wanted"
  running monitor || launch monitor "$build/minschool-monitor" --config "$state/config/monitor.toml"
}

monitor_health() { curl -s --max-time 2 "http://$(monitor_address):$monitor_port/health" || true; }

await_monitor() {
  local tries=200
  until [ -n "$(monitor_health)" ]; do
    ((tries-- > 0)) && running monitor || fail "the monitor does not answer: $(tail -n 1 "$log_dir/monitor.log")"
    pause 0.05
  done
}

stop_monitor() {
  rm -f "$run_dir/monitor.wanted"
  stop_process monitor TERM 5
}

# revive_monitor ; called twice a second. It starts the monitor only every few seconds: one that cannot start would fill its log.
readonly monitor_pause=5
monitor_revived=-$monitor_pause
revive_monitor() {
  [ -e "$run_dir/monitor.wanted" ] && ! running monitor && ((SECONDS - monitor_revived >= monitor_pause)) || return 0
  note "the monitor died and is started again"
  monitor_revived=$SECONDS
  with_apps start_monitor
}
