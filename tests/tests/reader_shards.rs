//! Values whose readers are counted at several places: every form of reading, and real threads.

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Poll;
use std::pin::pin;
use std::thread;

use event_core::MemoryValue;
use event_tests::by_hand::Task;

/// Whoever reads it finds both halves alike, and the test finds out how many there are.
#[derive(Clone)]
struct Pair {
    halves: [u64; 2],
    _alive: Arc<()>,
}

impl Pair {
    fn new(number: u64, alive: &Arc<()>) -> Self {
        Self { halves: [number; 2], _alive: Arc::clone(alive) }
    }

    fn number(&self) -> u64 {
        let [first, second] = self.halves;
        assert_eq!(first, second, "data was changed while it was read");
        first
    }
}

#[test]
fn every_form_of_reading_and_setting_is_as_without_shards() {
    for shards in [0, 1, 3, 100_000] {
        let value = MemoryValue::with_reader_shards(shards);
        assert!(value.borrow().is_none() && !value.is_set());
        let mut watcher = value.watch();
        assert!(watcher.try_get().unwrap_err().is_backlog_done());
        for round in 0..20 {
            value.set(round.to_string());
            assert_eq!(watcher.try_get().unwrap(), round.to_string());
        }
        let kept = value.borrow().unwrap();
        let snapshot = value.borrow().unwrap().detach();
        value.set("a".into());
        assert_eq!((&**kept, &**snapshot), ("19", "19"));
        assert!(snapshot.clone().try_into_inner().is_err(), "there are other readers");
        drop(kept);
        assert_eq!(snapshot.try_into_inner().unwrap(), "19");
        assert!(value.update(|text| text.push('b')));
        assert_eq!(value.replace("c".into()).as_deref(), Some("ab"));
        assert_eq!(value.swap("d".into()).map(|old| old.try_into_inner().unwrap()).as_deref(), Some("c"));
        value.clear();
        assert!(value.load().is_none());
        value.set("e".into());
        let mut cached = value.cached();
        assert_eq!(cached.load().map(String::as_str), Some("e"));
        let mut writer = value.into_writer().unwrap();
        for round in 0..20 {
            writer.set(round.to_string());
            assert_eq!(writer.borrow().as_deref().map(String::as_str), Some(round.to_string().as_str()));
        }
        assert_eq!(cached.load().map(String::as_str), Some("19"));
        assert_eq!(watcher.try_get().unwrap(), "19");
        drop(writer);
        assert!(watcher.try_get().unwrap_err().is_closed());
        assert_eq!(cached.load().map(String::as_str), Some("19"));
    }
}

/// Data that fits a register, which gets have a shorter way for; among the first nodes of the waker list, and behind them.
#[test]
fn gets_wait_and_give_each_version_once() {
    const WATCHERS: usize = 10;
    let value = MemoryValue::with_reader_shards(2);
    let task = Task::new();
    let mut watchers: Vec<_> = (0..WATCHERS).map(|_| value.watch()).collect();
    for number in 1_u64..20 {
        for watcher in &mut watchers {
            assert!(task.poll(watcher.get()).is_pending());
        }
        let wakes = task.wakes();
        value.set(number);
        assert_eq!(task.wakes() - wakes, WATCHERS);
        for watcher in &mut watchers {
            assert_eq!(task.poll(watcher.get()).map(Result::unwrap), Poll::Ready(number));
        }
    }
    let mut set = pin!(value.set_sync(20));
    assert!(task.poll(set.as_mut()).is_pending());
    for watcher in &mut watchers {
        assert_eq!(task.poll(watcher.get()).map(Result::unwrap), Poll::Ready(20));
    }
    assert!(task.poll(set).is_ready(), "all have seen it");
    value.close();
    assert!(task.poll(watchers[0].get()).map(Result::unwrap_err).is_ready());
}

#[test]
fn a_slot_that_was_left_to_its_readers_is_used_again_and_left_again() {
    for shards in [1, 3, 64] {
        let (value, alive) = (MemoryValue::with_reader_shards(shards), Arc::new(()));
        for number in 0..100 {
            value.set(Pair::new(number, &alive));
            let kept = value.borrow().unwrap();
            value.set(Pair::new(number + 1, &alive));
            assert_eq!((kept.number(), Arc::strong_count(&alive)), (number, 3));
            drop(kept);
            assert_eq!(Arc::strong_count(&alive), 2, "its last reader drops it, in every life of the slot");
        }
    }
}

#[test]
fn on_threads_nothing_is_torn_and_nothing_is_left() {
    const SETS: u64 = 20_000;
    let alive = Arc::new(());
    for shards in [1, 2, 8] {
        let value = MemoryValue::with_reader_shards(shards);
        value.set(Pair::new(0, &alive));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for reader in 0..3 {
                let (value, over) = (&value, &over);
                scope.spawn(move || {
                    let mut cached = value.cached();
                    let mut watcher = value.watch();
                    let mut before = 0;
                    // Ordering: Relaxed. When they end is of no importance.
                    while !over.load(Ordering::Relaxed) {
                        let number = match reader {
                            0 => value.borrow().unwrap().number(),
                            1 => value.load().unwrap().number(),
                            _ => {
                                // Another thread than the one that pinned it drops it.
                                let snapshot = value.borrow().unwrap().detach();
                                let number = snapshot.number();
                                scope.spawn(move || drop(snapshot));
                                number
                            }
                        };
                        assert!(number >= before, "{number} after {before}");
                        before = cached.load().unwrap().number().max(number);
                        if let Ok(pair) = watcher.try_get() {
                            pair.number();
                        }
                    }
                });
            }
            for number in 1..=SETS {
                match number % 3 {
                    0 => drop(value.swap(Pair::new(number, &alive)).unwrap().try_into_inner()),
                    1 => _ = value.set(Pair::new(number, &alive)),
                    _ => assert!(value.update(|pair| pair.halves = [number; 2])),
                }
            }
            over.store(true, Ordering::Relaxed);
        });
        assert_eq!(value.load().unwrap().number(), SETS);
        assert_eq!(Arc::strong_count(&alive), 2, "only the current data is there");
        drop(value);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
