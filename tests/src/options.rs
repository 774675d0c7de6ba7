//! W7, W8, and that cancellation wins: the options of a get.

use core::future::{Future, poll_fn, ready};
use core::pin::pin;
use core::task::Poll;

use event_core::prelude::*;
use event_core::{GetError, MemoryValue};

use crate::by_hand::Task;
use crate::census::Census;
use crate::runtime::{Backend, Runtime};
use crate::watchers::get_growing_until;

/// What the predicate rejects never comes, neither now nor later.
pub async fn w7_what_a_filter_rejects_is_consumed_and_skipped<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut watcher = value.watch();
    B::set(&value, 3).await;
    let none = watcher.get().filter(|n| n % 2 == 0).backlog_only().await;
    assert!(none.unwrap_err().is_backlog_done());
    let nothing_left = watcher.get().backlog_only().await;
    assert!(nothing_left.unwrap_err().is_backlog_done(), "3 was rejected, which consumes it");

    let task = R::spawn(async move { (watcher.get().filter(|n| n % 2 == 0).await, watcher) });
    for n in [5, 7, 8] {
        R::yield_now().await;
        B::set(&value, n).await;
    }
    let (item, mut watcher) = task.await;
    assert_eq!(item.unwrap(), 8);
    B::set(&value, 9).await;
    assert_eq!(watcher.get().await.unwrap(), 9);
}

/// A version that is replaced before the predicate sees it was not rejected but missed.
pub fn w7_a_filter_is_asked_about_each_version_once() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let mut asked = Vec::new();
    let task = Task::new();
    {
        let mut get = pin!(watcher.get().filter(|n| {
            asked.push(*n);
            *n == 5
        }));
        for n in [1, 2, 3, 5] {
            assert!(task.poll(get.as_mut()).is_pending());
            assert!(task.poll(get.as_mut()).is_pending(), "a poll without news asks nothing");
            value.set(n);
            if n == 2 {
                value.set(20);
            }
        }
        assert!(matches!(task.poll(get), Poll::Ready(Ok(5))));
    }
    assert_eq!(asked, [1, 20, 3, 5]);
    assert_eq!(watcher.missed(), 1, "2 was replaced before it was looked at");
}

/// Rejecting costs no clone, and a get that is accepted costs one.
pub fn w7_a_filter_runs_on_a_borrow_before_any_clone() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let mut watcher = value.watch();
    let rejected = Task::new().poll(watcher.get().filter(|_| false));
    assert!(rejected.is_pending());
    let rejected = Task::new().poll(watcher.clone().get().filter(|_| false).backlog_only());
    assert!(rejected.is_ready());
    assert_eq!(census.made(), 1);

    value.set(census.citizen(2));
    let accepted = Task::new().poll(watcher.get().filter(|citizen| citizen.data() == 2));
    assert!(accepted.is_ready());
    assert_eq!(census.made(), 3);
}

/// The initial data, and then an error instead of a wait.
pub async fn w8_backlog_only_gives_what_is_there_and_then_is_done<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut watcher = value.watch();
    assert!(watcher.get().backlog_only().await.unwrap_err().is_backlog_done());

    let mut watcher = {
        B::set(&value, 1).await;
        value.watch()
    };
    assert_eq!(watcher.get().backlog_only().await.unwrap(), 1);
    assert!(watcher.get().backlog_only().await.unwrap_err().is_backlog_done());
    B::set(&value, 2).await;
    assert_eq!(watcher.get().await.unwrap(), 2, "it goes on as if nothing had happened");
}

/// In either order.
pub async fn w8_backlog_only_combines_with_filter<R: Runtime, B: Backend>() {
    let value = B::create().await;
    B::set(&value, 1).await;
    let mut watcher = value.watch();
    let rejected = watcher.get().filter(|n| *n > 1).backlog_only().await;
    assert!(rejected.unwrap_err().is_backlog_done());
    get_growing_until(&mut value.watch(), 1).await;

    B::set(&value, 2).await;
    let mut watcher = value.watch();
    assert_eq!(watcher.get().backlog_only().filter(|n| *n > 1).await.unwrap(), 2);
}

/// Whatever the state, the first poll is ready.
pub fn w8_backlog_only_never_waits_on_memory_values() {
    fn once(watcher: &mut event_core::MemoryWatcher<u64>) -> Result<u64, GetError> {
        let task = Task::new();
        let Poll::Ready(result) = task.poll(watcher.get().backlog_only()) else { panic!("it waits") };
        assert_eq!(task.stored_wakers(), 0, "who never waits needs no waker");
        result
    }
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    assert!(once(&mut watcher).unwrap_err().is_backlog_done());
    value.set(1);
    assert_eq!(once(&mut watcher).unwrap(), 1);
    value.clear();
    assert!(once(&mut watcher).unwrap_err().is_backlog_done());
    value.set(2);
    value.close();
    assert_eq!(once(&mut watcher).unwrap(), 2);
    assert!(once(&mut watcher).unwrap_err().is_closed());
}

/// It consumes nothing, however much data there is.
pub async fn cancellation_wins_over_data<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut watcher = value.watch();
    B::set(&value, 1).await;
    for _ in 0..3 {
        assert!(watcher.get().until(ready(())).await.unwrap_err().is_cancelled());
        assert!(watcher.get().until(ready(())).filter(|_| true).await.unwrap_err().is_cancelled());
        assert!(watcher.get().backlog_only().until(ready(())).await.unwrap_err().is_cancelled());
    }
    assert_eq!(watcher.get().await.unwrap(), 1);
}

/// A task that is flooded with data ends when it is told to.
pub async fn a_flood_of_sets_cannot_starve_a_cancellation<R: Runtime, B: Backend>() {
    let (value, stop) = (B::create().await, MemoryValue::<()>::new());
    let (mut watcher, reader) = (value.watch(), stop.reader());
    let task = R::spawn(async move {
        loop {
            let mut stopped = reader.watch();
            match watcher.get().until(stopped.get_ref()).await {
                Ok(_) => R::yield_now().await,
                Err(error) => return error,
            }
        }
    });
    for n in 1..=100 {
        B::set(&value, n).await;
        R::yield_now().await;
        if n == 50 {
            stop.set(());
        }
    }
    assert!(task.await.is_cancelled());
}

/// A get that waits is woken by what cancels it, and ends.
pub async fn until_ends_a_get_that_waits<R: Runtime, B: Backend>() {
    let (value, stop) = (B::create().await, MemoryValue::<()>::new());
    let (mut watcher, mut stopped) = (value.watch(), stop.watch());
    let task = R::spawn(async move {
        let result = watcher.get().until(stopped.get_ref()).await;
        (result, watcher)
    });
    R::yield_now().await;
    stop.set(());
    let (result, mut watcher) = task.await;
    assert!(result.unwrap_err().is_cancelled());
    B::set(&value, 1).await;
    assert_eq!(watcher.get().await.unwrap(), 1);
}

/// A predicate that goes on rejecting does not keep its task from being cancelled.
pub fn a_filter_that_is_flooded_gives_its_task_a_chance_to_be_cancelled() {
    let value = MemoryValue::with_value(0_u64);
    let mut watcher = value.watch();
    let task = Task::new();
    let mut polls = 0;
    let cancel = poll_fn(|_| {
        polls += 1;
        if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
    });
    let mut get = pin!(
        watcher
            .get()
            .filter(|n| {
                value.set(n + 1);
                false
            })
            .until(cancel)
    );
    let result = loop {
        let wakes = task.wakes();
        match task.poll(get.as_mut()) {
            Poll::Ready(result) => break result,
            Poll::Pending => assert!(task.wakes() > wakes, "there is more: it has to be polled again"),
        }
    };
    assert!(result.unwrap_err().is_cancelled());
}

/// A cancelled get may be polled again if what cancelled it may.
pub fn a_get_can_be_polled_again_after_it_was_ready() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let task = Task::new();
    let mut get = pin!(watcher.get());
    assert!(matches!(task.poll(get.as_mut()), Poll::Ready(Ok(1))));
    assert!(task.poll(get.as_mut()).is_pending());
    value.set(2);
    assert!(matches!(get.as_mut().poll(&mut core::task::Context::from_waker(&task.waker())), Poll::Ready(Ok(2))));
}
