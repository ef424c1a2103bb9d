# Installs the Debian and npm packages that building, running and testing need.
# Sourced by script/server and script/test. Starts or changes no service of this
# machine: policy-rc.d keeps new daemons down, no default PostgreSQL cluster is
# made, and units of newly installed daemons are disabled for the next boot too.

readonly debian_build="clang-19 libclang-rt-19-dev lld-19 cmake ninja-build ccache pkg-config
  libboost1.81-dev libboost-json1.81-dev libpq-dev libhiredis-dev libsodium-dev libssl-dev libarchive-dev libcurl4-openssl-dev
  libicu-dev libcli11-dev libtomlplusplus-dev
  libseccomp-dev libvips-dev libpoppler-glib-dev libgsf-1-dev libmagic-dev libexpat1-dev zlib1g-dev
  libspdlog-dev libfmt-dev libgtest-dev libgmock-dev nodejs"
readonly debian_run="postgresql-15 redis-server redis-tools nginx libnginx-mod-http-brotli-static
  libnginx-mod-http-brotli-filter ca-certificates curl procps util-linux openssl poppler-data"
# script/package: names of shared libraries, owners of files.
readonly debian_package="dpkg-dev fakeroot file gzip"
readonly debian_test="python3 git clang-tidy-19 clang-format-19 chromium fonts-noto-cjk wrk prometheus dosfstools"

# script/bench: pictures of its tables, profiles and their flame graphs (flamegraph.pl is part of the second).
readonly debian_bench="gnuplot-nox libdevel-nytprof-perl linux-perf"

# missing_debian PACKAGE... -> the ones that are not there. node and npm count as there when the commands are, whoever
# installed them.
missing_debian() {
  local package installed
  installed=$(dpkg-query -W -f='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null) || true
  for package in "$@"; do
    case "$package" in nodejs) ! command -v node >/dev/null || continue ;; npm) ! command -v npm >/dev/null || continue ;; esac
    [[ $'\n'"$installed"$'\n' == *$'\n'"$package installed"$'\n'* ]] || echo "$package"
  done
}

# install_debian PACKAGE... ; installs what is missing, as root or through sudo.
install_debian() {
  local missing; missing=$(missing_debian "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "packages are missing ($missing) and there is no sudo: run this once as root"
  note "installing Debian packages: $missing"
  local tries=$((packages_patience / packages_pause)) reported="" holder
  until install_as_root $missing >"$log_dir/packages.log" 2>&1; do
    holder=$(lock_holder "$log_dir/packages.log")
    [ -n "$holder" ] && ((tries-- > 0)) ||
      fail "installing Debian packages failed: $(apt_reason "$log_dir/packages.log"); see $log_dir/packages.log"
    [ "$reported" = "$holder" ] || note "  waiting for another program that installs packages: $holder"
    reported=$holder
    pause "$packages_pause"
  done
}

# Seconds for unattended upgrades and the like, which may hold their locks for minutes.
readonly packages_patience=900 packages_pause=5

# lock_holder LOG -> which lock another program has, as apt says it; nothing when that is not the reason.
lock_holder() { grep -oE '(Could not get lock|Unable to lock|Unable to acquire the dpkg frontend lock).*' "$1" | head -n 1 || true; }

# apt_reason LOG -> apt's own words for why it failed.
apt_reason() {
  local error
  error=$(grep -E '^(E:|Err:|dpkg: error)' "$1" | tail -n 1) || error=$(tail -n 1 "$1")
  printf '%s' "${error:-no error message}"
}

# install_as_root PACKAGE...
install_as_root() {
  local become=()
  [ "$(id -u)" = 0 ] || become=(sudo)
  "${become[@]}" env "${proxy_environment[@]}" bash -s -- "$@" <<'ROOT'
set -eu
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
restore() { rm -f "$policy"; [ ! -e "$policy.minschool-kept" ] || mv "$policy.minschool-kept" "$policy"; }
trap restore EXIT
[ ! -e "$policy" ] || mv "$policy" "$policy.minschool-kept"
printf '#!/bin/sh\nexit 101\n' >"$policy"; chmod 755 "$policy"
# postgresql-common reads this when the server package is configured (its README, "createcluster.conf").
conf=/etc/postgresql-common/createcluster.conf
if [ ! -e "$conf" ]; then
  mkdir -p "${conf%/*}"
  printf '# Written by MinSchool before PostgreSQL was installed: no default cluster is wanted.\ncreate_main_cluster = false\n' >"$conf"
elif ! dpkg-query -W postgresql-15 >/dev/null 2>&1; then
  sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' "$conf"
fi
fresh=""
for unit in nginx redis-server postgresql prometheus; do
  [ -e "/lib/systemd/system/$unit.service" ] || fresh="$fresh $unit"
done
# apt itself waits for dpkg's lock; it does not wait for the lock of the lists, so the caller tries again.
apt-get -o DPkg::Lock::Timeout=3 update -q
apt-get -o DPkg::Lock::Timeout=3 install -q -y --no-install-recommends --no-upgrade -o Dpkg::Options::=--force-confold "$@"
for unit in $fresh; do
  # Without systemctl there is no systemd that could start them.
  if [ -e "/lib/systemd/system/$unit.service" ] && command -v systemctl >/dev/null; then
    systemctl disable "$unit.service" || true
  fi
done
ROOT
}

# npm itself, for machines that have none: out of the npm registry, because Debian's package of it brings 370 others, which
# are most of what a newcomer would wait for.
readonly npm_version=10.9.4
readonly npm_sha512=3a7506f37e85c1ba1021baad79f0cd9724748131f321fc117c4dc3ba235ec01be7327584a41d15117c01945560aa9373220628fcc1e1dddd877a5fe9b336a900

# npm_registry -> the one that npm is configured with (npm's manual, "npmrc").
npm_registry() {
  local registry=${npm_config_registry:-}
  [ -n "$registry" ] || registry=$(sed -n 's/^registry *= *//p' "$root/.npmrc" "${HOME:-/}/.npmrc" /etc/npmrc 2>/dev/null | head -n 1)
  registry=${registry:-https://registry.npmjs.org}
  printf %s "${registry%/}"
}

# fetch_npm DIR ; false when the registry does not give it, or gives something else.
fetch_npm() {
  local dir=$1 archive=$1/npm.tgz
  rm -rf "$dir"
  mkdir -p "$dir"
  env "${proxy_environment[@]}" curl -q -fsSL --retry 3 --max-time 120 -o "$archive" "$(npm_registry)/npm/-/npm-$npm_version.tgz" &&
    sha512sum --check --status <<<"$npm_sha512  $archive" &&
    tar -xzf "$archive" -C "$dir" --no-same-owner && rm "$archive"
}

# need_npm ; sets npm, the command.
need_npm() {
  local dir=$root/build/npm
  npm=(npm)
  ! command -v npm >/dev/null || return 0
  if [ -e "$dir/package/bin/npm-cli.js" ] || fetch_npm "$dir" >"$log_dir/npm-client.log" 2>&1; then
    npm=(node "$dir/package/bin/npm-cli.js")
  else
    install_debian npm
  fi
}

# install_npm ; the pinned npm packages, only when package-lock.json changed.
install_npm() {
  local stamp="$root/node_modules/.minschool-lock" npm
  if ! cmp -s "$root/package-lock.json" "$stamp"; then
    note "installing npm packages"
    need_npm
    (cd "$root" && env "${proxy_environment[@]}" "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error) >"$log_dir/npm.log" 2>&1 ||
      fail "npm ci failed: $(grep -m 1 'npm ERR\!\|npm error' "$log_dir/npm.log" || tail -n 1 "$log_dir/npm.log"); see $log_dir/npm.log"
    mkdir -p "${stamp%/*}"
    cp "$root/package-lock.json" "$stamp"
  fi
}
