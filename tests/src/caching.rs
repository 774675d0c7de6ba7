//! R1, V6, P1: cached reads.

use alloc::sync::Arc;

use event_core::{CachedReader, MemoryValue, MemoryWriter, Version};

use crate::by_hand::{Act, Task, panics};
use crate::census::{Census, Citizen};
use crate::runtime::Runtime;

fn number(data: Option<&Citizen>) -> Option<u64> {
    data.map(Citizen::data)
}

/// From every kind of handle: what is current, however it came to be that.
pub fn r1_a_cached_read_returns_what_is_current() {
    let value = MemoryValue::new();
    let (reader, watcher) = (value.reader(), value.watch());
    let mut all = [value.cached(), reader.cached(), watcher.cached(), value.cached().clone()];
    let mut check = |expected: Option<u64>| {
        for cached in &mut all {
            assert_eq!(cached.load().copied(), expected);
            assert!(!cached.has_changed() && cached.load().copied() == expected && cached.peek().copied() == expected);
        }
    };
    check(None);
    value.set(1);
    check(Some(1));
    value.set(1);
    check(Some(1));
    value.clear();
    check(None);
    assert!(value.compare_and_set(value.version(), 2).is_ok());
    check(Some(2));
    assert!(value.update(|n| *n += 1));
    check(Some(3));
    value.close();
    check(Some(3));
    drop((value, reader, watcher));
    check(Some(3));
    assert!(all.iter().all(CachedReader::is_closed));
}

/// What is returned belongs to its version, and neither changes before the next look.
pub fn r1_what_was_read_stays_until_the_next_look() {
    let value = MemoryValue::with_value(1);
    let mut cached = value.cached();
    assert_eq!((cached.peek(), cached.version()), (None, Version::INITIAL), "nothing was read yet");
    assert!(cached.has_changed());
    assert_eq!(cached.load(), Some(&1));
    let first = value.version();
    for n in 2..10 {
        value.set(n);
        assert_eq!((cached.peek(), cached.version()), (Some(&1), first));
        assert!(cached.has_changed());
    }
    assert_eq!(cached.load(), Some(&9));
    assert_eq!(cached.version(), value.version());
    cached.release();
    assert_eq!((cached.peek(), cached.version()), (None, Version::INITIAL));
    assert_eq!(cached.load(), Some(&9));
}

/// At most one version is kept alive, and only until the next look.
pub fn v6_a_cached_reader_keeps_one_version_until_it_looks() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let (mut first, mut second) = (value.cached(), value.cached());
    assert_eq!((number(first.load()), number(second.load())), (Some(1), Some(1)));
    let third = second.clone();
    value.set(census.citizen(2));
    value.set(census.citizen(3));
    assert_eq!(census.alive(), 2, "the second one was dropped when it was replaced");
    assert_eq!(number(first.load()), Some(3));
    assert_eq!(census.alive(), 2, "somebody else still keeps it");
    second.release();
    assert_eq!((census.alive(), number(third.peek())), (2, Some(1)), "a clone keeps it for itself");
    drop(third);
    assert_eq!(census.alive(), 1);
    assert_eq!(number(second.load()), Some(3));
    value.clear();
    assert_eq!((number(first.load()), number(second.load()), census.alive()), (None, None, 0));
    drop((value, first, second));
    census.assert_each_was_dropped_once();
}

/// It is no watcher, and does not keep the value open. Who waits until nobody else is left waits for it.
pub fn c3_a_cached_reader_is_neither_a_watcher_nor_a_handle() {
    let value = MemoryValue::with_value(1);
    let cached = value.cached();
    assert_eq!((value.watcher_count(), value.reader_count(), value.handle_count()), (0, 0, 1));
    let task = Task::new();
    assert!(task.poll(value.unwatched()).is_ready() && task.poll(value.unread()).is_ready());
    let mut abandoned = Box::pin(value.abandoned());
    assert!(task.poll(abandoned.as_mut()).is_pending());
    let second = cached.clone();
    drop(cached);
    assert!(task.wakes() == 0 && task.poll(abandoned.as_mut()).is_pending());
    drop(second);
    assert!(task.wakes() == 1 && task.poll(abandoned.as_mut()).is_ready());
    drop(abandoned);
    let cached = value.cached();
    drop(value);
    assert!(cached.is_closed());
}

/// A slot that is pinned is not used again, whatever is set meanwhile: so the same slot is the same version.
pub fn r1_a_thousand_sets_between_two_looks_are_noticed() {
    for sets in (1..20).chain([1_000]) {
        let census = Census::new();
        let value = MemoryValue::with_value(census.citizen(0));
        let mut cached = value.cached();
        assert_eq!(number(cached.load()), Some(0));
        (1..=sets).for_each(|n| _ = value.set(census.citizen(n)));
        assert_eq!(number(cached.peek()), Some(0));
        assert_eq!(number(cached.load()), Some(sets));
        assert_eq!(census.alive(), 1);
    }
}

/// The data's `Drop` panics in the look that replaces it, and elsewhere.
pub fn p1_a_panic_in_drop_leaves_a_cached_reader_usable() {
    struct Touchy(u64);
    impl Drop for Touchy {
        fn drop(&mut self) {
            if self.0 == 1 && !std::thread::panicking() {
                self.0 = 0;
                std::panic::resume_unwind(Box::new("on purpose"));
            }
        }
    }
    let value = MemoryValue::with_value(Touchy(1));
    let mut cached = value.cached();
    assert!(cached.load().is_some());
    value.set(Touchy(2));
    assert!(panics(|| _ = cached.load()));
    assert_eq!(cached.peek().map(|data| data.0), Some(2), "it keeps the new data");
    assert_eq!(cached.load().map(|data| data.0), Some(2));
    for let_go in [(|mut cached| CachedReader::release(&mut cached)) as fn(CachedReader<Touchy>), drop] {
        let value = MemoryValue::with_value(Touchy(1));
        let mut cached = value.cached();
        assert!(cached.load().is_some());
        value.set(Touchy(2));
        let task = Task::new();
        let mut abandoned = Box::pin(value.abandoned());
        assert!(task.poll(abandoned.as_mut()).is_pending());
        assert!(panics(|| let_go(cached)));
        assert!(task.poll(abandoned.as_mut()).is_ready(), "it was counted out all the same");
    }
}

/// The waker of who waits for the last one to go panics.
pub fn p1_a_waker_that_panics_when_a_cached_reader_goes_harms_nothing() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let mut cached = value.cached();
    assert!(cached.load().is_some());
    value.set(census.citizen(2));
    let task = Task::new();
    let mut abandoned = Box::pin(value.abandoned());
    assert!(task.poll(abandoned.as_mut()).is_pending());
    task.panic_in(Act::Wake);
    assert!(panics(|| drop(cached)));
    assert_eq!(census.alive(), 1, "what it kept was dropped");
    assert!(task.poll(abandoned.as_mut()).is_ready());
}

/// Each reader sees numbers that only grow, and in the end the last one; and what was set before it was told.
pub async fn r1_cached_readers_in_many_tasks_follow_the_value<R: Runtime>() {
    const SETS: u64 = 2_000;
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(0));
    let told = Arc::new(MemoryValue::with_value(0));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (mut cached, told) = (writer.cached(), Arc::clone(&told));
            R::spawn(async move {
                let mut before = 0;
                while before < SETS {
                    for _ in 0..16 {
                        let at_least = told.load().expect("it was set");
                        let now = number(cached.load()).expect("there is data from the start");
                        assert!(now >= before.max(at_least), "{now} after {before}, and {at_least} was set before");
                        before = now;
                    }
                    R::yield_now().await;
                }
            })
        })
        .collect();
    for n in 1..=SETS {
        writer.set(census.citizen(n));
        told.set(n);
        if n % 16 == 0 {
            R::yield_now().await;
        }
    }
    for task in tasks {
        task.await;
    }
    assert_eq!(census.alive(), 1);
    drop(writer);
    census.assert_each_was_dropped_once();
}
