#!/usr/bin/env bash
# Looks at what is depended on: licences, sources and known faults (cargo-deny, by deny.toml), and whether the libraries build with
# the oldest versions that their Cargo.toml name.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$PWD/target/tools
if ! "$tools/bin/cargo-deny" --version >/dev/null 2>&1; then
  echo "== installing cargo-deny below target/"
  cargo install --quiet --locked --root "$tools" cargo-deny --version '^0.20'
fi
echo "== licences, sources, and what is banned"
"$tools/bin/cargo-deny" --log-level error check --hide-inclusion-graph bans licenses sources
echo "== faults that are known"
log=$PWD/target/advisories.log
if "$tools/bin/cargo-deny" fetch db >"$log" 2>&1; then
  "$tools/bin/cargo-deny" --log-level error check --disable-fetch --hide-inclusion-graph advisories
else
  echo "   skipped: the database of advisories cannot be fetched: $(grep -m 1 -oE '(fatal|error): .*' "$log" || tail -n 1 "$log")"
fi

echo "== the libraries with the oldest versions of what they depend on"
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "   skipped: it needs a nightly tool chain, which can choose these"
  exit 0
fi
# Of a copy, since this is another Cargo.lock. A dependency's own dependencies are as new as ever: whether it tells the truth about
# these is not ours to check.
copy=$PWD/target/oldest
mkdir -p "$copy"
find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
  [ ! -e "$file" ] || printf '%s\0' "$file"
done | tar --null -T - -c | tar -x -C "$copy"
cd "$copy"
sed -i 's/^\[dev-dependencies\]$/[package.metadata.dev-dependencies]/' crates/*/Cargo.toml
sed -i '/^default-members = /d' Cargo.toml
for manifest in crates/*/Cargo.toml; do
  library=$(basename "$(dirname "$manifest")")
  # Each by itself: in one workspace, two that name different versions could not have the oldest of both.
  sed -i -E "s|^members = .*|members = [\"crates/$library\"]|" Cargo.toml
  rm -f Cargo.lock
  cargo +nightly generate-lockfile --quiet -Z direct-minimal-versions
  cargo check --quiet --locked --target-dir target -p "$library" --all-features
  echo "   $library: $(cargo tree --locked -p "$library" --all-features --depth 1 --prefix none -e normal | tail -n +2 | cut -d ' ' -f 1-2 | paste -sd ,)"
done
