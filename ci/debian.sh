# Sourced by scripts that need other compilers than the machine's: fetches packages of Debian and unpacks them below
# target/debian. Nothing is installed, and nothing on PATH changes. shellcheck shell=bash

debian=$PWD/target/debian

cannot() { # cannot REASON: the rest of the script cannot run on this machine
  echo "   skipped: $1"
  exit 0
}

# Where the machine's own packages come from. Other releases of Debian are at the same place.
debian_archive() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  [ "$(dpkg --print-architecture)" = amd64 ] && [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || return 1
  # shellcheck disable=SC2016 # the variables are apt's
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -m 1 -E '/debian/?$'
}

# unpack FOLDER RELEASE ARCHITECTURES download|install PACKAGE...: these packages of a release of Debian; with `install` also
# what they depend on. An architecture of a package is written behind it, as in libc6:arm64.
unpack() {
  local folder=$1 release=$2 architectures=$3 how=$4 apt=$debian/apt-$1 archive options deb
  shift 4
  [ -d "$debian/$folder" ] && return
  archive=$(debian_archive) || cannot "$folder needs Debian on x86-64, with its archive's keys"
  echo "   unpacking $* of Debian $release"
  rm -rf "$apt" "$debian/$folder.new"
  mkdir -p "$apt"/{lists,cache/archives}/partial "$debian/$folder.new"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $archive $release main" >"$apt/sources"
  touch "$apt/status"
  options=(-qq -o Debug::NoLocking=1 -o APT::Sandbox::User="$(id -un)" -o APT::Architecture=amd64
    -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
    -o Dir::Etc::sourcelist="$apt/sources" -o Dir::Etc::sourceparts=- -o Dir::Etc::PkgCacheFile=)
  for deb in $architectures; do
    options+=(-o "APT::Architectures::=$deb")
  done
  # Its status says nothing: the hooks that containers come with want rights, and fail without.
  apt-get "${options[@]}" update >"$apt/log" 2>&1 || true
  if [ "$how" = download ]; then
    (cd "$apt/cache/archives" && apt-get "${options[@]}" download "$@") >>"$apt/log" 2>&1
  else
    apt-get "${options[@]}" install --download-only --yes --no-install-recommends "$@" >>"$apt/log" 2>&1
  fi || {
    tail -n 3 "$apt/log"
    cannot "cannot get $*: is there a network?"
  }
  for deb in "$apt"/cache/archives/*.deb; do
    dpkg-deb -x "$deb" "$debian/$folder.new"
  done
  rm -rf "$apt"
  mv "$debian/$folder.new" "$debian/$folder"
}

# program PATH FOLDER BINARY: makes a program of what was unpacked, in bash, since other shells take variables away whose names
# have a hyphen, which cargo uses. It runs with its release's own C library, and finds that by
# where it stands itself, so the whole checkout can be moved.
program() {
  cat >"$debian/$1" <<END
#!/bin/bash
root=\$(dirname "\$(readlink -f "\$0")")/$2
for loader in "\$root"/usr/lib64/ld-linux-x86-64.so.2 "\$root"/lib64/ld-linux-x86-64.so.2; do
  [ ! -e "\$loader" ] || break
done
libraries=\$root/usr/lib/x86_64-linux-gnu:\$root/lib/x86_64-linux-gnu
exec "\$loader" --library-path "\$libraries" "\$root/$3" "\$@"
END
  chmod +x "$debian/$1"
}

oldest_version=1.85.0+dfsg3-1~deb12u3

# The oldest compiler that the crates promise to build with, its sources, and a standard library for 32-bit x86 as well.
oldest_rust() {
  local libraries="libc6 libgcc-s1 libstdc++6 zlib1g libzstd1 libxml2 libedit2 libtinfo6 libffi8 libbsd0 libmd0 liblzma5 libicu72
    libllvm19 libz3-4" package packages=(libstd-rust-web-1.85)
  for package in rustc-web rust-web-src rust-web-clippy libstd-rust-web-dev libstd-rust-web-dev:i386; do
    packages+=("$package=$oldest_version")
  done
  # shellcheck disable=SC2086 # a list of words
  unpack rust-1.85.0 bookworm "amd64 i386" download "${packages[@]}" $libraries
  program rustc-1.85.0 rust-1.85.0 usr/bin/rustc
  program rustdoc-1.85.0 rust-1.85.0 usr/bin/rustdoc
}

# Its standard libraries for emulated machines.
oldest_rust_elsewhere() {
  local architecture library
  for architecture in arm64 s390x; do
    unpack "rust-1.85.0-$architecture" bookworm "amd64 $architecture" download "libstd-rust-web-dev:$architecture=$oldest_version"
    for library in "$debian/rust-1.85.0-$architecture"/usr/lib/rustlib/*-linux-gnu; do
      ln -sfn "../../../../${library#"$debian"/}" "$debian/rust-1.85.0/usr/lib/rustlib/"
    done
  done
}
