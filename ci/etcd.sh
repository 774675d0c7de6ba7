#!/usr/bin/env bash
# The tests that need etcd, with each version of it that Debian has: 3.4 of bookworm, 3.5.16 of trixie, and the newest, of sid. With
# arguments, only these releases. apt checks what it downloads against the archive's signed lists; nothing is installed. A release
# that cannot be had is skipped, with the reason.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh

[ $# -gt 0 ] || set -- bookworm trixie sid
failed=()
for release; do
  # In a shell of its own: what cannot be had ends it.
  (unpack "etcd-$release" "$release" amd64 download etcd-server etcd-client) || true
  programs=$debian/etcd-$release/usr/bin
  if ! version=$("$programs/etcd" --version 2>/dev/null | sed -n 's/^etcd Version: //p') || [ -z "$version" ]; then
    echo "== etcd of $release: skipped, since it cannot be had or does not run here"
    continue
  fi
  echo "== etcd $version"
  export ETCD_BIN=$programs/ EVENT_SERVERS_REQUIRED=1
  cargo test --quiet -p event-test-servers || failed+=("$version: the servers for tests")
  for test in values faults soak; do
    cargo test --quiet -p event-etcd --test "$test" || failed+=("$version: $test")
  done
  cargo test --quiet -p event-tests --test etcd_threads --test etcd_tokio || failed+=("$version: conformance")
done
if [ ${#failed[@]} -gt 0 ]; then
  printf 'failed with %s\n' "${failed[@]}"
  exit 1
fi
