#!/usr/bin/env bash
# Counts the instructions of event-core's hot paths and fails if one takes over 2 % more than benches/instructions.txt says. A
# growth that is meant is a commit that changes the table, with --update, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."

table=benches/instructions.txt
case "${1:-}" in
'' | --update) ;;
--help | -h)
  sed -n '2,3s/^# //p' "$0"
  exit 0
  ;;
*)
  echo "instructions.sh: only --update and --help are known, not $1" >&2
  exit 2
  ;;
esac

echo "== instructions of the hot paths"
. ci/debian.sh
if ! command -v valgrind >/dev/null; then
  release=$(. /etc/os-release 2>/dev/null && echo "${VERSION_CODENAME:-}")
  [ -n "$release" ] || cannot "there is no valgrind, and this is not a release of Debian"
  unpack valgrind "$release" amd64 download valgrind
  export VALGRIND_LIB=$debian/valgrind/usr/libexec/valgrind PATH=$debian/valgrind/usr/bin:$PATH
fi
compiler="$(rustc --version | cut -d' ' -f1,2) on $(rustc -vV | sed -n 's/^host: //p')"
if [ -z "${1:-}" ] && ! grep -qxF "# $compiler" "$table"; then
  # Another compiler makes other instructions of the same code.
  cannot "$table is not of $compiler; compare by hand, with benches/instructions.sh, and --update it"
fi
counted=$(benches/instructions.sh event-core)
mkdir -p target
{
  echo "# Instructions per operation of event-core's hot paths, by ci/instructions.sh --update with:"
  echo "# $compiler"
  awk -F ' *[|] *' 'NR > 2 { printf "%-14s %7.2f\n", $2, $3 }' <<<"$counted"
} >target/instructions.txt
if [ "${1:-}" = --update ]; then
  cp target/instructions.txt "$table"
  cat "$table"
  exit 0
fi
awk '
  /^#/ { next }
  NR == FNR { before[$1] = $2; next }
  {
    grown = ($1 in before) ? ($2 - before[$1]) / before[$1] * 100 : 1e9
    printf "   %-14s %7.2f, before %7.2f\n", $1, $2, before[$1]
    seen[$1]
    if (grown > 2) { printf "%s takes %.1f %% more instructions than in the table\n", $1, grown; bad = 1 }
  }
  END {
    for (path in before) if (!(path in seen)) { print path " was not counted"; bad = 1 }
    exit bad
  }
' "$table" target/instructions.txt
