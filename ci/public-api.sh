#!/usr/bin/env bash
# Compares the public interface of the crates that are published with the listings in ci/public-api (cargo-public-api), so that
# no change of it goes unseen.
#
#   ci/public-api.sh             compares, and shows what differs
#   ci/public-api.sh --update    rewrites the listings
#   ci/public-api.sh --help      this text
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --update) ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/public-api.sh [--update]; see --help" >&2 && exit 2 ;;
esac
if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "   skipped: it needs a nightly tool chain, whose rustdoc writes JSON"
  exit 0
fi
tools=$PWD/target/tools
if ! "$tools/bin/cargo-public-api" --version >/dev/null 2>&1; then
  echo "== installing cargo-public-api below target/"
  cargo install --quiet --locked --debug --root "$tools" cargo-public-api --version '^0.52'
fi
export PATH=$tools/bin:$PATH

echo "== the public interface"
differs=0
mkdir -p ci/public-api target/public-api
for manifest in crates/*/Cargo.toml; do
  crate=$(basename "$(dirname "$manifest")")
  listing=ci/public-api/$crate.txt
  cargo +nightly public-api -p "$crate" --all-features --target-dir target/public-api -sss >"target/public-api/$crate.txt" 2>target/public-api/log || {
    tail -n 20 target/public-api/log
    exit 1
  }
  if [ "${1:-}" = --update ]; then
    cp "target/public-api/$crate.txt" "$listing"
  elif ! diff -U 0 "$listing" "target/public-api/$crate.txt" | grep -E '^[-+]'; then
    echo "   $crate: as listed, $(wc -l <"$listing") lines"
  else
    differs=1
  fi
done
if [ $differs = 1 ]; then
  echo "if that is as it should be: ci/public-api.sh --update" >&2
  exit 1
fi
