# Sourced by scripts that build with all features of the crates and of the example at once. What changes the atomics, and what is for
# models, is not among them. shellcheck shell=bash
# shellcheck disable=SC2034 # used by who sources it

all_features=event-core/serde,event-core/tracing,event-map/serde,event-supervisor/serde,event-tokio/process,event-tokio/test-util
all_features+=,event-etcd/json,event-etcd/test-util,event-etcd/tls-native-roots,event-etcd/tls-webpki-roots,event-etcd/tracing
all_features+=,network-status/etcd,network-status/async-std
