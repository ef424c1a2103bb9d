# Processes that outlive the script that started them. Each has run/NAME.pid with its process id and start time, so that
# a number that the kernel gave to another process after a crash is never mistaken for ours. Each leads a session of its
# own: Ctrl-C in the terminal reaches only script/server, which then stops everything in order.
# Locks: file descriptor 8 is held by script/server as long as a stack runs, 9 while app servers are started or stopped.

# read_start_time PID ; sets start_time; false when there is no such process or only its zombie.
read_start_time() {
  local line fields
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra fields <<<"${line##*) }"
  start_time=${fields[19]}
  [ "${fields[0]}" != Z ]
}

# launch NAME COMMAND... ; in /, so that no folder is kept busy; output goes to log/NAME.log.
launch() {
  local name=$1
  shift
  (cd / && exec setsid "$@") >>"$log_dir/$name.log" 2>&1 </dev/null 8>&- 9>&- &
  read_start_time $! || start_time=0
  printf '%s %s\n' $! "$start_time" >"$run_dir/$name.pid"
  disown $!  # its end is for supervision to report, not for the shell
}

# running NAME ; sets pid.
running() {
  local started
  pid=""
  { read -r pid started <"$run_dir/$1.pid"; } 2>/dev/null || return 1
  read_start_time "$pid" && [ "$start_time" = "$started" ]
}

# group_runs PID ; whether a thread of that process group is not dead yet. A process is a zombie (Z) as soon as its first
# thread is, while others still hold its ports; a zombie without others holds nothing.
group_runs() {
  local member states=""
  for member in $(pgrep -g "$1"); do states+=$(grep -hs '^State:' "/proc/$member/task/"*/status || true); done
  [[ "$states" =~ State:[[:space:]][^ZX] ]]
}

# kill_all NAME ; the process and its children, at once, and waits until none of them holds a port any more. A process id
# stays reserved while its group has members, so a foreign process gets the number only after the whole group has ended.
kill_all() {
  local tries=100
  running "$1" || { [ -n "$pid" ] && [ ! -e "/proc/$pid" ]; } || return 0
  kill -KILL -- "-$pid" 2>/dev/null || return 0
  while group_runs "$pid" && ((tries-- > 0)); do pause 0.05; done
}

# await_end NAME SECONDS ; true when it is gone.
await_end() {
  local tries=$(($2 * 20))
  while running "$1" && ((tries-- > 0)); do pause 0.05; done
  ! running "$1"
}

# stop_process NAME SIGNAL SECONDS ; asks, waits, and then insists.
stop_process() {
  [ -e "$run_dir/$1.pid" ] || return 0
  ! running "$1" || kill -s "$2" "$pid" 2>/dev/null || true
  await_end "$1" "$3" || note "$1 did not stop within $3 s and is killed"
  kill_all "$1"
  rm -f "$run_dir/$1.pid"
}

# run_step NAME COMMAND... ; waits for COMMAND, shows the newest [done/all] of its log, and stays open to signals.
run_step() {
  local name=$1 log="$log_dir/$1.log" shown="" progress quiet=0
  shift
  : >"$log"
  (exec setsid "$@") >>"$log" 2>&1 </dev/null 8>&- &
  step=$!
  while kill -0 "$step" 2>/dev/null; do
    pause 0.2
    ((++quiet % 25 == 0)) || continue
    progress=$(grep -o '^\[[0-9]*/[0-9]*\]' "$log" | tail -1) || true
    [ "$progress" = "$shown" ] || note "  $name $progress"
    shown=$progress
  done
  local code=0
  wait "$step" || code=$?
  step=""
  return "$code"
}

# end_step ; what run_step waits for, when a signal came in between.
end_step() { [ -z "${step:-}" ] || kill -TERM -- "-$step" 2>/dev/null || true; }
