#!/usr/bin/env bash
# What depending on event-core costs, beside tokio with only its feature `sync`: crates, time to build them, and the size of a program
# that sets a value and gets it. Prints a table. Everything is built from scratch, below target/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
work=$root/target/footprint
tokio=$(sed -n '/^name = "tokio"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)

package() { # package NAME DEPENDENCY PROGRAM
  mkdir -p "$work/$1/src"
  printf '[package]\nname = "%s"\nedition = "2024"\n[dependencies]\n%s\n[profile.release]\nstrip = true\n[workspace]\n' "$1" "$2" >"$work/$1/Cargo.toml"
  printf '%s\n' "$3" >"$work/$1/src/main.rs"
  # The versions of this workspace; what is not in it needs no network.
  cp Cargo.lock "$work/$1/Cargo.lock"
}

rm -rf "$work"
package empty '' 'fn main() { println!("{:?}", std::hint::black_box(Some(2))); }'
package event-core "event-core = { path = \"$root/crates/event-core\" }" '
use std::task::{Context, Waker};
fn main() {
    let value = event_core::MemoryValue::with_value(1_u64);
    let mut watcher = value.watch();
    value.set(2);
    println!("{:?}", std::pin::pin!(watcher.get()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
}'
package tokio-sync "tokio = { version = \"=$tokio\", default-features = false, features = [\"sync\"] }" '
use std::task::{Context, Waker};
fn main() {
    let (sender, mut receiver) = tokio::sync::watch::channel(1_u64);
    sender.send_replace(2);
    println!("{:?}", std::pin::pin!(receiver.changed()).poll(&mut Context::from_waker(Waker::noop())).is_ready());
    println!("{:?}", *receiver.borrow_and_update());
}'
size() { stat -c %s "$work/$1/target/release/$1"; }
printf '| | crates | CPU time to build, release | program, more than an empty one |\n|---|---:|---:|---:|\n'
for name in empty event-core tokio-sync; do
  export CARGO_TARGET_DIR=$work/$name/target
  manifest=(--manifest-path "$work/$name/Cargo.toml" --quiet)
  cargo fetch "${manifest[@]}"
  TIMEFORMAT='%U %S'
  # shellcheck disable=SC2086 # two numbers
  took=$({ time cargo build "${manifest[@]}" --release >&2; } 2>&1 | tail -n 1 | awk '{ printf "%.1f s", $1 + $2 }')
  [ "$name" = empty ] && continue
  crates=$(cargo tree "${manifest[@]}" --prefix none --edges normal | tail -n +2 | sort -u | wc -l)
  printf '| %s | %d | %s | %d bytes |\n' "$name" "$crates" "$took" "$(($(size "$name") - $(size empty)))"
done
