#!/usr/bin/env bash
# Lints the library crates with every set of their features, and tests them with none, with each, and with all (cargo hack).
#
#   ci/features.sh          lints the libraries with every set (ci/lint.sh does everything with all of them); runs unit tests with none
#                           and each of them, but for what is the default, all tests and the documentation's examples with all
#   ci/features.sh --all    lints the tests with every set as well, and runs the documentation's examples with none and each, and the
#                           suite over the core with its other atomics, too
#   ci/features.sh --help   this text
set -euo pipefail
cd "$(dirname "$0")/.."

# What ci/lint.sh and `cargo test --workspace` do with the features that are on by default is not done here again.
linted=--lib tested=(--lib --tests)
case ${1:-} in
  '') ;;
  --all) linted=--all-targets tested=() ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/features.sh [--all]; see --help" >&2 && exit 2 ;;
esac

. ci/all-features.sh
tools="$PWD/target/tools"
if ! "$tools/bin/cargo-hack" hack --version >/dev/null 2>&1; then
  echo "== installing cargo-hack below target/"
  # It has little to do itself, and without optimisation it is there in half the time.
  cargo install --quiet --locked --debug --root "$tools" cargo-hack --version '^0.6'
fi
export PATH="$tools/bin:$PATH"

crates=(-p event-core -p event-map -p event-supervisor -p event-tokio -p event-async-std)
# These change the atomics and nothing else, so one set with and one without the other features is enough. (loom and shuttle,
# which are for models, are nothing without their cfg.)
atomics=portable-atomic,critical-section
# each_set DEPTH COMMAND...: with each set of so many features; event-core always with a heap. Without one it has no tests of its own: the
# firmware's program is the test of that.
each_set() {
  sets_of "$1" "" "${crates[@]:2}" "${@:2}"
  sets_of "$1" "" --features alloc -p event-core "${@:2}"
}
# sets_of DEPTH WITHOUT ARGUMENT...
sets_of() {
  cargo hack --feature-powerset --depth "$1" --exclude-features "default,loom,shuttle,$atomics${2:+,$2}" "${@:3}"
}
echo "== clippy with every set of features"
# `std` has `alloc` with it.
cargo hack --feature-powerset --mutually-exclusive-features std,alloc --exclude-features "default,loom,shuttle,$atomics" "${crates[@]}" \
  clippy --quiet --lib -- -D warnings
[ $linted = --lib ] || each_set 9 clippy --quiet --all-targets -- -D warnings
for others in --no-default-features --features=std,serde,tracing; do
  cargo clippy --quiet $linted -p event-core $others --features "alloc,$atomics" -- -D warnings
done
cargo clippy --quiet --lib -p event-core --no-default-features --features "$atomics" -- -D warnings
cargo clippy --quiet $linted -p event-core --features portable-atomic -- -D warnings
cargo hack --each-feature -p event-etcd clippy --quiet $linted -- -D warnings
echo "== tests with none and each of the features"
# But for those that are the default: `cargo test --workspace` has them.
sets_of 1 std --features alloc -p event-core test --quiet "${tested[@]}"
sets_of 1 std -p event-map test --quiet "${tested[@]}"
sets_of 1 "" -p event-supervisor test --quiet "${tested[@]}"
sets_of 1 tracing -p event-tokio -p event-async-std test --quiet "${tested[@]}"
for others in --no-default-features --features=std,serde,tracing; do
  cargo test --quiet -p event-core $others --features "alloc,$atomics" "${tested[@]}"
done
echo "== tests with all of the features, documentation examples, and the example and suites likewise"
# All with the same packages and features, so that what they depend on is built once.
everything() { # everything ARGUMENT...: of these tests
  cargo test --quiet "${crates[@]}" -p event-etcd -p network-status -p event-tests --features "$all_features" "$@"
}
named=()
for test in crates/event-{core,map,supervisor,tokio,async-std}/tests/* examples/network-status/tests/*; do
  if [[ $test == *.rs ]]; then
    named+=("--test=$(basename "$test" .rs)")
  elif [ -e "$test/main.rs" ]; then
    named+=("--test=$(basename "$test")")
  fi
done
everything --lib "${named[@]}" --test by_hand --test threads --test pipes_tokio_mpsc --test pipes_async_std
everything --doc
# Of event-etcd's many tests those of the features.
for tests in TLS secrets; do
  everything --test values -- "$tests"
done
[ $linted != --lib ] || exit 0
echo "== the suite over the core without atomics of its own"
cargo test --quiet -p event-tests --features event-core/serde,event-core/tracing,event-core/critical-section --test by_hand --test threads \
  --test pipes_tokio_mpsc --test pipes_async_std
