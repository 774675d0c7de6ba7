//! Maps, polled by hand: user code may panic.

use core::cmp::Ordering as Order;

use event_map::{Change, MemoryMap};

use crate::by_hand::{Act, Task, panics};
use crate::map_by_hand::{backlog, wait};

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
