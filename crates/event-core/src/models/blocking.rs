//! Models of a wait that relaxes: no wake-up is lost, from whatever source it comes.

use alloc::sync::Arc;
use core::task::Poll;

use super::{Effort, explore, thread};
use crate::blocking::{RelaxStrategy, relax_until_ready};
use crate::combine;
use crate::memory::MemoryValue;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::watcher_ext::WatcherExt;

/// Lets the other threads go on.
struct Yield;

impl RelaxStrategy for Yield {
    fn relax() {
        thread::yield_now();
    }
}

/// Somebody wakes the task twice, and what the second time is about is published by nothing but the call of the waker.
fn second_wake_up() {
    let flag = Arc::new(AtomicUsize::new(0));
    let mut waking = None;
    let seen = relax_until_ready::<Yield, _>(|cx| {
        waking.get_or_insert_with(|| {
            let (flag, waker) = (Arc::clone(&flag), cx.waker().clone());
            thread::spawn(move || {
                waker.wake_by_ref();
                flag.store(1, Ordering::Relaxed);
                waker.wake();
            })
        });
        match flag.load(Ordering::Relaxed) {
            0 => Poll::Pending,
            seen => Poll::Ready(seen),
        }
    });
    assert_eq!(seen, 1);
    waking.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_second_wake_up_while_the_first_one_is_taken() {
    explore(Effort { preemptions: 5, at_least: 600 }, second_wake_up);
}

/// Two wake the task. Each publishes by nothing but the call of its waker.
fn two_wakers() {
    let flags = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let mut waking = None;
    relax_until_ready::<Yield, _>(|cx| {
        waking.get_or_insert_with(|| {
            [0, 1].map(|which| {
                let (flags, waker) = (Arc::clone(&flags), cx.waker().clone());
                thread::spawn(move || {
                    flags[which].store(1, Ordering::Relaxed);
                    waker.wake();
                })
            })
        });
        let are_up = flags.iter().all(|flag| flag.load(Ordering::Relaxed) == 1);
        if are_up { Poll::Ready(()) } else { Poll::Pending }
    });
    waking.into_iter().flatten().for_each(|thread| thread.join().unwrap());
}

#[test]
fn two_wake_ups_of_two_threads() {
    explore(Effort { preemptions: 3, at_least: 6_000 }, two_wakers);
}

fn set_by_another_thread() {
    let value = MemoryValue::new();
    let mut watcher = value.watch().filter(|n| n % 2 == 0);
    let setter = thread::spawn(move || [1, 2].into_iter().for_each(|n| _ = value.set(n)));
    assert_eq!(watcher.relaxing_iter::<Yield>().last(), Some(2));
    setter.join().unwrap();
}

#[test]
fn a_wait_for_what_another_thread_sets() {
    explore(Effort { preemptions: 4, at_least: 9_000 }, set_by_another_thread);
}

fn two_values_set() {
    let (one, other) = (MemoryValue::new(), MemoryValue::new());
    let mut both = combine((one.watch(), other.watch()));
    let setters = [one, other].map(|value| thread::spawn(move || _ = value.set(1)));
    assert_eq!(both.relaxing_get::<Yield>().unwrap(), (1, 1));
    assert!(both.relaxing_get::<Yield>().unwrap_err().is_closed());
    setters.into_iter().for_each(|setter| setter.join().unwrap());
}

#[test]
fn a_wait_for_two_values_at_once() {
    explore(Effort { preemptions: 2, at_least: 6_000 }, two_values_set);
}
