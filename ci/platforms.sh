#!/usr/bin/env bash
# Checks and runs the project for other machines than this one, and ends with a table.
#
#   ci/platforms.sh          type-checks the libraries for Windows and WebAssembly; runs unit tests on 32-bit x86, natively
#   ci/platforms.sh --all    type-checks examples and tests as well, and for macOS, too; and runs unit tests and suites on 32-bit x86 and
#                            on emulated 64-bit ARM, s390x (big endian) and RISC-V
#   ci/platforms.sh --help   this text
#
# All it needs is unpacked below target/debian. What this machine cannot do is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh

case ${1:-} in
  '') machines=(i686) targets=() what="the libraries" ;;
  --all) machines=(i686 aarch64 s390x riscv64) targets=(--all-targets) what="all crates, with tests" ;;
  --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" && exit 0 ;;
  *) echo "usage: ci/platforms.sh [--all]; see --help" >&2 && exit 2 ;;
esac

# An emulator is slower than the machine by a factor of ten or more: these tests run everywhere.
tests=(-p event-core -p event-supervisor)
[ ! -d crates/event-map ] || tests+=(-p event-map)
arguments=("${tests[*]} --lib --tests")
ran="core, map, supervisor"
if [ -n "${1:-}" ]; then
  arguments+=("-p event-tests --test by_hand --test threads")
  ran+=", suites by hand and on threads"
fi
table=()

# The same folder as ci/msrv.sh: what runs on this machine while something is built need not be built again.
export CARGO_TARGET_DIR=$PWD/target/msrv CARGO_INCREMENTAL=0 RUSTFLAGS="-A warnings"

check() { # check PLATFORM TARGET WHAT ARGUMENT...: type-checks, with a standard library from its sources
  local platform=$1 target=$2 what=$3
  shift 3
  echo "== $platform: $what compile"
  RUSTC_BOOTSTRAP=1 cargo check --quiet "-Zbuild-std=std,panic_abort,panic_unwind${targets:+,test}" --target "$target" "$@"
  table+=("$platform|$target|$what|no|")
}

# What a machine's programs are linked with, and run by: Debian's cross compiler and QEMU's user mode. They are linked statically,
# so that nothing of the other machine is needed.
prepare() { # prepare MACHINE TRIPLE
  local machine=$1 triple=$2 root=$debian/cross upper
  [ "$machine" != i686 ] || root=$debian/cross-i686
  upper=$(tr a-z- A-Z_ <<<"$triple")
  # Its own libraries, but the C library of this machine: a compiler is many programs, which call each other.
  cat >"$debian/gcc-$machine" <<END
#!/bin/bash
export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
exec $root/usr/bin/$machine-linux-gnu-gcc-12 -B$root/usr/lib/gcc-cross/$machine-linux-gnu/12/ -B$root/usr/bin/$machine-linux-gnu- \\
  -B$root/usr/$machine-linux-gnu/lib/ -L$root/usr/$machine-linux-gnu/lib -isystem $root/usr/$machine-linux-gnu/include "\$@"
END
  chmod +x "$debian/gcc-$machine"
  export "CARGO_TARGET_${upper}_LINKER=$debian/gcc-$machine" "CC_${triple//-/_}=$debian/gcc-$machine" "AR_${triple//-/_}=ar"
  if [ "$machine" != i686 ]; then
    program "qemu-$machine" cross "usr/bin/qemu-$machine"
    export "CARGO_TARGET_${upper}_RUNNER=$debian/qemu-$machine"
  fi
}

run() { # run PLATFORM MACHINE: the tests, and how many passed
  local platform=$1 machine=$2 triple=$2-unknown-linux-gnu log=$debian/$2.log passed words
  [ "$machine" != riscv64 ] || triple=riscv64gc-unknown-linux-gnu
  echo "== $platform: tests"
  prepare "$machine" "$triple"
  : >"$log"
  # Of the supervisor's random programs a tenth in an emulator, where each takes ten times as long.
  [ "$machine" = i686 ] || export EVENT_CASES="${EVENT_CASES:-30}"
  for words in "${arguments[@]}"; do
    # shellcheck disable=SC2086 # a list of words
    RUSTFLAGS="-A warnings -C target-feature=+crt-static" cargo test --quiet --target "$triple" $words >>"$log" 2>&1 || {
      tail -n 60 "$log" && exit 1
    }
  done
  passed=$(grep -o '[0-9]* passed' "$log" | awk '{ sum += $1 } END { print sum }')
  echo "   $passed tests passed"
  table+=("$platform|$triple|$ran|yes|$passed")
}

echo "== compilers, below target/debian"
oldest_rust
unpack cross-i686 bookworm amd64 install gcc-i686-linux-gnu libc6-dev-i386-cross
if [ -n "${1:-}" ]; then
  oldest_rust_elsewhere
  packages=(qemu-user)
  for machine in aarch64:arm64 s390x:s390x riscv64:riscv64; do
    packages+=("gcc-${machine%:*}-linux-gnu" "libc6-dev-${machine#*:}-cross")
  done
  unpack cross bookworm amd64 install "${packages[@]}"
fi
export RUSTC=$debian/rustc-1.85.0

# Not the benchmarks, whose peers need newer compilers.
workspace=(--workspace --exclude event-benches "${targets[@]}")
if [ ${#targets[@]} = 0 ]; then
  workspace=()
  for manifest in crates/*/Cargo.toml; do
    workspace+=(-p "$(basename "$(dirname "$manifest")")")
  done
fi
check Windows x86_64-pc-windows-msvc "$what" "${workspace[@]}"
# What is of Unix, this machine has seen.
[ ${#targets[@]} = 0 ] || check macOS aarch64-apple-darwin "$what" "${workspace[@]}"
# async-std's and etcd's sockets have no equal in a browser.
check WebAssembly wasm32-unknown-unknown "core, map, supervisor, tokio, a page" -p event-core -p event-map -p event-supervisor -p event-tokio -p on-wasm

for machine in "${machines[@]}"; do
  case $machine in
    i686) run "32-bit x86" i686 ;;
    aarch64) run "64-bit ARM, emulated" aarch64 ;;
    s390x) run "s390x (big endian), emulated" s390x ;;
    riscv64)
      # The release above has no standard library for it, and the next one has the same compiler, a patch newer.
      unpack rust-1.85.1 trixie "amd64 riscv64" download rustc libstd-rust-1.85 libstd-rust-dev libstd-rust-dev:riscv64 libllvm19 \
        libc6 libgcc-s1 libstdc++6 zlib1g libzstd1 libxml2 libedit2 libtinfo6 libffi8 libbsd0 libmd0 liblzma5 libicu76 libz3-4
      program rustc-1.85.1 rust-1.85.1 usr/bin/rustc
      RUSTC=$debian/rustc-1.85.1 CARGO_TARGET_DIR=$PWD/target/msrv-riscv64 run "RISC-V, emulated" riscv64
      ;;
  esac
done

echo "== platforms, with $($RUSTC --version | cut -d ' ' -f 1-2)"
{
  echo "platform|target|what|ran|tests passed"
  printf '%s\n' "${table[@]}"
} | column -t -s '|'
