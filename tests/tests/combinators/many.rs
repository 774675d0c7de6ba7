//! Arrays and vectors of watchers: of every length, who is polled when, and whose turn it is.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::task::{Context, Poll};

use event_core::prelude::*;
use event_core::{GetError, MemoryValue, MemoryWatcher, combine, select};
use event_tests::by_hand::Task;

fn values(count: usize) -> Vec<MemoryValue<usize>> {
    (0..count).map(|_| MemoryValue::new()).collect()
}

fn watch(values: &[MemoryValue<usize>]) -> Vec<MemoryWatcher<usize>> {
    values.iter().map(MemoryValue::watch).collect()
}

/// Every part is heard, and the end comes with the last one.
fn all_are_heard(
    values: Vec<MemoryValue<usize>>,
    mut all: impl Watcher<Item = Vec<usize>>,
    mut any: impl Watcher<Item = usize>,
) {
    let (task, count) = (Task::new(), values.len());
    for (n, value) in values.iter().enumerate() {
        assert!(task.poll(all.get()).is_pending(), "some have no data");
        assert!(task.poll(any.get()).is_pending());
        let wakes = task.wakes();
        value.set(n);
        assert_eq!(task.wakes(), wakes + 2, "part {n} of {count}");
        assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n));
    }
    let mut expected: Vec<_> = (0..count).collect();
    let found = task.poll(all.get());
    // None at all are closed.
    assert!(count == 0 || matches!(found, Poll::Ready(Ok(given)) if given == expected));
    for (n, value) in values.iter().enumerate() {
        assert!(task.poll(all.get()).is_pending() && task.poll(any.get()).is_pending());
        let wakes = task.wakes();
        value.set(n + 100);
        expected[n] = n + 100;
        assert_eq!(task.wakes(), wakes + 2, "both wait for part {n}");
        assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n + 100));
        assert!(matches!(task.poll(all.get()), Poll::Ready(Ok(given)) if given == expected));
    }
    for value in values {
        assert!(task.poll(all.get()).is_pending() && task.poll(any.get()).is_pending());
        value.close();
    }
    let closed = [task.poll(all.get()).map_ok(drop), task.poll(any.get()).map_ok(drop)];
    assert!(closed.iter().all(|poll| matches!(poll, Poll::Ready(Err(GetError::Closed)))));
    drop((all, any));
    assert_eq!(task.stored_wakers(), 0);
}

fn all_of_an_array_are_heard<const N: usize>() {
    let values = values(N);
    let array = || <[_; N]>::try_from(watch(&values)).expect("there are as many");
    let (all, any) = (combine(array()).map(Vec::from), select(array()));
    all_are_heard(values, all, any);
}

#[test]
fn every_part_of_an_array_is_heard() {
    all_of_an_array_are_heard::<0>();
    all_of_an_array_are_heard::<1>();
    all_of_an_array_are_heard::<2>();
    all_of_an_array_are_heard::<9>();
    all_of_an_array_are_heard::<65>();
}

#[test]
fn every_part_of_a_vector_is_heard() {
    for count in [0, 1, 2, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200] {
        let values = values(count);
        let (all, any) = (combine(watch(&values)), select(watch(&values)));
        all_are_heard(values, all, any);
    }
}

/// A watcher that notes that it is polled.
struct Noted {
    number: usize,
    watcher: MemoryWatcher<usize>,
    polled: Rc<RefCell<Vec<usize>>>,
}

impl Watcher for Noted {
    type Item = usize;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, GetError>> {
        self.polled.borrow_mut().push(self.number);
        self.watcher.poll_get(cx)
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, GetError>> {
        self.polled.borrow_mut().push(self.number);
        self.watcher.poll_backlog(cx)
    }
}

fn noted(values: &[MemoryValue<usize>]) -> (Vec<Noted>, Rc<RefCell<Vec<usize>>>) {
    let polled = Rc::default();
    let noted =
        |(number, watcher): (usize, MemoryWatcher<usize>)| Noted { number, watcher, polled: Rc::clone(&polled) };
    (watch(values).into_iter().enumerate().map(noted).collect(), polled)
}

const MANY: usize = 1_000;

#[test]
fn of_a_vector_only_those_are_polled_that_were_woken() {
    let (task, values) = (Task::new(), values(MANY));
    let (watchers, polled) = noted(&values);
    let mut any = select(watchers);
    assert!(task.poll(any.get()).is_pending());
    assert_eq!(polled.take().len(), MANY);
    for round in 0..10 {
        assert!(task.poll(any.get()).is_pending());
        assert_eq!(polled.take(), [], "nothing has happened");
        let (one, other) = (round, MANY - 1 - 7 * round);
        let wakes = task.wakes();
        values[one].set(one);
        values[other].set(other);
        assert!(task.wakes() > wakes);
        let mut given = [0, 1].map(|_| match task.poll(any.get()) {
            Poll::Ready(given) => given.expect("it is open"),
            Poll::Pending => panic!("there is something"),
        });
        given.sort_unstable();
        assert_eq!(given, [one, other]);
        assert!(task.poll(any.get()).is_pending());
        let polled = polled.take();
        assert!(polled.len() <= 4 && polled.iter().all(|number| [one, other].contains(number)), "{polled:?}");
    }
}

#[test]
fn of_a_combined_vector_only_those_are_polled_that_were_woken() {
    let (task, values) = (Task::new(), values(MANY));
    values[1..].iter().for_each(|value| _ = value.set(1));
    let (watchers, polled) = noted(&values);
    let mut all = combine(watchers);
    assert!(task.poll(all.get()).is_pending(), "one has no data");
    drop(polled.take());
    for (n, value) in values.iter().enumerate().take(10).skip(2) {
        value.set(n);
        assert!(task.poll(all.get()).is_pending());
        assert_eq!(polled.take(), [n, n]);
    }
    values[0].set(0);
    assert!(matches!(task.poll(all.get()), Poll::Ready(Ok(given)) if given.len() == MANY && given[9] == 9));
    assert_eq!(polled.take(), [0]);
    assert!(task.poll(all.get()).is_pending());
    assert_eq!(polled.take(), [0], "it has given something, so it does not wait yet");
}

#[test]
fn a_get_after_a_backlog_polls_each_of_a_vector_again() {
    let (task, values) = (Task::new(), values(3));
    let (watchers, polled) = noted(&values);
    let mut any = select(watchers);
    assert!(task.poll(any.get()).is_pending());
    drop(polled.take());
    assert!(matches!(task.poll(any.get().backlog_only()), Poll::Ready(Err(GetError::BacklogDone))));
    assert_eq!(polled.take(), [0, 1, 2]);
    assert!(task.poll(any.get()).is_pending());
    assert_eq!(polled.take(), [0, 1, 2], "each may have forgotten whom to wake");
}

#[test]
fn those_that_are_set_without_end_take_turns() {
    const COUNT: usize = 70;
    let (task, values) = (Task::new(), values(COUNT));
    let array = <[_; COUNT]>::try_from(watch(&values)).expect("there are as many");
    let many: [Box<dyn Watcher<Item = usize>>; 2] = [Box::new(select(array)), Box::new(select(watch(&values)))];
    for mut any in many {
        for round in 0..3 {
            for n in 0..COUNT {
                values.iter().enumerate().for_each(|(n, value)| _ = value.set(n));
                assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n), "round {round}, {n}");
            }
        }
    }
}

/// A closed part may be woken once more, by a waker that somebody has kept.
#[test]
fn what_wakes_a_part_that_is_closed_does_no_harm() {
    let (task, kept) = (Task::new(), Rc::new(RefCell::new(None)));
    let value = MemoryValue::with_value(1);
    let closed = KeepsWaker { kept: Rc::clone(&kept), is_closed: false };
    let mut any = select(vec![Box::new(closed) as Box<dyn Watcher<Item = usize>>, Box::new(value.watch())]);
    assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(1))));
    assert!(task.poll(any.get()).is_pending());
    let waker: core::task::Waker = kept.take().expect("it was polled");
    waker.wake_by_ref();
    assert!(task.poll(any.get()).is_pending(), "it is closed now");
    for n in 2..5 {
        waker.wake_by_ref();
        assert!(task.poll(any.get()).is_pending());
        value.set(n);
        assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n));
    }
    value.close();
    assert!(matches!(task.poll(any.get()), Poll::Ready(Err(GetError::Closed))));
    drop(any);
    waker.wake();
    assert_eq!(task.stored_wakers(), 0);
}

/// Closed when it is polled again.
struct KeepsWaker {
    kept: Rc<RefCell<Option<core::task::Waker>>>,
    is_closed: bool,
}

impl Watcher for KeepsWaker {
    type Item = usize;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, GetError>> {
        assert!(!self.is_closed, "polled after its end");
        if self.kept.borrow_mut().replace(cx.waker().clone()).is_none() {
            return Poll::Pending;
        }
        self.is_closed = true;
        Poll::Ready(Err(GetError::Closed))
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, GetError>> {
        self.poll_get(cx)
    }
}
