# Sourced by ci/firmware.sh --breaks: makes deliberate breaks in a copy of the project, one at a time, and expects each to be
# found. shellcheck shell=bash

broken=$target/breaks
undetected=0

# Of what is tracked here and of what is new. The files are as young as the copy, or cargo would take what it built from the last
# copy for up to date.
fresh_copy() {
  rm -rf "$broken/project"
  mkdir -p "$broken/project"
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -m -C "$broken/project"
}

change() { # change FILE SED-EXPRESSION: which must change something
  sed -i.before "$2" "$broken/project/$1"
  if cmp -s "$broken/project/$1" "$broken/project/$1.before"; then
    echo "   this break fits $1 no longer: $2" >&2
    exit 1
  fi
  rm "$broken/project/$1.before"
}

expect_failure() { # expect_failure WHAT PATTERN COMMAND...: the command must fail and say PATTERN
  local what=$1 pattern=$2
  shift 2
  if "$@" >"$broken/log" 2>&1; then
    echo "   NOT FOUND: $what"
    undetected=1
  elif ! grep -qE "$pattern" "$broken/log"; then
    echo "   failed, but for another reason: $what"
    tail -n 20 "$broken/log"
    undetected=1
  else
    echo "   found: $what"
    grep -m 2 -E "$pattern" "$broken/log" | sed 's/^ */      /'
  fi
}

in_copy() { # in_copy COMMAND...
  (cd "$broken/project" && "$@")
}

run_copy() { # run_copy [ARGUMENT...]: builds the copy's program and runs it on the Cortex-M3
  build_program "$broken/project" "$broken/target" cortex-m3 "$@" && run_machine 0 cortex-m3 "$broken/target"
}

core=crates/event-core/src
# A break may leave something unused, which is not what it shall be found by.
lints="-A warnings"

echo "== deliberate breaks, each in a fresh copy below firmware/target"
fresh_copy
if ! run_copy >"$broken/log" 2>&1; then
  echo "   the copy fails without a break" >&2
  tail -n 20 "$broken/log" >&2
  exit 1
fi

fresh_copy
change $core/version.rs '1a use std::collections::HashMap as _;'
expect_failure "a \`use std\`, for a machine without one" "HashMap" in_copy build_core -- thumbv7m-none-eabi
expect_failure "a \`use std\`, in the program without std" "HashMap" run_bare "$broken/project" "$broken/target"

fresh_copy
change $core/lib.rs '/^#\[cfg(any(feature = "std", test))\]$/d'
expect_failure "std brought in without its feature" 'find crate for `std`' in_copy build_core -- thumbv7m-none-eabi
expect_failure "the same, in the program without std" "error" run_bare "$broken/project" "$broken/target"

fresh_copy
expect_failure "a forgotten \`reserve\`: interrupts allocate" "FAILED: nothing was allocated" run_copy --features break-alloc

fresh_copy
change $core/cell/mod.rs 's/if !is_kept(Handshake::ArmInWord) {/if true {/'
expect_failure "a watcher that waits for what has come already: a wake-up is lost" "FAILED: every follower saw" run_copy

fresh_copy
change $core/wakers/sweep.rs 's/taken < BELOW && taken & taken.wrapping_sub(1) == 0 && taken != 0/taken \& (BELOW - 1) != 0/'
expect_failure "a setter that wakes one watcher only: a wake-up is lost" "FAILED: every follower saw" run_copy

fresh_copy
change $core/cell/mod.rs '/second half of `PublishThenCount`. As an/I{n;n;s/load(Ordering::SeqCst) != 0/load(Ordering::SeqCst) == u32::MAX/}'
expect_failure "a writer that empties what is being read" "panicked|FAILED: (every follower|no reading|of all readings)" run_copy

rm -rf "$broken/project"
[ $undetected = 0 ]
