# Messages, checks of option values and waiting. Each script sources this first: it cleans the inherited environment.

# The caller's environment is meant for other programs: a database, a language, a shell. It must not influence the scripts.
# Proxies count only where something is downloaded (packages.sh).
pin_environment() {
  local name
  proxy_environment=()
  for name in http_proxy https_proxy ftp_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY FTP_PROXY ALL_PROXY NO_PROXY; do
    [ -z "${!name:-}" ] || proxy_environment+=("$name=${!name}")
    unset "$name"
  done
  # PG…: libpq. NGINX: sockets that Nginx would take over. NOTIFY_SOCKET, …: the systemd unit around us, not our programs.
  unset ${!PG@} ${!LC_@} LANG LANGUAGE REDISCLI_AUTH NODE_OPTIONS NODE_ENV NODE_PATH NGINX NOTIFY_SOCKET WATCHDOG_USEC \
    WATCHDOG_PID LISTEN_FDS LISTEN_PID LISTEN_FDNAMES JOURNAL_STREAM BASH_ENV ENV CDPATH GREP_OPTIONS GREP_COLOR GREP_COLORS \
    POSIXLY_CORRECT TAR_OPTIONS GZIP CFLAGS CXXFLAGS CPPFLAGS LDFLAGS CMAKE_GENERATOR CMAKE_PREFIX_PATH NINJA_STATUS \
    MAKEFLAGS ${!GIT_@}
  export LC_ALL=C.UTF-8 PATH=$PATH:/usr/sbin:/sbin
  set +o posix
  IFS=$' \t\n'
  umask 022
}
pin_environment

# Without the person's own settings (~/.curlrc).
curl() { command curl -q "$@"; }

note() { printf '%s\n' "$*"; }

fail() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# pause SECONDS ; sleeps without starting a process, and a trapped signal ends it early.
exec {never_ready}<> <(:)
pause() { read -rt "$1" -u "$never_ready" || true; }

# need_number NAME VALUE LOWEST HIGHEST
need_number() {
  [[ "$2" =~ ^[0-9]{1,5}$ ]] && ((10#$2 >= $3 && 10#$2 <= $4)) ||
    fail "$1 must be a whole number from $3 to $4, not '$2'"
}

# need_net VALUE ; the first three numbers of a loopback /24.
need_net() {
  [[ "$1" =~ ^127\.([0-9]{1,3})\.([0-9]{1,3})$ ]] && ((10#${BASH_REMATCH[1]} <= 255 && 10#${BASH_REMATCH[2]} <= 255)) ||
    fail "--net must be the first three numbers of a loopback network, like 127.0.5, not '$1'"
}

need_supported_system() {
  local ID="" VERSION_ID="" PRETTY_NAME="this system"
  [ ! -r /etc/os-release ] || . /etc/os-release
  [ "$ID" = debian ] && [ "${VERSION_ID%%.*}" -ge 12 ] ||
    fail "MinSchool needs Debian 12 or newer, and this is $PRETTY_NAME: use a Debian 12 machine or container"
}

# need_disk DIR ; room for a build and a database.
readonly least_free_mb=2048
need_disk() {
  local free
  free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge "$least_free_mb" ] ||
    fail "only $free MB are free on the disk of $1, and $least_free_mb MB are needed: free some, or choose another --state"
}

# need_free_port ADDRESS PORT FIX
need_free_port() {
  if (exec {probe}<>"/dev/tcp/$1/$2") 2>/dev/null; then
    fail "$1:$2 is taken by another program: stop it, or $3"
  fi
}

# toml VALUE -> a TOML basic string.
toml() {
  local value=${1//\\/\\\\}
  printf '"%s"' "${value//\"/\\\"}"
}

# answers URL -> true when it gives a page or a redirect.
answers() { curl -sf -o /dev/null --max-time 5 "$1"; }
