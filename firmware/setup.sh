#!/usr/bin/env bash
# Makes the tool chain and the emulator that the firmware needs, below firmware/target/tools. Nothing is installed, nothing
# on PATH changes, and what is there already is left alone.
#
#   firmware/setup.sh TARGET...    core and alloc for these targets, rustc, clippy, QEMU
#
# The tool chain is Debian's, since that has the sources of core and alloc as a package; QEMU is Debian's as well. Both are
# only unpacked. Ends with status 77 if this machine cannot have them, and says why.
set -euo pipefail
firmware=$(cd "$(dirname "$0")" && pwd)
tools=$firmware/target/tools
host=x86_64-unknown-linux-gnu

skip() {
  echo "firmware/setup.sh: $1" >&2
  exit 77
}

# One at a time: two runs at once would unpack into one place.
mkdir -p "$tools"
exec 9>"$tools/lock"
flock 9

private_apt() { # private_apt ARGUMENT...: apt-get with lists and archives of its own, which needs no rights
  apt-get -qq -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o Dir::State::lists="$tools/apt/lists" \
    -o Dir::State::status=/var/lib/dpkg/status -o Dir::Cache="$tools/apt/cache" -o Dir::Etc::PkgCacheFile= "$@"
}

unpack() { # unpack FOLDER PACKAGE...: these and what they need beyond what this machine has
  local folder=$1 deb
  shift
  [ -d "$tools/$folder" ] && return
  command -v apt-get >/dev/null && [ "$(dpkg --print-architecture)" = amd64 ] || skip "this is not Debian on x86-64"
  echo "   unpacking $*"
  rm -rf "$tools/apt" "$tools/$folder.new"
  mkdir -p "$tools"/apt/{lists,cache/archives}/partial "$tools/$folder.new"
  # Its status says nothing: the hooks that containers come with want rights, and fail without.
  private_apt update >"$tools/apt/log" 2>&1 || true
  if ! private_apt install --download-only --yes --no-install-recommends "$@" >>"$tools/apt/log" 2>&1; then
    tail -n 3 "$tools/apt/log" >&2
    skip "cannot get $*: is there a network?"
  fi
  for deb in "$tools"/apt/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$tools/$folder.new"
  done
  rm -rf "$tools/apt"
  mv "$tools/$folder.new" "$tools/$folder"
}

unpack rust rustc-web rust-web-src rust-web-clippy
unpack qemu qemu-system-arm qemu-system-misc

# They find their libraries by where they stand themselves, so the whole checkout can be moved.
cat >"$tools/rustc" <<'END'
#!/bin/sh
tools=$(dirname "$(readlink -f "$0")")
LD_LIBRARY_PATH=$tools/rust/usr/lib/x86_64-linux-gnu exec "$tools/rust/usr/bin/rustc" "$@"
END
cat >"$tools/cargo-clippy" <<'END'
#!/bin/sh
# cargo-clippy ARGUMENT...: as `cargo clippy`, with this rustc's clippy
tools=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH=$tools/rust/usr/lib/x86_64-linux-gnu RUSTC=$tools/rustc
exec "$tools/rust/usr/bin/cargo-clippy" clippy "$@"
END
cat >"$tools/qemu-run" <<'END'
#!/bin/sh
# qemu-run BINARY ARGUMENT...
tools=$(dirname "$(readlink -f "$0")")
binary=$tools/qemu/usr/bin/$1
shift
LD_LIBRARY_PATH=$tools/qemu/usr/lib/x86_64-linux-gnu:$tools/qemu/lib/x86_64-linux-gnu exec "$binary" -L "$tools/qemu/usr/share/qemu" "$@"
END
chmod +x "$tools/rustc" "$tools/cargo-clippy" "$tools/qemu-run"

# Debian's rustc comes without the linker for bare targets; the one of the present tool chain will do.
lld=$(env -u RUSTC rustc --print sysroot)/lib/rustlib/$host/bin/rust-lld
[ -x "$lld" ] || skip "the Rust tool chain on PATH has no rust-lld"
mkdir -p "$tools/rust/usr/lib/rustlib/$host/bin"
ln -sf "$lld" "$tools/rust/usr/lib/rustlib/$host/bin/"

# core and alloc of all the targets that are missing, at once, so that the cores of this machine have something to do.
sysroot=$tools/rust/usr/lib/rustlib
project=$tools/sysroot
missing=()
for target in "$@"; do
  [ -d "$sysroot/$target/lib" ] || missing+=("$target")
done
if [ ${#missing[@]} != 0 ]; then
  echo "   building core and alloc for ${missing[*]}"
  rm -rf "$project"
  mkdir -p "$project/src"
  printf '[package]\nname = "sysroot"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' >"$project/Cargo.toml"
  echo '#![no_std]' >"$project/src/lib.rs"
  env -u RUSTFLAGS RUSTC="$tools/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$project/target" \
    cargo build --quiet --release --manifest-path "$project/Cargo.toml" -Zbuild-std=core,alloc "${missing[@]/#/--target=}"
  for target in "${missing[@]}"; do
    rm -rf "$sysroot/$target.new"
    mkdir -p "$sysroot/$target.new/lib"
    cp "$project/target/$target"/release/deps/lib{core,alloc,compiler_builtins}-*.rlib "$sysroot/$target.new/lib"
    rm -rf "${sysroot:?}/$target"
    mv "$sysroot/$target.new" "$sysroot/$target"
  done
  rm -rf "$project"
fi
