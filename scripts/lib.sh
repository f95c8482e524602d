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

# build PRESET [TARGET...]: configures when needed and builds.
build() {
  local preset=$1; shift
  local folder=$root/build/$preset
  if [ ! -f "$folder/build.ninja" ]; then
    say "configuring ($preset)"
    (cd "$root" && cmake --preset "$preset" -DSENSORIUM_TORCH_ROOT="$torch_root" >"$root/build/$preset.configure.log" 2>&1) ||
      { tail -n 30 "$root/build/$preset.configure.log" >&2; fail "cmake --preset $preset failed" "the whole log: build/$preset.configure.log"; }
  fi
  say "building ($preset); the first build takes some minutes"
  cmake --build "$folder" -j "$jobs" ${1:+--target "$@"}
}
