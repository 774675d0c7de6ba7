#!/usr/bin/env bash
# Lints and tests the library crates with every set of their features (cargo hack).
set -euo pipefail
cd "$(dirname "$0")/.."

tools="$PWD/target/tools"
if ! "$tools/bin/cargo-hack" hack --version >/dev/null 2>&1; then
  echo "== installing cargo-hack below target/"
  cargo install --quiet --locked --root "$tools" cargo-hack --version '^0.6'
fi
export PATH="$tools/bin:$PATH"

crates=(-p event-core -p event-supervisor -p event-tokio -p event-async-std)
echo "== clippy with every set of features"
cargo hack --feature-powerset --exclude-features default "${crates[@]}" clippy --quiet --all-targets -- -D warnings
echo "== tests with every set of features"
cargo hack --feature-powerset --exclude-features default "${crates[@]}" test --quiet
echo "== event-etcd with each of its features"
cargo hack --each-feature -p event-etcd clippy --quiet --all-targets -- -D warnings
cargo test --quiet -p event-etcd --features tls --test values -- TLS
echo "== the suite over the core with all of its features"
cargo test --quiet -p event-tests --features event-core/serde,event-core/tracing --test by_hand --test threads \
  --test pipes_tokio_mpsc --test pipes_async_std
