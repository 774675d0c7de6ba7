//! Maps, polled by hand: when a watcher is woken, and what is left of waits that were dropped.

use alloc::sync::Arc;
use core::cmp::Ordering as Order;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use event_map::MemoryMap;

use crate::allocator::live_bytes;
use crate::by_hand::{Act, Task};
use crate::map_by_hand::{backlog, wait};

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
