//! V1, V2, V6, C2, P1: changes that read, set and return something in one step.

use alloc::sync::Arc;
use core::cell::Cell;
use core::task::Poll;

use event_core::{MemoryValue, Version};

use crate::by_hand::{Act, Task, panics};
use crate::census::Census;
use crate::runtime::Runtime;

/// From what is current to what comes next, and what was returned on the way.
pub fn v1_a_transition_reads_sets_and_returns_in_one_step() {
    let value = MemoryValue::new();
    let set_first = value.transition(|current: Option<&u64>| (Some(1), current.copied()));
    assert_eq!(set_first, (None, Some(value.version())));
    let mut interrupted = false;
    let (old, version) = value.transition(|current| {
        let current = *current.expect("it was set");
        if !core::mem::replace(&mut interrupted, true) {
            // Another set, between reading and setting: the transition begins again with that.
            value.set(10);
        }
        (Some(current + 1), current)
    });
    assert_eq!((old, version, value.load()), (10, Some(value.version()), Some(11)));
}

/// Nothing is set, nobody is woken, nothing is cloned.
pub fn v2_a_transition_that_sets_nothing_notifies_nobody() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let (mut watcher, task) = (value.watch_changes(), Task::new());
    assert!(task.poll(watcher.changed()).is_pending());
    let version = value.version();
    assert_eq!(value.transition(|current| (None, current.map(|data| data.data()))), (Some(1), None));
    assert_eq!((task.wakes(), value.version(), census.made()), (0, version, 1));
    assert!(value.transition(|_| (Some(census.citizen(1)), ())).1.is_some());
    assert_eq!((task.wakes(), census.made(), census.alive()), (1, 2, 1), "equal data is news");
}

/// What it wanted to set is dropped, and what it returned is returned.
pub fn c2_a_transition_of_a_closed_value_sets_nothing() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    value.close();
    let (old, version) = value.transition(|data| (Some(census.citizen(2)), data.unwrap().data()));
    assert_eq!((old, version, census.alive()), (1, None, 1));
    // Closed while it runs: it runs again, and finds out.
    let value = MemoryValue::with_value(census.citizen(3));
    let mut runs = 0;
    let (old, version) = value.transition(|data| {
        runs += 1;
        if runs == 1 {
            value.set(census.citizen(4));
            value.close();
        }
        (Some(census.citizen(5)), data.unwrap().data())
    });
    assert_eq!((old, version, runs, value.load().unwrap().data()), (4, None, 2, 4));
    drop(value);
    assert_eq!(census.alive(), 1);
}

/// Once to begin with, then on what is there; each exactly as often as it counts.
pub fn v1_update_or_initialises_or_modifies_in_one_step() {
    let value = MemoryValue::new();
    let (made, modified) = (Cell::new(0), Cell::new(0));
    let visit = |interrupt: &dyn Fn()| {
        let initial = || {
            made.set(made.get() + 1);
            interrupt();
            100
        };
        value.update_or(initial, |n| {
            modified.set(modified.get() + 1);
            *n += 1;
        })
    };
    assert_eq!(visit(&|| ()), value.version());
    assert_eq!((value.load(), made.get(), modified.get()), (Some(100), 1, 0));
    assert_eq!(visit(&|| ()), value.version());
    assert_eq!((value.load(), made.get(), modified.get()), (Some(101), 1, 1));
    value.clear();
    // Somebody else is first.
    visit(&|| _ = value.set(5));
    assert_eq!((value.load(), made.get(), modified.get()), (Some(6), 2, 2));
    value.clear();
    // Somebody else is first, and clears: what was made is used now.
    let once = Cell::new(true);
    visit(&|| {
        if once.replace(false) {
            value.set(5);
            value.clear();
        }
    });
    assert_eq!((value.load(), made.get(), modified.get()), (Some(100), 3, 2));
    value.close();
    assert_eq!(visit(&|| ()), value.version());
    assert_eq!((value.load(), made.get(), modified.get()), (Some(100), 3, 2));

    let never = MemoryValue::<u64>::new();
    never.close();
    assert_eq!(never.update_or(|| 1, |_| ()), Version::INITIAL);
}

/// What was replaced comes out as it is: neither cloned nor dropped.
pub fn v6_swap_returns_what_it_replaced_without_a_clone() {
    let census = Census::new();
    let value = MemoryValue::new();
    let (mut watcher, task) = (value.watch(), Task::new());
    assert!(value.swap(census.citizen(1)).is_none());
    let first = value.version();
    let borrowed = value.borrow();
    let old = value.swap(census.citizen(2)).unwrap();
    assert_eq!((old.version(), old.data(), value.load().unwrap().data()), (first, 1, 2));
    let old = old.try_into_inner().expect_err("it is borrowed");
    drop(borrowed);
    let moved = old.try_into_inner().unwrap();
    assert_eq!((moved.data(), census.alive()), (1, 2));
    drop(moved);
    assert_eq!(census.alive(), 1);
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(version)) if version == value.version()));
    assert!(task.poll(watcher.changed()).is_pending());
    drop(value.swap(census.citizen(3)));
    assert_eq!((task.wakes(), census.alive()), (1, 1));
    value.clear();
    assert!(value.swap(census.citizen(4)).is_none(), "no data was replaced");
    value.close();
    assert!(value.swap(census.citizen(5)).is_none());
    assert_eq!((value.load().unwrap().data(), census.made()), (4, 7), "5, and two by `load`");
    drop((value, watcher));
    census.assert_each_was_dropped_once();
}

/// The data that came out is not in the value, so nobody leaks or drops it but its owner.
pub fn p1_a_waker_that_panics_in_a_swap_leaks_nothing() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let (mut watcher, task) = (value.watch_changes(), Task::new());
    assert!(task.poll(watcher.changed()).is_pending());
    task.panic_in(Act::Wake);
    assert!(panics(|| value.swap(census.citizen(2))));
    assert_eq!((census.alive(), value.borrow().unwrap().data(), task.wakes()), (1, 2, 1));
}

/// What a closure returns in vain is dropped, each time.
pub fn p1_a_panic_in_a_later_run_of_a_transition_leaks_nothing() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(0));
    let mut runs = 0;
    assert!(panics(|| {
        value.transition(|_| {
            runs += 1;
            assert!(runs < 3, "on purpose");
            value.set(census.citizen(runs));
            (Some(census.citizen(10)), census.citizen(20))
        })
    }));
    assert_eq!((census.alive(), value.borrow().unwrap().data()), (1, 2));
}

/// No ticket is handed out twice, none is left out.
pub async fn v1_transitions_from_many_tasks_hand_out_each_ticket_once<R: Runtime>() {
    const TICKETS: u64 = 4_000;
    let value = Arc::new(MemoryValue::with_value(TICKETS));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let value = Arc::clone(&value);
            R::spawn(async move {
                let mut mine = Vec::new();
                while let (Some(ticket), version) = value.transition(|left| match *left.expect("it was set") {
                    0 => (None, None),
                    left => (Some(left - 1), Some(left)),
                }) {
                    assert_eq!(version.expect("it is open").as_u64(), 2 + TICKETS - ticket, "one version for each");
                    mine.push(ticket);
                    if ticket % 64 == 0 {
                        R::yield_now().await;
                    }
                }
                mine
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await);
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(1..=TICKETS));
}

/// What one task swaps in, one other swaps out, and moves it out if it is the last.
pub async fn v6_what_is_swapped_in_comes_out_once<R: Runtime>() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::with_value(census.citizen(0)));
    let tasks: Vec<_> = (0..4_u64)
        .map(|task| {
            let (value, census) = (Arc::clone(&value), census.clone());
            R::spawn(async move {
                let mut sum = 0;
                for n in 0..1_000 {
                    let old = value.swap(census.citizen(task * 1_000 + n)).expect("it is never empty");
                    sum += match old.try_into_inner() {
                        Ok(data) => data.data(),
                        Err(read_elsewhere) => read_elsewhere.data(),
                    };
                    if n % 64 == 0 {
                        R::yield_now().await;
                    }
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    assert_eq!((sum + value.borrow().unwrap().data(), census.made()), ((0..4_000).sum(), 4_001));
    assert_eq!(census.alive(), 1);
    drop(value);
    census.assert_each_was_dropped_once();
}
