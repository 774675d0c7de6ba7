//! V1 to V6, C1, C2, P1: the only producer of a value.

use alloc::sync::Arc;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::Poll;

use event_core::{GetError, MemoryValue, MemoryWriter, Version, Watch};

use crate::by_hand::{Act, Task, panics};
use crate::census::{Census, Citizen};
use crate::runtime::Runtime;

/// Only the only handle becomes one, and weak handles know.
pub fn v1_there_is_one_producer_at_a_time() {
    let value = MemoryValue::with_value(1);
    let (other, weak) = (value.clone(), value.downgrade());
    let value = value.into_writer().expect_err("there is another handle");
    drop(other);
    let upgraded = weak.upgrade();
    let value = value.into_writer().expect_err("a weak handle was upgraded");
    drop(upgraded);
    let mut writer = value.into_writer().expect("it is the only handle");
    assert!(weak.upgrade().is_none());
    assert_eq!(writer.set(2).as_u64(), 2);
    let value = writer.into_value();
    assert_eq!(weak.upgrade().and_then(|value| value.load()), Some(2));
    value.set(3);
    let again = value.clone();
    assert_eq!((again.version().as_u64(), again.load(), again.handle_count()), (3, Some(3), 2));
    drop((value, again));
    assert!(weak.upgrade().is_none());
}

/// Of a value that nobody used, and back again.
pub fn v3_a_writer_begins_without_data() {
    let mut writer: MemoryWriter<u64> = MemoryWriter::new();
    assert_eq!((writer.current(), writer.load(), writer.version()), (None, None, Version::INITIAL));
    assert!(writer.borrow().is_none() && !writer.is_set() && !writer.is_closed());
    assert_eq!((writer.modify(|_| ()), writer.modify_if(|_| true), writer.replace(0)), (None, false, None));
    assert_eq!(writer.current(), Some(&0), "no data, and data that is the default");
    let mut first = MemoryWriter::default();
    assert_eq!(first.replace_with(|old: Option<&u64>| old.map_or(7, |n| n + 1)).as_u64(), 1);
    assert_eq!((first.load(), MemoryWriter::from(7).load()), (Some(7), Some(7)));
    let untouched = MemoryValue::<u64>::new().into_writer().unwrap().into_value();
    assert!(untouched.load().is_none() && untouched.version() == Version::INITIAL);
}

/// Each has its version, which is the next one, and each wakes.
pub fn v2_every_change_of_a_writer_is_news() {
    let changes: [fn(&mut MemoryWriter<u64>); 8] = [
        |writer| _ = writer.set(0),
        |writer| assert!(writer.try_set(0).is_ok()),
        |writer| assert!(writer.set_if_not_eq(1)),
        |writer| assert_eq!(writer.modify(|n| *n), Some(0)),
        |writer| assert!(writer.modify_if(|_| true)),
        |writer| assert_eq!(writer.replace(2), Some(0)),
        |writer| _ = writer.replace_with(|old| old.map_or(9, |n| n + 3)),
        |writer| {
            let value = core::mem::take(writer).into_value();
            value.set(4);
            *writer = value.into_writer().unwrap();
        },
    ];
    for change in changes {
        let (mut writer, task) = (MemoryWriter::with_value(0), Task::new());
        let (mut watcher, version) = (writer.watch_changes(), writer.version());
        assert!(task.poll(watcher.get()).is_pending());
        change(&mut writer);
        assert!(task.wakes() == 1 && writer.version().as_u64() == version.as_u64() + 1, "{} wakes", task.wakes());
        assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(data)) if Some(data) == writer.load()));
        assert_eq!(writer.borrow().map(|data| (*data, data.version())), writer.load().map(|n| (n, writer.version())));
    }
}

/// What sets nothing tells nobody.
pub fn v2_a_writer_that_leaves_the_data_notifies_nobody() {
    let (mut writer, task) = (MemoryWriter::with_value(1), Task::new());
    let mut watcher = writer.watch_changes();
    assert!(task.poll(watcher.get()).is_pending());
    assert!(!writer.set_if_not_eq(1) && !writer.modify_if(|n| core::mem::replace(n, 2) == 2));
    assert_eq!((writer.version().as_u64(), writer.load(), task.wakes()), (1, Some(1), 0));
}

/// Whether a version that is replaced is read decides where the next one goes; what is read stays.
pub fn v4_a_writer_never_waits_for_a_borrow() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(0));
    let reader = writer.reader();
    let mut held = Vec::new();
    for n in 1..100 {
        held.push(reader.borrow().unwrap().detach());
        assert_eq!(writer.set(census.citizen(n)).as_u64(), n + 1);
        if n % 3 == 0 {
            held.remove(0);
        }
        assert_eq!(census.alive(), held.len() as u64 + 1);
    }
    assert!(held.iter().all(|data| data.data() + 1 == data.version().as_u64()));
    drop(held);
    assert_eq!((census.alive(), writer.current().map(Citizen::data)), (1, Some(99)));
    drop((writer, reader));
    census.assert_each_was_dropped_once();
}

/// Whether somebody waits, reads, or both: each slot has one use at a time.
pub fn v6_a_writer_uses_no_slot_twice() {
    let (census, task) = (Census::new(), Task::new());
    let mut writer = MemoryWriter::with_value(census.citizen(0));
    let mut watcher = writer.watch_changes();
    let mut held = Vec::new();
    for n in 1..200 {
        if n % 2 == 0 {
            watcher.mark_seen();
            assert!(task.poll(watcher.changed()).is_pending());
        }
        if n % 3 == 0 {
            held.push(watcher.borrow().unwrap().detach());
        }
        match n % 5 {
            0 => assert_eq!(writer.replace(census.citizen(n)).unwrap().data(), n - 1),
            1 => assert_eq!(writer.replace_with(|old| census.citizen(old.unwrap().data() + 1)).as_u64(), n + 1),
            _ => assert_eq!(writer.set(census.citizen(n)).as_u64(), n + 1),
        }
        assert_eq!(watcher.borrow().unwrap().data(), n);
        if held.len() == 10 {
            held.drain(..7);
        }
        assert!(held.iter().all(|data| data.data() + 1 == data.version().as_u64()), "borrowed data changed");
        assert_eq!(census.alive(), held.len() as u64 + 1);
        if n == 100 {
            writer = writer.into_value().into_writer().unwrap();
        }
    }
    drop((writer, watcher, held));
    census.assert_each_was_dropped_once();
}

/// The old data is dropped by the set, unless it is read, and moved out where that can be.
pub fn v6_what_a_writer_replaces_is_dropped_or_comes_out() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(1));
    writer.set(census.citizen(2));
    assert_eq!(census.alive(), 1);
    assert_eq!((writer.replace(census.citizen(3)).unwrap().data(), census.made()), (2, 3), "moved, not cloned");
    let reader = writer.reader();
    let borrowed = reader.borrow().unwrap();
    assert_eq!((writer.replace(census.citizen(4)).unwrap().data(), census.made()), (3, 5), "cloned");
    assert_eq!((borrowed.data(), census.alive()), (3, 2));
    drop(borrowed);
    assert_eq!(census.alive(), 1);
    assert_eq!(writer.modify(|data| data.data()), Some(4));
    assert_eq!((census.alive(), census.made()), (1, 6), "one clone, of which the closure got the only one");
    drop(writer);
    drop(reader);
    census.assert_each_was_dropped_once();
}

/// By `close`, and by dropping the writer.
pub fn c1_a_writer_that_goes_closes_the_value() {
    for close in [|mut writer: MemoryWriter<u64>| writer.close(), drop] {
        let (mut writer, task) = (MemoryWriter::with_value(1), Task::new());
        let (mut watcher, mut waiting, reader) = (writer.watch(), writer.watch(), writer.reader());
        writer.set(2);
        assert_eq!(waiting.try_get().unwrap(), 2);
        assert!(task.poll(waiting.get()).is_pending());
        let closed = Task::new();
        let mut end = Box::pin(reader.closed());
        assert!(closed.poll(end.as_mut()).is_pending());
        close(writer);
        assert!(closed.wakes() == 1 && closed.poll(end.as_mut()).is_ready());
        assert_eq!(task.wakes(), 1);
        assert!(matches!(task.poll(waiting.get()), Poll::Ready(Err(GetError::Closed))));
        assert_eq!((watcher.try_get().ok(), reader.load()), (Some(2), Some(2)));
        assert!(watcher.try_get().unwrap_err().is_closed());
    }
}

/// A `set_sync` that was forgotten before: watchers go on telling what they have seen, so that later ones come through.
pub fn v1_a_writer_in_sync_mode_leaves_nobody_waiting() {
    for sets in 0..5 {
        let (value, task) = (MemoryValue::with_value(0), Task::new());
        let (mut watcher, mut slow) = (value.watch(), value.watch());
        assert_eq!((watcher.try_get().unwrap(), slow.try_get().unwrap()), (0, 0));
        let mut sync = ManuallyDrop::new(value.set_sync(1));
        assert!(task.poll(Pin::new(&mut *sync)).is_pending());
        let mut writer = value.into_writer().unwrap();
        for n in 0..sets {
            writer.set(10 + n);
            if n % 2 == 0 {
                assert_eq!(watcher.try_get().unwrap(), 10 + n);
            }
        }
        let value = writer.into_value();
        assert_eq!(slow.try_get().unwrap(), if sets == 0 { 1 } else { 9 + sets });
        _ = watcher.try_get();
        let mut sync = Box::pin(value.set_sync(2));
        assert!(task.poll(sync.as_mut()).is_pending());
        assert_eq!((watcher.try_get().unwrap(), slow.try_get().unwrap()), (2, 2));
        assert!(task.poll(sync.as_mut()).is_ready(), "after {sets} sets it waits for ever");
    }
}

/// What would have been set is handed back or dropped, and no closure runs.
pub fn c2_a_closed_writer_sets_nothing() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(1));
    writer.close();
    let version = writer.version();
    assert!(writer.is_closed() && writer.reader().is_closed());
    assert_eq!(writer.try_set(census.citizen(2)).unwrap_err().into_inner().data(), 2);
    assert_eq!(writer.set(census.citizen(3)), version);
    assert!(writer.replace(census.citizen(4)).is_none() && !writer.set_if_not_eq(census.citizen(5)));
    assert!(writer.modify(|_| unreachable!()).is_none() && !writer.modify_if(|_| unreachable!()));
    assert_eq!(writer.replace_with(|_| unreachable!()), version);
    writer.close();
    assert_eq!((writer.current().map(Citizen::data), census.alive()), (Some(1), 1));
    let value = writer.into_value();
    assert!(value.is_closed() && value.try_set(census.citizen(6)).is_err());
    let mut writer = value.into_writer().expect("it is the only handle");
    assert!(writer.is_closed() && writer.try_set(census.citizen(7)).is_err());
    drop(writer);
    census.assert_each_was_dropped_once();
}

/// A writer can wait for consumers, and for their end.
pub fn c3_a_writer_knows_whether_anybody_is_left() {
    let (writer, task) = (MemoryWriter::with_value(1), Task::new());
    assert!(task.poll(writer.abandoned()).is_ready() && task.poll(writer.unwatched()).is_ready());
    assert!(task.poll(writer.watched()).is_pending());
    let (watcher, reader, cached) = (writer.watch(), writer.reader(), writer.cached());
    assert_eq!((writer.watcher_count(), writer.reader_count()), (1, 1));
    let mut abandoned = Box::pin(writer.abandoned());
    assert!(task.poll(writer.watched()).is_ready() && task.poll(abandoned.as_mut()).is_pending());
    drop((watcher, reader));
    assert!(task.poll(abandoned.as_mut()).is_pending());
    let before = task.wakes();
    drop(cached);
    assert!(task.wakes() > before && task.poll(abandoned.as_mut()).is_ready());
}

/// Code that is written for whatever can be watched takes it.
pub fn a_writer_can_be_watched_like_a_value() {
    fn first<W: Watch<Item = u64>>(watched: &W) -> Option<u64> {
        match Task::new().poll(event_core::WatcherExt::get(&mut watched.watch())) {
            Poll::Ready(Ok(n)) => Some(n),
            _ => None,
        }
    }
    let mut writer = MemoryWriter::with_value(5);
    writer.reserve(10, 10);
    assert_eq!(first(&writer), Some(5));
    assert!(format!("{writer:?}").contains("closed: false"));
}

/// With the new data or with the old, but usable, and nothing leaked.
pub fn p1_a_panic_leaves_a_writer_usable() {
    type Attempt = fn(&mut MemoryWriter<Citizen>, &Census);
    fn told_to() -> ! {
        // Without the message.
        std::panic::resume_unwind(Box::new("on purpose"))
    }
    let attempts: [(Attempt, u64); 9] = [
        (|writer, _| _ = writer.modify(|_| told_to()), 1),
        (|writer, _| _ = writer.modify_if(|_| told_to()), 1),
        (|writer, _| _ = writer.replace_with(|_| told_to()), 1),
        // These panic in the waker.
        (|writer, census| _ = writer.set(census.citizen(2)), 2),
        (|writer, census| drop(writer.try_set(census.citizen(2))), 2),
        (|writer, census| drop(writer.replace(census.citizen(2))), 2),
        (|writer, census| _ = writer.replace_with(|_| census.citizen(2)), 2),
        (|writer, census| _ = writer.modify(|data| *data = census.citizen(2)), 2),
        (|writer, _| writer.close(), 1),
    ];
    for (number, (attempt, left)) in attempts.into_iter().enumerate() {
        let (census, task) = (Census::new(), Task::new());
        let mut writer = MemoryWriter::with_value(census.citizen(1));
        let (mut watcher, mut second) = (writer.watch_changes(), writer.watch_changes());
        let other = Task::new();
        assert!(task.poll(watcher.changed()).is_pending() && other.poll(second.changed()).is_pending());
        if number >= 3 {
            task.panic_in(Act::Wake);
        }
        let version = writer.version();
        assert!(panics(|| attempt(&mut writer, &census)));
        assert_eq!((writer.current().map(Citizen::data), census.alive()), (Some(left), 1));
        assert_eq!(writer.version().as_u64(), version.as_u64() + left - 1);
        assert_eq!(other.wakes(), usize::from(left == 2 || writer.is_closed()), "the other one was not woken");
        if !writer.is_closed() {
            // More than there are slots.
            for n in 3..10 {
                writer.set(census.citizen(n));
                assert_eq!((watcher.borrow_and_update().unwrap().data(), census.alive()), (n, 1));
            }
        }
        drop((writer, watcher, second));
        census.assert_each_was_dropped_once();
    }
}

/// The data's `Drop` panics where it is replaced, and `Clone` where it cannot be moved out.
pub fn p1_a_panic_in_drop_or_clone_leaves_a_writer_usable() {
    struct Touchy(u64);
    impl Drop for Touchy {
        fn drop(&mut self) {
            if self.0 == 1 && !std::thread::panicking() {
                self.0 = 0;
                std::panic::resume_unwind(Box::new("on purpose"));
            }
        }
    }
    impl Clone for Touchy {
        fn clone(&self) -> Self {
            std::panic::resume_unwind(Box::new("on purpose"))
        }
    }
    let mut writer = MemoryWriter::with_value(Touchy(1));
    let mut watcher = writer.watch_changes();
    assert!(panics(|| _ = writer.set(Touchy(2))));
    assert_eq!(watcher.try_get_ref().unwrap().0, 2);
    // Every slot that there is, and more: none is used twice.
    let held: Vec<_> = (11..20)
        .map(|n| {
            writer.set(Touchy(n));
            watcher.borrow().unwrap().detach()
        })
        .collect();
    assert!(held.iter().map(|data| data.0).eq(11..20));
    drop(held);
    writer.set(Touchy(2));
    let borrowed = watcher.borrow().unwrap();
    assert!(panics(|| drop(writer.replace(Touchy(3)))));
    assert_eq!((borrowed.0, writer.current().map(|data| data.0)), (2, Some(3)));
    drop(borrowed);
    assert!(panics(|| _ = writer.modify(|_| ())));
    (4..20).for_each(|n| _ = writer.set(Touchy(n)));
    assert_eq!(watcher.borrow_and_update().unwrap().0, 19);
}

/// The last set arrives at every task, and none goes back.
pub async fn w2_what_a_writer_sets_last_arrives_everywhere<R: Runtime>() {
    const SETS: u64 = 4_000;
    let census = Census::new();
    let mut writer: MemoryWriter<Citizen> = MemoryWriter::new();
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let mut watcher = writer.watch();
            R::spawn(async move {
                let mut last = 0;
                while let Ok(data) = watcher.get_ref().await {
                    assert!(data.data() > last, "{} after {last}", data.data());
                    assert_eq!(data.version().as_u64(), data.data(), "one version for each set");
                    last = data.data();
                }
                last
            })
        })
        .collect();
    for n in 1..=SETS {
        writer.set(census.citizen(n));
        if n % 64 == 0 {
            R::yield_now().await;
        }
    }
    drop(writer);
    for task in tasks {
        assert_eq!(task.await, SETS);
    }
    census.assert_each_was_dropped_once();
}

/// Handles come and go, and each task tries to become the only producer: what is counted by all of them is not lost.
pub async fn v1_a_value_is_handed_between_handles_and_writers<R: Runtime>() {
    const ROUNDS: u64 = 500;
    let value = MemoryValue::with_value(0);
    let weak = Arc::new(value.downgrade());
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let weak = Arc::clone(&weak);
            R::spawn(async move {
                let mut counted = 0;
                while counted < ROUNDS {
                    if let Some(handle) = weak.upgrade() {
                        assert!(handle.update(|n| *n += 1));
                        counted += 1;
                    }
                    R::yield_now().await;
                }
            })
        })
        .collect();
    let (mut value, mut as_writer) = (value, 0);
    for _ in 0..ROUNDS {
        value = match value.into_writer() {
            Ok(mut writer) => {
                assert!(writer.modify(|n| *n += 1).is_some());
                writer.replace_with(|n| n.expect("there is data from the start") + 1);
                as_writer += 2;
                writer.into_value()
            }
            Err(value) => value,
        };
        R::yield_now().await;
    }
    for task in tasks {
        task.await;
    }
    assert_eq!(value.load(), Some(4 * ROUNDS + as_writer), "a change was lost");
    assert_eq!(value.version().as_u64(), 1 + 4 * ROUNDS + as_writer);
}
