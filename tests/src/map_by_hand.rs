//! Maps, polled by hand: when a watcher is woken, what is dropped when, and that user code may panic and come back in.

use alloc::sync::Arc;
use core::cmp::Ordering as Order;
use core::fmt;
use core::ops::Bound;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::Poll;

use event_core::prelude::*;
use event_map::{Change, MemoryMap};

use crate::allocator::live_bytes;
use crate::by_hand::{Act, Task, panics};
use crate::census::Census;

fn backlog<W: Watcher>(watcher: &mut W) -> Vec<W::Item> {
    let task = Task::new();
    let mut items = Vec::new();
    while let Poll::Ready(Ok(item)) = task.poll(watcher.get().backlog_only()) {
        items.push(item);
    }
    items
}

/// Leaves the watcher waiting.
fn wait<W: Watcher>(watcher: &mut W, task: &Task) {
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

/// Whoever is woken finds what it was woken for.
pub fn w2_wake_ups_come_after_the_publication() {
    let map = MemoryMap::new();
    let (mut watcher, mut key, mut snapshots) = (map.watch(), map.watch_key("a"), map.watch_snapshots());
    let tasks = [Task::new(), Task::new(), Task::new()];
    backlog(&mut key);
    // The first to wait for a key publishes that.
    wait(&mut key, &tasks[1]);
    wait(&mut watcher, &tasks[0]);
    wait(&mut snapshots, &tasks[2]);
    let seen = Arc::new(AtomicUsize::new(0));
    for task in &tasks {
        let (map, seen) = (map.reader(), Arc::clone(&seen));
        task.on(Act::Wake, move || {
            assert_eq!(map.get("a"), Some(1), "woken before there was anything");
            seen.fetch_add(1, Ordering::Relaxed);
        });
    }
    map.insert("a", 1);
    assert_eq!(seen.load(Ordering::Relaxed), 3);
}

/// At every place of a poll where other code runs, that code changes the key. The poll must not end as if it had not.
pub fn w2_a_change_in_the_midst_of_a_poll_is_not_overlooked() {
    for act in [Act::Clone, Act::Drop] {
        for waited_before in [false, true] {
            for single in [false, true] {
                let map = MemoryMap::new();
                let (mut all, mut key) = (map.watch(), map.watch_key("a"));
                let (before, now) = (Task::new(), Task::new());
                backlog(&mut key);
                let mut poll = |task: &Task| {
                    if single { task.poll(key.get()).map(|_| ()) } else { task.poll(all.get()).map(|_| ()) }
                };
                if waited_before {
                    assert!(poll(&before).is_pending());
                }
                let interfering = if act == Act::Clone { &now } else { &before };
                let changed = Arc::new(AtomicBool::new(false));
                let (writer, once) = (map.clone(), Arc::clone(&changed));
                interfering.on(act, move || {
                    if !once.swap(true, Ordering::Relaxed) {
                        writer.insert("a", 1);
                    }
                });
                let polled = poll(&now);
                if changed.load(Ordering::Relaxed) {
                    let noticed = polled.is_ready() || now.wakes() > 0;
                    assert!(noticed, "changed during {act:?}, waited before: {waited_before}, single: {single}");
                }
                before.remove_hooks();
                now.remove_hooks();
            }
        }
    }
}

/// 10,000 keys with a waiting watcher each: a change wakes those of its keys.
pub fn w2_changes_of_a_key_wake_nobody_who_watches_another() {
    const KEYS: usize = 10_000;
    let map = MemoryMap::new();
    let mut watching: Vec<_> = (0..KEYS).map(|key| (map.watch_key(key), Task::new())).collect();
    for (watcher, task) in &mut watching {
        wait(watcher, task);
    }
    map.insert(7, 1);
    map.transaction(|edit| {
        edit.insert(8, 1);
        edit.insert(KEYS, 1);
    });
    let woken = |watching: &[(_, Task)]| -> Vec<_> {
        watching.iter().enumerate().filter(|(_, (_, task))| task.wakes() > 0).map(|(key, _)| key).collect()
    };
    assert_eq!(woken(&watching), [7, 8]);
    assert_eq!(backlog(&mut watching[7].0), [Some(1)]);
    drop(map);
    assert_eq!(woken(&watching).len(), KEYS);
    assert!(watching[9].0.try_get().unwrap_err().is_closed());
}

/// A bell goes when nobody listens and its key changes. Who comes then has another one.
pub fn w2_a_bell_that_was_taken_out_is_registered_again() {
    let map = MemoryMap::new();
    let task = Task::new();
    for round in 0..100 {
        let mut watcher = map.watch_key("a");
        wait(&mut watcher, &task);
        let clone = watcher.clone();
        let wakes = task.wakes();
        map.insert("a", round);
        assert_eq!(task.wakes(), wakes + 1);
        assert_eq!(watcher.try_get().unwrap(), Some(round));
        drop(watcher);
        let mut clone = clone;
        assert_eq!(clone.try_get().unwrap(), Some(round), "a clone has had what the original had");
        wait(&mut clone, &task);
        map.remove("a");
        assert_eq!(task.wakes(), wakes + 2);
        drop(clone);
        // Nobody listens.
        map.insert("a", 0);
        map.remove("a");
    }
}

/// A bell is taken out just when a new watcher takes it, which is a comparison of keys that changes the map.
pub fn w2_a_bell_that_is_taken_out_under_a_watcher_is_no_reason_to_spin() {
    thread_local! {
        /// So many comparisons are left before the one that changes the map.
        static HOOK: core::cell::RefCell<Option<(u32, MemoryMap<Meddling, u32>)>> =
            const { core::cell::RefCell::new(None) };
    }
    #[derive(Clone, PartialEq, Eq)]
    struct Meddling(u32);
    impl PartialOrd for Meddling {
        fn partial_cmp(&self, other: &Self) -> Option<Order> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Meddling {
        fn cmp(&self, other: &Self) -> Order {
            match HOOK.take() {
                Some((0, map)) => _ = map.insert(Meddling(1), 2),
                Some((left, map)) => HOOK.set(Some((left - 1, map))),
                None => {}
            }
            self.0.cmp(&other.0)
        }
    }
    let map = MemoryMap::from([(Meddling(1), 1)]);
    for comparisons in 0..20 {
        let (mut first, task) = (map.watch_key(Meddling(1)), Task::new());
        wait(&mut first, &task);
        drop(first);
        let (mut watcher, task) = (map.watch_key(Meddling(1)), Task::new());
        HOOK.set(Some((comparisons, map.clone())));
        wait(&mut watcher, &task);
        drop(HOOK.take());
        // What the change has brought along.
        wait(&mut watcher, &task);
        let wakes = task.wakes();
        assert!(task.poll(watcher.get()).is_pending());
        assert_eq!(task.wakes(), wakes, "it polls itself for ever");
        map.insert(Meddling(1), 4);
        assert_eq!(task.wakes(), wakes + 1);
    }
}

/// Per list that a watcher waits in.
pub fn w5_a_thousand_cancelled_waits_on_a_map_leave_at_most_one_waker() {
    let map = MemoryMap::from([("a", 1)]);
    let task = Task::new();
    let (mut watcher, mut key) = (map.watch_changes(), map.watch_key("a"));
    backlog(&mut key);
    for _ in 0..1_000 {
        assert!(task.poll(watcher.get()).is_pending());
    }
    assert!(task.stored_wakers() <= 1);
    for _ in 0..1_000 {
        assert!(task.poll(key.get()).is_pending());
    }
    // For its key, and for the end.
    assert!(task.stored_wakers() <= 3);
    drop((watcher, key));
    assert_eq!(task.stored_wakers(), 0);
}

/// No byte, once others have changed.
pub fn w6_a_dropped_watcher_of_a_map_leaves_nothing() {
    let map = MemoryMap::from([(0_u64, 0_u64)]);
    let round = || {
        let (mut watcher, mut key, task) = (map.watch(), map.watch_key(0), Task::new());
        backlog(&mut watcher);
        backlog(&mut key);
        wait(&mut watcher, &task);
        wait(&mut key, &task);
        drop((watcher, key));
        map.insert(0, 1);
        map.insert(0, 2);
    };
    (0..10).for_each(|_| round());
    let live = live_bytes();
    (0..1_000).for_each(|_| round());
    assert_eq!(live_bytes(), live);
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

/// Where a key or its data can be told to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    KeyClone,
    KeyOrd,
    DataClone,
    DataDrop,
    DataEq,
}

thread_local! {
    /// The calls that are left before the one that panics.
    static TOLD: core::cell::Cell<Option<(In, u32)>> = const { core::cell::Cell::new(None) };
}

fn panic_if_told(place: In) {
    match TOLD.get() {
        Some((told, 0)) if told == place => {
            TOLD.set(None);
            std::panic::resume_unwind(Box::new("told to"));
        }
        Some((told, left)) if told == place => TOLD.set(Some((told, left - 1))),
        _ => {}
    }
}

#[derive(PartialEq, Eq)]
struct TouchyKey(u64);

impl Clone for TouchyKey {
    fn clone(&self) -> Self {
        panic_if_told(In::KeyClone);
        Self(self.0)
    }
}

impl PartialOrd for TouchyKey {
    fn partial_cmp(&self, other: &Self) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl Ord for TouchyKey {
    fn cmp(&self, other: &Self) -> Order {
        panic_if_told(In::KeyOrd);
        self.0.cmp(&other.0)
    }
}

struct TouchyData(u64);

impl Clone for TouchyData {
    fn clone(&self) -> Self {
        panic_if_told(In::DataClone);
        Self(self.0)
    }
}

impl PartialEq for TouchyData {
    fn eq(&self, other: &Self) -> bool {
        panic_if_told(In::DataEq);
        self.0 == other.0
    }
}

impl Drop for TouchyData {
    fn drop(&mut self) {
        panic_if_told(In::DataDrop);
    }
}

type Touchy = MemoryMap<TouchyKey, TouchyData>;

/// Something to do to it.
type Doing = (&'static str, fn(&Touchy));

/// Every change and every get, with a panic at the first, second, ... call of each piece of user code, until there is none left.
pub fn p1_a_panic_in_user_code_changes_nothing_and_consumes_nothing() {
    let changes: [Doing; 7] = [
        ("insert", |map| drop(map.insert(TouchyKey(3), TouchyData(30)))),
        ("a new key", |map| drop(map.insert(TouchyKey(9), TouchyData(90)))),
        ("remove", |map| drop(map.remove(&TouchyKey(3)))),
        ("update", |map| _ = map.update(&TouchyKey(3), |data| data.0 = 30)),
        ("retain", |map| _ = map.retain(|key, _| key.0 % 2 == 0)),
        ("replace_all", |map| {
            map.replace_all([
                (TouchyKey(1), TouchyData(1)),
                (TouchyKey(3), TouchyData(30)),
                (TouchyKey(7), TouchyData(7)),
            ]);
        }),
        ("transaction", |map| {
            map.transaction(|edit| {
                edit.insert(TouchyKey(3), TouchyData(30));
                edit.remove(&TouchyKey(1));
                edit.insert(TouchyKey(9), TouchyData(9));
            });
        }),
    ];
    let picture = |map: &Touchy| map.snapshot().iter().map(|(key, data)| (key.0, data.0)).collect::<Vec<_>>();
    let mut panicked = 0;
    for (what, change) in changes {
        for place in [In::KeyClone, In::KeyOrd, In::DataClone, In::DataDrop, In::DataEq] {
            for calls in 0.. {
                let map: Touchy = (0..6).map(|n| (TouchyKey(n), TouchyData(n))).collect();
                let (mut watcher, mut waiting, task) = (map.watch(), map.watch_changes(), Task::new());
                let mut key = map.watch_key(TouchyKey(3));
                assert_eq!(backlog(&mut watcher).len(), 6);
                backlog(&mut key);
                wait(&mut key, &task);
                wait(&mut waiting, &task);
                let before = picture(&map);
                TOLD.set(Some((place, calls)));
                let failed = panics(|| change(&map));
                let reached = TOLD.take().is_none();
                let after = picture(&map);
                // Data is dropped after the publication; everything else runs before it.
                assert!(!failed || place == In::DataDrop || before == after, "{what}, {place:?} {calls}");
                let told = backlog(&mut watcher);
                assert_eq!(told.is_empty(), before == after, "{what}, {place:?} {calls}");
                assert_eq!(backlog(&mut waiting).len(), told.len());
                assert!(before == after || task.wakes() > 0, "{what}, {place:?} {calls}: nobody was woken");
                let of_three = told.iter().any(|change| change.key.0 == 3);
                assert_eq!(backlog(&mut key).len(), usize::from(of_three), "{what}, {place:?} {calls}");
                // All is as usual afterwards.
                drop(map.insert(TouchyKey(3), TouchyData(33)));
                assert_eq!(backlog(&mut watcher).len(), 1);
                panicked += u32::from(failed);
                if !reached {
                    break;
                }
            }
        }
    }
    assert!(panicked > 100, "{panicked}");

    // Gets: what panicked is got by the next one.
    for place in [In::KeyClone, In::KeyOrd, In::DataClone] {
        for calls in 0.. {
            let map: Touchy = (0..4).map(|n| (TouchyKey(n), TouchyData(n))).collect();
            let mut watcher = map.watch();
            let (mut told, mut reached) = (Vec::new(), false);
            for step in 0..30 {
                match step {
                    4 => drop(map.remove(&TouchyKey(0))),
                    5 => drop(map.insert(TouchyKey(5), TouchyData(5))),
                    6 => drop(map.insert(TouchyKey(2), TouchyData(20))),
                    _ => {}
                }
                TOLD.set(if reached { None } else { Some((place, calls)) });
                panics(|| {
                    told.extend(watcher.try_get().ok().map(|change| (change.key.0, change.value.map(|data| data.0))))
                });
                reached |= TOLD.take().is_none();
            }
            told.sort_unstable();
            let mut expected =
                vec![(0, Some(0)), (0, None), (1, Some(1)), (2, Some(2)), (2, Some(20)), (3, Some(3)), (5, Some(5))];
            // Delayed by a panic, a key is told of once.
            for lost in [(2, Some(2)), (0, Some(0)), (0, None)] {
                if !told.contains(&lost) {
                    expected.retain(|change| *change != lost);
                }
            }
            expected.sort_unstable();
            assert_eq!(told, expected, "{place:?} {calls}");
            if !reached {
                break;
            }
        }
    }

    // Predicates.
    let map = MemoryMap::from([("a", 1)]);
    let (mut watcher, mut key, mut snapshots, task) =
        (map.watch(), map.watch_key("a"), map.watch_snapshots(), Task::new());
    fn told<T>(_: &T) -> bool {
        std::panic::resume_unwind(Box::new("told to"))
    }
    assert!(panics(|| _ = task.poll(watcher.get().filter(told))));
    assert!(panics(|| _ = task.poll(key.get().filter(told))));
    assert!(panics(|| _ = task.poll(snapshots.get().filter(told))));
    assert_eq!(backlog(&mut watcher), [Change::inserted("a", 1)]);
    assert_eq!(backlog(&mut key), [Some(1)]);
    assert_eq!(backlog(&mut snapshots).len(), 1);
}

/// Neither watchers of the map nor those of single keys.
pub fn p1_a_waker_that_panics_keeps_nobody_of_a_map_from_being_woken() {
    for first in [true, false] {
        let map = MemoryMap::from([("a", 1), ("b", 1)]);
        let (mut all, mut a, mut b) = (map.watch_changes(), map.watch_key("a"), map.watch_key("b"));
        let (of_all, of_a, of_b) = (Task::new(), Task::new(), Task::new());
        wait(&mut a, &of_a);
        wait(&mut b, &of_b);
        wait(&mut all, &of_all);
        (if first { &of_all } else { &of_b }).panic_in(Act::Wake);
        assert!(panics(|| map.transaction(|edit| {
            edit.insert("a", 2);
            edit.insert("b", 2);
        })));
        assert_eq!((of_all.wakes(), of_a.wakes(), of_b.wakes()), (1, 1, 1));
        assert_eq!((map.get("a"), map.get("b")), (Some(2), Some(2)));
        assert_eq!(backlog(&mut a), [Some(2)]);
        wait(&mut a, &of_a);
        wait(&mut all, &of_all);
        of_all.panic_in(Act::Wake);
        assert!(panics(|| map.close()));
        assert!(of_a.wakes() == 2 && map.is_closed());
    }
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
