#!/usr/bin/env bash
# Runs the benchmarks briefly, to see that they run and that everyone's data arrives. The figures mean little.
#
# With --etcd also the one beside etcd-client, which needs the Protocol Buffers compiler, since that crate is generated while it is
# built. Where there is none, protox is installed below target/, a compiler in Rust.
#
# The program in Go, which is one of the columns, is tested and takes part where there is a `go`.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== the program in Go"
EVENT_BENCHES_GO=$(benches/go.sh test)
export EVENT_BENCHES_GO

if [ "${1:-}" != --etcd ]; then
  echo "== benchmarks"
  exec cargo bench --quiet -p event-benches --bench peers --bench watch --bench supervision -- --quick
fi

# Debian splits it: without the package libprotobuf-dev its compiler lacks the files that etcd's include.
if [ -z "${PROTOC:-}" ]; then
  include=google/protobuf/descriptor.proto
  if command -v protoc >/dev/null && [ -e "$(dirname "$(command -v protoc)")/../include/$include" ]; then
    PROTOC=$(command -v protoc)
  else
    PROTOC=$PWD/target/tools/bin/protox
    if ! [ -x "$PROTOC" ]; then
      echo "== installing protox below target/"
      # It has little to do itself, and without optimisation it is there in half the time.
      cargo install --quiet --locked --debug --root "$PWD/target/tools" protox --version '^0.10' --features bin
    fi
  fi
  export PROTOC
fi

echo "== clippy of the benchmark beside etcd-client"
cargo clippy --quiet -p event-benches --features etcd-client --bench etcd -- -D warnings
echo "== benchmarks"
# In one command, so that what both need is built once.
cargo bench --quiet -p event-benches --features etcd-client --bench peers --bench etcd -- --quick
