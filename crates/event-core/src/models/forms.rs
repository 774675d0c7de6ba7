//! Models of what reads and marks, or reads and sets, in one step. The mutations do the same in two steps.

use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::sync::Arc;
use crate::traits::Watcher;

/// Data with a `Drop`, which a set runs before or after it wakes, and data without.
pub(super) trait Data: Clone + Send + Sync + 'static {
    fn new(census: &Census, number: usize) -> Self;
    fn number(&self) -> usize;
}

impl Data for Citizen {
    fn new(census: &Census, number: usize) -> Self {
        census.citizen(number)
    }

    fn number(&self) -> usize {
        self.number
    }
}

impl Data for usize {
    fn new(_: &Census, number: usize) -> Self {
        number
    }

    fn number(&self) -> usize {
        *self
    }
}

/// Reads what is current and marks it: once in the way that is tested, and once in a way that must fail.
type Read<D> = fn(&mut MemoryWatcher<D>) -> usize;

fn in_one_step<D: Data>(watcher: &mut MemoryWatcher<D>) -> usize {
    let current = watcher.borrow_and_update().expect("there is data from the start");
    let (number, version) = (current.number(), current.version());
    drop(current);
    assert_eq!(watcher.seen(), version, "what is marked is what was read");
    number
}

/// A watcher that has seen 0 waits, reads while a setter sets 1 and 2, and waits again. What it read last is the newest, or it
/// is woken.
fn reading_against_sets<D: Data>(read: Read<D>) {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(D::new(&census, 0)));
    let (mut watcher, bell) = (value.watch_changes(), Bell::new());
    // Its waker is stored already, as in a loop.
    assert!(bell.poll(|cx| watcher.poll_get(cx)).is_pending());
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || {
            value.set(D::new(&census, 1));
            value.set(D::new(&census, 2));
        }
    });
    let mut last = read(&mut watcher);
    bell.answer();
    let polled = bell.poll(|cx| watcher.poll_get(cx)).map_ok(|data| data.number());
    setter.join().unwrap();
    match polled {
        Poll::Ready(Ok(number)) => {
            assert!(number > last, "{number} after {last}");
            last = number;
        }
        Poll::Ready(Err(error)) => panic!("{error}"),
        Poll::Pending => assert!(last == 2 || bell.rung() > 0, "read {last} of 2, and was not woken"),
    }
    if last != 2 {
        assert_eq!(watcher.try_get().unwrap().number(), 2, "not the newest");
    }
    drop((watcher, value));
    assert_eq!((bell.wakers(), census.alive()), (0, 0), "a waker or data was leaked");
}

#[test]
fn borrow_and_update_against_two_sets() {
    explore(Effort { preemptions: 5, at_least: 15_000 }, || reading_against_sets::<usize>(in_one_step));
}

#[test]
fn borrow_and_update_against_two_sets_of_data_with_a_drop() {
    explore(Effort { preemptions: 4, at_least: 3_500 }, || reading_against_sets::<Citizen>(in_one_step));
}

/// Adds to what is current and returns what that was: once in the way that is tested, and once in a way that must fail.
type Add<D> = fn(&MemoryValue<D>, &Census, usize) -> usize;

fn by_transition<D: Data>(value: &MemoryValue<D>, census: &Census, number: usize) -> usize {
    let (old, version) = value.transition(|current| {
        let old = current.expect("there is data from the start").number();
        (Some(D::new(census, old + number)), old)
    });
    assert!(version.is_some(), "nobody closes it");
    old
}

/// Both count, and each one has read what the other one left, or what was there before.
fn two_transitions<D: Data>(add: Add<D>) {
    let census = Census::new();
    let value = MemoryValue::with_value(D::new(&census, 0));
    let other = thread::spawn({
        let (value, census) = (value.clone(), census.clone());
        move || add(&value, &census, 1)
    });
    let mine = add(&value, &census, 10);
    let others = other.join().unwrap();
    assert_eq!(value.load().map(|data| data.number()), Some(11), "a transition was lost");
    assert!((others, mine) == (0, 1) || (mine, others) == (0, 10), "{others} and {mine} were read");
    assert_eq!(value.version().raw(), 3, "each has its own version");
    drop(value);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn two_transitions_at_the_same_time() {
    explore(Effort { preemptions: 4, at_least: 40_000 }, || two_transitions::<usize>(by_transition));
}

#[test]
fn two_transitions_of_data_with_a_drop() {
    explore(Effort { preemptions: 4, at_least: 40_000 }, || two_transitions::<Citizen>(by_transition));
}

/// A set comes before the transition or after it, never in between; and a watcher that waits learns of the last of them.
fn transition_against_set<D: Data>(add: Add<D>) {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(D::new(&census, 0)));
    let (mut watcher, bell) = (value.watch_changes(), Bell::new());
    assert!(bell.poll(|cx| watcher.poll_get(cx)).is_pending());
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || _ = value.set(D::new(&census, 10))
    });
    let old = add(&value, &census, 1);
    let polled = bell.poll(|cx| watcher.poll_get(cx)).map_ok(|data| data.number());
    setter.join().unwrap();
    let last = value.load().map(|data| data.number());
    assert_eq!(last, Some(if old == 0 { 10 } else { 11 }), "after a transition that read {old}");
    assert!(bell.rung() > 0, "nobody woke the watcher");
    if !matches!(polled, Poll::Ready(Ok(number)) if Some(number) == last) {
        assert_eq!(watcher.try_get().ok().map(|data| data.number()), last);
    }
    drop((watcher, value));
    assert_eq!((bell.wakers(), census.alive()), (0, 0), "a waker or data was leaked");
}

#[test]
fn a_transition_against_a_set() {
    explore(Effort { preemptions: 4, at_least: 60_000 }, || transition_against_set::<usize>(by_transition));
}

#[test]
fn a_transition_against_a_set_of_data_with_a_drop() {
    explore(Effort { preemptions: 3, at_least: 15_000 }, || transition_against_set::<Citizen>(by_transition));
}

/// What was swapped out is moved out by one of those who have it, or dropped by the last one, while a reader comes by.
fn moving_out() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let reader = thread::spawn({
        let value = Arc::clone(&value);
        move || value.borrow().map(|data| data.number)
    });
    let old = value.swap(census.citizen(2)).expect("there is data from the start");
    let copy = old.clone();
    let other = thread::spawn(move || copy.try_into_inner().ok());
    let here = old.try_into_inner().ok();
    let there = other.join().unwrap();
    assert!(!(here.is_some() && there.is_some()), "moved out twice");
    let moved = here.iter().chain(&there).map(|data| data.number).next();
    assert!(moved.is_none_or(|number| number == 1));
    let read = reader.join().unwrap();
    assert!(matches!(read, Some(1 | 2)));
    assert_eq!(census.alive(), 1 + usize::from(moved.is_some()), "the old data is still alive");
    drop((here, there));
    // The slot is free again.
    value.set(census.citizen(3));
    value.set(census.citizen(4));
    assert_eq!(value.borrow().map(|data| data.number), Some(4));
    drop(value);
    assert_eq!(census.alive(), 0);
}

#[test]
fn data_that_is_moved_out_of_a_replaced_slot() {
    explore(Effort { preemptions: 5, at_least: 20_000 }, moving_out);
}

/// Without a swap: the slot may not be left to its readers yet when one of them tries.
fn moving_out_against_a_set() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let held = value.borrow().expect("there is data from the start").detach();
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || {
            value.set(census.citizen(2));
            value.set(census.citizen(3));
        }
    });
    let moved = match held.try_into_inner() {
        Ok(data) => Some(data),
        Err(held) => {
            assert_eq!(held.number, 1);
            held.try_into_inner().ok()
        }
    };
    assert!(moved.as_ref().is_none_or(|data| data.number == 1));
    setter.join().unwrap();
    assert_eq!(census.alive(), 1 + usize::from(moved.is_some()));
    drop((value, moved));
    assert_eq!(census.alive(), 0);
}

#[test]
fn data_that_is_moved_out_against_two_sets() {
    explore(Effort { preemptions: 5, at_least: 1_000 }, moving_out_against_a_set);
}

/// A value is set and then closed. Whoever finds it closed finds the data, too.
fn edits_against_a_set_and_a_close() {
    let value = Arc::new(MemoryValue::<usize>::new());
    let setter = thread::spawn({
        let value = Arc::clone(&value);
        move || {
            value.set(1);
            value.close();
        }
    });
    let (read, version) = value.transition(|current| (None, current.copied()));
    assert!(version.is_none() && (read.is_none() || read == Some(1)));
    let (read, version) = value.transition(|current| (Some(10), current.copied()));
    assert!(version.is_some() || read.is_some(), "it was closed when it had data");
    let version = value.update_or(|| 20, |n| *n += 1);
    assert!(version.raw() > 0, "it was closed when it had data");
    setter.join().unwrap();
    assert!(value.load().is_some());
}

#[test]
fn edits_of_a_value_that_is_set_and_then_closed() {
    explore(Effort { preemptions: 3, at_least: 10_000 }, edits_against_a_set_and_a_close);
}

/// A handle and a reader that make others of their kind, and go: the producer is neither told early nor never.
fn abandoned() {
    let value = MemoryValue::<usize>::new();
    let bell = Bell::new();
    let consumer = thread::spawn({
        let handle = value.clone();
        move || {
            let reader = handle.reader();
            drop(handle);
            let watcher = reader.watch();
            drop(reader);
            // From here on the watcher is all there is.
            watcher
        }
    });
    let mut abandoned = value.abandoned();
    let first = bell.poll(|cx| Pin::new(&mut abandoned).poll(cx));
    assert!(first.is_pending(), "there is a handle, a reader or a watcher all the time");
    let watcher = consumer.join().unwrap();
    assert!(bell.poll(|cx| Pin::new(&mut abandoned).poll(cx)).is_pending());
    bell.answer();
    let goes = thread::spawn(move || drop(watcher));
    let last = bell.poll(|cx| Pin::new(&mut abandoned).poll(cx));
    goes.join().unwrap();
    assert!(last.is_ready() || bell.rung() > 0, "nobody is left, and the producer was not told");
    assert!(bell.poll(|cx| Pin::new(&mut abandoned).poll(cx)).is_ready());
    drop(abandoned);
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_producer_that_waits_until_nobody_else_is_left() {
    explore(Effort { preemptions: 5, at_least: 5_000 }, abandoned);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail;
    use super::*;

    fn in_two_steps<D: Data>(watcher: &mut MemoryWatcher<D>) -> usize {
        let number = watcher.borrow().expect("there is data from the start").number();
        watcher.mark_seen();
        number
    }

    #[test]
    fn borrow_then_mark() {
        must_fail(3, || reading_against_sets::<usize>(in_two_steps));
        must_fail(3, || reading_against_sets::<Citizen>(in_two_steps));
    }

    fn by_borrow_and_set<D: Data>(value: &MemoryValue<D>, census: &Census, number: usize) -> usize {
        let old = value.borrow().expect("there is data from the start").number();
        value.set(D::new(census, old + number));
        old
    }

    #[test]
    fn borrow_then_set() {
        must_fail(3, || two_transitions::<usize>(by_borrow_and_set));
        must_fail(3, || two_transitions::<Citizen>(by_borrow_and_set));
        must_fail(3, || transition_against_set::<usize>(by_borrow_and_set));
        must_fail(3, || transition_against_set::<Citizen>(by_borrow_and_set));
    }
}
