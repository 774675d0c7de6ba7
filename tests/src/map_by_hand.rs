//! Maps, polled by hand: what is told, what is dropped when, and that user code may come back in.

use alloc::sync::Arc;
use core::fmt;
use core::ops::Bound;
use core::task::Poll;

use event_core::prelude::*;
use event_map::{Change, MemoryMap};

use crate::allocator::live_bytes;
use crate::by_hand::Task;
use crate::census::Census;

/// All that a watcher has not had.
pub(crate) fn backlog<W: Watcher>(watcher: &mut W) -> Vec<W::Item> {
    let task = Task::new();
    let mut items = Vec::new();
    while let Poll::Ready(Ok(item)) = task.poll(watcher.get().backlog_only()) {
        items.push(item);
    }
    items
}

/// Leaves the watcher waiting.
pub(crate) fn wait<W: Watcher>(watcher: &mut W, task: &Task) {
    let mut polls = 0;
    while task.poll(watcher.get()).is_ready() {
        polls += 1;
        assert!(polls < 1_000, "it never waits");
    }
}

/// As for values. `insert_if_not_eq` compares.
pub fn v2_setting_equal_data_notifies_unless_it_is_asked_for() {
    let map = MemoryMap::from([("a", 1)]);
    let mut watcher = map.watch_changes();
    map.insert("a", 1);
    assert_eq!(backlog(&mut watcher), [Change::inserted("a", 1)]);
    assert!(!map.insert_if_not_eq("a", 1));
    assert!(map.insert_if_not_eq("a", 2));
    assert_eq!(backlog(&mut watcher), [Change::inserted("a", 2)]);
}

/// Everybody is woken once, and told of what came of it.
pub fn m2_a_transaction_is_one_publication() {
    let map = MemoryMap::from([("a", 1), ("b", 2)]);
    let (mut watcher, mut snapshots, task) = (map.watch_changes(), map.watch_snapshots(), Task::new());
    backlog(&mut snapshots);
    wait(&mut watcher, &task);
    wait(&mut snapshots, &task);
    let before = map.version();
    let returned = map.transaction(|edit| {
        edit.insert("c", 3);
        assert_eq!(edit.get("c"), Some(&3));
        edit.remove("a");
        edit.update("b", |b| *b += 10);
        edit.insert("d", 4);
        edit.remove("d");
        edit.len()
    });
    assert_eq!((returned, task.wakes()), (2, 2));
    assert_eq!(map.version().as_u64(), before.as_u64() + 1);
    let changes = [Change::inserted("c", 3), Change::removed("a"), Change::inserted("b", 12)];
    assert_eq!(backlog(&mut watcher), changes, "in the order in which it made them");
    assert_eq!(backlog(&mut snapshots).len(), 1);
    // One that changes nothing.
    wait(&mut watcher, &task);
    map.transaction(|edit| {
        edit.insert("x", 1);
        edit.remove("x");
        edit.remove("y");
    });
    assert_eq!((map.version().as_u64(), task.wakes()), (before.as_u64() + 1, 2));
    assert_eq!(map.transaction(|edit| edit.retain(|_, _| true)), 0);
    assert_eq!(map.retain(|_, data| *data > 3), 1);
    assert_eq!(backlog(&mut watcher), [Change::removed("c")]);
}

/// A fresh listing notifies only of what it changes.
pub fn m2_replace_all_tells_only_differences() {
    let map = MemoryMap::from([("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
    let (mut watcher, task) = (map.watch_changes(), Task::new());
    wait(&mut watcher, &task);
    assert_eq!(map.replace_all([("a", 1), ("b", 2), ("c", 3), ("d", 4)]), 0);
    assert_eq!(task.wakes(), 0);
    assert_eq!(map.replace_all([("e", 5), ("c", 30), ("a", 0), ("a", 1)]), 4);
    assert_eq!(task.wakes(), 1);
    let changes = [Change::inserted("e", 5), Change::inserted("c", 30), Change::removed("b"), Change::removed("d")];
    assert_eq!(backlog(&mut watcher), changes);
    assert_eq!(map.replace_all([]), 3);
    assert!(map.is_empty());
}

/// Memory is measured where the test binary counts it.
pub fn m1_what_is_remembered_goes_when_nobody_is_behind() {
    let map = MemoryMap::new();
    let churn = |names: core::ops::Range<u64>| {
        for name in names {
            map.insert(name, name);
            map.remove(&name);
        }
    };
    churn(0..10);
    let live = live_bytes();
    let (mut behind, mut quick) = (map.watch(), map.watch());
    assert_eq!(backlog(&mut behind), []);
    for name in 0..200 {
        map.insert(name, name);
        backlog(&mut quick);
    }
    assert_eq!(backlog(&mut behind).len(), 200);
    for name in 0..200 {
        map.remove(&name);
        backlog(&mut quick);
    }
    // It was told of each, and is behind.
    let remembered = live_bytes() - live;
    assert!(remembered >= 0);
    assert_eq!(backlog(&mut behind).len(), 200);
    drop((behind, quick));
    churn(0..10);
    assert!(live_bytes() - live < 1_000, "{} bytes are left of {remembered}", live_bytes() - live);
}

/// Names that come and go, each used once, while one watcher sleeps and another one looks at everything.
pub fn m1_keys_that_a_slow_watcher_never_saw_are_not_remembered() {
    let map = MemoryMap::from([(0, 0)]);
    let (mut slow, mut quick) = (map.watch(), map.watch());
    assert_eq!(backlog(&mut slow).len(), 1);
    let mut churn = |names: core::ops::Range<u64>| {
        for name in names {
            map.insert(name, name);
            backlog(&mut quick);
            map.remove(&name);
            backlog(&mut quick);
        }
    };
    churn(1..100);
    let live = live_bytes();
    churn(100..5_000);
    assert!(live_bytes() - live < 5_000, "{} bytes are kept for 4,900 names that are gone", live_bytes() - live);
    assert_eq!(backlog(&mut slow), []);
}

/// Watchers of all kinds.
pub fn c1_each_watcher_of_a_map_gets_the_rest_and_then_closed() {
    let map = MemoryMap::from([("a", 1), ("b", 2)]);
    let (mut all, mut changes, mut range) = (map.watch(), map.watch_changes(), map.watch_range("b"..));
    let (mut key, mut gone, mut snapshots) = (map.watch_key("a"), map.watch_key("x"), map.watch_snapshots());
    let tasks: [Task; 3] = Default::default();
    wait(&mut changes, &tasks[0]);
    wait(&mut gone, &tasks[1]);
    wait(&mut snapshots, &tasks[2]);
    map.close();
    assert!(tasks.iter().all(|task| task.wakes() == 1), "closing wakes everybody");
    assert_eq!(backlog(&mut all), [Change::inserted("a", 1), Change::inserted("b", 2)]);
    assert_eq!(backlog(&mut range), [Change::inserted("b", 2)]);
    assert_eq!(backlog(&mut key), [Some(1)]);
    let task = Task::new();
    for _ in 0..2 {
        assert!(matches!(task.poll(all.get()), Poll::Ready(Err(error)) if error.is_closed()));
        assert!(all.try_get().unwrap_err().is_closed());
        assert!(changes.try_get().unwrap_err().is_closed());
        assert!(range.try_get().unwrap_err().is_closed());
        assert!(matches!(task.poll(key.get()), Poll::Ready(Err(error)) if error.is_closed()));
        assert!(matches!(task.poll(gone.get()), Poll::Ready(Err(error)) if error.is_closed()));
        assert!(matches!(task.poll(snapshots.get()), Poll::Ready(Err(error)) if error.is_closed()));
        assert!(snapshots.try_get().unwrap_err().is_closed());
    }
    // Those that come later as well.
    assert_eq!(map.watch().try_get().unwrap(), Change::inserted("a", 1));
    assert!(map.watch_key("x").try_get().unwrap().is_none());
    assert_eq!(map.snapshot().len(), 2);
}

/// Readers and watchers do not keep it open.
pub fn c1_a_map_is_closed_by_its_last_handle() {
    let map = MemoryMap::<&str, u32>::new();
    let (reader, other) = (map.reader(), map.clone());
    assert!(map.same_map(&other) && !map.same_map(&MemoryMap::new()));
    let (mut key, mut watcher, task) = (reader.watch_key("a"), reader.watch(), Task::new());
    backlog(&mut key);
    wait(&mut key, &task);
    wait(&mut watcher, &task);
    drop(map);
    assert!(!reader.is_closed() && task.wakes() == 0);
    drop(other);
    assert!(reader.is_closed());
    assert_eq!(task.wakes(), 2);
    assert!(key.try_get().unwrap_err().is_closed());
    assert!(watcher.try_get().unwrap_err().is_closed());
    // One that nobody ever used.
    let unused = MemoryMap::<&str, u32>::new();
    unused.close();
    let (reader, mut watcher) = (unused.reader(), unused.watch());
    drop(unused);
    assert!(watcher.try_get().unwrap_err().is_closed());
    assert!(reader.is_closed() && reader.is_empty());
    assert!(matches!(task.poll(reader.watch_key("a").get()), Poll::Ready(Ok(None))));
}

/// All kinds of changes.
pub fn c2_changes_after_close_change_nothing_and_hand_the_data_back() {
    let map = MemoryMap::from([("a", 1)]);
    map.close();
    assert_eq!(map.try_insert("a", 2).unwrap_err().into_inner(), ("a", 2));
    assert_eq!(map.insert("a", 2), None);
    assert!(!map.insert_if_not_eq("a", 2));
    assert_eq!(map.remove("a"), None);
    assert!(!map.update("a", |data| *data = 2));
    assert_eq!(map.retain(|_, _| false), 0);
    assert_eq!(map.replace_all([]), 0);
    map.transaction(|edit| edit.clear());
    assert_eq!(map.get("a"), Some(1));
}

/// No watcher holds data: neither one that is behind, nor one that waits, nor one that was told.
pub fn v6_data_is_dropped_as_soon_as_it_is_replaced_and_nobody_reads_it() {
    let census = Census::new();
    let map = MemoryMap::new();
    let (mut behind, mut told, mut key) = (map.watch(), map.watch(), map.watch_key(1));
    assert!(behind.try_get().is_err());
    let task = Task::new();
    for data in 0..10 {
        for name in 0..5 {
            map.insert(name, census.citizen(data));
        }
        assert_eq!(census.alive(), 5, "replaced data is dropped");
        drop(told.try_get());
        drop(key.try_get());
        wait(&mut key, &task);
        assert_eq!(census.alive(), 5);
    }
    drop(map.remove(&1));
    assert_eq!(census.alive(), 4, "removed data is dropped");
    let snapshot = map.snapshot();
    map.retain(|name, _| *name == 0);
    assert_eq!(census.alive(), 4, "a snapshot keeps its data");
    drop(snapshot);
    assert_eq!(census.alive(), 1);
    drop((map, behind, told, key));
    census.assert_each_was_dropped_once();
}
/// What runs within a change or a get may change the map itself.
pub fn closures_may_use_the_map() {
    let map = MemoryMap::from([("a", 1)]);
    let mut watcher = map.watch_changes();
    let mut runs = 0;
    map.transaction(|edit| {
        runs += 1;
        // The first time this is a change that comes first.
        if map.get("b").is_none() {
            map.insert("b", 2);
        }
        edit.insert("c", map.len());
    });
    assert_eq!((runs, map.get("c")), (2, Some(2)));
    assert_eq!(backlog(&mut watcher), [Change::inserted("b", 2), Change::inserted("c", 2)]);
    let mut watcher = map.watch();
    let other = map.clone();
    let filtered = watcher.get().filter(|_| {
        other.remove("c");
        true
    });
    assert!(Task::new().poll(filtered).is_ready());
    assert_eq!(backlog(&mut watcher), [Change::inserted("b", 2)]);
}

/// On the state which that left.
pub fn closures_run_again_if_another_change_came_first() {
    let map = MemoryMap::from([("a", 0)]);
    let mut runs = 0;
    assert!(map.update("a", |a| {
        runs += 1;
        if runs == 1 {
            map.insert("a", 10);
        }
        *a += 1;
    }));
    assert_eq!((map.get("a"), runs), (Some(11), 2));
    runs = 0;
    let removed = map.retain(|_, _| {
        runs += 1;
        if runs == 1 {
            map.insert("b", 1);
        }
        false
    });
    assert_eq!((removed, runs, map.len()), (2, 3, 0));
}

/// Neither `Debug`, nor a lock.
pub fn debug_asks_keys_and_data_for_nothing() {
    #[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
    struct Secret(u8);
    let map = MemoryMap::from([(Secret(1), Secret(1))]);
    let shown = format!(
        "{map:?} {:?} {:?} {:?} {:?} {:?}",
        map.reader(),
        map.watch(),
        map.watch_range(..),
        map.watch_key(Secret(1)),
        map.watch_snapshots()
    );
    assert!(shown.contains("MemoryMap") && shown.contains("KeyWatcher"), "{shown}");
    // Within a change: nothing waits for it.
    map.transaction(|edit| {
        edit.insert(Secret(2), Secret(2));
        assert!(format!("{map:?}").contains("closed: false"));
    });
    struct Loud;
    impl fmt::Debug for Loud {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("loud")
        }
    }
    let map = MemoryMap::from([(1, Arc::new(Loud))]);
    assert_eq!(format!("{:?}", map.snapshot()), "{1: loud}");
    map.transaction(|edit| assert_eq!(format!("{edit:?}"), "{1: loud}"));
}

/// All kinds of bounds, and ranges that end before they start.
pub fn ranges_are_what_std_takes_them_for() {
    let map: MemoryMap<u8, u8> = (0..10).map(|n| (n, n)).collect();
    let bounds = |n: u8| [Bound::Unbounded, Bound::Included(n), Bound::Excluded(n)];
    for start in (0..=10).flat_map(bounds) {
        for end in (0..=10).flat_map(bounds) {
            let keys: Vec<_> = (0..10).filter(|key| core::ops::RangeBounds::contains(&(start, end), key)).collect();
            let mut watcher = map.watch_range((start, end));
            assert!(backlog(&mut watcher).into_iter().map(|change| change.key).eq(keys.iter().copied()));
            assert!(map.snapshot().range((start, end)).map(|(key, _)| *key).eq(keys.iter().copied()));
            map.retain(|_, _| false);
            assert!(backlog(&mut watcher).into_iter().map(|change| change.key).eq(keys));
            map.replace_all((0..10).map(|n| (n, n)));
        }
    }
}
