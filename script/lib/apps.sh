# App servers: number k is the address NET.(10+k), with the Site on port 3000 and the Admin on 3001. config/apps lists the
# numbers that Nginx knows; run/appK.wanted says that it should run (script/stack stop removes it).

readonly site_port=3000 admin_app_port=3001 most_apps=99
# The programs give up draining after 15 s (infra/process).
readonly app_stop_seconds=20

app_address() { printf '%s.%s' "$net" "$((10 + $1))"; }

list_apps() { mapfile -t apps <"$state/config/apps"; }

# app_number NAME ; sets number from a name like app2.
app_number() {
  [[ "$1" =~ ^app([1-9][0-9]?)$ ]] && number=${BASH_REMATCH[1]} && grep -qx "$number" "$state/config/apps" ||
    fail "there is no app server '$1': it is one of $(sed 's/^/app/' "$state/config/apps" | tr '\n' ' ')"
}

# site_identity ; with demo data, the organisation that the data is about.
site_identity() {
  [ -z "${demo:-}" ] && [ ! -e "$state/config/demo-loaded" ] || cat "$root/demo/site.toml"
}

# write_program_config FILE NAME APP_PORT ROLE ADDRESS ; one TOML file per program, as in deploy/minschool.example.toml.
write_program_config() {
  cat >"$1" <<CONF
# Written by script/lib/apps.sh at every start; the keys are explained in deploy/minschool.example.toml.
[server]
name = $(toml "$2")
address = "$5"
port = $3
threads = 1
show_served_by = true
show_timing = true

[site]
$(site_identity)
url = "http://127.0.0.1:$port"
admin_url = "http://127.0.0.1:$admin_port"

[database]
url = $(toml "$(conninfo "$4" minschool)")
password_file = $(toml "$(secret "$4")")

[redis]
host = $(toml "$run_dir/redis.sock")
user = "minschool"
password_file = $(toml "$(secret redis)")

[session]
secret_file = $(toml "$(secret session)")

[storage]
folder = $(toml "$state/files")

[proxy]
trusted = ["127.0.0.0/8"]
monitors = ["http://$(monitor_address):$monitor_port"]

[monitor]
url = "http://$(monitor_address):$monitor_port"
CONF
  [ -z "${writes:-}" ] || write_limits "$writes" >>"$1"
}

# write_limits N ; N writes of each kind by one member in a minute: a load test has few members who write all the time.
write_limits() {
  need_number MINSCHOOL_WRITES "$1" 1 99999
  printf '\n[writing]\n'
  printf '%s = '"$1"'\n' posts comments edits likes follows mentions
}

write_command_config() {
  cat >"$state/config/minschool.toml" <<CONF
# Written by script/lib/apps.sh at every start, for the command \`minschool\`: it acts as the owner of the tables.
[site]
url = "http://127.0.0.1:$port"
admin_url = "http://127.0.0.1:$admin_port"

[database]
url = $(toml "$(conninfo minschool_owner minschool)")
password_file = $(toml "$(secret minschool_owner)")

[redis]
host = $(toml "$run_dir/redis.sock")
user = "minschool"
password_file = $(toml "$(secret redis)")

[storage]
folder = $(toml "$state/files")

[monitor]
url = "http://$(monitor_address):$monitor_port"
CONF
}

write_app_config() {
  write_program_config "$state/config/app$1-site.toml" "app$1" "$site_port" minschool_site "$(app_address "$1")"
  write_program_config "$state/config/app$1-admin.toml" "app$1" "$admin_app_port" minschool_admin "$(app_address "$1")"
}

# start_program K site|admin ; nothing when it runs.
start_program() {
  running "app$1-$2" || launch "app$1-$2" "$build/minschool-$2" --config "$state/config/app$1-$2.toml"
}

start_app() {
  : >"$run_dir/app$1.wanted"
  start_program "$1" site
  start_program "$1" admin
}

# stop_apps K... ; all drain at the same time.
stop_apps() {
  local number program
  for number in "$@"; do
    rm -f "$run_dir/app$number.wanted"
    for program in site admin; do
      ! running "app$number-$program" || kill -TERM "$pid" 2>/dev/null || true
    done
  done
  for number in "$@"; do
    for program in site admin; do stop_process "app$number-$program" TERM "$app_stop_seconds"; done
  done
}

# kill_program K PROGRAM WHAT ; kill -9 of the worker alone, or of the master with it.
kill_program() {
  local name=app$1-$2
  running "$name" || fail "app$1's $2 does not run"
  case "$3" in
    all) kill_all "$name" ;;
    worker) kill -KILL "$(pgrep -n -P "$pid")" 2>/dev/null || fail "app$1's $2 has no worker at the moment" ;;
    *) fail "kill what of app$1: all or worker" ;;
  esac
}

# kill_app K [site|admin|both] [all|worker]
kill_app() {
  local program chosen=(site admin)
  case "${2:-both}" in
    both) ;;
    site | admin) chosen=("$2") ;;
    *) fail "kill which program of app$1: site, admin or both" ;;
  esac
  for program in "${chosen[@]}"; do kill_program "$1" "$program" "${3:-all}"; done
}

# The master's log lines after a SIGHUP: a new worker answers, or it does not.
readonly reloaded_words='worker [0-9]+ takes over from worker'
readonly not_reloaded_words='the old one stays|cannot start a worker|died:'

# await_reload NAME BYTES ; until the master of NAME has written, behind the first BYTES of its log, that its new worker
# answers. The log and not /health, because both workers may answer that while both run.
await_reload() {
  local tries=300 output
  while ((tries-- > 0)); do
    output=$(tail -c "+$(($2 + 1))" "$log_dir/$1.log")
    ! grep -qE "$reloaded_words" <<<"$output" || return 0
    ! grep -qE "$not_reloaded_words" <<<"$output" || break
    pause 0.05
  done
  fail "$1 has no new worker: $(tail -n 1 "$log_dir/$1.log")"
}

# roll_program K PROGRAM ; a new worker takes over. The worker before the last one leaves first, so that rounds in quick
# succession do not pile up workers and their database connections.
roll_program() {
  local name=app$1-$2 tries=$((app_stop_seconds * 20)) bytes
  running "$name" || fail "app$1's $2 does not run"
  while (($(pgrep -c -P "$pid") > 1 && tries-- > 0)); do pause 0.05; done
  bytes=$(stat -c %s "$log_dir/$name.log")
  kill -HUP "$pid"
  await_reload "$name" "$bytes"
}

# rolling_restart ROUNDS ; one program after the other, on one app server after the other.
rolling_restart() {
  local round number program
  list_apps
  for ((round = 1; round <= $1; round++)); do
    for number in "${apps[@]}"; do
      for program in site admin; do roll_program "$number" "$program"; done
    done
    note "round $round of $1: ${#apps[@]} app servers"
  done
}

# app_health K -> the /health of its Site, nothing when it does not answer.
app_health() { curl -s --max-time 2 "http://$(app_address "$1"):$site_port/health" || true; }

# await_app K ; until both programs answer.
await_app() {
  local number=$1 program port_of=([0]=$site_port [1]=$admin_app_port) names=(site admin) tries
  for program in 0 1; do
    tries=200
    until curl -s -o /dev/null --max-time 5 "http://$(app_address "$number"):${port_of[program]}/health"; do
      ((tries-- > 0)) && running "app$number-${names[program]}" ||
        fail "app$number's ${names[program]} does not answer: $(tail -n 1 "$log_dir/app$number-${names[program]}.log")"
      pause 0.05
    done
  done
}

# with_apps COMMAND... ; one at a time, so that supervision and script/stack never start the same program twice.
with_apps() {
  {
    flock 9
    "$@"
  } 9>"$run_dir/apps.lock"
}

# revive_apps ; called twice a second: programs that should run and do not are started again, after 1, 3, 7, 15 s when
# they keep dying within `young_seconds`, that is when they cannot start. A program that is killed later is back at once.
readonly young_seconds=2
declare -A revived=() patience=()
revive_apps() {
  local number program name
  list_apps
  for number in "${apps[@]}"; do
    for program in site admin; do
      name=app$number-$program
      ! running "$name" || continue
      [ -e "$run_dir/app$number.wanted" ] && ((SECONDS >= ${revived[$name]:-0} + ${patience[$name]:-0})) || continue
      note "$name died and is started again"
      ((SECONDS - ${revived[$name]:--60} < young_seconds + ${patience[$name]:-0} && ${patience[$name]:-0} < 8)) && patience[$name]=$((${patience[$name]:-0} * 2 + 1)) || patience[$name]=0
      revived[$name]=$SECONDS
      with_apps revive_program "$number" "$program"
    done
  done
}

revive_program() { [ ! -e "$run_dir/app$1.wanted" ] || start_program "$1" "$2"; }
