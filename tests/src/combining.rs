//! Combinators of several values, or beside a future or a time, as tasks of a runtime: that no wake-up is lost on the way.

use alloc::sync::Arc;
use core::future::pending;
use core::time::Duration;

use event_core::prelude::*;
use event_core::{MemoryValue, combine, optional, select};

use crate::runtime::{Backend, Runtime};
use crate::waiting::after_polls;

/// As many values as are watched together.
const MANY: usize = 5;

async fn create_many<B: Backend>() -> Vec<Arc<B::Value>> {
    let mut values = Vec::new();
    for _ in 0..MANY {
        values.push(Arc::new(B::create().await));
    }
    values
}

/// Each value is set when what was set before has been answered, so a lost wake-up hangs.
pub async fn w2_no_wake_up_of_any_of_many_is_lost<R: Runtime, B: Backend>() {
    let rounds = B::ROUNDS / MANY as u64;
    let (values, answers) = (create_many::<B>().await, Arc::new([const { MemoryValue::<u64>::new() }; MANY]));
    let watchers: Vec<_> =
        values.iter().enumerate().map(|(number, value)| value.watch().map(move |n| (number, n))).collect();
    let setters: Vec<_> = values
        .into_iter()
        .enumerate()
        .map(|(number, value)| {
            let (mut answer, answers) = (answers[number].watch(), Arc::clone(&answers));
            R::spawn(async move {
                for n in 1..=rounds {
                    B::set(&value, n).await;
                    assert_eq!(answer.get().await.unwrap(), n);
                }
                drop(answers);
            })
        })
        .collect();
    let mut any = select(watchers);
    let mut answered = 0;
    while answered < rounds * MANY as u64 {
        let (number, n) = any.get().await.unwrap();
        answers[number].set(n);
        answered += 1;
    }
    for setter in setters {
        setter.await;
    }
}

/// Before there is data, beside others that have some, and at last.
pub async fn w1_a_combination_of_many_begins_without_data_and_arrives_at_the_newest<R: Runtime, B: Backend>() {
    let rounds = B::ROUNDS / MANY as u64;
    let values = create_many::<B>().await;
    let mut all = combine(values.iter().map(|value| optional(value.watch())).collect::<Vec<_>>());
    assert_eq!(all.get().await.unwrap(), [None; MANY]);
    let setter = R::spawn(async move {
        for n in 1..=rounds {
            for value in &values {
                B::set(value, n).await;
            }
        }
        values
    });
    let mut seen = vec![None; MANY];
    while seen != [Some(rounds); MANY] {
        let newer = all.get().await.unwrap();
        assert!(newer.iter().zip(&seen).all(|(newer, seen)| newer >= seen), "{newer:?} after {seen:?}");
        seen = newer;
    }
    drop(setter.await);
}

/// With runs that wait for other tasks, between gets that are given up.
pub async fn w2_the_run_of_the_newest_item_is_always_finished<R: Runtime, B: Backend>() {
    let rounds = B::ROUNDS / MANY as u64;
    let value = Arc::new(B::create().await);
    let mut latest = value
        .watch()
        .map_latest(|n| async move {
            R::yield_now().await;
            R::yield_now().await;
            n
        })
        .scan(0, |before, n| (core::mem::replace(before, n), n));
    let setter = R::spawn(async move {
        for n in 1..=rounds {
            B::set(&value, n).await;
        }
        value
    });
    let mut seen = 0;
    while seen < rounds {
        if let Ok((before, n)) = latest.get().until(after_polls(2)).await {
            assert!(before < n && before == seen, "{n} after {before}, which was {seen}");
            seen = n;
        }
    }
    drop(setter.await);
}

/// Consumers come and go. Each finds what is newest, though the driver may rest when it comes; a lost wake-up hangs.
pub async fn w2_a_driver_that_rests_goes_on_for_everyone_who_comes<R: Runtime>() {
    let source = MemoryValue::with_value(0_u64);
    let (shared, driver) = source.watch().map(|n| n * 2).share();
    let driver = R::spawn(driver.while_watched(|_| R::yield_now(), Duration::from_secs(1)));
    for n in 1..=1_000 {
        source.set(n);
        let mut consumers: Vec<_> = (0..n % 3)
            .map(|_| {
                let mut watcher = shared.watch();
                R::spawn(async move { while watcher.get().await.unwrap() != n * 2 {} })
            })
            .collect();
        if let Some(consumer) = consumers.pop() {
            consumer.await;
        }
        for consumer in consumers {
            consumer.await;
        }
        if n % 2 == 0 {
            R::yield_now().await;
        }
    }
    drop(shared);
    driver.await.expect("memory values do not fail");
    assert_eq!(source.watcher_count(), 0);
}

/// A producer that never pauses is heard through a debounce with a limit. The only other thing that could end is quiet.
pub async fn a_value_that_is_never_quiet_is_heard_through_a_limit<R: Runtime>() {
    const QUIET: Duration = Duration::from_secs(7);
    let value = MemoryValue::with_value(0_u64);
    let timer = |duration| async move {
        if duration == QUIET {
            pending::<()>().await;
        }
        R::yield_now().await;
    };
    let mut limited = value.watch().debounce(timer, QUIET).at_most(Duration::from_secs(1));
    let heard = MemoryValue::<u64>::new();
    let producer = {
        let heard = heard.clone();
        R::spawn(async move {
            let mut sets = 0_u64;
            while heard.load() != Some(10) {
                sets += 1;
                value.set(sets);
                R::yield_now().await;
            }
            sets
        })
    };
    let mut newest = None;
    for n in 1..=10 {
        let next = Some(limited.get().await.unwrap());
        assert!(next > newest);
        (newest, _) = (next, heard.set(n));
    }
    assert!(newest <= Some(producer.await));
}
