//! What a map is asked for: bytes per key and per watcher, and allocations per change. With `--nocapture` the tests print what they
//! measured; the bounds are for 64-bit targets.
#![cfg(target_pointer_width = "64")]

use core::task::{Context, Poll, Waker};

use event_core::prelude::*;
use event_map::{MapWatcher, MemoryMap};
use event_tests::allocator::{CountingAllocator, allocations_of, live_bytes};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// How many live bytes `f` leaves behind, per each of `count`; and what it made.
fn bytes_per<R>(what: &str, count: usize, f: impl FnOnce() -> R) -> (f64, R) {
    let before = live_bytes();
    let made = f();
    let bytes = (live_bytes() - before) as f64 / count as f64;
    println!("{what}: {bytes:.1} bytes");
    (bytes, made)
}

fn drain<W: Watcher>(watcher: &mut W) -> usize {
    let mut cx = Context::from_waker(Waker::noop());
    core::iter::repeat_with(|| watcher.poll_get(&mut cx)).take_while(Poll::is_ready).count()
}

#[test]
fn a_key_costs_so_many_bytes() {
    const KEYS: usize = 10_000;
    let (bytes, map) = bytes_per("a key, inserted one by one", KEYS, || {
        let map = MemoryMap::<u64, u64>::new();
        for key in 0..KEYS as u64 {
            map.insert(key, key);
        }
        map
    });
    assert!((40.0..100.0).contains(&bytes));
    let (bytes, ()) = bytes_per("the same, more, after two changes of each", KEYS, || {
        for data in 1..=2 {
            (0..KEYS as u64).for_each(|key| _ = map.insert(key, data));
        }
    });
    // Two trees in turn, which share keys and data.
    assert!((10.0..50.0).contains(&bytes));
    let (bytes, snapshot) = bytes_per("a snapshot", 1, || map.snapshot());
    assert!(bytes <= 0.0, "a snapshot shares everything");
    let (bytes, ()) = bytes_per("a key that changed after a snapshot", KEYS, || {
        for key in 0..KEYS as u64 {
            map.insert(key, key + 1);
        }
    });
    // The old data and its tree, and that the key has changed.
    assert!((100.0..420.0).contains(&bytes));
    assert_eq!(map.snapshot().since(&snapshot).count(), KEYS);
    // What is remembered goes with the snapshot, while others change.
    let (bytes, ()) = bytes_per("what goes with the snapshot", KEYS, || {
        drop(snapshot);
        map.insert(0, 0);
        map.insert(0, 1);
    });
    assert!(bytes < -100.0);
}

#[test]
fn a_watcher_costs_so_many_bytes() {
    const WATCHERS: usize = 1_000;
    let map = MemoryMap::from([(0_u64, 0_u64)]);
    drop(map.watch());
    let make = |polled: bool| {
        let mut watchers: Vec<_> = Vec::with_capacity(WATCHERS);
        for _ in 0..WATCHERS {
            let mut watcher = map.watch();
            if polled {
                assert_eq!(drain(&mut watcher), 1);
            }
            watchers.push(watcher);
        }
        watchers
    };
    let (bytes, unpolled) = bytes_per("a watcher that was never polled", WATCHERS, || make(false));
    assert!((150.0..260.0).contains(&bytes));
    let (bytes, waiting) = bytes_per("a watcher that waits", WATCHERS, || make(true));
    assert!((150.0..260.0).contains(&bytes));
    drop((unpolled, waiting));

    let (bytes, _keys) = bytes_per("a watcher of a key of its own, waiting", WATCHERS, || {
        let mut keys = Vec::with_capacity(WATCHERS);
        for key in 0..WATCHERS as u64 {
            let mut watcher = map.watch_key(key);
            assert_eq!(drain(&mut watcher), 1);
            keys.push(watcher);
        }
        keys
    });
    assert!((500.0..900.0).contains(&bytes));
    let (bytes, _more) = bytes_per("another watcher of a key", WATCHERS, || {
        let mut more = Vec::with_capacity(WATCHERS);
        for _ in 0..WATCHERS {
            let mut watcher = map.watch_key(7);
            assert_eq!(drain(&mut watcher), 1);
            more.push(watcher);
        }
        more
    });
    assert!((100.0..260.0).contains(&bytes));
}

/// However often the keys change and however often others look, a watcher that is behind costs an entry per key.
#[test]
fn a_slow_watcher_costs_no_more_than_there_are_keys() {
    const KEYS: u64 = 1_000;
    let map: MemoryMap<u64, u64> = (0..KEYS).map(|key| (key, 0)).collect();
    let (mut slow, mut quick) = (map.watch(), map.watch());
    assert_eq!((drain(&mut slow), drain(&mut quick)), (KEYS as usize, KEYS as usize));
    let mut change = |rounds: u64| {
        for round in 0..rounds {
            for key in 0..KEYS {
                if (round + key) % 3 == 0 {
                    map.remove(&key);
                } else {
                    map.insert(key, round);
                }
                if key % 7 == 0 {
                    drain(&mut quick);
                }
            }
        }
    };
    let (bytes, ()) = bytes_per("a key that a slow watcher has to be told of", KEYS as usize, || {
        (0..KEYS).for_each(|key| _ = map.insert(key, 1));
    });
    assert!((100.0..260.0).contains(&bytes));
    change(2);
    let (more, ()) = bytes_per("the same, after 20 more rounds", KEYS as usize, || change(20));
    assert!(more < 150.0, "{more}");
    drain(&mut quick);
    assert!(drain(&mut slow) <= KEYS as usize);
}

/// They share one list of the keys. A key of its own for each would be 100 bytes at least.
#[test]
fn watchers_that_are_behind_by_the_same_many_keys_share_a_list() {
    const KEYS: u64 = 1_000;
    const WATCHERS: usize = 100;
    for polled in [false, true] {
        let map = MemoryMap::<u64, u64>::new();
        let mut watchers: Vec<_> = (0..WATCHERS).map(|_| map.watch()).collect();
        if polled {
            assert!(watchers.iter_mut().all(|watcher| drain(watcher) == 0));
        }
        map.transaction(|edit| (0..KEYS).for_each(|key| _ = edit.insert(key, key)));
        let get = |watcher: &mut MapWatcher<u64, u64>| watcher.try_get().unwrap().key;
        let mut late = watchers.pop().unwrap();
        let (bytes, ()) = bytes_per("all of a list, for each watcher that has it", WATCHERS, || {
            assert!(watchers.iter_mut().all(|watcher| get(watcher) == 0));
        });
        assert!(bytes < 2.0 * KEYS as f64);
        // While the map changes, they go on, and one that reads late takes the list, and what changed since.
        map.insert(KEYS, 0);
        let (bytes, ()) =
            bytes_per("all of a list, for a watcher that reads late", 1, || assert_eq!(get(&mut late), 0));
        assert!(bytes < 2.0 * KEYS as f64);
        assert_eq!(drain(&mut late), KEYS as usize);
        let (bytes, ()) = bytes_per("all of a list that everybody has read, for each", WATCHERS, || {
            assert!(watchers.iter_mut().all(|watcher| drain(watcher) == KEYS as usize));
        });
        assert!(bytes < 0.0, "it is given back");
    }
}

#[test]
fn watchers_that_are_not_polled_cost_nothing_per_change() {
    const CHANGES: u64 = 1_000;
    let changes = |watchers: usize| {
        let map: MemoryMap<u64, u64> = (0..100).map(|key| (key, 0)).collect();
        let watchers: Vec<_> =
            (0..watchers).map(|_| (map.watch(), map.watch_snapshots(), map.watch_range(..))).collect();
        let keys: Vec<_> = watchers.iter().map(|_| map.watch_key(1)).collect();
        let allocations = allocations_of(|| (0..CHANGES).for_each(|n| _ = map.insert(n % 100, n)));
        drop((watchers, keys));
        allocations as f64 / CHANGES as f64
    };
    let (alone, watched) = (changes(0), changes(1_000));
    println!("allocations per change of 100 keys: {alone}, with 4,000 watchers that were never polled: {watched}");
    assert!((alone - watched).abs() < 0.01);
    // The data; everything else is that of the state before the last one.
    assert!(alone < 1.1);
}

/// A change of another key costs the same, whether 1 or 10,000 keys have waiting watchers.
#[test]
fn watchers_of_other_keys_cost_nothing_per_change() {
    const CHANGES: u64 = 1_000;
    let changes = |watchers: u64| {
        let map: MemoryMap<u64, u64> = (0..100).map(|key| (key, 0)).collect();
        let mut watchers: Vec<_> = (0..watchers).map(|key| map.watch_key(1_000 + key)).collect();
        assert!(watchers.iter_mut().map(drain).all(|items| items == 1));
        map.insert(0, 0);
        map.insert(0, 0);
        allocations_of(|| (0..CHANGES).for_each(|n| _ = map.insert(n % 100, n))) as f64 / CHANGES as f64
    };
    let (one, many) = (changes(1), changes(10_000));
    println!("allocations per change with one key watched: {one}, with 10,000: {many}");
    assert!((one - many).abs() < 0.01);
}

#[test]
fn looking_and_waiting_allocate_nothing() {
    let map: MemoryMap<u64, u64> = (0..100).map(|key| (key, 0)).collect();
    let (mut watcher, mut key) = (map.watch(), map.watch_key(7));
    drain(&mut watcher);
    drain(&mut key);
    let allocations = allocations_of(|| {
        for _ in 0..100 {
            assert_eq!((drain(&mut watcher), drain(&mut key)), (0, 0));
            assert!(map.get(&7).is_some() && map.len() == 100);
            drop(map.snapshot());
        }
    });
    assert_eq!(allocations, 0);
}
