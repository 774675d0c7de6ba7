#!/usr/bin/env bash
# The long form of the stress tests: a minute of setters and watchers, a minute of two threads that hand over to each other, and
# three minutes of faults in clusters of each version of etcd; the longest models with one preemption more; tests with each set of features,
# on all the machines that can be emulated, under sanitizers and with a standard library that checks; documentation as docs.rs builds it;
# the larger bounds of spin; each ordering weakened, under loom; each promise broken on purpose; the pages of examples in a browser; the
# programs of the documentation, copied into an empty folder; what is depended on, and what is public; the mutants; and ten minutes of each
# fuzz target.
set -euo pipefail
cd "$(dirname "$0")/.."

export EVENT_STRESS_SECONDS="${EVENT_STRESS_SECONDS:-60}"
export EVENT_PING_PONG_SECONDS="${EVENT_PING_PONG_SECONDS:-60}"
export EVENT_SOAK_SECONDS="${EVENT_SOAK_SECONDS:-180}"
cargo test --release -p event-tests --test stress -- --nocapture
ci/etcd.sh
EVENT_CASES="${EVENT_CASES:-10000}" cargo test --release -p event-map --lib random
ci/models.sh --all
ci/features.sh --all
ci/package.sh --all
ci/platforms.sh --all
ci/msrv.sh --all
ci/firmware.sh --all
ci/benches.sh --etcd
ci/browser.sh
ci/strangers.sh
ci/spin.sh --all
ci/orderings.sh --models
ci/promises.sh --breaks
ci/sanitizers.sh
ci/mutants.sh --models
ci/dependencies.sh
ci/public-api.sh
ci/fuzz.sh 600
