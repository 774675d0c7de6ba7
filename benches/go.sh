#!/usr/bin/env bash
# Builds the program in Go that the benchmarks run beside the crates, and prints where it is, for EVENT_BENCHES_GO.
#
#   benches/go.sh test    first gofmt, go vet and its tests, with the race detector where there is one
#   benches/go.sh fetch   where there is no `go`, it comes from a later Debian and is unpacked below target/debian
#
# Without a `go` it prints nothing, and says why on standard error: there is one column less.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mode=${1:-}
case $mode in
  test | fetch) ;;
  *)
    echo "usage: go.sh test|fetch" >&2
    exit 2
    ;;
esac

# Nothing is downloaded, nothing is written outside of target/, and nothing depends on the user's settings.
export GOTOOLCHAIN=local GOPROXY=off GOENV=off GOFLAGS=-buildvcs=false GOWORK=off
export GOCACHE=$PWD/target/go/cache GOPATH=$PWD/target/go XDG_CONFIG_HOME=$PWD/target/go/config
unpacked=target/debian/go-1.24

usable() { # whether there is a go as new as benches/go/go.mod says
  command -v go >/dev/null && [ "$(printf 'go1.19\n%s\n' "$(go env GOVERSION)" | sort -V | head -n 1)" = go1.19 ]
}

if [ "$mode" = fetch ] && ! usable; then
  # In a shell of its own, which ends with a reason where it cannot be had.
  (. ci/debian.sh && unpack go-1.24 trixie amd64 download golang-1.24-go golang-1.24-src) >&2
fi
if ! usable && [ -d $unpacked ]; then
  PATH=$PWD/$unpacked/usr/lib/go-1.24/bin:$PATH
fi
if ! usable; then
  echo "   skipped, and no column \"Go\": there is no go 1.19 or later on PATH, nor in $unpacked, where ci/results.sh puts it" >&2
  exit 0
fi

cd benches/go
if [ "$mode" = test ]; then
  {
    badly=$(gofmt -l .)
    [ -z "$badly" ] || { echo "   gofmt would change: $badly" && exit 1; }
    go vet ./...
    # It needs a C compiler, and a runtime of its own, which not every Go brings.
    if CGO_ENABLED=1 go test -race -run '^$' ./watched >/dev/null 2>&1; then
      CGO_ENABLED=1 go test -race -count=1 ./...
    else
      echo "   without the race detector, which this Go or this machine lacks"
      go test -count=1 ./...
    fi
  } >&2
fi
go build -o "$GOPATH/rows" . >&2
echo "$GOPATH/rows"
