#!/usr/bin/env bash
# Spelling and links, formatting, clippy and rustdoc, with warnings denied; and the core without std, which must not pull std in.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/all-features.sh

ci/text.sh
echo "== formatting"
cargo fmt --all --check
echo "== clippy, with all features"
cargo clippy --quiet --workspace --all-targets --features "$all_features" -- -D warnings
# Under shuttle, ci/models.sh --all does it.
RUSTFLAGS="--cfg event_core_loom" cargo clippy --quiet --target-dir target/loom -p event-core --tests -- -D warnings
echo "== rustdoc"
# With all features, as docs.rs has them, and as clippy has just looked at what they depend on.
RUSTDOCFLAGS="-D warnings" cargo doc --quiet --workspace --no-deps --features "$all_features"
echo "== event-core, event-map and event-supervisor without std"
# Without the feature there is no `std` to name, as long as nothing but the one guarded line brings it in. (That they compile without,
# ci/features.sh sees.)
for lib in crates/event-{core,map,supervisor}/src/lib.rs; do
  if [[ "$(grep -B1 'extern crate std' "$lib")" != $'#[cfg(any(feature = "std", test))]\nextern crate std;' ]]; then
    echo "$lib: \`extern crate std\` must stand once, behind #[cfg(any(feature = \"std\", test))]" >&2
    exit 1
  fi
done
if grep -rn 'extern crate std' crates/event-{core,map,supervisor}/src --include='*.rs' | grep -v '/src/lib.rs:'; then
  echo "only lib.rs may bring std in" >&2
  exit 1
fi
echo "== neither atomics nor unsafe code in the adapters, the supervisor and the map"
if grep -rnE '\batomic|\bunsafe\b' crates/event-{supervisor,tokio,async-std,map}/src --include='*.rs' \
  | grep -v 'forbid(unsafe_code)' | grep -vE '/event-map/src/(models|random/mod).rs:|/event-map/src/tree.rs:.*//!'; then
  echo "atomics and unsafe code belong into event-core, where they are modelled" >&2
  exit 1
fi
