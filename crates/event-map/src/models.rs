//! Models: small programs under many schedules.
//!
//! Under shuttle (random and PCT schedules, sequentially consistent), which switches between threads at every operation of
//! `event-core` and where somebody takes or counts a mark; those of one change against one watcher that arms also under loom (all
//! interleavings and reorderings within a bound on preemptions); and as ordinary tests on real threads. `ci/models.sh` runs them.
//! Loom knows nothing of the reference counts, which are the only other atomics: of marks it sees only the order of other steps.

#[cfg(not(event_core_loom))]
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

use event_core::Watcher;
#[cfg(event_core_loom)]
use loom::thread;
#[cfg(event_core_shuttle)]
use shuttle::thread;
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
use std::thread;

use crate::{Change, MemoryMap};

/// Lets shuttle switch to another thread. Not `yield_now`, after which the schedules by priorities let everybody else go first.
#[cfg(event_core_shuttle)]
pub(crate) fn switch() {
    let _ = shuttle::sync::atomic::AtomicBool::new(false).load(Ordering::SeqCst);
}

/// Runs a model many times.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    #[cfg(event_core_shuttle)]
    {
        let model = Arc::new(model);
        let again = Arc::clone(&model);
        let schedules = if std::env::var_os("EVENT_MODELS_BRIEF").is_some() { 5_000 } else { 20_000 };
        shuttle::check_random(move || model(), schedules);
        shuttle::check_pct(move || again(), schedules, 3);
    }
    #[cfg(event_core_loom)]
    {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(3);
        builder.check(model);
    }
    #[cfg(not(any(event_core_loom, event_core_shuttle)))]
    (0..1_000).for_each(|_| model());
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A watcher, and whether it waits.
struct Polled<W> {
    watcher: W,
    wakes: Arc<Wakes>,
    /// How often it had been woken when it was found to have to wait.
    waits: Option<usize>,
}

impl<W: Watcher> Polled<W> {
    fn new(watcher: W) -> Self {
        Self { watcher, wakes: Arc::default(), waits: None }
    }

    fn poll(&mut self) -> Option<W::Item> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        let before = self.wakes.0.load(Ordering::Relaxed);
        match self.watcher.poll_get(&mut Context::from_waker(&waker)) {
            Poll::Ready(Ok(item)) => {
                self.waits = None;
                Some(item)
            }
            Poll::Ready(Err(error)) => {
                assert!(error.is_closed(), "{error}");
                self.waits = None;
                None
            }
            Poll::Pending => {
                self.waits = Some(before);
                None
            }
        }
    }

    /// Everything that is there, now that nobody changes the map any more. Who waits and is not woken must find nothing.
    fn rest(&mut self) -> Vec<W::Item> {
        let sleeps = self.waits.is_some_and(|before| self.wakes.0.load(Ordering::Relaxed) == before);
        let mut rest = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Ok(item)) = self.watcher.poll_get(&mut cx) {
            rest.push(item);
        }
        assert!(!sleeps || rest.is_empty(), "a watcher sleeps though there is something for it");
        rest
    }
}

#[cfg(not(event_core_loom))]
fn apply(replica: &mut BTreeMap<u8, u8>, change: Change<u8, u8>) {
    match change.value {
        Some(data) => _ = replica.insert(change.key, data),
        None => _ = replica.remove(&change.key),
    }
}

/// A watcher looks while changes are published one after the other: whoever stands between two of them is overlooked by neither.
#[cfg(not(event_core_loom))]
fn a_watcher_looks_while_keys_change(writers: u8) {
    let map = MemoryMap::from([(0, 0), (1, 0)]);
    let mut watchers = [Polled::new(map.watch_changes()), Polled::new(map.watch())];
    let mut replicas: [BTreeMap<u8, u8>; 2] = [[(0, 0), (1, 0)].into(), BTreeMap::new()];
    let threads: Vec<_> = (0..writers)
        .map(|writer| {
            let map = map.clone();
            thread::spawn(move || {
                map.insert(writer, 10 + writer);
                map.remove(&(1 - writer));
                map.insert(writer, 20 + writer);
            })
        })
        .collect();
    for _ in 0..3 {
        for (watcher, replica) in watchers.iter_mut().zip(&mut replicas) {
            if let Some(change) = watcher.poll() {
                apply(replica, change);
            }
        }
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let end: BTreeMap<_, _> = map.snapshot().iter().map(|(key, data)| (*key, *data)).collect();
    for (watcher, replica) in watchers.iter_mut().zip(&mut replicas) {
        watcher.rest().into_iter().for_each(|change| apply(replica, change));
        assert_eq!(*replica, end, "whoever was told everything has the map");
    }
}

#[test]
#[cfg(not(event_core_loom))]
fn a_watcher_that_looks_while_keys_change_misses_nothing() {
    explore(|| a_watcher_looks_while_keys_change(1));
}

#[test]
#[cfg(not(event_core_loom))]
fn a_watcher_that_looks_while_two_writers_change_keys_misses_nothing() {
    explore(|| a_watcher_looks_while_keys_change(2));
}

/// One change, and one watcher that looks and arms: small enough for loom.
fn a_change_against_a_watcher<W: Watcher>(watch: impl Fn(&MemoryMap<u8, u8>) -> W, last: fn(&W::Item) -> bool) {
    let map = MemoryMap::new();
    let mut watcher = Polled::new(watch(&map));
    let writer = {
        let map = map.clone();
        thread::spawn(move || _ = map.insert(1, 1))
    };
    // Until it waits, and no longer: another poll would find what this one has overlooked.
    let mut told = Vec::new();
    while watcher.waits.is_none() {
        told.extend(watcher.poll());
    }
    writer.join().unwrap();
    told.extend(watcher.rest());
    assert!(told.last().is_some_and(last), "the change is never told");
}

#[test]
fn a_change_and_a_watcher_of_all_keys_do_not_miss_each_other() {
    explore(|| a_change_against_a_watcher(MemoryMap::watch, |change| *change == Change::inserted(1, 1)));
}

#[test]
fn a_change_and_a_watcher_of_one_key_do_not_miss_each_other() {
    explore(|| a_change_against_a_watcher(|map| map.watch_key(1), |item| *item == Some(1)));
}

#[test]
fn a_change_and_a_watcher_of_states_do_not_miss_each_other() {
    explore(|| a_change_against_a_watcher(MemoryMap::watch_snapshots, |state| state.get(&1) == Some(&1)));
}

#[test]
#[cfg(not(event_core_loom))]
fn a_change_and_a_watcher_that_arms_do_not_miss_each_other() {
    explore(|| {
        let map = MemoryMap::new();
        let mut all = Polled::new(map.watch());
        let mut range = Polled::new(map.watch_range(1..));
        let mut states = Polled::new(map.watch_snapshots());
        let writer = {
            let map = map.clone();
            thread::spawn(move || _ = map.insert(1, 1))
        };
        _ = (all.poll(), range.poll(), states.poll(), states.poll());
        writer.join().unwrap();
        _ = (all.rest(), range.rest(), states.rest());
        drop(map);
    });
}

#[test]
#[cfg(not(event_core_loom))]
fn a_change_and_a_watcher_of_its_key_do_not_miss_each_other() {
    explore(|| {
        let map = MemoryMap::new();
        let mut watcher = Polled::new(map.watch_key(1));
        let other = map.reader();
        let writer = {
            let map = map.clone();
            thread::spawn(move || {
                map.insert(1, 1);
                map.insert(2, 2);
            })
        };
        // One that comes and goes: its bell may be taken out just when the other one takes it.
        let restless = thread::spawn(move || {
            let mut watcher = Polled::new(other.watch_key(1));
            _ = (watcher.poll(), watcher.poll());
        });
        let mut told = alloc::vec![watcher.poll(), watcher.poll(), watcher.poll()];
        writer.join().unwrap();
        restless.join().unwrap();
        told.extend(watcher.rest().into_iter().map(Some));
        assert_eq!(told.iter().flatten().last(), Some(&Some(1)), "{told:?}");
    });
}

#[test]
#[cfg(not(event_core_loom))]
fn the_end_and_a_watcher_that_arms_do_not_miss_each_other() {
    explore(|| {
        let map = MemoryMap::from([(1, 1)]);
        let mut all = Polled::new(map.watch_changes());
        let mut key = Polled::new(map.watch_key(2));
        let last = thread::spawn(move || drop(map));
        _ = (all.poll(), key.poll(), key.poll());
        last.join().unwrap();
        for (waits, wakes) in [(all.waits, &all.wakes), (key.waits, &key.wakes)] {
            assert!(waits.is_none_or(|before| wakes.0.load(Ordering::Relaxed) > before), "a watcher waits for ever");
        }
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(all.watcher.poll_get(&mut cx), Poll::Ready(Err(error)) if error.is_closed()));
        let rest = (0..2).map(|_| key.watcher.poll_get(&mut cx)).last();
        assert!(matches!(rest, Some(Poll::Ready(Err(error))) if error.is_closed()));
    });
}

/// Nobody keeps data that was replaced, in particular no spare, however writers and a reader meet.
#[test]
#[cfg(not(event_core_loom))]
fn data_that_was_replaced_is_dropped_when_writers_meet() {
    explore(|| {
        let map = MemoryMap::from([(0, Arc::new(0)), (1, Arc::new(1))]);
        map.insert(1, Arc::new(1));
        let writers: Vec<_> = (0..2)
            .map(|_| {
                let map = map.clone();
                thread::spawn(move || {
                    let write = |data| {
                        let data = Arc::new(data);
                        let kept = Arc::downgrade(&data);
                        drop(map.insert(0, data));
                        kept
                    };
                    [write(1), write(2)]
                })
            })
            .collect();
        let reader = map.reader();
        let reader = thread::spawn(move || drop(reader.get(&0)));
        let kept: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        reader.join().unwrap();
        assert_eq!(kept.iter().filter(|data| data.strong_count() > 0).count(), 1, "the newest is kept, and no other");
    });
}

/// Snapshots are states that the map had, and what differs between two of them is all that differs.
#[test]
#[cfg(not(event_core_loom))]
fn snapshots_are_whole_and_differ_by_what_is_iterated() {
    explore(|| {
        let map = MemoryMap::from([(0, 0), (1, 0)]);
        let old = map.snapshot();
        let writer = {
            let map = map.clone();
            thread::spawn(move || {
                for data in 1..=2 {
                    map.transaction(|edit| {
                        edit.insert(0, data);
                        edit.insert(1, data);
                    });
                }
            })
        };
        let mut replica: BTreeMap<u8, u8> = [(0, 0), (1, 0)].into();
        let mut before = old;
        for _ in 0..2 {
            let now = map.snapshot();
            assert_eq!(now[&0], now[&1], "a state that the map never had");
            for change in now.since(&before) {
                apply(&mut replica, Change { key: *change.key, value: change.value.copied() });
            }
            assert!(replica.iter().eq(now.iter()));
            before = now;
        }
        writer.join().unwrap();
    });
}
