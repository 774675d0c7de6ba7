//! Combinators and waiting threads ask for no memory once they are under way.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use event_core::prelude::*;
use event_core::{MemoryReader, MemoryValue, MemoryWatcher, RelaxStrategy, Timer, combine, optional, select, watch_fn};
use event_tests::allocator::{allocations, allocations_of};

use super::{Steady, poll};

/// A timer that costs nothing: a sleep is over when it is polled for the second time.
#[derive(Clone, Copy)]
struct TwoPolls;

struct Sleep {
    was_polled: bool,
}

impl Timer for TwoPolls {
    type Sleep = Sleep;

    fn sleep(&self, _: Duration) -> Sleep {
        Sleep { was_polled: false }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if core::mem::replace(&mut self.was_polled, true) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Waits, sets another number, and gets what the combinator makes of it, which is something.
#[track_caller]
fn assert_never_allocates<W: Watcher>(what: &str, make: impl FnOnce(MemoryWatcher<u64>) -> W) {
    let steady = Steady::new();
    let mut watcher = make(steady.value.watch());
    let mut number = 0;
    steady.assert_never_allocates(what, |it| {
        let polls = (0..100).take_while(|_| poll(watcher.get(), &it.waker).is_ready()).count();
        assert!(polls < 100, "{what}: it never waits");
        number += 1;
        it.value.set(number);
        let given = (0..10).any(|_| poll(watcher.get(), &it.waker).is_ready());
        assert!(given, "{what}: it gives nothing");
        it.value.set(number);
        let _ = poll(watcher.get().filter(|_| false), &it.waker);
        let _ = poll(watcher.get().backlog_only(), &it.waker);
    });
}

#[test]
fn combinators_of_one_watcher_never_allocate() {
    assert_never_allocates("map", |watcher| watcher.map(|n| n + 1));
    assert_never_allocates("filter", |watcher| watcher.filter(|n| *n > 0));
    assert_never_allocates("filter_map", |watcher| watcher.filter_map(|n| (n > 0).then_some(n)));
    assert_never_allocates("inspect", |watcher| watcher.inspect(|n| assert!(*n < u64::MAX)));
    assert_never_allocates("dedup", WatcherExt::dedup);
    assert_never_allocates("dedup_by_key", |watcher| watcher.dedup_by_key(|n| *n));
    assert_never_allocates("scan", |watcher| watcher.scan(0, |sum: &mut u64, n| *sum ^ n));
    assert_never_allocates("optional", |watcher| optional(watcher).filter_map(|n| n));
    assert_never_allocates("map_latest", |watcher| watcher.map_latest(core::future::ready));
    let derived = |watcher: MemoryWatcher<u64>| watch_fn(move || watcher.clone().map(|n| n + 1)).watch();
    assert_never_allocates("watch_fn", derived);
}

#[test]
fn combinators_of_several_watchers_never_allocate() {
    let other = MemoryValue::with_value(7_u64);
    assert_never_allocates("combine", |watcher| combine((watcher, other.watch())));
    assert_never_allocates("select", |watcher| select((watcher, other.watch())));
    assert_never_allocates("combine, array", |watcher| combine([watcher, other.watch()]));
    assert_never_allocates("select, array", |watcher| select([watcher, other.watch()]));
    assert_never_allocates("select, vector", |watcher| {
        select(core::iter::once(watcher).chain((0..80).map(|_| other.watch())).collect::<Vec<_>>())
    });
    let values = [MemoryValue::with_value(1_u64), MemoryValue::with_value(2)];
    let readers: [MemoryReader<u64>; 2] = values.each_ref().map(MemoryValue::reader);
    assert_never_allocates("switch_map", |watcher| watcher.switch_map(move |n| readers[n as usize % 2].clone()));
}

#[test]
fn combinators_that_know_the_time_never_allocate() {
    let second = Duration::from_secs(1);
    assert_never_allocates("debounce", |watcher| watcher.debounce(TwoPolls, second));
    assert_never_allocates("debounce, at most", |watcher| watcher.debounce(TwoPolls, second).at_most(second));
    assert_never_allocates("throttle", |watcher| watcher.throttle(TwoPolls, second));
    assert_never_allocates("sample", |watcher| watcher.sample(TwoPolls, second));
}

#[test]
fn a_driver_never_allocates() {
    let steady = Steady::new();
    let (shared, mut driver) = steady.value.watch().map(|n| n + 1).share();
    let mut watcher = shared.watch();
    steady.assert_never_allocates("share", |it| {
        it.value.set(1);
        assert!(poll(&mut driver, &it.waker).is_pending());
        assert!(matches!(poll(watcher.get(), &it.waker), Poll::Ready(Ok(2))));
        assert!(poll(watcher.get(), &it.waker).is_pending());
    });
}

#[test]
fn a_driver_that_begins_to_rest_and_goes_on_never_allocates() {
    let steady = Steady::new();
    let (shared, driver) = steady.value.watch().map(|n| n + 1).share();
    let mut driver = driver.while_watched(TwoPolls, Duration::from_secs(1));
    let keeps = shared.watch();
    let mut watcher = Some(keeps.clone());
    drop(keeps);
    steady.assert_never_allocates("while_watched", |it| {
        it.value.set(1);
        assert!(poll(&mut driver, &it.waker).is_pending());
        assert!(watcher.take().is_some_and(|mut watcher| matches!(poll(watcher.get(), &it.waker), Poll::Ready(Ok(2)))));
        assert!((0..3).all(|_| poll(&mut driver, &it.waker).is_pending()));
        watcher = Some(shared.watch_changes());
    });
}

/// The vector that a get returns is all that it asks for.
#[test]
fn a_combined_vector_allocates_what_it_returns() {
    let steady = Steady::new();
    let mut all = combine(vec![steady.value.watch(), steady.value.watch()]);
    let mut get = |n| {
        steady.value.set(n);
        assert!(matches!(poll(all.get(), &steady.waker), Poll::Ready(Ok(given)) if given == [n, n]));
        assert!(poll(all.get(), &steady.waker).is_pending());
    };
    (0..10).for_each(&mut get);
    let before = allocations();
    (0..1000).for_each(&mut get);
    assert_eq!(allocations() - before, 1000);
}

#[test]
fn many_combinators_above_each_other_never_allocate() {
    let other = MemoryValue::with_value(7_u64);
    assert_never_allocates("many", |watcher| {
        let both = combine((watcher.filter(|n| *n > 0).dedup(), other.watch())).map(|(n, _)| n);
        select((both.inspect(|_| ()).throttle(TwoPolls, Duration::ZERO), other.watch())).filter_map(Some)
    });
}

#[test]
fn blocking_get_never_allocates_on_a_thread_that_has_waited_before() {
    let (ping, pong) = (MemoryValue::new(), MemoryValue::new());
    let (mut pings, mut pongs) = (ping.watch(), pong.watch().filter(|_| true));
    let partner = std::thread::spawn(move || pings.blocking_iter().for_each(|n: u64| _ = pong.set(n)));
    let mut round = |n| {
        ping.set(n);
        assert!(matches!(pongs.blocking_get(), Ok(answer) if answer == n));
        ping.set(n + 1);
        assert!(matches!(pongs.blocking_get_timeout(Duration::from_secs(60)), Ok(answer) if answer == n + 1));
    };
    (0..10).for_each(&mut round);
    assert_eq!(allocations_of(|| (0..1000).for_each(&mut round)), 0);
    drop(ping);
    partner.join().expect("nothing panics");
}

/// Does nothing.
struct Spin;

impl RelaxStrategy for Spin {
    fn relax() {}
}

#[test]
fn relaxing_get_allocates_its_waker_and_nothing_else() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    value.set(0);
    let mut get = || watcher.relaxing_get::<Spin>().expect("it is open");
    get();
    let before = allocations();
    for n in 0..1000 {
        value.set(n);
        assert_eq!(get(), n);
    }
    assert_eq!(allocations() - before, 1000);
}
