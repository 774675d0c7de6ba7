#!/usr/bin/env bash
# The long form of the stress tests: a minute of setters and watchers, ten million rounds of ping-pong.
set -euo pipefail
cd "$(dirname "$0")/.."

export EVENT_STRESS_SECONDS="${EVENT_STRESS_SECONDS:-60}"
export EVENT_PING_PONG_ROUNDS="${EVENT_PING_PONG_ROUNDS:-10000000}"
cargo test --release -p event-tests --test stress -- --nocapture
