//! V1 to V6: what a value promises to those who set it.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use event_core::prelude::*;
use event_core::{MemoryValue, Ref, Version};

use crate::by_hand::Task;
use crate::census::Census;
use crate::runtime::{Backend, Runtime};

/// Concurrent sets are serialised: each one gets a version of its own, and a setter sees its versions grow.
pub async fn v1_sets_from_many_tasks_get_a_growing_version_each<R: Runtime>() {
    const SETTERS: u64 = 4;
    const SETS: u64 = 500;
    let value = Arc::new(MemoryValue::new());
    let setters: Vec<_> = (0..SETTERS)
        .map(|setter| {
            let value = Arc::clone(&value);
            R::spawn(async move {
                let mut versions = Vec::new();
                for n in 0..SETS {
                    versions.push(value.set(setter * SETS + n));
                    if n % 16 == 0 {
                        R::yield_now().await;
                    }
                }
                versions
            })
        })
        .collect();

    let mut all = BTreeSet::new();
    for setter in setters {
        let versions = setter.await;
        assert!(versions.is_sorted_by(|earlier, later| earlier < later), "{versions:?}");
        all.extend(versions);
    }
    assert_eq!(all.len() as u64, SETTERS * SETS, "two sets got the same version");
    assert_eq!(all.last().copied(), Some(value.version()));
    assert_eq!(value.version().as_u64(), SETTERS * SETS);
}

/// `set` works through `&self` behind a plain reference, from threads that share nothing else.
pub fn v1_set_works_through_a_shared_reference_from_any_thread() {
    static VALUE: MemoryValue<usize> = MemoryValue::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for n in 0..250 {
                    VALUE.set(thread * 250 + n);
                }
            });
        }
    });
    assert_eq!(VALUE.version().as_u64(), 1000);
    // Someone's last.
    assert_eq!(VALUE.load().map(|n| n % 250), Some(249));
}

/// Reading and changing are one step, or increments would be lost.
pub async fn v1_updates_from_many_tasks_are_not_lost<R: Runtime>() {
    let value = Arc::new(MemoryValue::with_value(0));
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let value = Arc::clone(&value);
            R::spawn(async move {
                for n in 0..2500 {
                    assert!(value.update(|sum| *sum += 1));
                    if n % 64 == 0 {
                        R::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await;
    }
    assert_eq!(value.load(), Some(10_000));
}

/// Equal data is news as well.
pub async fn v2_setting_equal_data_still_notifies<R: Runtime>() {
    let value = MemoryValue::with_value(7);
    let mut watcher = value.watch();
    assert_eq!(watcher.get().await.unwrap(), 7);

    let task = R::spawn(async move { watcher.get().await });
    R::yield_now().await;
    value.set(7);
    assert_eq!(task.await.unwrap(), 7);
}

/// The other thing: `set_if_not_eq`.
pub fn v2_set_if_not_eq_does_not_notify_of_equal_data() {
    let value = MemoryValue::with_value(7);
    let mut watcher = value.watch_changes();
    let task = Task::new();
    assert!(task.poll(watcher.get()).is_pending());

    assert!(!value.set_if_not_eq(7));
    assert_eq!(task.wakes(), 0);
    assert!(value.set_if_not_eq(8));
    assert_eq!(task.wakes(), 1);
}

/// Data that happens to be the default is data.
pub async fn v3_get_waits_until_there_is_data_even_if_that_is_the_default<R: Runtime, B: Backend>() {
    let value = Arc::new(B::create().await);
    let mut early = value.watch();
    let task = R::spawn(async move { early.get().await });
    for _ in 0..10 {
        R::yield_now().await;
    }
    assert!(value.watch().get().backlog_only().await.unwrap_err().is_backlog_done());

    B::set(&value, u64::default()).await;
    assert_eq!(task.await.unwrap(), u64::default());
    assert_eq!(value.watch().get().await.unwrap(), u64::default());
}

/// Everything that can be asked says so.
pub fn v3_no_data_and_the_default_never_look_alike() {
    let value = MemoryValue::<u64>::new();
    assert!(!value.is_set() && value.load().is_none() && value.borrow().is_none());
    assert_eq!(value.version(), Version::INITIAL);

    value.set(0);
    assert!(value.is_set());
    assert_eq!((value.load(), value.borrow().map(|data| *data)), (Some(0), Some(0)));

    value.clear();
    assert!(!value.is_set() && value.load().is_none() && value.borrow().is_none());
    assert!(value.version() > Version::INITIAL);
}

/// A borrow that is held across an await, in a task and in the very task that sets.
pub async fn v4_set_never_waits_for_a_borrow<R: Runtime>() {
    let value = Arc::new(MemoryValue::with_value(0_u64));
    let released = Arc::new(MemoryValue::<()>::new());
    let sleeper = {
        let (value, released) = (Arc::clone(&value), released.reader());
        R::spawn(async move {
            let borrowed = value.borrow().expect("it was set");
            released.watch().get().await.expect("it is set below");
            *borrowed
        })
    };
    R::yield_now().await;

    let own = value.borrow().unwrap();
    for n in 1..=1000 {
        value.set(n);
    }
    assert_eq!((*own, value.load()), (0, Some(1000)));
    released.set(());
    // Whichever version it was that the sleeper borrowed.
    assert!(sleeper.await <= 1000);
}

/// Nor for whoever clones, filters or updates: here all of them set, in the middle of it.
pub fn v4_set_never_waits_for_a_reader_in_the_middle_of_reading() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let task = Task::new();
    let accepted = task.poll(watcher.get().filter(|n| {
        value.set(*n + 1);
        true
    }));
    assert!(matches!(accepted, Poll::Ready(Ok(1))));

    let mut runs = 0;
    assert!(value.update(|n| {
        runs += 1;
        if runs == 1 {
            value.set(100);
        }
        *n += 1;
    }));
    assert_eq!((runs, value.load()), (2, Some(101)));
}

/// The first watcher may come later.
pub async fn v5_set_stores_the_data_though_nobody_watches<R: Runtime, B: Backend>() {
    let value = B::create().await;
    B::set(&value, 1).await;
    drop(value.watch());
    B::set(&value, 2).await;
    assert_eq!(value.watch().get().await.unwrap(), 2);
}

/// Without a reader, that is at once; after it, the next set has nothing left to do.
pub fn v6_old_data_is_dropped_by_the_set_that_replaces_it() {
    let census = Census::new();
    let value = MemoryValue::new();
    for n in 0..10 {
        value.set(census.citizen(n));
        assert_eq!(census.alive(), 1, "after set number {n}");
    }
    value.clear();
    assert_eq!(census.alive(), 0);
    value.set(census.citizen(10));
    assert_eq!(value.replace(census.citizen(11)).map(|old| old.data()), Some(10));
    assert_eq!((census.alive(), census.made()), (1, 12), "`replace` moves out what nobody reads");
    drop(value);
    census.assert_each_was_dropped_once();
}

/// Borrows, snapshots and watchers' references, let go in any order.
pub fn v6_old_data_is_dropped_as_soon_as_its_last_reader_lets_go() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let mut watcher = value.watch();
    let borrowed = value.borrow().unwrap();
    let snapshot = value.borrow().unwrap().detach();
    let got = watcher.wait_for(|_| true);
    let Poll::Ready(Ok(got)) = Task::new().poll(got) else { panic!("there is data") };

    value.set(census.citizen(2));
    let second = value.borrow().unwrap();
    value.set(census.citizen(3));
    assert_eq!(census.alive(), 3);
    drop(borrowed);
    drop(snapshot);
    assert_eq!((census.alive(), got.data()), (3, 1), "one reader is left");
    drop(got);
    assert_eq!(census.alive(), 2, "the last reader of version 1 has gone");
    drop(second);
    assert_eq!(census.alive(), 1, "the last reader of version 2 has gone");

    let last = value.borrow().unwrap();
    drop(last);
    assert_eq!(census.alive(), 1, "what is present stays");
    drop((value, watcher));
    census.assert_each_was_dropped_once();
}

/// What outlives all handles is exactly what a watcher or a snapshot can still reach.
pub fn v6_the_newest_data_is_dropped_with_whoever_could_still_read_it() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let watcher = value.watch();
    let reader = value.reader();
    let snapshot = value.borrow().unwrap().detach();
    let weak = value.downgrade();
    drop(value);
    assert_eq!(census.alive(), 1);
    drop(watcher);
    drop(reader);
    assert_eq!((census.alive(), snapshot.data()), (1, 1));
    drop(snapshot);
    assert_eq!(census.alive(), 0, "a weak handle keeps nothing alive");
    assert!(weak.upgrade().is_none());
    census.assert_each_was_dropped_once();
}

/// Under contention, with readers that hold on.
pub async fn v6_each_version_is_dropped_once_under_contention<R: Runtime>() {
    let census = Census::new();
    let value = Arc::new(MemoryValue::new());
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
    for setter in 0..2 {
        let (value, census) = (Arc::clone(&value), census.clone());
        tasks.push(Box::pin(R::spawn(async move {
            for n in 0..1000 {
                value.set(census.citizen(setter * 1000 + n));
                if n % 8 == 0 {
                    R::yield_now().await;
                }
            }
        })));
    }
    for reader in 0..3 {
        let value = Arc::clone(&value);
        tasks.push(Box::pin(R::spawn(async move {
            let mut held = Vec::new();
            for n in 0..1000 {
                held.extend(value.borrow().map(Ref::detach));
                if n % (reader + 5) == 0 {
                    assert!(held.iter().all(|snapshot| snapshot.data() < 2000));
                    held.clear();
                    R::yield_now().await;
                }
            }
        })));
    }
    for task in tasks {
        task.await;
    }
    assert_eq!(census.alive(), 1, "only the newest is left");
    drop(value);
    census.assert_each_was_dropped_once();
}
