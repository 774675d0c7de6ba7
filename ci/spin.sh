#!/usr/bin/env bash
# Checks the protocols of event-core exhaustively, within bounds, with spin: the cell, the waker list, and sync mode, as Promela models in
# crates/event-core/spin. Then each model with what is wrong on purpose, which spin has to find.
#
#   ci/spin.sh         what takes less than a minute
#   ci/spin.sh --all   larger bounds, some of which take many minutes and up to 16 GB
#
# spin is Debian's, and is unpacked below target/debian.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh

command -v gcc >/dev/null || cannot "spin makes C programs, and there is no gcc"
unpack spin bookworm amd64 download spin libc6
program spin-6 spin usr/bin/spin

all=
[ "${1:-}" != --all ] || all=yes
out=$PWD/target/spin
failed=0
rm -rf "$out"

check() { # check MODEL CYCLES OPTIMISE BOUNDS...: prints what the search says. CYCLES: look for cycles without progress as well
  local model=$1 cycles=$2 optimise=$3 folder flags search
  shift 3
  folder=$out/$model-$(tr -cd 'A-Z0-9=' <<<"$*")$cycles
  mkdir -p "$folder"
  cp "crates/event-core/spin/$model.pml" "$folder"
  cd "$folder"
  "$OLDPWD/target/debian/spin-6" -a "$@" "$model.pml" >spin.log 2>&1 || { cat spin.log && return 1; }
  flags=-DSAFETY search=
  [ -z "$cycles" ] || flags="-DNP -DNOFAIR" search=-l
  # shellcheck disable=SC2086 # lists of words
  gcc -w "$optimise" $flags -DCOLLAPSE -o pan pan.c
  # shellcheck disable=SC2086
  ./pan -m1000000 $search >pan.log 2>&1 || true
  cd "$OLDPWD"
  if grep -q 'errors: 0' "$folder/pan.log" && ! grep -qE '^(pan|error): |max search depth too small' <(grep -vE 'elapsed|rate|-m' "$folder/pan.log"); then
    echo "no error in $(awk '/states, stored/ { printf "%d", $1 }' "$folder/pan.log") states"
  elif grep -qE '^pan:1: ' "$folder/pan.log"; then
    sed -n 's/^pan:1: \(.*\) (at depth.*/found: \1/p' "$folder/pan.log"
  else
    echo "not decided: $(tail -n 1 "$folder/pan.log")"
  fi
}

holds() { # holds MODEL BOUNDS...
  local said
  said=$(check "$1" "" -O2 "${@:2}")
  printf '   %-10s %-66s %s\n' "$1" "${*:2}" "$said"
  [[ "$said" == "no error"* ]] || failed=1
}

ends() { # ends MODEL BOUNDS...: there is no cycle
  local said
  said=$(check "$1" cycles -O2 "${@:2}")
  printf '   %-10s %-66s %s\n' "$1" "no cycle: ${*:2}" "$said"
  [[ "$said" == "no error"* ]] || failed=1
}

fails() { # fails MODEL BOUNDS...
  local said
  said=$(check "$1" "" -O0 "${@:2}")
  printf '   %-10s %-66s %s\n' "$1" "${*:2}" "$said"
  [[ "$said" == found:* ]] || failed=1
}

echo "== what holds"
holds cell -DSETS=2 -DREADERS=1 -DWATCHERS=1 -DTAKES
holds cell -DSETS=2 -DREADERS=2 -DWATCHERS=0
holds cell -DSETS=2 -DREADERS=0 -DWATCHERS=2
holds cell -DSETS=2 -DREADERS=0 -DWATCHERS=1 -DCLOSE_EARLY
ends cell -DSETS=2 -DREADERS=0 -DWATCHERS=1
holds wakers -DWATCHERS=1 -DSETTERS=2 -DHOLDERS=1 -DMOVES
holds wakers -DWATCHERS=2 -DHOLDERS=1
holds wakers -DWATCHERS=2 -DHOLDERS=2 -DLEAVES
holds wakers -DWATCHERS=2 -DHOLDERS=2 -DOWN_ROOT
ends wakers -DWATCHERS=1 -DSETTERS=2 -DHOLDERS=1 -DMOVES
holds sync_mode -DWATCHERS=2 -DSETTERS=1
holds sync_mode -DWATCHERS=1 -DSETTERS=2 -DGIVES_UP
ends sync_mode -DWATCHERS=1 -DSETTERS=2

if [ -n "$all" ]; then
  echo "== what holds in larger bounds"
  holds cell -DWRITERS=2 -DSETS=1 -DREADERS=1 -DWATCHERS=1
  holds cell -DWRITERS=2 -DSETS=2 -DREADERS=1 -DWATCHERS=0
  holds cell -DSETS=3 -DREADERS=1 -DREADS=2 -DWATCHERS=1 -DTAKES
  holds wakers -DWATCHERS=2 -DMOVES
  holds wakers -DWATCHERS=2 -DSETTERS=2 -DHOLDERS=1
  holds wakers -DWATCHERS=2 -DHOLDERS=1 -DOWN_ROOT -DMOVES
  holds sync_mode -DWATCHERS=1 -DSETTERS=2 -DMOVES -DGIVES_UP
  holds sync_mode -DWATCHERS=2 -DMOVES
  holds sync_mode -DWATCHERS=2 -DSETTERS=2
fi

echo "== what is wrong on purpose"
fails cell -DPIN_WITHOUT_LOOK -DSETS=2 -DREADERS=1 -DWATCHERS=0
fails cell -DRETIRE_WITHOUT_LOOK -DSETS=2 -DREADERS=1 -DWATCHERS=0
fails cell -DUNPIN_WITHOUT_LOOK -DSETS=2 -DREADERS=1 -DWATCHERS=0
fails cell -DRECLAIM_WITHOUT_CLAIM -DSETS=2 -DREADERS=1 -DWATCHERS=0
fails cell -DRETIRED_WITHOUT_TAG -DWRITERS=2 -DSETS=2 -DREADERS=2 -DWATCHERS=0
fails cell -DWORD_WITHOUT_TAG -DWRITERS=2 -DSETS=2 -DREADERS=0 -DWATCHERS=0
fails cell -DARM_BLINDLY -DSETS=2 -DREADERS=0 -DWATCHERS=1
fails cell -DOVERWRITE_BITS -DSETS=1 -DREADERS=0 -DWATCHERS=1
fails cell -DCLOSE_WITHOUT_WAKING -DSETS=1 -DREADERS=0 -DWATCHERS=1
fails wakers -DNO_TICKETS -DWATCHERS=1 -DMOVES
fails wakers -DFORGET_ORPHANS -DWATCHERS=1 -DMOVES
fails wakers -DCLIMB_FROM_THE_TOP -DWATCHERS=1 -DHOLDERS=1
fails wakers -DCLIMB_HALF_WAY -DWATCHERS=2 -DHOLDERS=1
fails wakers -DLEAD_WITHOUT_LOOK -DWATCHERS=2 -DHOLDERS=1
fails wakers -DDESCEND_FROM_BELOW -DWATCHERS=2 -DSETTERS=2 -DHOLDERS=1
fails wakers -DFOLLOW_FIRST -DWATCHERS=2 -DHOLDERS=2
fails wakers -DARM_AFTER_LOOK -DWATCHERS=1 -DOWN_ROOT
fails wakers -DWAKE_BEFORE_CHANGE -DWATCHERS=1 -DOWN_ROOT
fails sync_mode -DBORN_SILENTLY -DWATCHERS=1
fails sync_mode -DGO_SILENTLY -DWATCHERS=1
fails sync_mode -DGO_UNDECLARED -DWATCHERS=1
fails sync_mode -DLOOK_FIRST -DWATCHERS=1
fails sync_mode -DPAY_WITH_ANY -DWATCHERS=1 -DSETTERS=2 -DGIVES_UP
fails sync_mode -DMOVE_SILENTLY -DWATCHERS=1 -DMOVES
fails sync_mode -DMOVE_TWICE -DWATCHERS=1 -DMOVES
fails sync_mode -DLEAVE_SILENTLY -DWATCHERS=1 -DSETTERS=2 -DGIVES_UP
fails sync_mode -DLEAVE_FIRST -DWATCHERS=2 -DMOVES
[ -z "$all" ] || fails cell -DTRUST_THE_SLOT -DWRITERS=2 -DSETS=3 -DOTHERS=1 -DREADERS=0 -DWATCHERS=1
exit $failed
