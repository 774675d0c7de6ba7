#!/usr/bin/env bash
# Mutation tests of event-core's cell, waker list and memory values: changes one expression at a time, and sees whether a test fails.
#
#   ci/mutants.sh                      all of it: a quarter of an hour on two processors
#   ci/mutants.sh --resume             continues what was begun: found mutants of a file that did not change stay found
#   ci/mutants.sh --models             continues likewise, and then has the models find those survivors that the list says they find
#   ci/mutants.sh [--resume] cell/word.rs 'wakers/*.rs' ...    only these files of crates/event-core/src
#   ci/mutants.sh --help               this text
#
# cargo-mutants says which mutants there are. A build for each of them would take a day, so all of them are woven into one build (by
# ci/mutants, see there), in which a variable of the environment says which one is active. Which tests reach which mutants, and how long
# they take, is recorded first; each mutant is run against those that reach it, the quickest first, until one fails. They are run in a
# random order (EVENT_SEED, 12), so that what was run before this was stopped is a sample of all. What survives must be listed, with the reason, in ci/mutants-survivors.txt. The outcomes are kept below
# target/mutants. It needs a nightly tool chain, since functions that are `const` have mutants, too.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/suites.sh

resume= models=
case ${1:-} in
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  --resume) resume=yes && shift ;;
  --models) resume=yes models=yes && shift ;;
  -*) echo "usage: ci/mutants.sh [--resume] [FILE...]; see --help" >&2 && exit 2 ;;
esac
[ $# != 0 ] || set -- 'cell/*.rs' 'wakers/*.rs' 'memory/*.rs'
files=("${@/#/--file=crates/event-core/src/}")

if ! cargo +nightly --version >/dev/null 2>&1; then
  echo "   skipped: it needs a nightly tool chain"
  exit 0
fi
tools=$PWD/target/tools
if ! "$tools/bin/cargo-mutants" mutants --version >/dev/null 2>&1; then
  echo "== installing cargo-mutants below target/"
  cargo install --quiet --locked --debug --root "$tools" cargo-mutants --version '^27'
fi
cargo build --quiet --locked --manifest-path ci/mutants/Cargo.toml --target-dir "$tools/mutants"
woven() { "$tools/mutants/debug/event-mutants" "$@"; }

out=$PWD/target/mutants
tree=$out/tree
known=$PWD/ci/mutants-survivors.txt
mkdir -p "$out"
[ -n "$resume" ] || rm -f "$out/results.tsv"
copy_suites "$tree"
rm -rf "$out/sources"
mkdir -p "$out/sources/crates" "$tree/.cargo"
cp -r "$tree/crates/event-core" "$out/sources/crates"
cp .cargo/mutants.toml "$tree/.cargo"
(cd "$tree" && "$tools/bin/cargo-mutants" mutants --list --json "${files[@]}") >"$out/list.json"

cat >"$tree/crates/event-core/src/mutant.rs" <<'END'
//! Which mutant is active.

/// Whether it is this one.
pub(crate) const fn is(number: usize) -> bool {
    const fn never(_: usize) -> bool {
        false
    }
    fn now(number: usize) -> bool {
        static ACTIVE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        let named = || std::env::var("EVENT_MUTANT").ok()?.parse().ok();
        say(number);
        *ACTIVE.get_or_init(|| named().unwrap_or(usize::MAX)) == number
    }
    // That it was reached, if anybody wants to know. Nothing is allocated, since there are tests of that.
    fn say(number: usize) {
        use std::io::Write;
        static TO: std::sync::OnceLock<Option<std::fs::File>> = std::sync::OnceLock::new();
        static SAID: [std::sync::atomic::AtomicBool; 4096] = [const { std::sync::atomic::AtomicBool::new(false) }; 4096];
        let open = || std::fs::OpenOptions::new().append(true).open(std::env::var_os("EVENT_MUTANT_REACHED")?).ok();
        let Some(to) = TO.get_or_init(open) else { return };
        if !SAID[number].swap(true, std::sync::atomic::Ordering::Relaxed) {
            let digits = [1000, 100, 10, 1].map(|place| b'0' + (number / place % 10) as u8);
            let [a, b, c, d] = digits;
            let _ = (&*to).write_all(&[a, b, c, d, b'\n']);
        }
    }
    core::intrinsics::const_eval_select((number,), never, now)
}
END
lib=$tree/crates/event-core/src/lib.rs
sed -i '1i #![feature(core_intrinsics, const_eval_select)]' "$lib"
sed -i 's/^mod sync;/&\nmod mutant;/' "$lib"

export RUSTFLAGS="-A warnings" RUST_BACKTRACE=0
export CARGO_PROFILE_DEV_DEBUG=false
echo "== weaving the mutants into one build"
: >"$out/left-out"
while
  woven weave "$out/list.json" "$out/sources" "$tree" "$out/left-out"
  ! (cd "$tree" && cargo +nightly check -p event-core --lib --tests --message-format=json >"$out/messages" 2>"$out/stderr")
do
  woven blame "$tree" "$out/left-out" <"$out/messages"
done
if ! (cd "$tree" && cargo +nightly test --no-run -p event-core -p event-map -p event-tests --tests --message-format=json \
  >"$out/messages" 2>"$out/stderr"); then
  tail -n 60 "$out/stderr"
  exit 1
fi
programs=()
# Those first that find most, quickly. What takes seconds whatever is wrong, or measures the memory of the process, is left out.
for name in event_core by_hand answers conservation regressions bad_input sync_mode combinators parked unruly nth_call reader_shards space allocations neighbours maps_by_hand \
  maps_memory event_map threads blocking read_only random_program; do
  program=$(sed -n "s/.*\"name\":\"$name\".*\"executable\":\"\([^\"]*\)\".*/\1/p" "$out/messages")
  [ -z "$program" ] || programs+=("$program")
done

echo "== the tests with each of them"
# A mutant may want all the memory there is.
ulimit -v 8000000
status=0
(cd "$tree/tests" && EVENT_CASES=300 "$tools/mutants/debug/event-mutants" run "$out/list.json" "$out/sources" "$out/left-out" "$out/results.tsv" \
  "${EVENT_SEED:-12}" "$known" "${programs[@]}") || status=$?
[ "$status" = 0 ] || exit "$status"

# A mutant is named as in the lists, without its place, which changes whenever the file does.
named() {
  sed -E 's/^([^:]*):[0-9]+:[0-9]+:/\1:/; s|^crates/event-core/src/||'
}
cut -f 2 "$out/results.survivors" | named | sort -u >"$out/survivors"
sed -n 's/^\([^#].*\)  *#.*/\1/p' "$known" | sed 's/ *$//' | sort -u >"$out/listed"
new=$(comm -23 "$out/survivors" "$out/listed")
if [ -n "$new" ]; then
  echo "   survivors that ci/mutants-survivors.txt does not list:"
  sed 's/^/      /' <<<"$new"
  status=1
fi
[ -n "$models" ] || exit $status

echo "== models under loom, of survivors that one of them finds"
export RUSTFLAGS="--cfg event_core_loom -A warnings"
(cd "$tree" && cargo +nightly test --quiet --release --no-run -p event-core --lib --target-dir "$out/loom" --message-format=json >"$out/messages" 2>"$out/stderr") || {
  tail -n 60 "$out/stderr"
  exit 1
}
loom=$(sed -n 's/.*"executable":"\([^"]*\)".*/\1/p' "$out/messages")
while IFS=$'\t' read -r number name; do
  # Several mutants may have one name, and not all of them be found by a model: the list says which is, by its place.
  model=$(grep -F "$(named <<<"$name") " "$known" | sed -n 's/.*# \(models::[a-z_:]*\) finds it.*/\1/p')
  [ -n "$model" ] || continue
  if EVENT_MUTANT=$number timeout 1800 "$loom" --exact "$model" >"$out/results.output" 2>&1; then
    echo "   not found by $model: $name"
    status=1
  else
    echo "   found by $model: $name"
  fi
done <"$out/results.survivors"
exit $status
