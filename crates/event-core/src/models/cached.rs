//! Models of cached reads: what is kept pinned between two reads, against everything that publishes.

use super::{Census, Citizen, Effort, explore, thread};
use crate::memory::{CachedReader, MemoryValue};
use crate::sync::Arc;

/// Reads, twice from the same look: the data must stay for as long as it is borrowed. Numbers never go back.
fn read(cached: &mut CachedReader<Citizen>, before: usize) -> usize {
    let number = cached.load().expect("there is data from the start").checked_number();
    // Something that a checker can put another thread's steps in front of.
    let _ = cached.has_changed();
    assert_eq!(cached.peek().map(Citizen::checked_number), Some(number), "what is cached changed without a look");
    assert!(number >= before, "{number} after {before}");
    number
}

/// What was replaced is dropped when the cached reader looks again, and not before.
fn two_sets_and_a_cached_reader() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let mut cached = value.cached();
    let first = read(&mut cached, 1);
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || {
            value.set(census.citizen(2));
            value.set(census.citizen(3));
        }
    });
    let second = read(&mut cached, first);
    let third = read(&mut cached, second);
    setter.join().unwrap();
    assert_eq!(read(&mut cached, third), 3, "the newest is not read");
    assert_eq!(census.alive(), 1, "only the current data is alive");
    drop(cached);
    assert_eq!(census.alive(), 1);
    drop(value);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn a_cached_reader_against_two_sets() {
    explore(Effort { preemptions: 4, at_least: 10_000 }, two_sets_and_a_cached_reader);
}

/// Both keep a version, each another one perhaps, and a clone takes along what is kept.
fn two_cached_readers() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let mut here = value.cached();
    let first = read(&mut here, 1);
    let there = thread::spawn({
        let mut there = here.clone();
        move || {
            let first = read(&mut there, 1);
            read(&mut there, first);
        }
    });
    value.set(census.citizen(2));
    let second = read(&mut here, first);
    assert_eq!(second, 2, "its own set is not read");
    there.join().unwrap();
    drop(here);
    assert_eq!(census.alive(), 1, "only the current data is alive");
    drop(value);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn two_cached_readers_against_a_set() {
    explore(Effort { preemptions: 5, at_least: 10_000 }, two_cached_readers);
}

/// `clear` and a close, which change the word without data.
fn cleared_and_closed() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let mut cached = value.cached();
    assert!(cached.load().is_some());
    let setter = thread::spawn({
        let census = census.clone();
        move || {
            value.clear();
            value.set(census.citizen(2));
            // The only handle: it closes.
            drop(value);
        }
    });
    let second = cached.load().map(Citizen::checked_number);
    let third = cached.load().map(Citizen::checked_number);
    // 1, then nothing, then 2: each of the two may skip, and none goes back.
    let place = |number| [Some(1), None, Some(2)].iter().position(|&expected| expected == number);
    assert!(place(second).is_some() && place(second) <= place(third), "{third:?} after {second:?}");
    setter.join().unwrap();
    assert_eq!(cached.load().map(Citizen::checked_number), Some(2));
    assert!(cached.is_closed());
    drop(cached);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn a_cached_reader_against_a_clear_and_a_close() {
    explore(Effort { preemptions: 5, at_least: 10_000 }, cleared_and_closed);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail_without;
    use super::*;
    use crate::sync::Handshake;

    #[test]
    fn keep_what_is_cached_pinned() {
        must_fail_without(Handshake::KeepPinned, 3, two_sets_and_a_cached_reader);
    }

    #[test]
    fn pin_then_look() {
        must_fail_without(Handshake::PinThenLook, 3, two_sets_and_a_cached_reader);
    }
}
