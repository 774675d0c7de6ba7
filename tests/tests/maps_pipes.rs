//! Maps through pipes, streams and combinators: whatever holds an item back loses no key.

extern crate alloc;

use alloc::collections::BTreeMap;
use core::future::{Future, pending, poll_fn};
use core::pin::Pin;

use event_core::prelude::*;
use event_map::{Change, MemoryMap};
use event_tests::runtime::run_by_hand;
use futures_core::Stream;

const KEYS: u64 = 50;

/// A hang ends the process with a message.
fn on_tokio(name: &'static str, test: impl Future<Output = ()>) {
    run_by_hand(name, || {
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be had").block_on(test);
    });
}

#[test]
fn a_pipe_into_a_full_channel_loses_no_key_of_a_map() {
    on_tokio("a_pipe_into_a_full_channel_loses_no_key_of_a_map", async {
        let map: MemoryMap<u64, &str> = (0..KEYS).map(|key| (key, "old")).collect();
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let piped = tokio::spawn({
            let map = map.reader();
            async move { event_tokio::pipe(map, sender).run_until(pending::<()>()).await }
        });
        let mut replica: BTreeMap<u64, Option<&str>> = BTreeMap::new();
        let all_new = |replica: &BTreeMap<u64, Option<&str>>| {
            let new = replica.values().filter(|data| **data == Some("new")).count();
            new == KEYS as usize - 1 && replica.get(&7) == Some(&None)
        };
        while !all_new(&replica) {
            let Change { key, value } = receiver.recv().await.expect("the pipe goes on");
            replica.insert(key, value);
            if replica.len() == 10 && value == Some("old") {
                // While the channel is full, and the pipe has the next one.
                (0..KEYS).for_each(|key| _ = map.insert(key, "new"));
                map.remove(&7);
            }
        }
        assert_eq!(replica.len(), KEYS as usize);
        piped.abort();
    });
}

#[test]
fn a_stream_of_a_map_ends_with_it() {
    on_tokio("a_stream_of_a_map_ends_with_it", async {
        let map = MemoryMap::from([("a", 1), ("b", 2)]);
        let mut stream = map.watch().into_stream();
        map.close();
        let mut told = Vec::new();
        while let Some(change) = poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await {
            told.push(change);
        }
        assert_eq!(told, [Change::inserted("a", 1), Change::inserted("b", 2)]);
    });
}

#[test]
fn watchers_of_single_keys_and_of_states_can_be_combined() {
    on_tokio("watchers_of_single_keys_and_of_states_can_be_combined", async {
        let map = MemoryMap::from([("a", 1)]);
        let mut both =
            event_core::combine((map.watch_key("a"), map.watch_key("b"))).map(|(a, b)| a.unwrap_or(0) + b.unwrap_or(0));
        assert_eq!(both.get().await.unwrap(), 1);
        map.insert("b", 2);
        assert_eq!(both.get().await.unwrap(), 3);
        let mut lengths = map.watch_snapshots().map(|snapshot| snapshot.len()).dedup();
        assert_eq!(lengths.get().await.unwrap(), 2);
        map.insert("b", 3);
        assert!(lengths.get().backlog_only().await.unwrap_err().is_backlog_done());
        map.remove("a");
        assert_eq!(lengths.get().await.unwrap(), 1);
    });
}
