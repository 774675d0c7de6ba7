#!/usr/bin/env bash
# Runs every benchmark briefly, to see that they run and that everyone's data arrives. The figures mean little.
set -euo pipefail
cd "$(dirname "$0")/.."

# In one command, so that what both need is built once.
cargo bench --quiet -p event-benches -p event-etcd --bench peers --bench beside_the_client -- --quick
