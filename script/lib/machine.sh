# A clean Debian 12 to install the package on, for the part `package` of script/test: debootstrap's minimal system with
# systemd, and in apt's cache what the package needs, so that the machine itself needs no network. Needs root.

readonly machine_tools="debootstrap systemd-container lintian"
# The packages that a test uses inside of it, besides the package's own dependencies.
readonly machine_packages="systemd,systemd-sysv,dbus,ca-certificates,curl,procps,bash-completion,man-db"

# make_base DIR DEB ; DIR/base, made once; a new one when the package depends on something else.
make_base() {
  local base=$1/base deb=$2 mirror wanted
  wanted=$(printf '%s\n' "$machine_packages"; dpkg-deb -f "$deb" Depends Recommends)
  [ "$(cat "$base.made" 2>/dev/null)" != "$wanted" ] || return 0
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m 1 debian) || mirror=http://deb.debian.org/debian
  note "making a minimal Debian 12 (once)"
  rm -rf "$base" "$base.made"
  mkdir -p "$base"
  run_step debootstrap debootstrap --variant=minbase "--include=$machine_packages" bookworm "$base" "$mirror" ||
    fail "debootstrap failed; see $log_dir/debootstrap.log (is there a network and a Debian 12 package source?)"
  cp "$deb" "$base/root/minschool.deb"
  # With recommended packages, as on a real machine: for a site on one machine these are PostgreSQL, Redis and Nginx.
  run_step download systemd-nspawn --register=no --keep-unit --quiet --pipe --resolv-conf=replace-host --directory "$base" \
    sh -c 'apt-get update -q && apt-get install -q -y --download-only /root/minschool.deb && rm /root/minschool.deb' ||
    fail "downloading the package's dependencies failed; see $log_dir/download.log"
  printf '%s\n' "$wanted" >"$base.made"
}
