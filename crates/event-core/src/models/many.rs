//! Models of the watchers of a vector, each of which has a waker of its own: setters on threads against a collector that is
//! polled only when it has been woken.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

use super::combinators::{Consumer, set_all};
use super::{Bell, Effort, explore, thread};
use crate::combinators::Ready;
use crate::error::GetError;
use crate::memory::MemoryValue;
use crate::traits::Watcher;
use crate::{combine, select};
#[cfg(event_core_loom)]
use crate::{models::must_fail_without, sync::Handshake};

/// A collector of `N` watchers, each of which is a number and keeps its waker.
struct Collector<const N: usize> {
    ready: Ready,
    wakers: Vec<Waker>,
    /// What the watchers watch.
    numbers: Arc<[AtomicUsize; N]>,
    /// What it found there.
    found: [usize; N],
    bell: Arc<Bell>,
}

impl<const N: usize> Collector<N> {
    /// One that has found nothing, and waits.
    fn waiting() -> Self {
        let mut collector = Self {
            ready: Ready::new(N),
            wakers: Vec::new(),
            numbers: Arc::new([const { AtomicUsize::new(0) }; N]),
            found: [0; N],
            bell: Bell::new(),
        };
        collector.poll();
        collector
    }

    /// A poll of each watcher that is due, and of no other.
    fn poll(&mut self) {
        let Self { ready, wakers, numbers, found, bell } = self;
        ready.collect();
        while let Some(number) = ready.next_in(0..N) {
            let polled: Poll<()> = ready.poll(number, |cx| {
                if wakers.len() == number {
                    wakers.push(cx.waker().clone());
                }
                // Ordering: Relaxed. Only the wake-up brings it along.
                found[number] = numbers[number].load(Ordering::Relaxed);
                Poll::Pending
            });
            assert!(polled.is_pending());
        }
        bell.poll(|cx| ready.wait(cx));
    }

    /// Changes a number, and wakes whoever watches it.
    fn set(&self, number: usize, to: usize) -> impl FnOnce() + Send + 'static {
        let (numbers, waker) = (Arc::clone(&self.numbers), self.wakers[number].clone());
        move || {
            // Ordering: Relaxed. The waker brings it along.
            numbers[number].fetch_max(to, Ordering::Relaxed);
            waker.wake();
        }
    }

    fn run(&mut self) {
        while self.bell.answer() {
            self.poll();
        }
    }
}

/// Two setters of two watchers.
fn two_setters_of_two() {
    let mut collector = Collector::<2>::waiting();
    let setters = [collector.set(0, 1), collector.set(1, 2)].map(thread::spawn);
    collector.run();
    setters.into_iter().for_each(|setter| setter.join().unwrap());
    collector.run();
    assert_eq!(collector.found, [1, 2], "a wake-up was lost");
}

#[test]
fn a_collector_against_setters_of_two_watchers() {
    explore(Effort { preemptions: 4, at_least: 2_500 }, two_setters_of_two);
}

/// The second setter may find the bit set, and leave it to the first one to wake the collector.
#[test]
fn a_collector_against_two_setters_of_one_watcher() {
    explore(Effort { preemptions: 4, at_least: 1_000 }, || {
        let mut collector = Collector::<1>::waiting();
        let setters = [1, 2].map(|to| thread::spawn(collector.set(0, to)));
        collector.run();
        setters.into_iter().for_each(|setter| setter.join().unwrap());
        collector.run();
        assert_eq!(collector.found, [2], "a wake-up was lost");
    });
}

#[cfg(event_core_loom)]
#[test]
fn a_collector_needs_both_sides_of_its_handshake() {
    must_fail_without(Handshake::ArmThenLook, 4, two_setters_of_two);
    must_fail_without(Handshake::PublishThenWake, 4, two_setters_of_two);
}

#[test]
fn a_collector_that_is_dropped_while_it_is_woken_leaves_nothing_behind() {
    explore(Effort { preemptions: 4, at_least: 40 }, || {
        let collector = Collector::<1>::waiting();
        let bell = Arc::clone(&collector.bell);
        let setter = thread::spawn(collector.set(0, 1));
        drop(collector);
        setter.join().unwrap();
        assert_eq!(bell.wakers(), 0);
    });
}

#[test]
fn a_select_of_a_vector_against_sets_of_both_values() {
    explore(Effort { preemptions: 3, at_least: 35_000 }, || {
        let (one, other) = (MemoryValue::new(), MemoryValue::new());
        let mut consumer = Consumer::new(select(alloc::vec![one.watch(), other.watch()]));
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
fn a_combine_of_a_vector_against_sets_of_both_values() {
    explore(Effort { preemptions: 3, at_least: 40_000 }, || {
        let (one, other) = (MemoryValue::new(), MemoryValue::new());
        let mut consumer = Consumer::new(combine(alloc::vec![one.watch(), other.watch()]));
        let setters = [set_all(one, alloc::vec![1]), set_all(other, alloc::vec![2])];
        consumer.run();
        setters.into_iter().for_each(|setter| setter.join().unwrap());
        assert!(consumer.given.len() <= 1, "there is one pair");
        consumer.assert_ends_with(&alloc::vec![1, 2]);
    });
}

/// A get of the backlog polls each with the waker of its own, after which nobody but that is woken.
#[test]
fn a_select_of_a_vector_that_was_polled_for_its_backlog_against_a_set() {
    explore(Effort { preemptions: 4, at_least: 200 }, || {
        let value = MemoryValue::new();
        let mut any = select(alloc::vec![value.watch()]);
        let bell = Bell::new();
        assert!(bell.poll(|cx| any.poll_get(cx)).is_pending());
        let setter = set_all(value, alloc::vec![1]);
        let mut backlog = |cx: &mut Context<'_>| any.poll_backlog(cx);
        let mut given = match bell.poll(&mut backlog) {
            Poll::Ready(Err(GetError::BacklogDone)) => bell.poll(|cx| any.poll_get(cx)),
            given => given,
        };
        setter.join().unwrap();
        while given.is_pending() {
            assert!(bell.answer(), "it waits for ever");
            given = bell.poll(|cx| any.poll_get(cx));
        }
        assert!(matches!(given, Poll::Ready(Ok(1))));
    });
}
