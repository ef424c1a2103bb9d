# What a newcomer waits for: script/server in a fresh clone on a machine with nothing but Debian's minimal system and Git,
# until the site is ready. Sourced by script/bench.

readonly newcomer_goal_seconds=360 newcomer_limit_seconds=1800

# make_minimal DIR ; the minimal system, made once.
make_minimal() {
  local mirror
  [ ! -e "$1.made" ] || return 0
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 debian) || mirror=http://deb.debian.org/debian
  rm -rf "$1"
  run_step debootstrap debootstrap --variant=minbase --include=ca-certificates,git,procps bookworm "$1" "$mirror" ||
    fail "debootstrap failed; see $log_dir/debootstrap.log"
  touch "$1.made"
}

seconds_since() { awk "BEGIN { printf \"%.0f\", $2 - $1 }"; }

# newcomer_row WHAT GOAL SECONDS
newcomer_row() { printf '| %s | %s | %s |\n' "$@"; }

# newcomer_table BEGUN READY LOG_DIR ; when each step ended is when its log was last written.
newcomer_table() {
  local name ended previous=$1
  echo "| Clean Debian 12, $(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg) | Goal | Seconds |"
  echo "| --- | --- | --- |"
  for name in packages npm assets configure build; do
    ended=$(stat -c %.Y "$3/$name.log")
    newcomer_row "$name" "" "$(seconds_since "$previous" "$ended")"
    previous=$ended
  done
  newcomer_row "databases, demo content, start" "" "$(seconds_since "$previous" "$2")"
  newcomer_row "script/server until the site is ready" "≤ $newcomer_goal_seconds" "$(seconds_since "$1" "$2")"
}

measure_newcomer() {
  local dir=$root/build/bench/newcomer begun begun_whole
  [ "$(id -u)" = 0 ] || fail "this needs root and namespaces"
  install_debian debootstrap systemd-container
  mkdir -p "$dir"
  make_minimal "$dir/base"
  rm -rf "$dir/machine"
  cp -a --reflink=auto "$dir/base" "$dir/machine"
  git clone -q "$root" "$dir/machine/root/minschool"
  : >"$log_dir/newcomer.log"
  note "script/server on a clean machine"
  begun=$EPOCHREALTIME begun_whole=$SECONDS
  # What this machine trusts, because a proxy may show its own certificates.
  systemd-nspawn --register=no --keep-unit --quiet --pipe --resolv-conf=replace-host --directory "$dir/machine" \
    --bind-ro=/etc/ssl/certs/ca-certificates.crt:/root/ca.crt env CURL_CA_BUNDLE=/root/ca.crt NODE_EXTRA_CA_CERTS=/root/ca.crt \
    "${proxy_environment[@]}" sh -c 'cd /root/minschool && exec script/server' </dev/null >"$log_dir/newcomer.log" 2>&1 &
  stack=$!
  until grep -q '^ready:' "$log_dir/newcomer.log"; do
    kill -0 "$stack" 2>/dev/null && ((SECONDS - begun_whole < newcomer_limit_seconds)) ||
      fail "script/server does not start: $(tail -n 1 "$log_dir/newcomer.log")"
    pause 0.1
  done
  newcomer_table "$begun" "$EPOCHREALTIME" "$dir/machine/root/minschool/var/log" | tee "$root/build/bench/newcomer.md"
  kill -TERM "$stack" && wait "$stack" || true
  stack=""
  rm -rf "$dir/machine"
}
