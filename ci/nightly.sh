#!/usr/bin/env bash
# The long form of the stress tests: a minute of setters and watchers, ten million rounds of ping-pong, and
# three minutes of faults in clusters of etcd.
set -euo pipefail
cd "$(dirname "$0")/.."

export EVENT_STRESS_SECONDS="${EVENT_STRESS_SECONDS:-60}"
export EVENT_PING_PONG_ROUNDS="${EVENT_PING_PONG_ROUNDS:-10000000}"
export EVENT_SOAK_SECONDS="${EVENT_SOAK_SECONDS:-180}"
cargo test --release -p event-tests --test stress -- --nocapture
cargo test -p event-etcd --test soak -- --nocapture
