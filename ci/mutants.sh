#!/usr/bin/env bash
# Mutation tests of event-core's cell, waker list and memory values (cargo-mutants): changes one expression at a time, and sees
# whether a test fails. For hours.
#
#   ci/mutants.sh                      all of it
#   ci/mutants.sh --shard 0/8          an eighth
#   ci/mutants.sh cell/word.rs ...     only these files of crates/event-core/src
#   ci/mutants.sh --help               this text
#
# First the tests that fail quickly; for the mutants that survive these, the others as well. What is left must be listed, with
# the reason, in ci/mutants-survivors.txt. EVENT_MUTANTS_JOBS (1) says how many mutants are tried at the same time.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/suites.sh

arguments=()
case ${1:-} in
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  --shard)
    arguments=(--shard "$2" --sharding round-robin)
    set --
    ;;
  -*) echo "usage: ci/mutants.sh [--shard K/N | FILE...]; see --help" >&2 && exit 2 ;;
esac
[ $# != 0 ] || set -- 'cell/*.rs' 'wakers/*.rs' 'memory/*.rs'
for file; do
  arguments+=(--file "crates/event-core/src/$file")
done

tools=$PWD/target/tools
if ! "$tools/bin/cargo-mutants" mutants --version >/dev/null 2>&1; then
  echo "== installing cargo-mutants below target/"
  cargo install --quiet --locked --debug --root "$tools" cargo-mutants --version '^27'
fi

out=$PWD/target/mutants
known=$PWD/ci/mutants-survivors.txt
rm -rf "$out"/{mutants.out,mutants.out.old,first.out}
mkdir -p "$out/tmp"
copy_suites "$out/tree"
mkdir -p "$out/tree/.cargo"
cp .cargo/mutants.toml "$out/tree/.cargo"

# `--iterate` leaves out what was found before.
mutants() { # mutants ARGUMENT...
  local status=0
  (cd "$out/tree" && TMPDIR=$out/tmp EVENT_CASES=300 EVENT_STRESS_SECONDS=2 EVENT_PING_PONG_SECONDS=1 RUST_BACKTRACE=0 \
    nice -n 15 "$tools/bin/cargo-mutants" mutants --output "$out" --jobs "${EVENT_MUTANTS_JOBS:-1}" --test-workspace=true --baseline skip --iterate --no-shuffle \
    --colors never "${arguments[@]}" "$@") || status=$?
  # 2: some survived, 3: some hang. Both are looked at below.
  case $status in 0 | 2 | 3) ;; *) exit $status ;; esac
}

quick=(--cargo-test-arg=--lib)
for test in by_hand; do
  quick+=("--cargo-test-arg=--test=$test")
done
echo "== the tests that fail quickly"
# One of sync mode takes six seconds whatever is wrong.
mutants "${quick[@]}" --timeout 40 -- -- --skip every_watcher_sees_every_value_of_three_producers
cp -r "$out/mutants.out" "$out/first.out"
if [ -s "$out/mutants.out/missed.txt" ]; then
  echo "== all tests, for those that survived"
  mutants --cargo-test-arg=--lib --cargo-test-arg=--tests --timeout 300
fi

echo "== result"
count() { # count RUN NAME: how many mutants of this outcome
  [ ! -e "$out/$1.out/$2.txt" ] || wc -l <"$out/$1.out/$2.txt"
}
# A mutant is named as in the lists, without its place, which changes whenever the file does.
sed -E 's/^([^:]*):[0-9]+:[0-9]+:/\1:/; s|^crates/event-core/src/||' "$out/mutants.out/missed.txt" | sort >"$out/survivors"
sed -n 's/^\([^#].*\)  *#.*/\1/p' "$known" | sed 's/ *$//' | sort >"$out/listed"
echo "   first: $(count first caught) found, $(count first timeout) hang, $(count first unviable) do not compile, $(count first missed) survive"
echo "   then: $(wc -l <"$out/survivors") survive all tests"
new=$(comm -23 <(sort -u "$out/survivors") <(sort -u "$out/listed"))
if [ -n "$new" ]; then
  echo "   survivors that ci/mutants-survivors.txt does not list:"
  sed 's/^/      /' <<<"$new"
  exit 1
fi
