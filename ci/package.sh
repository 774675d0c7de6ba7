#!/usr/bin/env bash
# Packages every crate that is published, builds each package as a user would get it, and looks at what is in it.
#
#   ci/package.sh          that
#   ci/package.sh --all    and looks at what docs.rs would show
#   ci/package.sh --help   this text
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --all) ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/package.sh [--all]; see --help" >&2 && exit 2 ;;
esac

crates=()
for manifest in crates/*/Cargo.toml; do
  crates+=("$(basename "$(dirname "$manifest")")")
done
packages=("${crates[@]/#/-p}")

echo "== packages: ${crates[*]}"
# Cargo unpacks a package that the next one depends on into its own home, and neither unpacks nor builds it again as long as version and
# path stay: what is left of an earlier run would be taken for this checkout's.
for crate in "${crates[@]}"; do
  rm -rf "${CARGO_HOME:-$HOME/.cargo}"/registry/src/-*/"$crate"-[0-9]* "${CARGO_TARGET_DIR:-target}/debug/.fingerprint/$crate"-*
done
# From what is committed or not: CI packages a clean checkout, and by hand it is of use before a commit.
cargo package --quiet --allow-dirty "${packages[@]}"

failed=0
for crate in "${crates[@]}"; do
  list=$(cargo package --quiet --allow-dirty --list -p "$crate")
  for file in README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE; do
    if ! grep -qx "$file" <<<"$list"; then
      echo "$crate: its package has no $file" >&2
      failed=1
    fi
  done
  for licence in LICENSE-MIT LICENSE-APACHE; do
    if ! cmp -s "$licence" "crates/$crate/$licence"; then
      echo "crates/$crate/$licence is not the licence of the workspace" >&2
      failed=1
    fi
  done
  for line in 'all-features = true' 'rustdoc-args = ["--cfg", "docsrs"]'; do
    if ! grep -qxF "$line" "crates/$crate/Cargo.toml"; then
      echo "crates/$crate/Cargo.toml: [package.metadata.docs.rs] lacks $line" >&2
      failed=1
    fi
  done
done
[ $failed = 0 ] || exit 1

echo "== what README says about installing, in a new project"
project=$PWD/target/installed
rm -rf "$project"
mkdir -p "$project/src"
block() { # block LANGUAGE: all code of README in this language
  sed -n "/^\`\`\`$1\$/,/^\`\`\`\$/{/^\`\`\`/d;p}" README.md
}
{
  printf '[package]\nname = "installed"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n'
  block toml | sed "s|path/to/clone|$PWD|"
} >"$project/Cargo.toml"
block rust >"$project/src/main.rs"
# With the versions that are tested, and no others.
cp Cargo.lock "$project"
cargo run --quiet --manifest-path "$project/Cargo.toml" --target-dir target

[ "${1:-}" = --all ] || exit 0
echo "== documentation as docs.rs builds it"
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "   skipped: it needs a nightly tool chain, as docs.rs has"
  exit 0
fi
RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo +nightly doc --quiet --no-deps --all-features --target-dir target/docsrs "${packages[@]}"
for mark in event_core/struct.MemoryWatcher.html:std event_etcd/struct.ClientBuilder.html:tls; do
  page=target/docsrs/doc/${mark%:*}
  if ! grep -q "crate feature <code>${mark#*:}</code>" "$page"; then
    echo "$page does not say that something needs the feature ${mark#*:}" >&2
    exit 1
  fi
done
