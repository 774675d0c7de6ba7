//! Threads that wait without a runtime. A wake-up that is lost hangs; the watchdog says where.

use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Instant;

use event_core::prelude::*;
use event_core::{BackendError, GetError, MemoryValue, RelaxStrategy, combine, select};
use event_tests::watchdog::{Watchdog, or_abort};

const PATIENCE: Duration = Duration::from_secs(180);

fn watchdog(name: &str) -> Watchdog {
    Watchdog::start(name, PATIENCE)
}

/// Does nothing but let others run.
struct Yield;

impl RelaxStrategy for Yield {
    fn relax() {
        thread::yield_now();
    }
}

/// Two threads that each wait for what the other sets, with two ways to wait.
fn ping_pong(
    name: &'static str,
    rounds: u64,
    wait: impl Fn(&mut dyn Watcher<Item = u64>) -> Result<u64, GetError> + Send + Copy + 'static,
) {
    let watchdog = watchdog(name);
    let (ping, pong) = (MemoryValue::new(), MemoryValue::new());
    let (mut pings, mut pongs) = (ping.watch(), pong.watch());
    let partner = thread::spawn(move || {
        or_abort(name, || {
            while let Ok(n) = wait(&mut pings) {
                pong.set(n);
            }
        });
    });
    for n in 0..rounds {
        ping.set(n);
        assert!(matches!(wait(&mut pongs), Ok(answer) if answer == n));
        watchdog.progress();
    }
    drop(ping);
    partner.join().expect("it would have aborted");
    assert!(wait(&mut pongs).unwrap_err().is_closed());
}

#[test]
fn ping_pong_of_threads_that_sleep() {
    ping_pong("blocking_get", 10_000, |watcher| watcher.blocking_get());
}

#[test]
fn ping_pong_of_threads_that_sleep_until_a_time() {
    let hour = Duration::from_secs(3600);
    ping_pong("blocking_get_timeout", 10_000, move |watcher| watcher.blocking_get_timeout(hour));
}

#[test]
fn ping_pong_of_threads_that_relax() {
    ping_pong("relaxing_get", 10_000, |watcher| watcher.relaxing_get::<Yield>());
}

#[test]
fn two_values_that_are_set_one_after_the_other_are_both_heard() {
    let watchdog = watchdog("combine");
    let (one, other, seen) = (MemoryValue::new(), MemoryValue::new(), MemoryValue::new());
    let (mut both, mut acknowledged) = (combine((one.watch(), other.watch())), seen.watch());
    let consumer = thread::spawn(move || {
        or_abort("combine", || {
            let mut last = (0, 0);
            while last != (u64::MAX, u64::MAX) {
                let relaxes = last.0 % 2 == 0;
                let given = if relaxes { both.relaxing_get::<Yield>() } else { both.blocking_get() };
                last = given.expect("the last pair comes before the end");
                seen.set(last);
            }
        });
    });
    for n in (0..5_000).chain([u64::MAX]) {
        one.set(n);
        other.set(n);
        while acknowledged.blocking_get().expect("the consumer goes on") != (n, n) {}
        watchdog.progress();
    }
    consumer.join().expect("it would have aborted");
}

#[test]
fn data_that_is_there_is_given_without_waiting() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    assert_eq!(watcher.blocking_get().unwrap(), 1);
    value.set(2);
    assert_eq!(watcher.blocking_get_timeout(PATIENCE).unwrap(), 2);
    value.set(3);
    assert_eq!(watcher.relaxing_get::<Yield>().unwrap(), 3);
}

#[test]
fn a_timeout_of_zero_never_gives_data_and_consumes_none() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    assert!(watcher.blocking_get_timeout(Duration::ZERO).unwrap_err().is_deadline_exceeded());
    assert_eq!(watcher.blocking_get().unwrap(), 1);
    drop(value);
    assert!(watcher.blocking_get_timeout(Duration::ZERO).unwrap_err().is_deadline_exceeded());
    assert!(watcher.blocking_get().unwrap_err().is_closed());
}

#[test]
fn a_time_that_passes_ends_the_wait_and_not_earlier() {
    let _watchdog = watchdog("a time that passes");
    let value = MemoryValue::<u64>::new();
    let mut watcher = value.watch();
    let (begin, timeout) = (Instant::now(), Duration::from_millis(30));
    assert!(watcher.blocking_get_timeout(timeout).unwrap_err().is_deadline_exceeded());
    assert!(begin.elapsed() >= timeout);
    value.set(1);
    assert_eq!(watcher.blocking_get_timeout(PATIENCE).unwrap(), 1, "the watcher is usable afterwards");
}

#[test]
fn wake_ups_for_nothing_do_not_prolong_a_timeout() {
    let watchdog = watchdog("wake-ups for nothing");
    let value = MemoryValue::new();
    let mut even = value.watch().filter(|n| n % 2 == 0);
    let (stop, stopped) = channel::<()>();
    let setter = thread::spawn(move || {
        while stopped.try_recv().is_err() {
            value.set(1);
            thread::yield_now();
        }
    });
    assert!(even.blocking_get_timeout(Duration::from_millis(30)).unwrap_err().is_deadline_exceeded());
    watchdog.progress();
    stop.send(()).expect("it goes on until then");
    setter.join().expect("it does not panic");
}

#[test]
fn times_longer_than_the_clock_can_tell_are_waited_for() {
    let _watchdog = watchdog("long times");
    let seconds = [u64::from(u32::MAX), i64::MAX as u64 / 2, i64::MAX as u64, u64::MAX];
    for long in seconds.into_iter().map(Duration::from_secs).chain([Duration::MAX]) {
        let value = MemoryValue::new();
        let mut watcher = value.watch();
        let setter = thread::spawn(move || {
            wait_for_a_waiter(&value);
            value.set(1);
        });
        assert_eq!(watcher.blocking_get_timeout(long).unwrap(), 1, "{long:?}");
        assert!(watcher.blocking_get_timeout(long).unwrap_err().is_closed());
        setter.join().expect("it does not panic");
    }
}

/// Until something is about to wait, or waits. The set that follows comes at any time after that.
fn wait_for_a_waiter(value: &MemoryValue<u64>) {
    while value.watcher_count() == 0 {
        thread::yield_now();
    }
    (0..100).for_each(|_| thread::yield_now());
}

#[test]
fn the_last_handle_wakes_threads_that_wait() {
    let watchdog = watchdog("closing");
    for _ in 0..100 {
        let value = MemoryValue::<u64>::new();
        let waiting: Vec<_> = (0..4)
            .map(|number| {
                let mut watcher = value.watch();
                thread::spawn(move || match number {
                    0 => watcher.blocking_get(),
                    1 => watcher.blocking_get_timeout(PATIENCE * 100),
                    2 => watcher.relaxing_get::<Yield>(),
                    _ => watcher.boxed().blocking_get(),
                })
            })
            .collect();
        drop(value);
        for thread in waiting {
            assert!(thread.join().expect("it does not panic").unwrap_err().is_closed());
        }
        watchdog.progress();
    }
}

#[test]
fn iterators_give_what_is_set_until_the_end_and_are_fused() {
    let _watchdog = watchdog("iterators");
    let value = MemoryValue::new();
    let (mut sleeping, mut relaxing) = (value.watch(), value.watch());
    let (mut last_slept, mut last_relaxed) = (0, 0);
    let setter = thread::spawn(move || (1..=1000).for_each(|n| _ = value.set(n)));
    let relaxes = thread::spawn(move || {
        let mut iterator = relaxing.relaxing_iter::<Yield>();
        iterator.by_ref().for_each(|n| {
            assert!(n > last_relaxed);
            last_relaxed = n;
        });
        assert_eq!(iterator.next(), None);
        last_relaxed
    });
    let mut iterator = sleeping.blocking_iter();
    iterator.by_ref().for_each(|n| {
        assert!(n > last_slept);
        last_slept = n;
    });
    assert_eq!(iterator.next(), None);
    assert_eq!((last_slept, relaxes.join().expect("it does not panic")), (1000, 1000));
    setter.join().expect("it does not panic");
}

/// A watcher that answers as it was told to, after it has done something.
struct Told<F>(F);

impl<F: FnMut(&Waker) -> Poll<Result<u64, GetError>>> Watcher for Told<F> {
    type Item = u64;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        (self.0)(cx.waker())
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.poll_get(cx)
    }
}

#[test]
fn an_iterator_ends_with_an_error_and_does_not_ask_again() {
    let mut asked = 0;
    let mut failing = Told(|_: &Waker| {
        asked += 1;
        if asked == 1 {
            return Poll::Ready(Ok(1));
        }
        Poll::Ready(Err(GetError::Backend(BackendError::new("the cluster is on fire"))))
    });
    let mut iterator = failing.blocking_iter();
    assert_eq!([iterator.next(), iterator.next(), iterator.next()], [Some(1), None, None]);
    assert_eq!(asked, 2);
}

type Interrupt = Box<dyn FnMut(usize)>;

thread_local! {
    /// How often `Counts` relaxed on this thread, and what it does each time.
    static RELAXED: Cell<usize> = const { Cell::new(0) };
    static MEANWHILE: RefCell<Option<Interrupt>> = const { RefCell::new(None) };
}

/// A strategy that counts, and does what an interrupt would do.
struct Counts;

impl RelaxStrategy for Counts {
    fn relax() {
        RELAXED.set(RELAXED.get() + 1);
        MEANWHILE.with_borrow_mut(|meanwhile| {
            if let Some(meanwhile) = meanwhile {
                meanwhile(RELAXED.get());
            }
        });
    }
}

#[test]
fn a_wait_relaxes_until_the_waker_is_called_and_polls_no_more_often_than_that() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    MEANWHILE.set(Some(Box::new(move |times| {
        if times % 10 == 0 {
            value.set(times);
        }
    })));
    assert_eq!((&mut watcher).filter(|n| n % 20 == 0).relaxing_get::<Counts>().unwrap(), 20);
    assert_eq!(RELAXED.get(), 20, "what was set at 10 is rejected");
    assert_eq!(watcher.relaxing_iter::<Counts>().take(3).collect::<Vec<_>>(), [30, 40, 50]);
    assert_eq!(RELAXED.get(), 50);

    let mut asked = 0;
    let mut told = Told(|waker: &Waker| {
        asked += 1;
        let waker = waker.clone();
        MEANWHILE.set(Some(Box::new(move |times| {
            if times % 100 == 0 {
                waker.wake_by_ref()
            }
        })));
        if asked == 4 { Poll::Ready(Ok(1)) } else { Poll::Pending }
    });
    assert_eq!(told.relaxing_get::<Counts>().unwrap(), 1);
    assert_eq!((asked, RELAXED.get()), (4, 300));
    MEANWHILE.set(None);
}

#[test]
fn a_waker_that_is_called_before_the_thread_sleeps_keeps_it_awake() {
    let _watchdog = watchdog("early wakers");
    for on_another_thread in [false, true] {
        for wait in [
            |told: &mut dyn Watcher<Item = u64>| told.blocking_get(),
            |told: &mut dyn Watcher<Item = u64>| told.blocking_get_timeout(PATIENCE * 100),
            |told: &mut dyn Watcher<Item = u64>| told.relaxing_get::<Yield>(),
        ] {
            let mut asked = 0;
            let mut told = Told(|waker: &Waker| {
                asked += 1;
                if asked == 3 {
                    return Poll::Ready(Ok(1));
                }
                let waker = waker.clone();
                if on_another_thread {
                    thread::spawn(move || waker.wake()).join().expect("it does not panic");
                } else {
                    waker.wake();
                }
                Poll::Pending
            });
            assert_eq!(wait(&mut told).unwrap(), 1);
            assert_eq!(asked, 3);
        }
    }
}

#[test]
fn a_waker_that_outlives_its_wait_does_no_harm() {
    let _watchdog = watchdog("late wakers");
    let mut kept = Vec::new();
    let mut first = Told(|waker: &Waker| {
        kept.push(waker.clone());
        Poll::Ready(Ok(1))
    });
    assert_eq!(first.blocking_get().unwrap(), 1);
    assert_eq!(first.relaxing_get::<Yield>().unwrap(), 1);
    kept.iter().for_each(Waker::wake_by_ref);
    let value = MemoryValue::<u64>::new();
    let mut watcher = value.watch();
    let begin = Instant::now();
    assert!(watcher.blocking_get_timeout(Duration::from_millis(20)).unwrap_err().is_deadline_exceeded());
    assert!(begin.elapsed() >= Duration::from_millis(20));
}

#[test]
fn a_wait_in_a_predicate_of_another_one_loses_neither_wake_up() {
    let watchdog = watchdog("a wait in a wait");
    for round in 0..1_000 {
        let (first, second, inner, waits) =
            (MemoryValue::new(), MemoryValue::with_value(1), MemoryValue::new(), MemoryValue::new());
        let (mut answers, mut questions) = (inner.watch(), waits.watch());
        // The first one waits already when the predicate of the second one is asked.
        let mut either = select((
            first.watch(),
            second.watch().filter(|_| {
                waits.set(());
                assert_eq!(answers.blocking_get().unwrap(), 7);
                false
            }),
        ));
        let setter = thread::spawn(move || {
            or_abort("a wait in a wait", || {
                questions.blocking_get().expect("the predicate asks");
                let sets: [&dyn Fn(); 2] = [&|| _ = first.set(2), &|| _ = inner.set(7)];
                sets.iter().cycle().skip(round % 2).take(2).for_each(|set| set());
            });
        });
        let given = match round % 3 {
            0 => either.blocking_get(),
            1 => either.blocking_get_timeout(PATIENCE * 100),
            _ => either.relaxing_get::<Yield>(),
        };
        assert_eq!(given.unwrap(), 2);
        drop(either);
        setter.join().expect("it would have aborted");
        watchdog.progress();
    }
}

#[test]
fn a_panic_of_a_predicate_leaves_the_watcher_and_the_thread_usable() {
    let watchdog = watchdog("panics");
    let value = MemoryValue::with_value(0);
    let mut watcher = value.watch();
    for n in 1..100 {
        value.set(n);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            (&mut watcher).filter(|_| resume_unwind(Box::new("told to"))).blocking_get()
        }));
        assert!(panicked.is_err());
        assert_eq!(watcher.blocking_get().unwrap(), n, "it was not consumed");
        let setter = thread::spawn({
            let value = value.clone();
            move || _ = value.set(n + 1000)
        });
        assert_eq!(watcher.blocking_get().unwrap(), n + 1000, "and the thread can wait");
        setter.join().expect("it does not panic");
        watchdog.progress();
    }
}

/// Tells how a wait went, from the last moments of a thread.
struct AtTheEnd(Sender<u64>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        let value = MemoryValue::new();
        let mut watcher = value.watch();
        let setter = thread::spawn(move || _ = value.set(7));
        self.0.send(watcher.blocking_get().unwrap_or_default()).expect("somebody wants to know");
        setter.join().expect("it does not panic");
    }
}

thread_local! {
    static BEFORE: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<AtTheEnd>> = const { RefCell::new(None) };
}

#[test]
fn a_thread_can_wait_while_its_variables_are_dropped() {
    let _watchdog = watchdog("the end of a thread");
    let (sender, receiver) = channel();
    let thread = thread::spawn(move || {
        BEFORE.set(Some(AtTheEnd(sender.clone())));
        let value = MemoryValue::with_value(1);
        assert_eq!(value.watch().blocking_get().unwrap(), 1);
        AFTER.set(Some(AtTheEnd(sender)));
    });
    assert_eq!(receiver.iter().collect::<Vec<_>>(), [7, 7]);
    thread.join().expect("it does not panic");
}
