#!/usr/bin/env bash
# Loads the pages of the examples `wasm` and `config-reload` in a real browser (Chromium, without a window), and expects what they
# have to show. Chromium is that of the machine, or Debian's, which is installed where that is allowed. What cannot be had is
# skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/debian.sh

pages=$PWD/target/browser
mkdir -p "$pages"
started=()
trap 'for id in "${started[@]}"; do kill "$id" 2>/dev/null || true; done' EXIT

echo "== a browser"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)
if [ -z "$browser" ]; then
  command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || cannot "the pages in a browser: there is no Chromium, and only root can install it"
  { apt-get update && apt-get install --yes --no-install-recommends chromium; } >"$pages/apt.log" 2>&1 || {
    tail -n 3 "$pages/apt.log"
    cannot "the pages in a browser: there is no Chromium, and it cannot be installed"
  }
  browser=$(command -v chromium)
fi
echo "   $("$browser" --version 2>/dev/null)"

shown() { # shown URL: the page as it is when its scripts have run for at most 20 seconds of the browser's own time
  # Without a sandbox, which a container does not allow; the pages are our own.
  timeout 120 "$browser" --headless --no-sandbox --disable-gpu --user-data-dir="$pages/profile" --virtual-time-budget=20000 \
    --dump-dom "$1" 2>"$pages/browser.log"
}

expect() { # expect URL TEXT: the page has the text
  local page
  page=$(shown "$1")
  [[ "$page" == *"$2"* ]] || {
    echo "$1 does not show: $2" >&2
    echo "$page" >&2
    exit 1
  }
  echo "   $1 shows $2"
}

line() { # line FILE TEXT: waits until a program has written it
  timeout 120 bash -c 'until grep -q -- "$2" "$1"; do sleep 0.1; done' - "$1" "$2" || {
    echo "there is no \"$2\" in what it printed:" >&2
    cat "$1" >&2
    exit 1
  }
}

echo "== config-reload: each request shows the current configuration"
cargo build --quiet -p config-reload
file=$pages/config.json
printf '{"title": "first", "text": "before"}' >"$file"
target/debug/config-reload "$file" 127.0.0.1:0 >"$pages/service.log" 2>&1 &
service=$!
started+=("$service")
line "$pages/service.log" "listening on"
address=$(sed -n 's/^listening on //p' "$pages/service.log")
expect "$address/" "<h1>first</h1><p>before</p>"
printf '{"title": "second", "text": "after"}' >"$file"
line "$pages/service.log" second
expect "$address/" "<h1>second</h1><p>after</p>"
kill -INT "$service"
wait "$service"
line "$pages/service.log" ended

echo "== wasm: buttons set a value, and elements show it"
export CARGO_INCREMENTAL=0 RUSTFLAGS="-A warnings"
wasm=wasm32-unknown-unknown
root=$(rustc --print sysroot)
if [ -d "$root/lib/rustlib/$wasm" ]; then
  build=(cargo build --quiet)
  folder=target/$wasm
else
  # As ci/platforms.sh does: Debian's compiler has the sources of its standard library. The linker is that of the other tool chain.
  linker=$(echo "$root"/lib/rustlib/*/bin/rust-lld)
  [ -x "$linker" ] || cannot "wasm: rustc has no standard library for $wasm (rustup target add $wasm), and there is no rust-lld"
  oldest_rust
  export RUSTC=$debian/rustc-1.85.0 RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$PWD/target/msrv
  export RUSTFLAGS="$RUSTFLAGS -C linker=$linker"
  build=(cargo build --quiet "-Zbuild-std=std,panic_abort")
  folder=target/msrv/$wasm
fi
"${build[@]}" --release --target "$wasm" -p on-wasm

version=$(sed -n '/^name = "wasm-bindgen"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
bindgen=target/tools/wasm-bindgen-$version
if [ ! -x "$bindgen/bin/wasm-bindgen" ]; then
  # It has to be of the same version as the library.
  env -u RUSTC -u RUSTC_BOOTSTRAP -u RUSTFLAGS cargo install --quiet wasm-bindgen-cli --version "$version" --root "$bindgen" \
    --target-dir target/tools/build >"$pages/bindgen.log" 2>&1 || {
    tail -n 3 "$pages/bindgen.log"
    cannot "wasm: wasm-bindgen-cli $version cannot be installed"
  }
  rm -rf target/tools/build
fi
"$bindgen/bin/wasm-bindgen" --target web --out-dir "$pages/wasm/pkg" "$folder/release/on_wasm.wasm"
cp examples/wasm/index.html "$pages/wasm/"
cat >"$pages/wasm/check.html" <<'END'
<!doctype html>
<meta charset="utf-8">
<pre id="result">the page did not load</pre>
<iframe src="index.html"></iframe>
<script type="module">
  const result = document.getElementById("result");
  const page = () => document.querySelector("iframe").contentDocument;
  const click = (id) => page().getElementById(id).click();
  const until = async (text) => {
    const shown = () => page()?.querySelector("h1")?.textContent;
    while (shown() !== text) {
      result.textContent = `expected "${text}", and it shows "${shown()}"`;
      await new Promise((later) => setTimeout(later, 10));
    }
  };
  // How often the program sets the text of an element from now on, also to what it is already.
  const texts = (id) => {
    const element = page().getElementById(id);
    const inherited = Object.getOwnPropertyDescriptor(page().defaultView.Node.prototype, "textContent");
    const counter = { count: 0 };
    Object.defineProperty(element, "textContent", {
      get: () => inherited.get.call(element),
      set: (text) => (counter.count++, inherited.set.call(element, text)),
    });
    return counter;
  };

  await until("0 is even");
  click("add");
  await until("1 is odd");
  // Several sets before the page can draw: only the newest is shown, and what is derived does not change.
  const [count, parity] = [texts("count"), texts("parity")];
  for (let n = 0; n < 10; n++) click("add");
  await until("11 is odd");
  const drawn = `${count.count} and ${parity.count} texts`;
  click("end");
  await until("ended is ended");
  result.textContent = drawn === "1 and 0 texts" ? "all as expected" : drawn;
</script>
END
python3 -u -m http.server --bind 127.0.0.1 --directory "$pages/wasm" 0 >"$pages/server.log" 2>&1 &
started+=("$!")
line "$pages/server.log" "Serving HTTP"
port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$pages/server.log" | head -n 1)
expect "http://127.0.0.1:$port/check.html" '<pre id="result">all as expected</pre>'
