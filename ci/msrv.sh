#!/usr/bin/env bash
# Checks everything with the oldest compiler that is promised, a real one: Debian's rustc 1.85.0, which is unpacked below target/. Not
# the benchmarks, whose peers need newer compilers.
#
#   ci/msrv.sh          the libraries, with all of their features and with none (ci/platforms.sh runs unit tests with it)
#   ci/msrv.sh --all    examples and tests as well; and runs the tests of the core, the map and the supervisor
#   ci/msrv.sh --help   this text
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --all) ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/msrv.sh [--all]; see --help" >&2 && exit 2 ;;
esac

. ci/all-features.sh
. ci/debian.sh

echo "== the oldest compiler, below target/debian"
oldest_rust
promised=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
export RUSTC=$debian/rustc-1.85.0 RUSTDOC=$debian/rustdoc-1.85.0 CARGO_TARGET_DIR=$PWD/target/msrv CARGO_INCREMENTAL=0
# Its lints are not those of the compiler that the project is written with.
export RUSTFLAGS="-A warnings"
version=$($RUSTC --version)
echo "   $version; Cargo.toml promises $promised"
case $version in
  "rustc $promised."*) ;;
  *) echo "that is not the version that Cargo.toml promises" >&2 && exit 1 ;;
esac

libraries=()
for manifest in crates/*/Cargo.toml; do
  libraries+=(-p "$(basename "$(dirname "$manifest")")")
done
if [ -n "${1:-}" ]; then
  echo "== everything but the benchmarks compiles with all features"
  cargo check --quiet --workspace --exclude event-benches --all-targets --features "$all_features"
else
  echo "== the libraries compile with all features"
  cargo check --quiet "${libraries[@]}" --features "${all_features%%,network-status*}"
fi
# With those for models as well, and those that change the atomics.
cargo check --quiet -p event-core --all-features
echo "== the libraries with none of their features"
cargo check --quiet "${libraries[@]}" --no-default-features
[ "${1:-}" = --all ] || exit 0
echo "== tests and documentation examples of the core, the map and the supervisor"
cargo test --quiet -p event-core -p event-map -p event-supervisor --lib --tests
# rustdoc calls its rustc directly, which has to find its libraries.
LD_LIBRARY_PATH=$debian/rust-1.85.0/usr/lib/x86_64-linux-gnu cargo test --quiet -p event-core -p event-map -p event-supervisor --doc
