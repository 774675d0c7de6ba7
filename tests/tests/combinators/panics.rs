//! P1 for combinators: a panic of what the user has put in leaves the watcher usable, and says by what it does next whether
//! the item was consumed.

use core::cell::Cell;
use core::future::Future;
use core::task::{Context, Poll};
use core::time::Duration;
use std::panic::resume_unwind;

use event_core::prelude::*;
use event_core::{GetError, MemoryValue, MemoryWatcher, Timer, combine, optional, select};
use event_tests::by_hand::{Task, panics};
use event_tests::census::Census;

use crate::clock::{Clock, Sleep};

thread_local! {
    /// How many times user code goes well before it panics.
    static PATIENCE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Panics once, when the patience is at its end.
fn touchy() {
    let left = PATIENCE.get();
    PATIENCE.set(left.wrapping_sub(1));
    if left == 0 {
        resume_unwind(Box::new("told to"));
    }
}

/// A number whose clones are touchy.
#[derive(Debug, PartialEq)]
struct Number(u64);

impl Clone for Number {
    fn clone(&self) -> Self {
        touchy();
        Self(self.0)
    }
}

fn touch<T>(item: T) -> T {
    touchy();
    item
}

fn panics_in<F: Future>(task: &Task, future: F) -> bool {
    PATIENCE.set(0);
    let panicked = panics(|| task.poll(future).is_ready());
    PATIENCE.set(usize::MAX);
    panicked
}

/// Sets 1, has a get of it panic, and says whether the next get gives 1. If it does not, it gives the next set.
fn gives_it_again<W: Watcher<Item = u64>>(value: &MemoryValue<u64>, mut watcher: W) -> bool {
    let task = Task::new();
    assert!(task.poll(watcher.get()).is_pending());
    value.set(1);
    assert_eq!(task.wakes(), 1);
    assert!(panics_in(&task, watcher.get()));
    let next = task.poll(watcher.get());
    if matches!(next, Poll::Ready(Ok(1))) {
        return true;
    }
    assert!(next.is_pending());
    value.set(2);
    assert_eq!(task.wakes(), 2, "the panic took the wake-up away");
    assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(2))));
    false
}

#[test]
fn a_panic_of_a_function_that_makes_something_of_the_item_consumes_it() {
    let value = MemoryValue::new();
    assert!(!gives_it_again(&value, value.watch_changes().map(touch)));
    assert!(!gives_it_again(&value, value.watch_changes().filter_map(|n| Some(touch(n)))));
    assert!(!gives_it_again(&value, value.watch_changes().scan((), |(), n| touch(n))));
    assert!(!gives_it_again(&value, value.watch_changes().map_latest(|n| core::future::ready(touch(n)))));
}

#[test]
fn a_panic_of_a_scan_leaves_the_state_as_it_is_then() {
    let (task, value) = (Task::new(), MemoryValue::with_value(1));
    let mut sums = value.watch().scan(0, |sum, n| {
        *sum += n;
        touch(*sum)
    });
    assert!(panics_in(&task, sums.get()));
    value.set(10);
    assert!(matches!(task.poll(sums.get()), Poll::Ready(Ok(11))));
}

/// A future that must not be polled again when it has panicked, like that of an `async fn`.
#[test]
fn a_run_that_panics_is_dropped_and_not_polled_again() {
    let (task, value, census) = (Task::new(), MemoryValue::with_value(1), Census::new());
    let mut runs = value.watch().map_latest(|n| {
        let citizen = census.citizen(n);
        async move { touch(citizen).data() }
    });
    assert!(panics_in(&task, runs.get()));
    assert_eq!(census.alive(), 0, "the run is dropped");
    assert!(task.poll(runs.get()).is_pending());
    let wakes = task.wakes();
    value.set(2);
    assert_eq!(task.wakes(), wakes + 1);
    assert!(matches!(task.poll(runs.get()), Poll::Ready(Ok(2))));
}

#[test]
fn a_panic_of_the_function_of_map_latest_consumes_the_item_and_the_run_before() {
    let (task, value, clock) = (Task::new(), MemoryValue::with_value(1), Clock::default());
    let mut runs = value.watch().map_latest(|n| {
        let sleep = clock.sleep(Duration::from_secs(touch(n)));
        async move {
            sleep.await;
            n
        }
    });
    assert!(task.poll(runs.get()).is_pending());
    value.set(2);
    assert!(panics_in(&task, runs.get()));
    assert_eq!(clock.sleeping(), 0);
    clock.advance(2);
    assert!(task.poll(runs.get()).is_pending());
    value.set(0);
    assert!(matches!(task.poll(runs.get()), Poll::Ready(Ok(0))));
}

#[test]
fn a_panic_of_a_filter_does_not_consume_that_there_is_no_data() {
    let (task, value) = (Task::new(), MemoryValue::new());
    let mut maybe = optional(value.watch());
    assert!(panics_in(&task, maybe.get().filter(|_| touch(true))));
    assert!(matches!(task.poll(maybe.get()), Poll::Ready(Ok(None))));
    value.set(1);
    assert!(panics_in(&task, maybe.get().filter(|_| touch(true))));
    assert!(task.poll(maybe.get()).is_pending(), "but it does consume data");
}

#[test]
fn a_panic_of_a_function_that_looks_at_the_item_does_not_consume_it() {
    let value = MemoryValue::new();
    assert!(gives_it_again(&value, value.watch_changes().filter(|_| touch(true))));
    assert!(gives_it_again(&value, value.watch_changes().inspect(|_| touchy())));
    assert!(gives_it_again(&value, value.watch_changes().dedup_by_key(|n| touch(*n))));
}

#[test]
fn a_panic_of_a_switch_consumes_the_item_and_follows_the_value_before() {
    let (task, inner) = (Task::new(), MemoryValue::with_value(10));
    let outer = MemoryValue::with_value(0);
    let reader = inner.reader();
    let mut watcher = outer.watch().switch_map(|_| touch(reader.clone()));
    assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(10))));
    outer.set(1);
    assert!(panics_in(&task, watcher.get()));
    assert!(task.poll(watcher.get()).is_pending());
    inner.set(11);
    assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(11))));
    outer.set(2);
    assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(11))));
}

/// Has a filter of a get panic, and says whether the next get gives the item that it was asked about.
fn filter_keeps(mut watcher: impl Watcher<Item = u64>, clock: &Clock) -> bool {
    let task = Task::new();
    let asks = (0..3).any(|_| {
        let asked = panics_in(&task, watcher.get().filter(|_| touch(true)));
        clock.advance(u64::from(!asked));
        asked
    });
    assert!(asks, "the filter was not asked");
    match task.poll(watcher.get()) {
        Poll::Ready(given) => given.expect("it is open") == 1,
        Poll::Pending => false,
    }
}

#[test]
fn a_panic_of_a_filter_of_a_get_consumes_nothing_but_what_a_function_has_taken() {
    let (clock, second) = (Clock::default(), Duration::from_secs(1));
    let held = MemoryValue::with_value(1);
    let watchers: [(&str, bool, Box<dyn Watcher<Item = u64>>); 16] = [
        ("map", false, Box::new(held.watch().map(|n| n))),
        ("filter_map", false, Box::new(held.watch().filter_map(Some))),
        ("filter", true, Box::new(held.watch().filter(|_| true))),
        ("inspect", true, Box::new(held.watch().inspect(|_| ()))),
        ("dedup", true, Box::new(held.watch().dedup())),
        ("dedup_by_key", true, Box::new(held.watch().dedup_by_key(|n| *n))),
        ("switch_map", true, Box::new(held.watch().switch_map(MemoryValue::with_value))),
        ("select", true, Box::new(select((held.watch_changes(), held.watch())))),
        ("select, array", true, Box::new(select([held.watch_changes(), held.watch()]))),
        ("select, vector", true, Box::new(select(vec![held.watch_changes(), held.watch()]))),
        ("scan", false, Box::new(held.watch().scan((), |(), n| n))),
        ("map_latest", false, Box::new(held.watch().map_latest(core::future::ready))),
        ("debounce", true, Box::new(held.watch().debounce(clock.clone(), second))),
        ("debounce, at most", true, Box::new(held.watch().debounce(clock.clone(), 5 * second).at_most(second))),
        ("throttle", true, Box::new(held.watch().throttle(clock.clone(), second))),
        ("sample", true, Box::new(held.watch().sample(clock.clone(), second))),
    ];
    for (name, expected, watcher) in watchers {
        assert_eq!(filter_keeps(watcher, &clock), expected, "{name}");
    }
}

#[test]
fn a_panic_of_a_filter_when_a_limit_is_reached_lets_the_time_begin_again() {
    let (task, clock, second) = (Task::new(), Clock::default(), Duration::from_secs(1));
    let value = MemoryValue::with_value(1);
    let mut limited = value.watch().debounce(clock.clone(), 5 * second).at_most(second);
    assert!(task.poll(limited.get()).is_pending());
    clock.advance(1);
    assert!(panics_in(&task, limited.get().filter(|_| touch(true))));
    value.set(2);
    assert!(task.poll(limited.get()).is_pending(), "the time of what is newer has begun");
    clock.advance(1);
    assert!(matches!(task.poll(limited.get()), Poll::Ready(Ok(2))));
}

#[test]
fn a_panic_of_a_filter_of_a_combined_get_consumes_nothing() {
    let (task, one, other) = (Task::new(), MemoryValue::with_value(1), MemoryValue::with_value(2));
    let mut both = combine((one.watch(), other.watch()));
    assert!(panics_in(&task, both.get().filter(|_| touch(true))));
    assert!(matches!(task.poll(both.get()), Poll::Ready(Ok((1, 2)))));
    assert!(task.poll(both.get()).is_pending());
    let mut both = combine(vec![one.watch(), other.watch()]);
    assert!(panics_in(&task, both.get().filter(|_| touch(true))));
    assert!(matches!(task.poll(both.get()), Poll::Ready(Ok(given)) if given == [1, 2]));
    assert!(task.poll(both.get()).is_pending());
}

#[test]
fn a_panic_of_any_clone_in_a_combined_get_loses_nothing() {
    // The clones out of the values, and those for the pair.
    for patience in 0..4 {
        let task = Task::new();
        let (one, other) = (MemoryValue::with_value(Number(1)), MemoryValue::with_value(Number(2)));
        let mut both = combine((one.watch(), other.watch()));
        PATIENCE.set(patience);
        assert!(panics(|| task.poll(both.get())), "{patience}");
        PATIENCE.set(usize::MAX);
        let next = task.poll(both.get());
        assert!(matches!(next, Poll::Ready(Ok((Number(1), Number(2))))), "{patience}: {next:?}");
        one.set(Number(3));
        assert!(matches!(task.poll(both.get()), Poll::Ready(Ok((Number(3), Number(2))))));
    }
}

#[test]
fn a_panic_of_any_clone_in_a_combined_get_of_many_loses_nothing() {
    for patience in 0..6 {
        let task = Task::new();
        let values: Vec<_> = (0..3).map(|n| MemoryValue::with_value(Number(n))).collect();
        let mut all = combine(values.iter().map(MemoryValue::watch).collect::<Vec<_>>());
        PATIENCE.set(patience);
        assert!(panics(|| task.poll(all.get())), "{patience}");
        PATIENCE.set(usize::MAX);
        let next = task.poll(all.get());
        assert!(matches!(&next, Poll::Ready(Ok(given)) if given[..] == [Number(0), Number(1), Number(2)]), "{next:?}");
        values[2].set(Number(3));
        let next = task.poll(all.get());
        assert!(matches!(&next, Poll::Ready(Ok(given)) if given[..] == [Number(0), Number(1), Number(3)]), "{next:?}");
    }
}

/// A watcher that panics when it is let go.
struct PanicsInDrop(MemoryWatcher<u64>);

impl Watcher for PanicsInDrop {
    type Item = u64;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.0.poll_get(cx)
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.0.poll_backlog(cx)
    }
}

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        touchy();
    }
}

#[test]
fn a_panic_of_a_part_that_is_let_go_does_not_keep_the_whole_from_ending() {
    let (task, values) = (Task::new(), [MemoryValue::with_value(1), MemoryValue::with_value(2)]);
    let mut all = combine(values.each_ref().map(|value| PanicsInDrop(value.watch())).into_iter().collect::<Vec<_>>());
    assert!(task.poll(all.get()).is_ready());
    assert!(task.poll(all.get()).is_pending());
    drop(values);
    assert!(panics_in(&task, all.get()));
    assert!(matches!(task.poll(all.get()), Poll::Ready(Err(GetError::Closed))));
}

#[test]
fn a_panic_of_the_clone_that_dedup_keeps_leaves_it_usable() {
    let (task, value) = (Task::new(), MemoryValue::with_value(Number(1)));
    let mut changes = value.watch().dedup();
    PATIENCE.set(1);
    assert!(panics(|| task.poll(changes.get())));
    PATIENCE.set(usize::MAX);
    value.set(Number(2));
    assert!(matches!(task.poll(changes.get()), Poll::Ready(Ok(Number(2)))));
    value.set(Number(2));
    assert!(task.poll(changes.get()).is_pending());
}

#[test]
fn a_driver_that_panics_goes_on_when_it_is_polled_again_and_closes_when_it_is_dropped() {
    let (task, value) = (Task::new(), MemoryValue::with_value(1));
    let (shared, mut driver) = value.watch().map(touch).share();
    assert!(panics_in(&task, &mut driver));
    assert!(!shared.is_closed());
    value.set(2);
    assert!(task.poll(&mut driver).is_pending());
    assert_eq!(shared.load(), Some(2));
    drop(driver);
    assert!(shared.is_closed());
}

/// A timer for a runtime that is not always there.
struct TouchyTimer(Clock);

impl Timer for TouchyTimer {
    type Sleep = Sleep;

    fn sleep(&self, duration: Duration) -> Sleep {
        touchy();
        self.0.sleep(duration)
    }
}

#[test]
fn a_timer_that_panics_leaves_the_watcher_usable() {
    let (task, clock, second) = (Task::new(), Clock::default(), Duration::from_secs(1));
    let value = MemoryValue::with_value(1);
    let timer = || TouchyTimer(clock.clone());
    let watchers: [(&str, Box<dyn Watcher<Item = u64>>); 4] = [
        ("debounce", Box::new(value.watch().debounce(timer(), second))),
        ("debounce, at most", Box::new(value.watch().debounce(timer(), second).at_most(2 * second))),
        ("throttle", Box::new(value.watch().throttle(timer(), second))),
        ("sample", Box::new(value.watch().sample(timer(), second))),
    ];
    for (name, mut watcher) in watchers {
        for n in 2..5 {
            value.set(n);
            // Once where the first sleep begins, and once where one is over.
            let _ = panics_in(&task, watcher.get());
            clock.advance(1);
            let _ = panics_in(&task, watcher.get());
            clock.advance(1);
            value.set(n * 10);
            let mut given = None;
            for _ in 0..4 {
                if let Poll::Ready(Ok(item)) = task.poll(watcher.get()) {
                    given = Some(item);
                }
                clock.advance(1);
            }
            assert_eq!(given, Some(n * 10), "{name}");
        }
    }
}
