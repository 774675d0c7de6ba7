#!/usr/bin/env bash
# Runs all tests a number of times beside a load on every processor, and reports each test that failed, or that once took more
# than ten times its median. Fails if a run failed.
#
#   ci/steady.sh 10        ten runs
#   ci/steady.sh --help    this text
#
# The output of each run stays in target/steady, as `run-1.log` and so on.
set -euo pipefail

if [ "${1:-}" = --run ]; then
  # This script as cargo's runner of a test: libtest tells the time of each test only where unstable options are allowed.
  # Suites with a harness of their own write their times to EVENT_SUITE_TIMES.
  shift
  case $1 in
    */deps/*) ! "$1" --help 2>/dev/null | grep -q -e --report-time || set -- "$@" -Zunstable-options --report-time ;;
  esac
  RUSTC_BOOTSTRAP=1 exec "$@"
fi

case ${1:-} in
  --help | -h)
    sed -n '2,/^set/{s/^# \{0,1\}//p}' "$0"
    exit 0
    ;;
  '' | *[!0-9]* | 0)
    echo "usage: ci/steady.sh NUMBER, such as 10; see --help" >&2
    exit 2
    ;;
esac
runs=$1
cd "$(dirname "$0")/.."
logs=$PWD/target/steady
rm -rf "$logs"
mkdir -p "$logs"

# The example in a cluster is behind a feature, and is a test of several processes.
example=(test -p network-status --features etcd --test etcd)

echo "== building the tests"
cargo test --quiet --workspace --no-run
cargo "${example[@]}" --quiet --no-run

load=()
end_load() {
  [ ${#load[@]} = 0 ] || kill "${load[@]}" 2>/dev/null || true
}
trap end_load EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
for _ in $(seq "$(nproc)"); do
  (while :; do :; done) &
  load+=($!)
done

target=$(rustc -vV | sed -n 's/^host: //p' | tr 'a-z-' 'A-Z_')
export "CARGO_TARGET_${target}_RUNNER=$PWD/ci/steady.sh --run"
failed=0
for run in $(seq "$runs"); do
  begin=$SECONDS
  result=ok
  export EVENT_SUITE_TIMES=$logs/run-$run.times
  cargo test --workspace --no-fail-fast >"$logs/run-$run.log" 2>&1 || result=FAILED
  cargo "${example[@]}" >>"$logs/run-$run.log" 2>&1 || result=FAILED
  [ $result = ok ] || failed=$((failed + 1))
  passed=$(grep -o '[0-9]* passed' "$logs/run-$run.log" | awk '{ sum += $1 } END { print sum + 0 }')
  echo "run $run of $runs: $result, $passed tests passed, $((SECONDS - begin)) s"
  # A test that ends its process, such as one that hangs, has no line of its own: cargo names the executable.
  grep -hE '^test .* FAILED|: it hangs$|^error: (test failed|[0-9]+ target)|^    `-p ' "$logs/run-$run.log" | sort -u |
    sed 's/^/   /' || true
done
end_load
trap - EXIT

echo "== tests that once took more than ten times their median, and more than a second"
for run in $(seq "$runs"); do
  [ ! -e "$logs/run-$run.times" ] || cat "$logs/run-$run.times"
  # The executable that a line belongs to is named before it.
  awk '/^ *Running / { binary = $2 " " $3 }
    match($0, /^test .* \.\.\. (ok|FAILED) <[0-9.]+s>$/) {
      name = $0; sub(/^test /, "", name); sub(/ \.\.\. .*/, "", name)
      time = $NF; gsub(/[<>s]/, "", time)
      print binary ": " name "\t" time
    }' "$logs/run-$run.log"
done | sort -t $'\t' -k1,1 -k2,2n | awk -F '\t' '
  function report() {
    median = times[int((count + 1) / 2)]
    if (count > 1 && times[count] > 1 && times[count] > 10 * median) {
      printf "   %s: %.2f s, median %.2f s\n", name, times[count], median
      found++
    }
  }
  $1 != name { if (NR > 1) report(); name = $1; count = 0; tests++ }
  { times[++count] = $2 }
  END { report(); printf "%d of %d tests, in %d runs\n", found, tests, '"$runs"' }'

echo "== $((runs - failed)) of $runs runs passed, beside a load on $(nproc) processors"
[ $failed = 0 ]
