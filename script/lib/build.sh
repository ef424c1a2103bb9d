# Packages, assets and programs. `build` is the folder of the programs (build/release, or build/asan), whose last part
# is the name of the CMake preset.

# build_all [TARGET...] ; only what changed.
build_all() {
  local preset=${build##*/} program=()
  [ $# = 0 ] || program=(--target "$@")
  install_npm
  run_step assets node "$root/web/build.mjs" || fail "building the assets failed; see $log_dir/assets.log"
  cd "$root"
  if [ ! -e "$build/build.ninja" ]; then
    run_step configure cmake --preset "$preset" || fail "cmake failed; see $log_dir/configure.log"
  fi
  run_step build cmake --build --preset "$preset" "${program[@]}" || {
    grep -m 3 -E 'error:|FAILED' "$log_dir/build.log" >&2 || true
    fail "the build failed; see $log_dir/build.log"
  }
}
