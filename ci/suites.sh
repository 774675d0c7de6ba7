# Sourced by scripts that build the core and its tests in an unusual way: copies event-core and event-map, and of the tests those that
# need nothing else, into a workspace of their own, target/suites. The other tests' dependencies, async-std and a client of etcd with
# its protocols, would be most of what there is to build. shellcheck shell=bash

suites=$PWD/target/suites

copy_suites() { # copy_suites [FOLDER]: what is tracked here or new. Files that did not change keep their times.
  local copy=${1:-$suites} others
  # `target` stays, so that not everything is built again.
  mkdir -p "$copy"
  find "$copy" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
  git ls-files -z --cached --others --exclude-standard Cargo.toml Cargo.lock rustfmt.toml crates/event-core crates/event-map tests ':!tests/servers' |
    while IFS= read -r -d '' file; do
      [ ! -e "$file" ] || printf '%s\0' "$file"
    done | tar --null -T - -c | tar -x -C "$copy"
  others='event_etcd|event_test_servers|async_std|event_tokio|rustix'
  (
    cd "$copy"
    # One test of a file that otherwise needs nothing else.
    perl -0pi -e 's/#\[test\]\nfn a_watch_channel_never_allocates.*?\n\}\n//s' tests/tests/allocations.rs
    # A test in a folder of its own goes as a whole.
    grep -lrE "$others" tests/tests | sed -E 's|^(tests/tests/[^/]*).*|\1|' | sort -u | xargs -r rm -r
    sed -i -E 's|^(default-)?members = .*|\1members = ["crates/event-core", "crates/event-map", "tests"]|; /^event-(tokio|async-std|etcd|supervisor|test-servers) =/d' Cargo.toml
    sed -i '/^\[dev-dependencies\]/,/^\[lints\]/{/^\[lints\]/!d}' tests/Cargo.toml
  )
}
