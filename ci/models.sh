#!/usr/bin/env bash
# Runs the models of event-core and event-map under loom and shuttle. Fails when a model fails, explores too little, or holds without
# a fence that it should need.
#
#   ci/models.sh          those that must have 10,000 executions or more under loom with one preemption less,
#                         and at most 3; a quarter of the random schedules under shuttle
#   ci/models.sh --all    all as they are, after clippy of those under shuttle
#   ci/models.sh --help   this text
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '') export EVENT_MODELS_BRIEF=yes ;;
  --all) ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/models.sh [--all]; see --help" >&2 && exit 2 ;;
esac

run() { # run CHECKER CRATE: builds into a folder of its own, since the cfg would rebuild everything else
  echo "== models of $2 under $1"
  RUSTFLAGS="--cfg event_core_$1 ${RUSTFLAGS:-}" cargo test --quiet --release --target-dir "target/$1" -p "$2" --lib -- models::
}

if [ "${1:-}" = --all ]; then
  echo "== clippy of the models under shuttle"
  for crate in event-core event-map; do
    RUSTFLAGS="--cfg event_core_shuttle" cargo clippy --quiet --target-dir target/shuttle -p $crate --tests -- -D warnings
  done
fi
run loom event-core
run shuttle event-core
run shuttle event-map
run loom event-map

echo "== a crate that uses event-core, under loom"
RUSTFLAGS="--cfg event_core_loom ${RUSTFLAGS:-}" cargo test --quiet --release --target-dir target/loom -p model-checked
