# The private Nginx: the operator's own file from deploy/nginx with other values on its marked lines, inside an
# nginx.conf that keeps every path in the state folder.

# server_lines PORT -> an upstream's servers, one for each app server and once more as backup.
server_lines() {
  local number
  list_apps
  for number in "${apps[@]}"; do
    printf 'server %s:%s max_fails=1 fail_timeout=1s;\n' "$(app_address "$number")" "$1"
    printf 'server %s:%s backup max_fails=0;\n' "$(app_address "$number")" "$1"
  done
}

# keepalive_line CONNECTIONS ; with MINSCHOOL_UPSTREAM_KEEPALIVE=0 a connection for each request, to show that nothing depends
# on keepalive. The value is saved until it is set again, so that a later reload is the same.
keepalive_line() {
  local file="$state/config/upstream-keepalive"
  [ -z "${MINSCHOOL_UPSTREAM_KEEPALIVE:-}" ] || echo "$MINSCHOOL_UPSTREAM_KEEPALIVE" >"$file"
  [ "$(cat "$file" 2>/dev/null)" = 0 ] && echo "# keepalive $1;" || echo "keepalive $1;"
}

# render FILE ; lines that end in "# @NAME" get the value of NAME (minschool nginx-config, which `minschool setup` uses too). The
# rates are those of a private stack, where one address is a whole load test.
render() {
  local name values=()
  declare -A value=(
    [site_servers]=$(server_lines "$site_port")
    [admin_servers]=$(server_lines "$admin_app_port")
    [site_keepalive]=$(keepalive_line 64)
    [admin_keepalive]=$(keepalive_line 16)
    [cache]="proxy_cache_path \"$state/nginx/cache\" levels=1:2 keys_zone=minschool:10m max_size=100m inactive=24h use_temp_path=off;"
    [site_listen]="listen 127.0.0.1:$port backlog=4096; server_name localhost;"
    [admin_listen]="listen 127.0.0.1:$admin_port backlog=4096; server_name localhost;"
    [page_rate]='limit_req_zone $minschool_visitor zone=minschool_pages:10m rate=1000000r/s;'
    [login_rate]='limit_req_zone $minschool_login zone=minschool_login:10m rate=6000r/m;'
    [connections]='limit_conn minschool_connections 10000;'
    [stream_rate]='limit_req_zone $minschool_visitor zone=minschool_streams_rate:10m rate=100000r/s;'
    [streams]='limit_conn minschool_streams 20000;'
    [access_log]="access_log \"$log_dir/access.log\" minschool;"
    [monitor_log]="access_log \"syslog:server=unix:$run_dir/monitor.sock,nohostname,tag=minschool\" minschool_monitor;"
    [monitor]="proxy_pass http://$(monitor_address):$monitor_port;"
    [real_ip]="set_real_ip_from 127.0.0.0/8;"
    [proxies]="# Nobody's word on the scheme; on one machine everybody's on the address, so that tests come from many."
    [redirects]="# A private stack has no name."
    [other_listen]="listen 127.0.0.1:$port; server_name minschool.invalid;"
    [acme]="root \"$state/nginx\";"
    [assets]="alias \"$root/build/assets/\";"
    [files]="alias \"$state/files/\";"
    [objects]='map $host $minschool_objects { default ""; }'
    [objects_cache]="proxy_cache_path \"$state/nginx/objects\" levels=1:2 keys_zone=minschool_objects:1m max_size=100m inactive=1d use_temp_path=off;"
    [saved_pages]="root \"$state/saved-pages/current\";"
    [errors]="alias \"$root/deploy/nginx/errors/\";"
  )
  for name in "${!value[@]}"; do values+=(--set "$name=${value[$name]}"); done
  "$build/minschool" nginx-config "$1" --all "${values[@]}" || fail "$1 has a mark that script/lib/nginx.sh does not know"
}

# write_nginx ; workers run as the user who started the stack, because they read the assets in that user's folders.
write_nginx() {
  local user="" file files
  [ "$(id -u)" != 0 ] || user="user root;"
  # Two descriptors for each visitor, as far as the system allows.
  files=$(ulimit -Hn)
  [ "$files" != unlimited ] && ((files < 65536)) || files=65536
  mkdir -p "$state"/nginx/{temp,snippets}
  for file in minschool-loadbalancer.conf snippets/minschool-server.conf snippets/minschool-errors.conf snippets/minschool-uploads.conf; do
    render "$root/deploy/nginx/$file" >"$state/nginx/$file.new"
    mv "$state/nginx/$file.new" "$state/nginx/$file"
  done
  cat >"$state/nginx/nginx.conf" <<CONF
# Written by script/lib/nginx.sh at every start.
$user
daemon off;
worker_processes 2;
worker_rlimit_nofile $files;
# After a reload the old workers finish their requests, for at most that long.
worker_shutdown_timeout 30s;
pid "$run_dir/nginx.master";
error_log stderr;
load_module /usr/lib/nginx/modules/ngx_http_brotli_static_module.so;
load_module /usr/lib/nginx/modules/ngx_http_brotli_filter_module.so;
events { worker_connections 32768; }
http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path "$state/nginx/temp/body";
    proxy_temp_path "$state/nginx/temp/proxy";
    fastcgi_temp_path "$state/nginx/temp/fastcgi";
    uwsgi_temp_path "$state/nginx/temp/uwsgi";
    scgi_temp_path "$state/nginx/temp/scgi";
    include "$state/nginx/minschool-loadbalancer.conf";
}
CONF
  nginx_command -t >"$log_dir/nginx-check.log" 2>&1 || fail "Nginx refuses its configuration: $(grep -m 1 emerg "$log_dir/nginx-check.log")"
}

nginx_command() { /usr/sbin/nginx -e stderr -p "$state/nginx/" -c "$state/nginx/nginx.conf" "$@"; }

# start_nginx ; nginx.wanted says that it should run (script/stack nginx stop removes it).
start_nginx() {
  write_nginx
  launch nginx /usr/sbin/nginx -e stderr -p "$state/nginx/" -c "$state/nginx/nginx.conf"
  : >"$run_dir/nginx.wanted"
}

# still_accepting PID... ; whether one of these workers does not quit yet.
still_accepting() {
  local worker
  for worker in "$@"; do
    [ ! -e "/proc/$worker" ] || grep -qa "shutting down" "/proc/$worker/cmdline" 2>/dev/null || return 0
  done
  return 1
}

# reload_nginx ; returns when workers with the new configuration are there, and the old ones accept nothing any more: these
# close connections on which no request has come yet.
reload_nginx() {
  write_nginx
  running nginx || fail "Nginx does not run"
  local newest old tries=100
  newest=$(pgrep -n -P "$pid")
  old=$(pgrep -P "$pid")
  kill -HUP "$pid"
  while ((tries-- > 0)) && [ "$(pgrep -n -P "$pid")" = "$newest" ]; do pause 0.05; done
  # shellcheck disable=SC2086  # numbers without blanks
  while ((tries-- > 0)) && still_accepting $old; do pause 0.05; done
  ((tries > 0)) || fail "Nginx did not take the new configuration; see $log_dir/nginx.log"
}

# SIGQUIT lets answers that are under way finish.
stop_nginx() {
  ! mountpoint -q "$state/nginx/cache" 2>/dev/null || umount -l "$state/nginx/cache" 2>/dev/null || true
  rm -f "$run_dir/nginx.wanted"
  stop_process nginx QUIT 5
}

# fill_cache ; puts a small file system of its own in the place of the cache and fills it, as other files fill a disk: most
# of it first, then the rest.
fill_cache() {
  local cache="$state/nginx/cache"
  [ "$(id -u)" = 0 ] || fail "only root can put a file system in the place of the cache"
  mountpoint -q "$cache" || mount -t tmpfs -o size=8m,mode=0700 minschool "$cache"
  dd if=/dev/zero of="$cache/other-files" bs=1k count=7680 status=none || true
  pause 2
  dd if=/dev/zero of="$cache/more-files" bs=1k status=none 2>/dev/null || true
}

empty_cache() {
  [ "$(id -u)" = 0 ] || fail "only root can put a file system in the place of the cache"
  ! mountpoint -q "$state/nginx/cache" || umount -l "$state/nginx/cache"
}
