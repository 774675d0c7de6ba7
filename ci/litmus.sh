#!/usr/bin/env bash
# Runs the litmus tests of event-core's handshakes, in crates/event-core/litmus, with the orderings that the sources have: under
# the language's memory model (herd7's rc11 and c11_partialSC), and, translated as a compiler does it, under those of AArch64 (with
# exclusive loads and stores, which all have, and with the atomic instructions of newer ones) and RISC-V. What a test says must be
# impossible. With an ordering weakened as its `needs` lines say, it must be possible: else the test would not test it. (The two
# models of the language differ in one case only, where its line says rc11.)
#
#   ci/litmus.sh                      all of them
#   ci/litmus.sh --explore [TEST...]  says for each ordering in a test under which models weaker ones are not enough; LITMUS_MODELS
#                                     says which models to ask
#
# herd7 comes from a later Debian and is unpacked below target/debian.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh
. ci/weaker.sh

unpack herd7 forky amd64 download herdtools7 libc6 libgmp10
program herd7-run herd7 usr/bin/herd7

mode=${1:-}
tests=(crates/event-core/litmus/*.litmus)
sources=crates/event-core/src
models=${LITMUS_MODELS:-c11 armv8.0 armv8.3 riscv}
out=target/litmus
if [ "$mode" = --explore ]; then
  out=target/litmus-explore
  [ $# -eq 1 ] || tests=("${@:2}")
fi
rm -rf "$out"
mkdir -p "$out"
find "$sources" -name '*.rs' -print0 | sort -z | xargs -0 awk -v root="$sources" -f ci/orderings.awk >"$out/orderings"

title() { # title TEST
  basename "$1" .litmus
}

generate() { # generate TEST MODEL NUMBER ORDERINGS: the test, in the model's language, with these orderings instead
  local name shown=yes
  name=$(title "$1").$2.$3
  [ -z "$4" ] || shown=
  awk -v to="${2/c11/c}" -v name="$name" -v instead="$4" -v check="$shown" -f ci/litmus.awk "$out/orderings" "$1" >"$out/$name.litmus"
  echo "$out/$name.litmus" >>"$out/$2"
}

herd() { # herd MODEL CAT: what it says of each test, as NAME CAT VERDICT. A data race makes everything possible.
  xargs target/debian/herd7-run -set-libdir target/debian/herd7/usr/share/herdtools7/herd -model "$2.cat" \
    <"$out/$1" 2>"$out/$1.$2.errors" |
    awk -v cat="$2" '/^Test/ { undefined = 0 } /^Flag \*undef\*/ { undefined = 1 }
      /^Observation/ { print $2, cat, undefined || $3 != "Never" ? "possible" : "never" }' >"$out/$1.$2.verdicts"
}

run() { # all that was generated
  local each pids=()
  for each in "c11 rc11" "c11 c11_partialSC" "armv8.0 aarch64" "armv8.3 aarch64" "riscv riscv"; do
    # shellcheck disable=SC2086 # two words
    [ ! -e "$out/${each% *}" ] || { herd $each & pids+=($!); }
  done
  wait "${pids[@]}"
  cat "$out"/*.verdicts >"$out/verdicts"
}

verdicts() { # verdicts TEST MODEL NUMBER: one for each of the machine's or the language's models
  awk -v name="$(title "$1").$2.$3" '$1 == name { print $3 }' "$out/verdicts" | xargs
}

if [ "$mode" = --explore ]; then
  for test in "${tests[@]}"; do
    number=0
    while read -r name has _; do
      grep -qwF -- "${name%:failure}" "$test" || continue
      for other in $(weaker "$has" "$name"); do
        number=$((number + 1))
        echo "$test $number $name=$other" >>"$out/weakened"
        for model in $models; do generate "$test" "$model" "$number" "$name=$other"; done
      done
    done <"$out/orderings"
  done
  run
  while read -r test number what; do
    needed=
    for model in $models; do
      [[ "$(verdicts "$test" "$model" "$number")" != *possible* ]] || needed+=" $model"
    done
    echo "$(title "$test") $what:${needed:- enough}"
  done <"$out/weakened"
  exit
fi

needs() { # needs TEST: the lines of its comment, as MODELS: ORDERINGS
  sed -n 's/^ *needs \(.*[A-Za-z]\).*/\1/p' "$1"
}

for test in "${tests[@]}"; do
  for model in $models; do generate "$test" "$model" 0 ""; done
  number=0
  while IFS=: read -r for orderings; do
    number=$((number + 1))
    for model in $for; do generate "$test" "${model/rc11/c11}" "$number" "$orderings"; done
  done < <(needs "$test")
done
run

echo "== litmus tests of the handshakes: what must never be, and what weaker orderings make possible"
failed=0
for test in "${tests[@]}"; do
  complaints=
  for model in $models; do
    verdict=$(verdicts "$test" "$model" 0)
    case $model:$verdict in
    c11:"never never" | arm*:never | riscv:never) ;;
    *) complaints+="   it is possible, or was not decided, under $model: $verdict"$'\n' ;;
    esac
  done
  number=0 twins=0
  tested=
  while IFS=: read -r for orderings; do
    number=$((number + 1))
    for model in $for; do
      verdict=$(verdicts "$test" "${model/rc11/c11}" "$number")
      tested+=" $model"
      twins=$((twins + 1))
      case $model:$verdict in
      c11:"possible possible" | rc11:*" possible" | arm*:possible | riscv:possible) ;;
      *) complaints+="   it is impossible, or was not decided, under $model with$orderings: $verdict"$'\n' ;;
      esac
    done
  done < <(needs "$test")
  for model in $models; do
    [[ " $tested " == *" $model "* ]] || complaints+="   nothing is said of what it needs under $model"$'\n'
  done
  if [ -n "$complaints" ]; then
    printf '   %-34s FAILED\n%s' "$(title "$test")" "$complaints"
    failed=1
  else
    printf '   %-34s never; possible in each of %s weaker forms\n' "$(title "$test")" "$twins"
  fi
done
cat "$out"/*.errors
exit $failed
