#!/usr/bin/env bash
# Runs event-core's unit tests and the tests on threads under ThreadSanitizer, and these and the tests by hand under
# AddressSanitizer, which looks for leaks as well; and, optimised, with all checks that the compiler and a standard library built for it
# can make. Faults that were planted have to be found, and nothing in their twins.
#
#   ci/sanitizers.sh             all three
#   ci/sanitizers.sh thread      only ThreadSanitizer
#   ci/sanitizers.sh address     only AddressSanitizer
#   ci/sanitizers.sh checks      only the checks
#   ci/sanitizers.sh --help      this text
#
# EVENT_STRESS_SECONDS and EVENT_PING_PONG_SECONDS (2 here) and EVENT_CASES (500 here) say how long the tests go on. What this machine
# cannot do is skipped, and said.
#
# Under the sanitizers the tests are not optimised, so the standard library's checks of what its unsafe functions require
# (`-Zub-checks`) are in them as well; one more planted fault is for these. `checks` has them in optimised programs, where an optimiser
# may make more of a promise that is not kept. As cargo-careful does it, the standard library is built from its sources with its debug
# assertions, and fields are laid out in a random order. cargo-careful itself needs these sources from a nightly tool chain.
#
# ThreadSanitizer has to know of every access, so the standard library is built for it, from its sources, which Debian's oldest
# compiler has (ci/debian.sh). It knows nothing of `atomic::fence`. The core has none; for a dependency
# that has one, see ci/thread-sanitizer.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh
. ci/suites.sh

which=(thread address checks)
case ${1:-} in
  '') ;;
  thread | address | checks) which=("$1") ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/sanitizers.sh [thread|address|checks]; see --help" >&2 && exit 2 ;;
esac

host=x86_64-unknown-linux-gnu
logs=$PWD/target/sanitizers
suppressions=$PWD/ci/thread-sanitizer.txt
mkdir -p "$logs"
export CARGO_INCREMENTAL=0 RUST_BACKTRACE=0
export EVENT_STRESS_SECONDS="${EVENT_STRESS_SECONDS:-2}" EVENT_PING_PONG_SECONDS="${EVENT_PING_PONG_SECONDS:-2}" EVENT_CASES="${EVENT_CASES:-500}"

# Under ThreadSanitizer what has threads; under AddressSanitizer what polls by hand as well.
thread_tests=(threads stress sync_mode blocking regressions)
# shellcheck disable=SC2034 # by its name, below
address_tests=("${thread_tests[@]}" by_hand bad_input random_program combinators)
# shellcheck disable=SC2034
checks_tests=("${address_tests[@]}" unruly)

# cargo_for SANITIZER ARGUMENT...: cargo in the copy, as this sanitizer needs it
cargo_for() {
  local sanitizer=$1
  shift
  case $sanitizer in
    thread)
      (cd "$copy" && TSAN_OPTIONS="suppressions=$suppressions" RUSTC=$debian/rustc-1.85.0 RUSTC_BOOTSTRAP=1 RUSTFLAGS="-A warnings -Zsanitizer=thread" \
        cargo "$1" --quiet -Zbuild-std --target $host --target-dir "$target-$sanitizer" "${@:2}")
      ;;
    checks)
      (cd "$copy" && RUSTC=$debian/rustc-1.85.0 RUSTC_BOOTSTRAP=1 CARGO_PROFILE_DEV_OPT_LEVEL=3 CARGO_PROFILE_DEV_DEBUG=0 \
        RUSTFLAGS="-A warnings -Cdebug-assertions=on -Zub-checks=yes -Zextra-const-ub-checks -Zrandomize-layout" \
        cargo "$1" --quiet -Zbuild-std --target $host --target-dir "$target-$sanitizer" "${@:2}")
      ;;
    address)
      (cd "$copy" && RUSTFLAGS="-A warnings -Zsanitizer=address" \
        cargo +nightly "$1" --quiet --target $host --target-dir "$target-$sanitizer" "${@:2}")
      ;;
  esac
}

# Says why this sanitizer cannot be had here, if it cannot.
lacks() {
  local runtime
  [ "$(uname -sm)" = "Linux x86_64" ] || { echo "it is for Linux on x86-64 here" && return; }
  case $1 in
    checks)
      (oldest_rust) >"$logs/unpack.log"
      [ -x "$debian/rustc-1.85.0" ] || sed -n 's/.*skipped: //p' "$logs/unpack.log"
      ;;
    thread)
      # Debian's compiler comes without the sanitizers' part that is linked. That of the present tool chain will do: what the
      # compiler calls there has not changed for years.
      runtime=$(rustc --print sysroot)/lib/rustlib/$host/lib/librustc-stable_rt.tsan.a
      [ -e "$runtime" ] || { echo "the Rust tool chain on PATH has no $(basename "$runtime")" && return; }
      # `unpack` ends where it cannot, so in a shell of its own.
      (oldest_rust) >"$logs/unpack.log"
      [ -x "$debian/rustc-1.85.0" ] || { sed -n 's/.*skipped: //p' "$logs/unpack.log" && return; }
      ln -sf "$runtime" "$debian/rust-1.85.0/usr/lib/rustlib/$host/lib/"
      ;;
    address) cargo +nightly --version >/dev/null 2>&1 || echo "it needs a nightly tool chain" ;;
  esac
}

run() { # run SANITIZER ARGUMENT...: tests, and how many passed
  local sanitizer=$1 log
  log=$logs/$sanitizer-tests.log
  if ! cargo_for "$sanitizer" test "${@:2}" >"$log" 2>&1; then
    grep -n -m 1 -A 30 -E 'Sanitizer:|^test .* FAILED|^error' "$log" || tail -n 60 "$log"
    return 1
  fi
  echo "   $(grep -o '[0-9]* passed' "$log" | awk '{ sum += $1 } END { print sum }') tests passed"
}

# planted SANITIZER found|nothing WHAT PATTERN [TIMES]: runs the example, up to so many times until the fault is found
planted() {
  local sanitizer=$1 expected=$2 what=$3 pattern=$4 times=${5:-1} round log=$logs/planted.log
  for ((round = 1; round <= times; round++)); do
    if "$target-$sanitizer/$host/debug/examples/planted" "$what" >"$log" 2>&1; then
      [ "$expected" = nothing ] || continue
    elif [ "$expected" = nothing ] || ! grep -q "$pattern" "$log"; then
      cat "$log" >&2
      echo "   the planted program $what failed, but not as expected" >&2
      return 1
    else
      echo "   $what: found, in run $round: $(grep -m 1 "$pattern" "$log")"
      return
    fi
  done
  if [ "$expected" = nothing ]; then
    echo "   $what: nothing found in $times runs, and that is right"
  else
    echo "   NOT FOUND in $times runs: $what" >&2
    return 1
  fi
}

for sanitizer in "${which[@]}"; do
  echo "== ${sanitizer}: unit tests of event-core, and the suites"
  reason=$(lacks "$sanitizer")
  if [ -n "$reason" ]; then
    echo "   skipped: $reason"
    continue
  fi
  copy=$suites target=$suites/target/sanitizer
  copy_suites
  tests=${sanitizer}_tests[@]
  run "$sanitizer" -p event-core --lib
  # Some tests leak on purpose, and say so in their names.
  run "$sanitizer" -p event-tests "${!tests/#/--test=}" -- --skip leaked
  echo "== ${sanitizer}: faults that were planted"
  cargo_for "$sanitizer" build -p event-tests --example planted
  case $sanitizer in
    thread)
      # A race need not be met in every run.
      planted thread found race "ThreadSanitizer: data race" 30
      planted thread nothing no-race "" 30
      ;;
    address)
      planted address found leak "LeakSanitizer: detected memory leaks"
      planted address nothing no-leak ""
      planted address found use-after-drop "AddressSanitizer: heap-use-after-free"
      planted address found past-the-end "unsafe precondition(s) violated"
      ;;
    checks) planted checks found past-the-end "unsafe precondition(s) violated" ;;
  esac
done
