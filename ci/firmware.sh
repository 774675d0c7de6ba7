#!/usr/bin/env bash
# Builds event-core for machines without an operating system, and runs it on three of them, in QEMU: a million interrupts at
# random moments on each, without a heap, and with values on a heap. See firmware/README.md.
#
#   ci/firmware.sh             without a heap on all of them, with one on a Cortex-M3
#   ci/firmware.sh --all       both on all of them, and what the smallest program takes, beside one with embassy-sync; builds the core
#                              for machines that it does not run on as well
#   ci/firmware.sh --breaks    likewise, and then sees whether deliberate breaks are found
#   ci/firmware.sh --help      this text
#
# Everything it makes is below firmware/target. What this machine cannot do is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."

case ${1:-} in
  '' | --all | --breaks) ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/firmware.sh [--all|--breaks]; see --help" >&2 && exit 2 ;;
esac

target=$PWD/firmware/target
tools=$target/tools
with_cas=(thumbv7m-none-eabi riscv32imac-unknown-none-elf)
without_cas=(thumbv6m-none-eabi)
if [ -n "${1:-}" ]; then
  with_cas+=(thumbv7em-none-eabi wasm32-unknown-unknown)
  without_cas+=(riscv32imc-unknown-none-elf)
fi
machines=(cortex-m3 cortex-m0 riscv32)
# Those that the program runs on with a heap.
with_heap=("${machines[@]}")
[ -n "${1:-}" ] || with_heap=(cortex-m3)
# The versions begin again while the program runs, rather than after 2^32 sets.
wrap_soon="--cfg event_core_wrap_soon"
lints="-D warnings"
unset RUSTC RUSTFLAGS CARGO_BUILD_TARGET

triple_of() { # triple_of MACHINE
  case $1 in
    cortex-m3) echo thumbv7m-none-eabi ;;
    cortex-m0) echo thumbv6m-none-eabi ;;
    riscv32) echo riscv32imac-unknown-none-elf ;;
  esac
}

program_of() { # program_of MACHINE [FOLDER]
  echo "${2:-$target}/$(triple_of "$1")/release/firmware"
}

keep_program() { # keep_program MACHINE FOLDER: what was just built
  local program
  program=$(program_of "$1" "$2")
  mkdir -p "$(dirname "$program")"
  cp "$(program_of "$1")" "$program"
}

run_bare() { # run_bare ROOT FOLDER: builds and runs the program without std and libc, with the usual tool chain
  cargo build --quiet --release --manifest-path "$1/firmware/Cargo.toml" -p bare --target-dir "$2"
  "$2/release/bare"
}

build_core() { # build_core FEATURE... -- TARGET...
  local features=()
  while [ "$1" != -- ]; do
    features+=("--features=$1")
    shift
  done
  shift
  RUSTC=$tools/rustc cargo build --quiet --release -p event-core --no-default-features --target-dir "$target/core" \
    "${features[@]}" "${@/#/--target=}"
}

# The programs of the two forms. Both are built in one folder, since most of what they need is the same.
heaped=$target/heaped heapless=$target/heapless

build_program() { # build_program ROOT FOLDER MACHINE [ARGUMENT...]
  local root=$1 folder=$2 machine=$3
  shift 3
  [ "$machine" != cortex-m0 ] || set -- --features=no-cas "$@"
  RUSTC=$tools/rustc RUSTFLAGS="$lints $wrap_soon" cargo build --quiet --release --manifest-path "$root/firmware/Cargo.toml" \
    -p firmware --target "$(triple_of "$machine")" --target-dir "$folder" "$@"
}

# The emulator's main loop has nothing to do, but it is woken at every interrupt. On one processor together with the machine, and
# without preempting it, it does not mind, and the run takes a third of the time.
mapfile -t processors < <(taskset -pc $$ | sed 's/.*: //; s/,/\n/g' | while IFS=- read -r first last; do
  seq "$first" "${last:-$first}"
done)
pinned() { # pinned NUMBER COMMAND...
  local processor=${processors[$(($1 % ${#processors[@]}))]}
  shift
  taskset -c "$processor" chrt --batch 0 "$@"
}

run_machine() { # run_machine NUMBER MACHINE [FOLDER]: `-icount` makes the instructions the clock, so that runs are alike
  local program
  program=$(program_of "$2" "${3:-}")
  local arguments=(-icount "shift=6,sleep=off" -display none -serial none -monitor none -kernel "$program"
    -semihosting-config "enable=on,target=native")
  case $2 in
    cortex-m3) set -- "$1" qemu-system-arm -M lm3s6965evb ;;
    cortex-m0) set -- "$1" qemu-system-arm -M microbit ;;
    riscv32) set -- "$1" qemu-system-riscv32 -M virt -bios none ;;
  esac
  pinned "$1" timeout 240 "$tools/qemu-run" "${@:2}" "${arguments[@]}" </dev/null
}

size_of() { # size_of PROGRAM: what is flashed, and the static data, of which the heap is a part
  readelf -SW "$1" | sed 's/\[ */[/' | awk '
    function hex(text,   place, number) {
      for (place = 1; place <= length(text); place++)
        number = 16 * number + index("0123456789abcdef", substr(text, place, 1)) - 1
      return number
    }
    $8 ~ /A/ && $2 !~ /^\.(stack|heap)$/ {
      if ($3 != "NOBITS") flash += hex($6)
      if ($8 ~ /W/) ram += hex($6)
    }
    END { printf "%d bytes of flash, %d bytes of static RAM", flash, ram }'
}

echo "== formatting"
cargo fmt --manifest-path firmware/Cargo.toml --all --check
echo "== a program without std and libc, on this machine"
if [ "$(uname -sm)" = "Linux x86_64" ]; then
  cargo clippy --quiet --release --manifest-path firmware/Cargo.toml -p bare --target-dir "$target" -- -D warnings
  run_bare . "$target"
else
  echo "   skipped: it is for Linux on x86-64"
fi

echo "== tool chain and emulator, below firmware/target"
status=0
firmware/setup.sh "${with_cas[@]}" "${without_cas[@]}" || status=$?
if [ $status = 77 ]; then
  echo "   skipped, for the reason above: building for other machines, and running on them"
  exit 0
elif [ $status != 0 ]; then
  exit $status
fi

echo "== event-core with a heap, and without: ${with_cas[*]}"
build_core alloc -- "${with_cas[@]}"
build_core -- "${with_cas[@]}"
echo "== event-core without compare-and-swap: ${without_cas[*]}"
build_core alloc critical-section -- "${without_cas[@]}"
build_core critical-section -- "${without_cas[@]}"
RUSTFLAGS="--cfg portable_atomic_unsafe_assume_single_core" build_core portable-atomic -- "${without_cas[@]}"

echo "== the program, with a heap and without"
for machine in cortex-m3 riscv32; do
  for form in "" --no-default-features; do
    # shellcheck disable=SC2086 # a word or none
    RUSTFLAGS=$wrap_soon "$tools/cargo-clippy" --quiet --release --manifest-path firmware/Cargo.toml -p firmware \
      --target "$(triple_of $machine)" --target-dir "$target" $form -- -D warnings
  done
done
for machine in "${with_heap[@]}"; do
  build_program . "$target" "$machine"
  keep_program "$machine" "$heaped"
done
for machine in "${machines[@]}"; do
  build_program . "$target" "$machine" --no-default-features
  keep_program "$machine" "$heapless"
  # It would not link with one missing; this is to see that there is none.
  if readelf -sW "$(program_of "$machine" "$heapless")" | grep -E '__rust_alloc|__rdl_|__rg_|alloc::|_ZN5alloc|GlobalAlloc'; then
    echo "   $machine: the program without a heap has an allocator" >&2
    exit 1
  fi
done

failed=0
run_all() { # run_all FOLDER MACHINE...: all these machines at once
  local folder=$1 number status running=()
  local machines=("${@:2}")
  for number in "${!machines[@]}"; do
    run_machine "$number" "${machines[$number]}" "$folder" >"$folder/${machines[$number]}.log" 2>&1 &
    running+=($!)
  done
  for number in "${!machines[@]}"; do
    status=0
    wait "${running[$number]}" || status=$?
    cat "$folder/${machines[$number]}.log"
    [ $status = 0 ] || { echo "   ${machines[$number]} ended with status $status" >&2 && failed=1; }
  done
}
echo "== with a heap: ${with_heap[*]}"
run_all "$heaped" "${with_heap[@]}"
echo "== without a heap: ${machines[*]}"
run_all "$heapless" "${machines[@]}"

echo "== the example for embassy, on a Cortex-M4"
RUSTC=$tools/rustc RUSTFLAGS=$lints cargo build --quiet --release --manifest-path firmware/Cargo.toml -p embassy \
  --target thumbv7m-none-eabi --target-dir "$target"
if ! timeout 60 "$tools/qemu-run" qemu-system-arm -M mps2-an386 -icount shift=6,sleep=off -display none -serial none -monitor none \
  -semihosting-config enable=on,target=native -kernel "$target/thumbv7m-none-eabi/release/embassy" </dev/null >"$target/embassy.log" 2>&1 ||
  ! grep -q '^too hot: 30 degrees$' "$target/embassy.log"; then
  cat "$target/embassy.log" >&2
  failed=1
fi
tail -n 1 "$target/embassy.log"

weigh() { # weigh MACHINE FEATURE...: bytes of flash and of static RAM
  local arguments=("${@:2}")
  [ "$1" != cortex-m0 ] || arguments+=(no-cas)
  RUSTC=$tools/rustc RUSTFLAGS=$lints cargo build --quiet --release --manifest-path firmware/Cargo.toml -p smallest \
    --target "$(triple_of "$1")" --target-dir "$target" --features "${arguments[*]}"
  size_of "$target/$(triple_of "$1")/release/smallest"
}
if [ -n "${1:-}" ]; then
  echo "== the smallest program: one value, two watchers, one interrupt; less what it is without a value"
  for machine in "${machines[@]}"; do
    read -r flash _ _ _ ram _ <<<"$(weigh "$machine")"
    for crate in event-core embassy-sync; do
      weigh "$machine" $crate | awk -v name="$machine, $crate" -v flash="$flash" -v ram="$ram" \
        '{ printf "   %s: %d bytes of flash, %d bytes of static RAM\n", name, $1 - flash, $5 - ram }'
    done
  done
fi

echo "== summary"
summary() { # summary FOLDER MACHINE...
  local folder=$1 machine
  for machine in "${@:2}"; do
    tail -n 1 "$folder/$machine.log"
    echo "   $(size_of "$(program_of "$machine" "$folder")");$(sed -n 's/^  \(\(heap\|stack\): .*\)/ \1;/p' "$folder/$machine.log" | tr -d '\n')"
  done
}
summary "$heaped" "${with_heap[@]}"
summary "$heapless" "${machines[@]}"
[ $failed = 0 ] || exit 1

if [ "${1:-}" = --breaks ]; then
  # shellcheck source=ci/firmware-breaks.sh
  . ci/firmware-breaks.sh
fi
