#!/usr/bin/env bash
# Runs the models of event-core and event-map under loom and shuttle. Fails when a model fails, explores too little, or holds without
# a fence that it should need.
set -euo pipefail
cd "$(dirname "$0")/.."

run() { # run CHECKER CRATE: builds into a folder of its own, since the cfg would rebuild everything else
  echo "== models of $2 under $1"
  RUSTFLAGS="--cfg event_core_$1 ${RUSTFLAGS:-}" cargo test --quiet --release --target-dir "target/$1" -p "$2" --lib -- models::
}

run loom event-core
run shuttle event-core
run shuttle event-map
run loom event-map

echo "== a crate that uses event-core, under loom"
RUSTFLAGS="--cfg event_core_loom ${RUSTFLAGS:-}" cargo test --quiet --release --target-dir target/loom -p model-checked
