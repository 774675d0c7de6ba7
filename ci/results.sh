#!/usr/bin/env bash
# Measures everything and writes benches/RESULTS.md and its pictures. Takes some minutes; a machine without other work gives the
# figures that others can repeat.
#
# One column is a program in Go. Where there is no `go`, benches/go.sh unpacks one below target/debian; where it cannot, it says why,
# and that column is left out.
#
# usage: results.sh [ROUNDS]     batches per cell; 40 by default
set -euo pipefail
cd "$(dirname "$0")/.."

from=$PWD/target/results
mkdir -p "$from"
cargo bench --quiet -p event-benches --bench peers --bench bytes --no-run
echo "== the program in Go"
EVENT_BENCHES_GO=$(benches/go.sh fetch)
export EVENT_BENCHES_GO
# What was just built counts as load for a while.
idle() { # idle: whether nothing else runs, as far as one can see
  awk -v cores="$(nproc)" '{ exit !($1 < cores / 5) }' /proc/loadavg
}
if [ -r /proc/loadavg ] && ! idle; then
  echo "== waiting until the machine has nothing else to do, five minutes at most"
  for _ in {1..60}; do
    ! idle || break
    sleep 5
  done
fi
echo "== bytes and allocations"
cargo bench --quiet -p event-benches --bench bytes -- --json "$from/bytes.json" >"$from/bytes.txt"
echo "== times"
cargo bench --quiet -p event-benches --bench peers -- --rounds "${1:-40}" --json "$from/peers.json" >"$from/peers.md"
echo "== instructions"
benches/instructions.sh event-core "event-core, 8 shards" "tokio watch" eyeball futures-signals embassy "Mutex + Event" arc-swap hazarc >"$from/instructions.md"
echo "== building"
benches/footprint.sh >"$from/footprint.md"
echo "== benches/RESULTS.md"
cargo run --quiet --profile bench -p event-benches --bin results -- "$from" benches
