#!/usr/bin/env bash
# Fuzzes (cargo-fuzz, libFuzzer): programs over the public interface of event-core, beside a sequential model or with user code
# that panics and comes back in, and what event-etcd makes of a cluster's answers and of keys and ranges. See fuzz/targets.
#
#   ci/fuzz.sh            each target for a minute, as many at the same time as there are processors
#   ci/fuzz.sh SECONDS    each for so long
#   ci/fuzz.sh --help     this text
#
# What is found stays below fuzz/artifacts, and what is of use for the next run below fuzz/corpus; neither is committed. To repeat:
# cargo +nightly fuzz run TARGET FILE.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-60} in
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *[!0-9]*) echo "usage: ci/fuzz.sh [SECONDS]; see --help" >&2 && exit 2 ;;
esac
seconds=${1:-60}
targets=(program etcd_answers etcd_ranges)

if [ "$(uname -sm)" != "Linux x86_64" ]; then
  echo "   skipped: it is for Linux on x86-64"
  exit 0
elif ! cargo +nightly --version >/dev/null 2>&1; then
  echo "   skipped: it needs a nightly tool chain"
  exit 0
fi
tools=$PWD/target/tools
if ! "$tools/bin/cargo-fuzz" --version >/dev/null 2>&1; then
  echo "== installing cargo-fuzz below target/"
  cargo install --quiet --locked --debug --root "$tools" cargo-fuzz --version '^0.13'
fi
export PATH=$tools/bin:$PATH CARGO_INCREMENTAL=0

echo "== building the fuzz targets"
cargo fmt --manifest-path fuzz/Cargo.toml --check
for target in "${targets[@]}"; do
  cargo +nightly fuzz build "$target" >target/fuzz-build.log 2>&1 || {
    tail -n 40 target/fuzz-build.log
    exit 1
  }
done

echo "== each target for $seconds s"
fuzz_one() { # fuzz_one TARGET
  local log=target/fuzz-$1.log
  # Longer inputs are longer programs, of no other kind.
  if cargo +nightly fuzz run "$1" -- -max_total_time="$seconds" -max_len=2048 -timeout=60 >"$log" 2>&1; then
    echo "   $1: $(grep -oE 'Done [0-9]+ runs in [0-9]+ second' "$log")s"
  else
    tail -n 60 "$log"
    echo "   $1: FAILED"
    return 1
  fi
}
export -f fuzz_one
export seconds
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one {}'
