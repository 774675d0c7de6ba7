#!/usr/bin/env bash
# Counts the instructions of the hot paths, exactly: the same path runs N and 2N times under callgrind, and the
# difference divided by N leaves out start-up and warm-up. Unlike nanoseconds they do not depend on what else the machine does.
#
# usage: instructions.sh [COLUMN..]     the columns of the `peers` benchmark; `event-core` if none is given
set -euo pipefail

readonly N=10000
readonly PATHS=(set set_idle set_get read wait_cycle only_producer unchanged)

command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed" >&2; exit 1; }
cd "$(dirname "${BASH_SOURCE[0]}")"

columns=("$@")
if [ ${#columns[@]} -eq 0 ]; then columns=(event-core); fi

counts=$(cargo bench --quiet --package event-benches --bench counts --no-run --message-format=json |
    sed -n 's/.*"name":"counts".*"executable":"\([^"]*\)".*/\1/p')
[ -x "$counts" ] || { echo "instructions.sh: cargo built no counts binary" >&2; exit 1; }

# Prints how many instructions `counts PATH TIMES COLUMN` executes.
instructions() {
    local log
    if ! log=$(valgrind --tool=callgrind --callgrind-out-file=/dev/null "$counts" "$@" 2>&1); then
        echo "instructions.sh: counts $* failed:" >&2
        echo "$log" >&2
        exit 1
    fi
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' <<<"$log"
}

printf '| instructions per operation |'; printf ' %s |' "${columns[@]}"; printf '\n|---|'
printf -- '---:|%.0s' "${columns[@]}"; printf '\n'
for path in "${PATHS[@]}"; do
    printf '| %s |' "$path"
    for column in "${columns[@]}"; do
        # A column without that path leaves its cell empty; any other error stops below.
        if [[ $("$counts" "$path" 1 "$column" 2>&1 || true) == *"not offered"* ]]; then
            printf ' |'
            continue
        fi
        once=$(instructions "$path" "$N" "$column")
        twice=$(instructions "$path" "$((2 * N))" "$column")
        # Two decimals: what happens once in many operations, such as a buffer that wraps, is a fraction.
        awk -v d="$((twice - once))" -v n="$N" 'BEGIN { printf " %.2f |", d / n }'
    done
    printf '\n'
done
