#!/usr/bin/env bash
# A mutation test of every ordering of event-core: weakens one at a time, and says what notices: the litmus tests under the language's
# model, and for what these leave, with --models, the models under loom, in a copy of the sources below target. (A SeqCst that
# becomes as much as the access can have without it is nothing that loom could notice.)
#
#   ci/orderings.sh                    by the litmus tests
#   ci/orderings.sh --models [NAME...] by loom as well; of these orderings only, as in cell/mod.rs:pin_by:readers.fetch_add
#
# A line says the ordering, what it became, and who noticed: tests, or nobody.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/weaker.sh

models=
if [ "${1:-}" = --models ]; then
  models=yes
  shift
fi
out=target/orderings
tree=$out/tree
mkdir -p "$out"

LITMUS_MODELS=c11 ci/litmus.sh --explore >"$out/litmus"
if grep -q 'skipped' "$out/litmus"; then
  cat "$out/litmus"
  exit 0
fi

copy() {
  rm -rf "$tree"
  mkdir -p "$tree"
  git ls-files -z --cached --others --exclude-standard | xargs -0 tar -cf - --ignore-failed-read 2>/dev/null | tar -xf - -C "$tree"
}

# noticed_by_loom NAME LINE WHICH OTHER: the models that fail.
noticed_by_loom() {
  local file=crates/event-core/src/${1%%:*} filters
  # Those of the part first and only, so that a mutant does not take more than minutes.
  case $1 in
  cell/*) filters="models::cell models::watching models::memory" ;;
  wakers/*) filters="models::wakers models::watching" ;;
  blocking/*) filters="models::blocking" ;;
  combinators/*) filters="models::many models::combinators" ;;
  *) filters="models::memory models::sync_mode models::watching" ;;
  esac
  cp "$file" "$tree/$file"
  awk -v at="$2" -v which="$3" -v other="$4" 'FNR == at {
      rest = $0; line = ""
      for (i = 1; match(rest, /Ordering::[A-Za-z]+/); i++) {
        line = line substr(rest, 1, RSTART - 1) (i == which ? "Ordering::" other : substr(rest, RSTART, RLENGTH))
        rest = substr(rest, RSTART + RLENGTH)
      }
      $0 = line rest
    } { print }' "$file" >"$tree/$file"
  # shellcheck disable=SC2086 # a list of words
  (cd "$tree" && RUSTFLAGS="--cfg event_core_loom" timeout "${ORDERINGS_TIMEOUT:-900}" cargo test --quiet --release --target-dir ../loom -p event-core \
    --lib -- $filters) >"$out/loom.log" 2>&1 || true
  cp "$file" "$tree/$file"
  sed -n 's/^    \(models::.*\)/\1/p' "$out/loom.log" | sort -u | xargs
  grep -qE '^(test result|error)' "$out/loom.log" || echo "(stopped after ${ORDERINGS_TIMEOUT:-900} s)"
}

invisible() { # invisible FROM TO NAME: whether loom cannot tell the two apart
  case $1:$2 in SeqCst:AcqRel) ;; SeqCst:Acquire) [[ $3 == *load || $3 == *first_look || $3 == *:failure ]] ;; SeqCst:Release) [[ $3 == *store ]] ;; *) false ;; esac
}

is_a_mutation() { # is_a_mutation NAME: whether it is what a mutation test does instead of the right thing
  case $1 in
  cell/mod.rs:arm:current.fetch_or | cell/sole.rs:publish:current.load | cell/sole.rs:publish:current.store) ;;
  memory/counts.rs:count_only_handle_out:handles.load | memory/counts.rs:count_only_handle_out:handles.store) ;;
  *) false ;;
  esac
}

[ -z "$models" ] || copy
while read -r name has line which; do
  ! is_a_mutation "$name" || continue
  if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then
    continue
  fi
  for other in $(weaker "$has" "$name"); do
    by=$(awk -v what="$name=$other:" '$2 == what && $3 != "enough" { print $1 }' "$out/litmus" | xargs)
    if [ -z "$by" ] && [ -n "$models" ] && ! invisible "$has" "$other" "$name"; then
      by=$(noticed_by_loom "$name" "$line" "$which" "$other")
    fi
    echo "$name $has $other: ${by:-nobody}"
  done
done <target/litmus-explore/orderings

# The table has them all, as they are.
failed=0
while read -r name has _; do
  if [ "$has" != Relaxed ] && ! is_a_mutation "$name" &&
    ! grep -qF "| \`$name\` | $has |" crates/event-core/docs/internals.md; then
    echo "the table in internals.md has not: $name, $has" >&2
    failed=1
  fi
done <target/litmus-explore/orderings
exit $failed
