//! Models of what reads and marks, or reads and sets, in one step. The mutations do the same in two steps.

use core::task::Poll;

use super::{Bell, Census, Citizen, Effort, explore, thread};
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::sync::Arc;
use crate::traits::Watcher;

/// Data with a `Drop`, which a set runs before or after it wakes, and data without.
trait Data: Clone + Send + Sync + 'static {
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
    explore(Effort { preemptions: 4, at_least: 4_000 }, || reading_against_sets::<Citizen>(in_one_step));
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
}
