# Shared by the scripts: where things live, and how progress is shown.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${SENSORIUM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sensorium}
torch_version=2.11.0
torch_root=$cache/libtorch-$torch_version
judges=$cache/judges
jobs=${SENSORIUM_JOBS:-$(nproc)}
started=$SECONDS

say() { printf '[%3d s] %s\n' "$((SECONDS - started))" "$*"; }
fail() { printf 'error: %s\n' "$1" >&2; [ $# -lt 2 ] || printf '  hint: %s\n' "$2" >&2; exit 1; }

# while_waiting TELL COMMAND...: runs COMMAND and says every 15 seconds what TELL prints. Its exit status is COMMAND's.
while_waiting() {
  local tell=$1 watcher status=0; shift
  (while sleep 15 >/dev/null 2>&1 </dev/null; do say "$($tell)"; done) &
  watcher=$!
  "$@" || status=$?
  kill "$watcher" 2>/dev/null; wait "$watcher" 2>/dev/null || true
  return $status
}

# build PRESET [TARGET...]: configures when needed and builds. with_tests=OFF: a folder made now has no tests, and needs nothing
# that only tests need; without it a folder that has none gets them.
build() {
  local preset=$1; shift
  local folder=$root/build/$preset
  if [ ! -f "$folder/build.ninja" ] || { [ "${with_tests:-ON}" = ON ] && grep -q '^SENSORIUM_TESTS:BOOL=OFF' "$folder/CMakeCache.txt"; }; then
    say "configuring ($preset)"
    mkdir -p "$root/build"
    (cd "$root" && cmake --preset "$preset" -DSENSORIUM_TORCH_ROOT="$torch_root" -DSENSORIUM_TESTS="${with_tests:-ON}" >"$root/build/$preset.configure.log" 2>&1) ||
      { tail -n 30 "$root/build/$preset.configure.log" >&2; fail "cmake --preset $preset failed" "the whole log: build/$preset.configure.log"; }
  fi
  say "building ($preset); the first build takes some minutes"
  cmake --build "$folder" -j "$jobs" ${1:+--target "$@"}
}
