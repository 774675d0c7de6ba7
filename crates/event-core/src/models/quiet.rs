//! Models of quiet publications: they take no wake-up away, and modifications that run once are not lost.

use core::task::Poll;

use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::sync::Arc;

/// A quiet publication: once in the way that is tested, and once in ways that must fail.
type Quietly = fn(&MemoryValue<usize>);

fn quietly(value: &MemoryValue<usize>) {
    value.modify_once(
        |n, _| {
            *n += 1;
            false
        },
        || (),
    );
}

/// Accepts what was set, and rejects what was published quietly.
fn poll(watcher: &mut MemoryWatcher<usize>, bell: &alloc::sync::Arc<Bell>) -> bool {
    match bell.poll(|cx| watcher.poll_version_if(cx, |n, _| *n >= 100)) {
        Poll::Ready(polled) => polled.is_ok(),
        Poll::Pending => false,
    }
}

/// One thread publishes quietly, and then 100, while a watcher arms. It gets the 100, or is woken.
fn quiet_and_loud(quietly: Quietly) {
    let value = Arc::new(MemoryValue::with_value(0));
    let (mut watcher, bell) = (value.watch_changes(), Bell::new());
    // Its waker is stored already, as in a loop.
    assert!(!poll(&mut watcher, &bell));
    let setter = thread::spawn({
        let value = Arc::clone(&value);
        move || {
            quietly(&value);
            value.set(100);
        }
    });
    let got = poll(&mut watcher, &bell);
    setter.join().unwrap();
    assert!(got || bell.answer(), "it was not woken");
    assert!(got || poll(&mut watcher, &bell), "not the newest");
    drop((watcher, value));
    assert_eq!(bell.wakers(), 0, "a waker was leaked");
}

#[test]
fn a_quiet_publication_before_a_set_and_a_watcher() {
    explore(Effort { preemptions: 5, at_least: 190 }, || quiet_and_loud(quietly));
}

/// The same with two threads: the watcher is armed before, so that all that matters is who takes its bit.
fn quiet_beside_loud(quietly: Quietly) {
    let value = Arc::new(MemoryValue::with_value(0));
    let (mut watcher, bell) = (value.watch_changes(), Bell::new());
    assert!(!poll(&mut watcher, &bell));
    let quiet = thread::spawn({
        let value = Arc::clone(&value);
        move || quietly(&value)
    });
    value.set(100);
    quiet.join().unwrap();
    assert!(bell.answer(), "it was not woken");
    assert!(poll(&mut watcher, &bell), "not the newest");
}

#[test]
fn a_quiet_publication_beside_a_set() {
    explore(Effort { preemptions: 5, at_least: 100 }, || quiet_beside_loud(quietly));
}

/// A modification that a set overtakes comes before it; one that overtakes the set comes after it. Nothing is leaked.
fn modification_against_set() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(1)));
    let setter = thread::spawn({
        let (value, census) = (Arc::clone(&value), census.clone());
        move || _ = value.set(census.citizen(10))
    });
    let mut found = 0;
    value.modify_once(
        |citizen: &mut Citizen, _| {
            found = citizen.number;
            citizen.number += 1;
            true
        },
        || (),
    );
    setter.join().unwrap();
    let number = value.borrow().unwrap().number;
    assert_eq!(number, if found == 10 { 11 } else { 10 }, "the modification found {found}");
    drop(value);
    assert_eq!(census.alive(), 0, "data was leaked");
}

#[test]
fn a_modification_against_a_set_of_data_with_a_drop() {
    explore(Effort { preemptions: 5, at_least: 100 }, modification_against_set);
}

#[cfg(event_core_loom)]
mod mutations {
    use super::super::must_fail;
    use super::*;

    /// Takes the armed bits, as a set does, and wakes nobody.
    fn taking_the_bits(value: &MemoryValue<usize>) {
        value.take_bits_and_wake_nobody(|n| *n += 1);
    }

    #[test]
    fn a_publication_that_takes_the_bits_and_wakes_nobody() {
        must_fail(3, || quiet_and_loud(taking_the_bits));
        must_fail(3, || quiet_beside_loud(taking_the_bits));
    }
}
