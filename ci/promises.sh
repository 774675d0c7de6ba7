#!/usr/bin/env bash
# docs/promises.md says which tests keep which promise. This checks that the tests it names exist, that each row has a break that one of its
# tests has to find, and that each break still fits its file; with --breaks it also breaks each promise on purpose, in a copy below target/, and expects the tests that are named here to fail (10 minutes on two processors);
# --breaks PATTERN only those promises that an extended regular expression finds.
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/promises.md
case "${1:-}" in
'' | --breaks) ;;
--help | -h)
  sed -n '2,5s/^# //p' "$0"
  exit 0
  ;;
*)
  echo "promises.sh: only --breaks and --help are known, not $1" >&2
  exit 2
  ;;
esac

echo "== the tests that $page names"
missing=0
# In backquotes, a test is a name with at least two underscores; a script, or a file, a path.
while read -r name; do
  case $name in
  */* | *.sh | *.md)
    [ -e "$name" ] || { echo "$page names $name, which does not exist" >&2; missing=1; }
    ;;
  *_*_*)
    grep -rqE "\bfn $name\b|\"$name\"" crates tests examples fuzz --include='*.rs' 2>/dev/null ||
      { echo "$page names $name, which no test is called" >&2; missing=1; }
    ;;
  esac
done < <(grep -oE '`[^` ]+`' "$page" | tr -d '`' | sort -u)
[ $missing = 0 ] || exit 1
breaks=
[ "${1:-}" != --breaks ] || breaks=yes

broken=$PWD/target/promises
chosen=${2:-.}
undetected=0

fresh_copy() {
  rm -rf "$broken/project"
  mkdir -p "$broken/project"
  # The files are as young as the copy, or cargo would take what it built from the last copy for up to date.
  git ls-files -z --cached --others --exclude-standard | tar --null -T - -c | tar -x -m -C "$broken/project"
}

# broken PROMISE FILE PERL-EXPRESSION SUITE TEST..: with FILE changed by the expression, one of the tests must fail.
broken() {
  local promise=$1 file=$2 expression=$3 suite=$4
  shift 4
  [[ $promise =~ $chosen ]] || return 0
  if [ -z "$breaks" ]; then
    # Perl says so itself when the expression changes nothing.
    perl -0ne "my \$before = \$_; $expression; exit(\$_ eq \$before)" "$file" || {
      echo "   this break fits $file no longer: $expression" >&2
      missing=1
    }
    printf '%s|%s\n' "${promise%%,*}" "$*" >>"$broken/covered"
    return
  fi
  cp "$broken/project/$file" "$broken/before"
  perl -0pi -e "$expression" "$broken/project/$file"
  if cmp -s "$broken/project/$file" "$broken/before"; then
    echo "   this break fits $file no longer: $expression" >&2
    exit 1
  fi
  local test found=
  for test in "$@"; do
    # A break may leave something unused, or hang, neither of which is what it shall be found by.
    if ! (cd "$broken/project" && RUSTFLAGS="-A warnings" CARGO_TARGET_DIR=$broken/target timeout 300 \
      cargo test --quiet --package event-tests --test "$suite" -- --exact "$test") >"$broken/log" 2>&1; then
      if grep -qE "^error(\[|: could not compile)" "$broken/log" && ! grep -q "test result\|hangs\|signal" "$broken/log"; then
        echo "   does not compile: $promise" >&2
        tail -n 20 "$broken/log" >&2
        exit 1
      fi
      found="$found $test"
    elif ! grep -q "1 passed" "$broken/log"; then
      echo "   $suite has no test $test" >&2
      exit 1
    fi
  done
  if [ -n "$found" ]; then
    echo "   $promise: found by$found"
  else
    echo "   $promise: NOT FOUND by $*"
    undetected=1
  fi
  cp "$broken/before" "$broken/project/$file"
}

core=crates/event-core/src
if [ -n "$breaks" ]; then
  fresh_copy
  echo "== each promise broken on purpose, in a copy below target/"
else
  echo "== a break for each row, which fits"
  mkdir -p "$broken"
  : >"$broken/covered"
fi
broken "V1, an edit that does not notice another one" $core/cell/mod.rs \
  's/Err\(now\) if now\.is_of\(expected\) => expected = now/Err(now) if !now.is_closed() => expected = now/' \
  threads v1_updates_from_many_tasks_are_not_lost
broken "V1, two only producers" $core/memory/counts.rs \
  's/self\.handles\.compare_exchange\(1, 0, [^)]*\)\.is_ok\(\)/true/' by_hand v1_there_is_one_producer_at_a_time
broken "V2, a set that does not count" $core/version.rs 's/(fn next\(self\)[^{]*\{)/$1 if self.0 != 0 { return self; }/' \
  by_hand v2_every_change_of_a_state_is_news
broken "V3, no data taken for data" $core/memory/shared.rs 's/is_some_and\(\|pinned\| pinned\.data\(\)\.is_some\(\)\)/is_some()/' \
  by_hand v3_no_data_and_the_default_never_look_alike w1_borrow_and_update_marks_what_it_returns v3_a_writer_begins_without_data \
  p1_a_panic_leaves_a_state_usable w7_a_filter_runs_on_a_borrow_before_any_clone
broken "V4, a set that waits for a borrow" $core/cell/mod.rs 's/if Self::is_read\(slot\) \{/while Self::is_read(slot) {}\n        if false {/' \
  by_hand v4_set_never_waits_for_a_reader_in_the_middle_of_reading
broken "V5, a set that needs a watcher" $core/memory/value.rs \
  's/(pub fn set\(&self, value: T\) -> Version \{)/$1 if self.watcher_count() == 0 && self.is_set() { return self.version(); }/' \
  threads v5_set_stores_the_data_though_nobody_watches
broken "V6, old data that stays" $core/cell/owned.rs 's/(let _free = Free \{[^}]*\};)\s*\/\/ SAFETY: owned\.\s*unsafe \{ self\.slot\.body\.empty\(\) \};/$1/' \
  by_hand v6_old_data_is_dropped_by_the_set_that_replaces_it
broken "V6, data that is dropped under a reader" $core/cell/mod.rs 's/slot\.head\.readers\.load\(Ordering::SeqCst\) != 0\n    \}/false\n    }/' \
  by_hand v6_old_data_is_dropped_as_soon_as_its_last_reader_lets_go
broken "W1, a get that gives the same twice" $core/memory/polling.rs 's/cursor\.give\(pinned\.version\(\)\);\n    data\n/data\n/' \
  by_hand w1_only_a_get_or_a_mark_moves_the_cursor w1_what_came_and_went_between_two_gets_is_skipped
broken "W1, two steps to read and mark" $core/memory/current.rs 's/let version = pinned\.version\(\);\n        let pinned = self/let version = pinned.version().next();\n        let pinned = self/' \
  by_hand w1_borrow_and_update_marks_what_it_returns
broken "W2, a watcher that waits for what has come already" $core/cell/mod.rs 's/if !is_kept\(Handshake::ArmInWord\) \{/if true {/' \
  by_hand w2_a_set_in_the_midst_of_a_poll_is_not_overlooked
broken "W2, a set that wakes one watcher only" $core/wakers/sweep.rs \
  's/taken < BELOW && taken & taken\.wrapping_sub\(1\) == 0 && taken != 0/taken & (BELOW - 1) != 0/' \
  by_hand w2_whoever_waits_is_woken_whatever_came_before w2_a_set_that_interrupts_another_one_wakes_everyone_itself
broken "W4, a clone that begins anew" $core/memory/watcher.rs 's/self\.cursor\.clone\(\)/Cursor::at(None, false)/' by_hand w4_a_clone_takes_the_cursor_along
broken "W5, a wait that consumes what it looked at" $core/memory/polling.rs 's/(if !self\.cursor\.has_seen\(version\) \{)/$1 if rejections == 0 \&\& cx.is_some() { self.cursor.pass(version); rejections += 1; word = cell.first_look(); continue; }/' \
  by_hand w5_a_changed_that_was_dropped_marked_nothing w1_changed_is_ready_with_what_is_unseen_and_marks_it
broken "W6, a place that is kept" $core/memory/coming.rs 's/unsafe \{ self\.shared\.wakers\.release\(place, &self\.shared\.cell\) \};/core::mem::forget(place);/' \
  by_hand w6_dropping_a_watcher_gives_its_place_and_its_waker_up_at_once
broken "W7, a filter that is not asked" $core/memory/polling.rs 's/is_some_and\(\|data\| accept\(data, version\)\)/is_some()/' \
  by_hand w7_a_filter_is_asked_about_each_version_once
broken "W8, a backlog that takes what is there for nothing" $core/memory/polling.rs 's/(fn backlog<.*?\{\n)(        match)/$1        if true { return Err(GetError::BacklogDone); }\n$2/s' \
  by_hand w8_backlog_only_never_waits_on_memory_values
broken "C1, an end that nobody is told" $core/memory/shared.rs 's/self\.wakers\.wake\(word\.armed\(\), \(\)\);//' \
  by_hand c1_a_value_that_no_one_ever_set_goes_to_closed_directly c1_a_writer_that_goes_closes_the_value
broken "C2, data that is dropped instead of handed back" $core/memory/value.rs 's/Err\(mut owned\) => Err\(SetError::Closed\(owned\.take\(\)\.expect\([^)]*\)\)\)/Err(owned) => { drop(owned); Ok(self.version()) }/' \
  by_hand c2_set_after_close_changes_nothing_and_hands_the_data_back
broken "C3, a value that ends with its last watcher" $core/memory/coming.rs 's/(let _wake = WakeProducers\(self, before == 1\);)/$1 if before == 1 { self.close(); }/' \
  threads c3_zero_watchers_is_not_closed
broken "H1, a value on the heap though it has a space" $core/memory/value.rs 's/Some\(space\) => unsafe \{ Lent::open\(space\) \},/Some(space) => { let _: NonNull<Lent<T>> = space; Holder::new(Shared::new()) },/' \
  space h1_a_value_in_a_space_allocates_nothing_whatever_is_done_with_it
broken "a full space, one watcher too many" $core/memory/coming.rs 's/watchers < self\.max_watchers/watchers <= self.max_watchers/' \
  space there_are_as_many_watchers_as_the_space_has_room_for
broken "P1, a panic that keeps others from being woken" $core/wakers/sweep.rs 's/self\.each\(Ticket::wake_while_unwinding\);//' \
  by_hand p1_a_waker_that_panics_keeps_nobody_from_being_woken
broken "P1, a slot that is lost when a Drop panics" $core/cell/owned.rs 's/let _free = Free \{ cell: self\.cell, head: self\.slot\.head \};(.*?empty\(\) \};)/$1 drop(Free { cell: self.cell, head: self.slot.head });/s' \
  allocations p1_panics_in_drop_cost_no_room
broken "R1, a cached read that writes" $core/cell/mod.rs 's/Word::from_bits\(self\.current\.load\(Ordering::Relaxed\)\)\.slot\(\)/Word::from_bits(self.current.fetch_add(0, Ordering::Relaxed)).slot()/' \
  read_only r1_a_cached_read_of_an_unchanged_value_writes_nothing
broken "R1, a cached read of what is gone" $core/memory/cached.rs 's/self\.shared\.cell\.slot_in_force\(\) != self\.index \{/self.index == 0 {/' \
  by_hand r1_a_cached_read_returns_what_is_current
broken "V6, a slot of a writer that is used twice" $core/cell/sole.rs 's/mem::forget\(guard\);\n        self\.keep\(published\.replaced\);/self.keep(published.replaced);/' \
  by_hand v6_a_writer_uses_no_slot_twice

map=crates/event-map/src
broken "M1, a removal that is forgotten" $map/log.rs 's/(fn is_needed\(&self[^{]*\{)/$1 if self.end > 0 { return false; }/' \
  threads m1_a_removal_is_told_to_those_who_were_told_of_the_key
broken "M2, a change that overlooks another one" $map/map.rs \
  's/self\.value\.transition\(/two_steps(&self.value, /; $_ .= "fn two_steps<T, R>(value: &MemoryValue<T>, mut f: impl FnMut(Option<&T>) -> (Option<T>, R)) -> (R, Option<Version>) { let (next, returned) = f(value.borrow().as_deref()); (returned, next.map(|next| value.set(next))) }\n"' \
  threads m2_changes_of_several_writers_are_all_in_the_map

if [ -z "$breaks" ]; then
  promise=
  while IFS='|' read -r _ name _ tests _; do
    name=${name// /}
    promise=${name:-$promise}
    # Two gets at a time do not compile; an example that must not compile is what fails.
    if [ "$promise" = W3 ]; then
      grep -q 'compile_fail,E0499' $core/memory/watcher.rs || { echo "W3 has no example that must not compile" >&2; missing=1; }
      continue
    fi
    found=
    while IFS='|' read -r broken_promise by; do
      [ "$broken_promise" = "$promise" ] || continue
      for test in $by; do
        [[ $tests != *"\`$test\`"* ]] || found=$test
      done
    done <"$broken/covered"
    [ -n "$found" ] || { echo "$page: no break is found by a test of this row of $promise:$tests" >&2; missing=1; }
  done < <(grep -E '^\| ([A-Z][0-9]+)? \|' "$page" | grep -v '^| | promise')
  exit $missing
fi
rm -rf "$broken/project"
[ $undetected = 0 ]
