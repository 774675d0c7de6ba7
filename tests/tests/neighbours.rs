//! Each word that a neighbour has for something is found in the search of the documentation of event-core or event-map: it is the name
//! of a method, or an alias of what serves it here.

extern crate alloc;

use alloc::collections::BTreeSet;
use std::fs;
use std::path::Path;

const TOKIO_WATCH: &[&str] = &[
    "channel",
    "Sender",
    "Receiver",
    "send",
    "send_replace",
    "send_modify",
    "send_if_modified",
    "subscribe",
    "borrow",
    "borrow_and_update",
    "has_changed",
    "mark_changed",
    "mark_unchanged",
    "changed",
    "wait_for",
    "closed",
    "is_closed",
    "receiver_count",
    "sender_count",
    "same_channel",
];

const EYEBALL: &[&str] = &[
    "Observable",
    "SharedObservable",
    "WeakObservable",
    "Subscriber",
    "ObservableReadGuard",
    "subscribe",
    "subscribe_reset",
    "next",
    "next_now",
    "next_ref",
    "next_ref_now",
    "get",
    "read",
    "set",
    "set_if_not_eq",
    "set_if_hash_not_eq",
    "update",
    "update_if",
    "write",
    "reset",
    "observable_count",
    "subscriber_count",
    "strong_count",
    "take",
    "try_read",
    "clone_reset",
    "downgrade",
    "upgrade",
];

const EMBASSY_WATCH: &[&str] = &[
    "receiver",
    "anon_receiver",
    "dyn_receiver",
    "send",
    "send_modify",
    "send_if_modified",
    "clear",
    "get",
    "try_get",
    "get_and",
    "changed",
    "changed_and",
    "try_changed",
    "try_changed_and",
    "try_get_and",
    "contains_value",
    "as_dyn",
];

const N0_WATCHER: &[&str] = &[
    "Watchable",
    "set",
    "watch",
    "get",
    "has_watchers",
    "peek",
    "update",
    "updated",
    "is_connected",
    "initialized",
    "stream",
    "stream_updates_only",
    "map",
    "or",
    "Tuple",
    "Triple",
    "Join",
];

const STATE_FLOW: &[&str] = &[
    "MutableStateFlow",
    "StateFlow",
    "asStateFlow",
    "stateIn",
    "shareIn",
    "value",
    "emit",
    "tryEmit",
    "compareAndSet",
    "update",
    "getAndUpdate",
    "updateAndGet",
    "collect",
    "collectLatest",
    "first",
    "onEach",
    "distinctUntilChanged",
    "flatMapLatest",
    "mapLatest",
    "transformLatest",
    "mapNotNull",
    "filterNotNull",
    "distinctUntilChangedBy",
    "scan",
    "runningFold",
    "runningReduce",
    "onStart",
    "launchIn",
    "merge",
    "SharingStarted",
    "WhileSubscribed",
    "combine",
    "debounce",
    "sample",
    "subscriptionCount",
    "resetReplayCache",
];

const RX: &[&str] = &[
    "combineLatest",
    "merge",
    "map",
    "filter",
    "scan",
    "tap",
    "startWith",
    "switchMap",
    "distinctUntilChanged",
    "debounceTime",
    "throttleTime",
    "sampleTime",
    "auditTime",
    "share",
    "shareReplay",
    "refCount",
];

const FUTURES_SIGNALS: &[&str] = &[
    "map",
    "map_ref",
    "map_future",
    "dedupe",
    "dedupe_cloned",
    "dedupe_map",
    "filter_map",
    "flatten",
    "switch",
    "throttle",
    "wait_for",
    "to_stream",
    "Broadcaster",
];

/// Its vector of observables, where keys are indices.
const EYEBALL_IM: &[&str] = &[
    "ObservableVector",
    "VectorSubscriber",
    "VectorDiff",
    "subscribe",
    "into_values_and_stream",
    "insert",
    "set",
    "remove",
    "clear",
    "entry",
    "entries",
    "transaction",
];

/// Its map of signals.
const FUTURES_SIGNALS_MAPS: &[&str] = &[
    "MutableBTreeMap",
    "MapDiff",
    "lock_ref",
    "lock_mut",
    "insert",
    "insert_cloned",
    "remove",
    "clear",
    "replace",
    "replace_cloned",
    "signal_map",
    "signal_map_cloned",
    "signal_vec_keys",
    "entries_cloned",
    "key_cloned",
];

const DASHMAP: &[&str] = &[
    "DashMap",
    "insert",
    "remove",
    "get",
    "contains_key",
    "view",
    "entry",
    "alter",
    "alter_all",
    "retain",
    "clear",
    "iter",
    "len",
    "is_empty",
];

/// Its caches of objects by key.
const DYNAMIC_DATA: &[&str] =
    &["SourceCache", "ChangeSet", "AddOrUpdate", "Edit", "EditDiff", "Connect", "WatchValue", "ToCollection", "lookup"];

/// All names of functions and types, and all aliases, in the files of a folder.
fn words_in(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            if !path.ends_with("models") {
                words_in(&path, words);
            }
            continue;
        }
        let source = fs::read_to_string(&path).expect("a source file is text");
        for line in source.lines().map(str::trim_start) {
            if line.starts_with("pub fn ") || line.starts_with("pub async fn ") || line.starts_with("fn ") {
                let name = line.split_once("fn ").map_or("", |(_, rest)| rest);
                words.extend(name.split(['<', '(']).next().map(str::to_owned));
            }
        }
        // An attribute may be broken into several lines.
        for attribute in source.split("#[doc(alias").skip(1) {
            let (aliases, _) = attribute.split_once(")]").expect("the attribute ends");
            words.extend(aliases.split('"').skip(1).step_by(2).map(str::to_owned));
        }
    }
}

/// Looks for the words of the neighbours of a crate.
fn expect_words(library: &str, neighbours: &[(&str, &[&str])]) {
    let mut words = BTreeSet::new();
    words_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../crates/{library}/src")), &mut words);
    for (neighbour, list) in neighbours {
        let missing: Vec<_> = list.iter().filter(|word| !words.contains(**word)).collect();
        assert!(missing.is_empty(), "words of {neighbour} that nothing is found under: {missing:?}");
    }
}

#[test]
fn every_word_of_a_neighbour_is_found() {
    let neighbours = [
        ("tokio's watch", TOKIO_WATCH),
        ("eyeball", EYEBALL),
        ("embassy's Watch", EMBASSY_WATCH),
        ("n0-watcher", N0_WATCHER),
        ("StateFlow", STATE_FLOW),
        ("Rx", RX),
        ("futures-signals", FUTURES_SIGNALS),
    ];
    expect_words("event-core", &neighbours);
}

#[test]
fn every_word_of_a_neighbour_of_maps_is_found() {
    let neighbours = [
        ("eyeball-im", EYEBALL_IM),
        ("futures-signals' maps", FUTURES_SIGNALS_MAPS),
        ("dashmap", DASHMAP),
        ("DynamicData", DYNAMIC_DATA),
    ];
    expect_words("event-map", &neighbours);
}

/// The rows of the first table in `page` that compares with tokio's watch, without their links.
fn comparison(page: &str) -> Vec<String> {
    let rows = page.lines().skip_while(|line| !line.contains("| tokio watch")).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        // `[text](#anchor)` is `text`.
        let parts = row.split('[').map(|part| match part.split_once("](#") {
            Some((text, rest)) => text.to_owned() + rest.split_once(')').map_or("", |(_, rest)| rest),
            None => part.to_owned(),
        });
        parts.collect()
    })
    .collect()
}

#[test]
fn the_readme_compares_as_the_page_does_that_is_checked() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file| fs::read_to_string(root.join(file)).expect("the page can be read");
    let in_readme = comparison(&read("README.md"));
    assert_eq!(in_readme.len(), 10, "a heading, a line, and eight rows");
    assert_eq!(in_readme, comparison(&read("crates/event-core/docs/guide/comparison.md")));
}
