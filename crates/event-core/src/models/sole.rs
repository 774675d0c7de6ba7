//! Models of the only producer: its one exchange against readers, watchers, and what makes it the only one.

use core::task::Poll;

use super::forms::Data;
use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryReader, MemoryValue, MemoryWriter};
use crate::traits::Watcher;

fn read(reader: &MemoryReader<Citizen>, before: usize) -> usize {
    let current = reader.borrow().expect("there is data from the start");
    let (number, version) = (current.checked_number(), current.version().raw());
    assert!(number >= before, "{number} after {before}");
    assert_eq!(version, number, "the data goes with its version");
    assert_eq!(current.checked_number(), number, "borrowed data changed");
    number
}

/// The slot that was replaced is filled next, unless somebody reads it: then it is left to them and another one is claimed.
fn sets_against_a_reader() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(1));
    let reader = writer.reader();
    let reads = thread::spawn(move || {
        let first = read(&reader, 1);
        read(&reader, first);
    });
    writer.set(census.citizen(2));
    writer.set(census.citizen(3));
    writer.set(census.citizen(4));
    assert_eq!(writer.current().map(Citizen::checked_number), Some(4));
    reads.join().unwrap();
    assert_eq!(census.alive(), 1, "only the current data is alive");
    drop(writer);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn a_writer_against_a_reader() {
    explore(Effort { preemptions: 5, at_least: 10_000 }, sets_against_a_reader);
}

/// A cached reader holds one version while others are replaced.
fn sets_against_a_cached_reader() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(census.citizen(1));
    let mut cached = writer.cached();
    let reads = thread::spawn(move || {
        let mut before = 0;
        for _ in 0..2 {
            let number = cached.load().expect("there is data from the start").checked_number();
            assert!(number >= before, "{number} after {before}");
            before = number;
        }
    });
    writer.set(census.citizen(2));
    assert_eq!(writer.replace(census.citizen(3)).map(|data| data.checked_number()), Some(2));
    reads.join().unwrap();
    assert_eq!(census.alive(), 1, "only the current data is alive");
    drop(writer);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn a_writer_against_a_cached_reader() {
    explore(Effort { preemptions: 6, at_least: 2_000 }, sets_against_a_cached_reader);
}

/// A watcher arms while the writer publishes: it gets the newest, or it is woken.
fn sets_against_a_watcher<D: Data>() {
    let census = Census::new();
    let mut writer = MemoryWriter::with_value(D::new(&census, 0));
    let mut watcher = writer.watch();
    assert_eq!(watcher.try_get().map(|data| data.number()).ok(), Some(0));
    let bell = Bell::new();
    let sets = thread::spawn({
        let census = census.clone();
        move || {
            writer.set(D::new(&census, 1));
            writer.set(D::new(&census, 2));
            writer
        }
    });
    let mut last = 0;
    for _ in 0..2 {
        bell.answer();
        match bell.poll(|cx| watcher.poll_get(cx)) {
            Poll::Ready(Ok(data)) => {
                assert!(data.number() > last, "{} after {last}", data.number());
                last = data.number();
            }
            Poll::Ready(Err(error)) => panic!("{error}"),
            Poll::Pending => break,
        }
    }
    let writer = sets.join().unwrap();
    assert!(last == 2 || bell.rung() > 0, "it got {last} of 2, and was not woken");
    if last != 2 {
        assert_eq!(watcher.try_get().map(|data| data.number()).ok(), Some(2), "not the newest");
    }
    drop(writer);
    assert!(watcher.try_get().is_err_and(|error| error.is_closed()));
    drop(watcher);
    assert_eq!((bell.wakers(), census.alive()), (0, 0), "a waker or data was leaked");
}

#[test]
fn a_writer_against_a_watcher() {
    explore(Effort { preemptions: 7, at_least: 4_000 }, sets_against_a_watcher::<usize>);
}

#[test]
fn a_writer_of_data_with_a_drop_against_a_watcher() {
    explore(Effort { preemptions: 7, at_least: 4_000 }, sets_against_a_watcher::<Citizen>);
}

/// Another handle sets and goes. Once there is a writer, it has found what that handle did; and a value that comes back from a
/// writer can be set by all.
fn from_value_to_writer_and_back() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let other = thread::spawn({
        let (handle, census) = (value.clone(), census.clone());
        move || {
            handle.set(census.citizen(2));
            // The handle goes when it is told that it is not the only one, and when it is dropped.
            match handle.into_writer() {
                Ok(mut writer) => {
                    writer.set(census.citizen(3));
                    writer.close();
                    true
                }
                Err(_) => false,
            }
        }
    });
    let mine = match value.into_writer() {
        Ok(mut writer) => {
            assert_eq!(writer.version().raw(), 2, "the other handle's set was overlooked");
            writer.set(census.citizen(4));
            let value = writer.into_value();
            value.set(census.citizen(5));
            assert_eq!(value.version().raw(), 4, "a version was used twice");
            true
        }
        Err(value) => {
            drop(value);
            false
        }
    };
    let others = other.join().unwrap();
    assert!(!(mine && others), "there were two only handles");
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn the_only_handle_becomes_a_writer_and_a_value_again() {
    explore(Effort { preemptions: 6, at_least: 80 }, from_value_to_writer_and_back);
}

/// A weak handle is upgraded while the strong one becomes a writer: one of the two fails.
#[cfg(not(event_core_loom))]
fn a_writer_against_a_weak_handle() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let weak = value.downgrade();
    let upgrades = thread::spawn({
        let census = census.clone();
        move || weak.upgrade().is_some_and(|handle| handle.try_set(census.citizen(10)).is_ok())
    });
    let is_writer = match value.into_writer() {
        Ok(mut writer) => {
            let version = writer.version();
            assert_eq!(writer.set(census.citizen(2)), version.next(), "somebody else has published");
            assert_eq!(writer.set(census.citizen(3)), version.next().next(), "somebody else has published");
            assert_eq!(writer.reader().load().map(|data| data.number()), Some(3));
            // Weak handles are as before when it is a value again.
            let value = writer.into_value();
            assert!(value.downgrade().upgrade().is_some());
            true
        }
        Err(value) => {
            drop(value);
            false
        }
    };
    assert!(upgrades.join().unwrap() || is_writer, "both failed");
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[cfg(not(event_core_loom))]
#[test]
fn a_weak_handle_is_upgraded_or_there_is_a_writer() {
    explore(Effort { preemptions: 0, at_least: 0 }, a_writer_against_a_weak_handle);
}

#[cfg(any(event_core_loom, event_core_shuttle))]
mod mutations {
    use super::super::must_fail_without;
    use super::*;
    use crate::sync::Handshake;

    #[cfg(event_core_loom)]
    #[test]
    fn publish_then_count() {
        must_fail_without(Handshake::PublishThenCount, 3, sets_against_a_reader);
    }

    #[cfg(event_core_loom)]
    #[test]
    fn retire_then_count() {
        must_fail_without(Handshake::RetireThenCount, 3, sets_against_a_reader);
    }

    #[test]
    fn take_those_who_wait_with_the_exchange() {
        must_fail_without(Handshake::TakeInWord, 3, sets_against_a_watcher::<usize>);
        must_fail_without(Handshake::TakeInWord, 3, sets_against_a_watcher::<Citizen>);
    }

    #[cfg(event_core_shuttle)]
    #[test]
    fn become_the_only_one_by_an_exchange() {
        must_fail_without(Handshake::AloneByExchange, 3, a_writer_against_a_weak_handle);
    }
}
