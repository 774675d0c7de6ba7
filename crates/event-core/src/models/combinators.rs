//! Models of the combinators: setters on threads against a task that is polled only when it has been woken, as by an
//! executor. It has to arrive at the newest data and then at the end.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Debug;
use core::future::{Future, ready};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::{Bell, Effort, explore, thread};
use crate::error::GetError;
use crate::memory::{MemoryValue, MemoryWatcher};
use crate::timer::Timer;
use crate::traits::{Watch, Watcher};
use crate::watcher_ext::WatcherExt;
use crate::{combine, optional, select, watch_fn};

/// A task that gets until the end.
pub(super) struct Consumer<W: Watcher> {
    watcher: W,
    bell: Arc<Bell>,
    pub(super) given: Vec<W::Item>,
    pub(super) closed: bool,
    /// The last poll was ready, or there was none: the next one needs no wake-up.
    runs: bool,
}

impl<W: Watcher<Item: Clone + Debug + PartialEq>> Consumer<W> {
    pub(super) fn new(watcher: W) -> Self {
        Self { watcher, bell: Bell::new(), given: Vec::new(), closed: false, runs: true }
    }

    /// Polls as long as there is a reason to.
    pub(super) fn run(&mut self) {
        while !self.closed && (self.runs || self.bell.answer()) {
            let Self { watcher, bell, .. } = self;
            let polled = bell.poll(|cx| watcher.poll_get(cx));
            self.runs = polled.is_ready();
            match polled {
                Poll::Ready(Ok(item)) => self.given.push(item),
                Poll::Ready(Err(GetError::Closed)) => self.closed = true,
                Poll::Ready(Err(error)) => panic!("{error}"),
                Poll::Pending => {}
            }
        }
    }

    /// All setters are through, and have closed what they set.
    pub(super) fn assert_ends_with(mut self, newest: &W::Item) {
        self.run();
        assert!(self.closed, "it waits for ever, after {:?}", self.given);
        assert_eq!(self.given.last(), Some(newest), "the newest is missing in {:?}", self.given);
    }
}

/// Sets one after the other, and closes.
pub(super) fn set_all<T: Send + Sync + 'static>(value: MemoryValue<T>, all: Vec<T>) -> thread::JoinHandle<()> {
    thread::spawn(move || all.into_iter().for_each(|data| _ = value.set(data)))
}

/// What a watcher gives of `sets`, through what `make` makes of it, ends with `newest`.
fn one_setter<W: Watcher<Item: Clone + Debug + PartialEq>>(
    sets: &[usize],
    newest: W::Item,
    make: impl FnOnce(MemoryWatcher<usize>) -> W,
) -> Vec<W::Item> {
    let value = MemoryValue::new();
    let mut consumer = Consumer::new(make(value.watch()));
    let setter = set_all(value, sets.to_vec());
    consumer.run();
    setter.join().unwrap();
    let first = consumer.given.clone();
    consumer.assert_ends_with(&newest);
    first
}

#[test]
fn a_map_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 20_000 }, || {
        one_setter(&[1, 2], 20, |watcher| watcher.map(|n| n * 10));
    });
}

#[test]
fn a_filter_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 16_000 }, || {
        one_setter(&[1, 2], 2, |watcher| watcher.filter(|n| n % 2 == 0));
    });
}

#[test]
fn a_filter_map_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 20_000 }, || {
        one_setter(&[1, 2], 20, |watcher| watcher.filter_map(|n| (n % 2 == 0).then_some(n * 10)));
    });
}

#[test]
fn a_scan_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 20_000 }, || {
        let given = one_setter(&[1, 2], 2, |watcher| {
            watcher.scan(0, |before, n| {
                assert!(*before < n, "an item was scanned twice");
                *before = n;
                n
            })
        });
        assert!(given.is_sorted());
    });
}

#[test]
fn an_optional_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 40_000 }, || {
        let given = one_setter(&[1, 2], Some(2), optional);
        assert!(given.is_sorted_by(|one, next| one < next), "{given:?}");
    });
    explore(Effort { preemptions: 6, at_least: 20 }, || {
        one_setter(&[], None, optional);
    });
}

#[test]
fn a_map_latest_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 50_000 }, || {
        one_setter(&[1, 2], 20, |watcher| watcher.map_latest(|n| ready(n * 10)));
    });
}

#[test]
fn an_inspect_against_sets_and_the_end() {
    explore(Effort { preemptions: 6, at_least: 20_000 }, || {
        let mut inspected = Vec::new();
        let given = one_setter(&[1, 2], 2, |watcher| watcher.inspect(|n| inspected.push(*n)));
        assert!(inspected.starts_with(&given));
        assert_eq!(inspected.last(), Some(&2));
    });
}

#[test]
fn a_dedup_against_sets_and_the_end() {
    explore(Effort { preemptions: 5, at_least: 9_000 }, || {
        let given = one_setter(&[1, 1, 2], 2, WatcherExt::dedup);
        assert!(given.is_sorted_by(|one, next| one < next), "{given:?}");
    });
}

#[test]
fn a_dedup_by_key_against_sets_and_the_end() {
    explore(Effort { preemptions: 5, at_least: 9_000 }, || {
        let given = one_setter(&[10, 11, 20], 20, |watcher| watcher.dedup_by_key(|n| *n / 10));
        assert!(given.is_sorted_by(|one, next| one / 10 < next / 10), "{given:?}");
    });
}

#[test]
fn a_watch_fn_against_sets_and_the_end() {
    explore(Effort { preemptions: 5, at_least: 24_000 }, || {
        let value = MemoryValue::new();
        let reader = value.reader();
        let derived = watch_fn(move || reader.watch().map(|n| n * 10));
        let setter = set_all(value, alloc::vec![1, 2]);
        let mut consumer = Consumer::new(derived.watch());
        consumer.run();
        setter.join().unwrap();
        consumer.assert_ends_with(&20);
        Consumer::new(derived.watch()).assert_ends_with(&20);
    });
}

#[test]
fn a_switch_map_against_sets_of_both_levels() {
    explore(Effort { preemptions: 3, at_least: 11_000 }, || {
        let (first, second) = (MemoryValue::with_value(1), MemoryValue::new());
        let outer = MemoryValue::with_value(first.reader());
        let mut consumer = Consumer::new(outer.watch().switch_map(|reader| reader));
        let switches = set_all(outer, alloc::vec![second.reader()]);
        let sets = set_all(second, alloc::vec![2]);
        consumer.run();
        switches.join().unwrap();
        sets.join().unwrap();
        consumer.assert_ends_with(&2);
    });
}

#[test]
fn a_combine_against_sets_of_both_values() {
    explore(Effort { preemptions: 3, at_least: 8_000 }, || {
        let (one, other) = (MemoryValue::new(), MemoryValue::new());
        let mut consumer = Consumer::new(combine((one.watch(), other.watch())));
        let setters = [set_all(one, alloc::vec![1]), set_all(other, alloc::vec![2])];
        consumer.run();
        setters.into_iter().for_each(|setter| setter.join().unwrap());
        assert!(consumer.given.len() <= 1, "there is one pair");
        consumer.assert_ends_with(&(1, 2));
    });
}

#[test]
fn a_combine_against_the_end_of_a_value_without_data() {
    explore(Effort { preemptions: 4, at_least: 200 }, || {
        let (one, other) = (MemoryValue::with_value(1), MemoryValue::<usize>::new());
        let mut consumer = Consumer::new(combine((one.watch(), other.watch())));
        let closes = set_all(other, Vec::new());
        consumer.run();
        closes.join().unwrap();
        consumer.run();
        assert!(consumer.closed && consumer.given.is_empty());
    });
}

#[test]
fn a_select_against_sets_of_both_values() {
    explore(Effort { preemptions: 4, at_least: 7_000 }, || {
        let (one, other) = (MemoryValue::new(), MemoryValue::new());
        let mut consumer = Consumer::new(select((one.watch(), other.watch())));
        let setters = [set_all(one, alloc::vec![1]), set_all(other, alloc::vec![2])];
        consumer.run();
        setters.into_iter().for_each(|setter| setter.join().unwrap());
        consumer.run();
        consumer.given.sort_unstable();
        assert!(consumer.closed);
        assert_eq!(consumer.given, [1, 2]);
    });
}

#[test]
fn a_driver_against_a_set_and_a_consumer() {
    explore(Effort { preemptions: 4, at_least: 4_000 }, || {
        let value = MemoryValue::new();
        let (shared, mut driver) = value.watch().map(|n| n * 10).share();
        let setter = set_all(value, alloc::vec![1]);
        let mut consumer = Consumer::new(shared.watch());
        let consumes = thread::spawn(move || {
            consumer.run();
            consumer
        });
        let bell = Bell::new();
        let mut drive = || bell.poll(|cx| Pin::new(&mut driver).poll(cx));
        let mut driven = drive();
        setter.join().unwrap();
        while driven.is_pending() {
            assert!(bell.answer(), "the driver waits for ever");
            driven = drive();
        }
        assert!(matches!(driven, Poll::Ready(Ok(()))));
        consumes.join().unwrap().assert_ends_with(&10);
    });
}

/// A timer without a clock: whatever sleeps wakes up when a thread lets the time pass.
#[derive(Clone)]
pub(super) struct Alarm(MemoryValue<()>);

pub(super) struct Sleep(MemoryWatcher<()>);

impl Alarm {
    pub(super) fn new() -> Self {
        Self(MemoryValue::new())
    }

    pub(super) fn pass(&self) {
        self.0.set(());
    }
}

impl Timer for Alarm {
    type Sleep = Sleep;

    fn sleep(&self, _: Duration) -> Sleep {
        Sleep(self.0.watch_changes())
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_get(cx).map(|passed| passed.expect("the alarm is not closed"))
    }
}

/// A set against the time that passes: the newest data and the end need some more time at most.
fn set_against_time<W: Watcher<Item = usize>>(make: impl FnOnce(MemoryWatcher<usize>, Alarm) -> W) {
    let (value, alarm) = (MemoryValue::with_value(1), Alarm::new());
    let mut consumer = Consumer::new(make(value.watch(), alarm.clone()));
    let setter = thread::spawn({
        let value = value.clone();
        move || _ = value.set(2)
    });
    let clock = thread::spawn({
        let alarm = alarm.clone();
        move || alarm.pass()
    });
    consumer.run();
    setter.join().unwrap();
    clock.join().unwrap();
    let mut wait_until = |has_come: &dyn Fn(&Consumer<W>) -> bool| {
        consumer.run();
        for _ in 0..3 {
            if !has_come(&consumer) {
                alarm.pass();
                consumer.run();
            }
        }
        assert!(has_come(&consumer), "it waits for ever, after {:?}", consumer.given);
    };
    wait_until(&|consumer| consumer.given.last() == Some(&2));
    value.close();
    wait_until(&|consumer| consumer.closed);
    assert!([&[2][..], &[1, 2]].contains(&&*consumer.given), "{:?}", consumer.given);
}

#[test]
fn a_debounce_against_a_set_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 8_000 }, || {
        set_against_time(|watcher, alarm| watcher.debounce(alarm, Duration::from_secs(1)));
    });
}

#[test]
fn a_debounce_with_a_limit_against_a_set_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 40_000 }, || {
        set_against_time(|watcher, alarm| {
            watcher.debounce(alarm, Duration::from_secs(1)).at_most(Duration::from_secs(1))
        });
    });
}

#[test]
fn a_map_latest_against_a_set_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 11_000 }, || {
        set_against_time(|watcher, alarm| {
            watcher.map_latest(move |n| {
                let sleep = alarm.sleep(Duration::from_secs(1));
                async move {
                    sleep.await;
                    n
                }
            })
        });
    });
}

/// The source is closed already: what the driver may miss is only that somebody watches.
fn a_watcher_comes(driver_waits: bool) {
    let value = MemoryValue::with_value(1);
    let (shared, driver) = value.watch().share();
    drop(value);
    let mut driver = driver.while_watched(Alarm::new(), Duration::from_secs(1));
    let bell = Bell::new();
    let mut drive = || bell.poll(|cx| Pin::new(&mut driver).poll(cx));
    if driver_waits {
        assert!(drive().is_pending());
    }
    let consumes = thread::spawn(move || {
        let mut consumer = Consumer::new(shared.watch());
        consumer.run();
        // If it went before the driver has run, that would go on resting.
        (consumer, shared)
    });
    let mut driven = drive();
    let (consumer, shared) = consumes.join().unwrap();
    while driven.is_pending() {
        assert!(bell.answer(), "the driver rests for ever");
        driven = drive();
    }
    consumer.assert_ends_with(&1);
    drop(shared);
}

#[test]
fn a_driver_that_rests_against_a_watcher_that_comes() {
    explore(Effort { preemptions: 4, at_least: 2_000 }, || a_watcher_comes(true));
}

#[test]
fn a_driver_that_begins_to_wait_against_a_watcher_that_comes() {
    explore(Effort { preemptions: 4, at_least: 4_000 }, || a_watcher_comes(false));
}

#[test]
fn a_driver_that_lingers_against_the_last_watcher_that_goes_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 900 }, || {
        let (value, alarm) = (MemoryValue::with_value(1), Alarm::new());
        let (shared, driver) = value.watch().share();
        let mut driver = driver.while_watched(alarm.clone(), Duration::from_secs(1));
        let watcher = shared.watch();
        let bell = Bell::new();
        let mut drive = || assert!(bell.poll(|cx| Pin::new(&mut driver).poll(cx)).is_pending());
        drive();
        let goes = thread::spawn(move || drop(watcher));
        let clock = thread::spawn({
            let alarm = alarm.clone();
            move || alarm.pass()
        });
        drive();
        goes.join().unwrap();
        clock.join().unwrap();
        // Perhaps it began to linger only now.
        for _ in 0..2 {
            while bell.answer() {
                drive();
            }
            alarm.pass();
        }
        while bell.answer() {
            drive();
        }
        value.set(2);
        while bell.answer() {
            drive();
        }
        assert_eq!(shared.load(), Some(1), "the driver does not rest");
    });
}

#[test]
fn a_throttle_against_a_set_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 3_500 }, || {
        set_against_time(|watcher, alarm| watcher.throttle(alarm, Duration::from_secs(1)));
    });
}

#[test]
fn a_sample_against_a_set_and_the_time() {
    explore(Effort { preemptions: 3, at_least: 1_500 }, || {
        set_against_time(|watcher, alarm| watcher.sample(alarm, Duration::from_secs(1)));
    });
}
