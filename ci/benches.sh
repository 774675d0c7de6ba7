#!/usr/bin/env bash
# Runs every benchmark briefly, to see that they run and that everyone's data arrives. The figures mean little.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo bench --quiet -p event-benches --bench peers -- --quick
cargo bench --quiet -p event-etcd --bench beside_the_client -- --quick
