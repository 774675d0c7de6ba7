#!/usr/bin/env bash
# Formatting, clippy and rustdoc, with warnings denied; and the core without std, which must not pull std in.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== formatting"
cargo fmt --all --check
echo "== clippy"
cargo clippy --quiet --workspace --all-targets -- -D warnings
for checker in loom shuttle; do
  RUSTFLAGS="--cfg event_core_$checker" cargo clippy --quiet --target-dir "target/$checker" -p event-core --tests -- -D warnings
done
echo "== rustdoc"
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps
echo "== event-core without std"
cargo check --quiet -p event-core --no-default-features
if grep -rnE '\bstd::' crates/event-core/src --include='*.rs' | grep -vE 'src/models/|//[/!]|src/wakers/sweep\.rs'; then
  echo "event-core names std outside of the models and of the one place that the feature std guards" >&2
  exit 1
fi
