#!/usr/bin/env bash
# Builds and tests event-core feature by feature.
set -euo pipefail
cd "$(dirname "$0")/.."

for features in "--no-default-features" "--features std"; do
  echo "== event-core $features"
  # shellcheck disable=SC2086 # two words on purpose
  cargo clippy --quiet -p event-core --all-targets $features -- -D warnings
  # shellcheck disable=SC2086
  cargo test --quiet -p event-core $features
done
