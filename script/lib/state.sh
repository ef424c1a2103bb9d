# The state folder of a stack: pg/ redis/ nginx/ files/ config/ secrets/ log/ run/, and config/stack.env, which tells script/stack
# and the tests what runs there. Needs root; sets state, run_dir, log_dir.

# A unix socket's path may have 107 bytes (unix(7)); PostgreSQL's needs 20 of them behind the folder.
readonly longest_run_dir=80

use_state() {
  mkdir -p "$1" 2>/dev/null || fail "cannot make the state folder $1: choose another --state"
  state=$(cd "$1" && pwd)
  log_dir=$state/log
  [[ "$state" != *$'\n'* && "$state" != *[\'\;\{\}\$]* ]] || fail "the state folder's path has characters that configuration files cannot hold: choose another --state"
}

prepare_state() {
  mkdir -p "$state"/{pg,redis,nginx,config,log,files}
  mkdir -p -m 700 "$state/secrets"
  choose_run_dir
}

choose_run_dir() {
  run_dir=$state/run
  if ((${#run_dir} > longest_run_dir)); then
    run_dir=$(. "$state/config/stack.env" 2>/dev/null && printf %s "${run_dir:-}") || run_dir=""
    [ -n "$run_dir" ] && [ -d "$run_dir" ] && [ -O "$run_dir" ] || run_dir=$(mktemp -d /tmp/minschool-XXXXXX)
    chmod 711 "$run_dir"
  else
    mkdir -p "$run_dir"
  fi
}

# lock_state ; false when another stack runs on this state.
lock_state() {
  exec 8>>"$state/lock"
  flock -n 8
}

save_stack() {
  local name
  for name in state run_dir log_dir port admin_port net build writes; do
    printf '%s=%q\n' "$name" "${!name}"
  done >"$state/config/stack.env.new"
  mv "$state/config/stack.env.new" "$state/config/stack.env"
}

# secret NAME -> the path of secrets/NAME, made when it is not there.
secret() {
  local file="$state/secrets/$1"
  [ -s "$file" ] || (umask 077 && openssl rand -hex 32 >"$file") || fail "cannot write $file"
  printf %s "$file"
}
