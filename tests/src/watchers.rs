//! W1, W3 and W4: what a watcher gives, and to whom.

use alloc::sync::Arc;
use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

use event_core::prelude::*;
use event_core::{BoxWatcher, MemoryValue};
use futures_core::{FusedStream, Stream};

use crate::by_hand::Task;
use crate::runtime::{Backend, Runtime};

/// Gets until `last` comes. What comes must grow.
pub(crate) async fn get_growing_until<W: Watcher<Item = u64>>(watcher: &mut W, last: u64) -> Vec<u64> {
    let mut got = Vec::new();
    while got.last() != Some(&last) {
        let item = watcher.get().await.expect("the value is open");
        assert!(got.last().is_none_or(|before| *before < item), "{item} came after {got:?}");
        got.push(item);
    }
    got
}

/// Whether it was set before the watcher came or after.
pub async fn w1_the_first_get_gives_the_data_present<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut early = value.watch();
    B::set(&value, 1).await;
    B::set(&value, 2).await;
    assert_eq!(value.watch().get().await.unwrap(), 2);
    get_growing_until(&mut early, 2).await;
}

/// A setter, and watchers that are never all equally fast.
pub async fn w1_gets_give_ever_newer_data_and_the_last_arrives_everywhere<R: Runtime, B: Backend>() {
    let value = Arc::new(B::create().await);
    let last = B::ROUNDS;
    let watchers: Vec<_> = (1..=4)
        .map(|pace| {
            let mut watcher = value.watch();
            R::spawn(async move {
                let mut before = 0;
                while before != last {
                    let item = watcher.get().await.expect("the value is open");
                    assert!(before < item, "{item} came after {before}");
                    before = item;
                    if item % pace == 0 {
                        R::yield_now().await;
                    }
                }
                watcher.get().backlog_only().await.expect_err("nothing is newer than the last").is_backlog_done()
            })
        })
        .collect();
    for n in 1..=last {
        B::set(&value, n).await;
        if n % 8 == 0 {
            R::yield_now().await;
        }
    }
    for watcher in watchers {
        assert!(watcher.await);
    }
}

/// Each watcher keeps its own account.
pub async fn w1_what_one_watcher_got_is_still_new_to_another<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let (mut one, mut other) = (value.watch(), value.watch());
    B::set(&value, 1).await;
    assert_eq!(one.get().await.unwrap(), 1);
    assert_eq!(other.get().await.unwrap(), 1);
    B::set(&value, 2).await;
    assert_eq!(other.get().await.unwrap(), 2);
    assert_eq!(one.get().await.unwrap(), 2);
}

/// Always the newest: a slow watcher skips what it missed, and knows how much that was.
pub fn w1_what_came_and_went_between_two_gets_is_skipped() {
    let value = MemoryValue::with_value(0);
    let mut watcher = value.watch();
    assert_eq!((watcher.try_get().unwrap(), watcher.missed()), (0, 0));
    for n in 1..=10 {
        value.set(n);
    }
    assert!(watcher.has_changed());
    assert_eq!((watcher.try_get().unwrap(), watcher.missed()), (10, 9));
    assert!(!watcher.has_changed());
    assert!(watcher.try_get().unwrap_err().is_backlog_done());
    value.set(11);
    assert_eq!((watcher.try_get().unwrap(), watcher.missed()), (11, 0));
}

/// A get that found data keeps to it; looking without getting changes nothing; marks are obeyed.
pub fn w1_only_a_get_or_a_mark_moves_the_cursor() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let _ = (watcher.borrow(), watcher.has_changed(), watcher.clone(), format!("{watcher:?}"));
    assert_eq!(watcher.try_get().unwrap(), 1);
    watcher.mark_unseen();
    assert_eq!(watcher.try_get().unwrap(), 1);
    value.set(2);
    watcher.mark_seen();
    assert!(watcher.try_get().unwrap_err().is_backlog_done());
    assert!(value.watch_changes().try_get().unwrap_err().is_backlog_done());
    value.set(3);
    assert_eq!(watcher.try_get().unwrap(), 3);
}

/// "No data" is a version that watchers wait through.
pub async fn w1_a_get_waits_through_a_clear<R: Runtime>() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    value.clear();
    let task = R::spawn(async move { watcher.get().await });
    R::yield_now().await;
    value.set(2);
    value.clear();
    value.set(3);
    assert!((2..=3).contains(&task.await.unwrap()));
}

/// References instead of clones, for data that is not `Clone`.
pub async fn w1_references_obey_the_same_rules<R: Runtime>() {
    struct NotClone(u32);
    let value = MemoryValue::with_value(NotClone(1));
    let mut watcher = value.watch();
    assert_eq!(watcher.get_ref().await.unwrap().0, 1);
    assert_eq!(watcher.wait_for(|data| data.0 == 1).await.unwrap().0, 1, "seen data counts too");

    let task = R::spawn(async move {
        let item = watcher.wait_for(|data| data.0 > 2).await.map(|data| data.0);
        (item, watcher)
    });
    R::yield_now().await;
    value.set(NotClone(2));
    R::yield_now().await;
    value.set(NotClone(3));
    let (item, mut watcher) = task.await;
    assert_eq!(item.unwrap(), 3);
    drop(value);
    assert!(watcher.get_ref().await.err().is_some_and(|error| error.is_closed()));
}

/// Get, then get: a second one at the same time does not compile.
///
/// ```compile_fail,E0499
/// fn twice<W: event_core::Watcher>(mut watcher: W) {
///     use event_core::WatcherExt;
///     let first = watcher.get();
///     let second = watcher.get();
///     drop((first, second));
/// }
/// ```
///
/// Its twin differs in nothing but the order:
///
/// ```
/// fn twice<W: event_core::Watcher>(mut watcher: W) {
///     use event_core::WatcherExt;
///     let first = watcher.get();
///     drop(first);
///     let second = watcher.get();
///     drop(second);
/// }
/// ```
///
/// The inherent `get` has the same pair in the documentation of [`MemoryWatcher`](event_core::MemoryWatcher).
pub async fn w3_one_get_at_a_time_is_all_that_compiles<R: Runtime, B: Backend>() {
    let value = B::create().await;
    B::set(&value, 1).await;
    let mut watcher = value.watch();
    let first = watcher.get();
    drop(first);
    let second = watcher.get();
    assert_eq!(second.await.unwrap(), 1);
}

/// From task to task, what it has seen goes along.
pub async fn w4_a_watcher_can_be_moved_between_tasks<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut watcher = value.watch();
    for n in 1..=20 {
        B::set(&value, n).await;
        let task = R::spawn(async move {
            let item = watcher.get().await;
            (item, watcher)
        });
        let (item, back) = task.await;
        assert_eq!(item.unwrap(), n);
        watcher = back;
    }
}

/// Even after it was polled elsewhere, with another task's waker.
pub async fn w4_a_watcher_that_waited_in_one_task_can_wait_in_another<R: Runtime>() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let elsewhere = Task::new();
    assert!(elsewhere.poll(watcher.get()).is_pending());
    let task = R::spawn(async move { watcher.get().await });
    R::yield_now().await;
    value.set(1);
    assert_eq!(task.await.unwrap(), 1);
}

/// And goes its own way from there.
pub fn w4_a_clone_takes_the_cursor_along() {
    let value = MemoryValue::with_value(1);
    let fresh = value.watch();
    let mut watcher = fresh.clone();
    assert_eq!(watcher.try_get().unwrap(), 1);
    let mut copy = watcher.clone();
    assert!(copy.try_get().unwrap_err().is_backlog_done());
    assert_eq!(fresh.clone().try_get().unwrap(), 1);

    value.set(2);
    assert_eq!(copy.try_get().unwrap(), 2);
    assert_eq!(watcher.try_get().unwrap(), 2);
    value.set(3);
    drop(watcher);
    assert_eq!(copy.try_get().unwrap(), 3);
}

/// A clone of a watcher that waits does not wait, and does not take the other's wake-up.
pub fn w4_a_clone_of_a_waiting_watcher_waits_for_itself() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let (one, other) = (Task::new(), Task::new());
    assert!(one.poll(watcher.get()).is_pending());
    let mut copy = watcher.clone();
    assert!(other.poll(copy.get()).is_pending());
    value.set(1);
    assert_eq!((one.wakes(), other.wakes()), (1, 1));
    assert_eq!((watcher.try_get().unwrap(), copy.try_get().unwrap()), (1, 1));
}

/// Behind a pointer nothing changes.
pub async fn w4_a_boxed_watcher_can_be_moved_and_used_like_any_other<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut boxed: BoxWatcher<'static, u64> = value.watch().boxed();
    B::set(&value, 3).await;
    let task = R::spawn(async move {
        let item = boxed.get().filter(|n| n % 3 == 0).await;
        (item, boxed.get().backlog_only().await.is_err())
    });
    let (item, nothing_else) = task.await;
    assert_eq!((item.unwrap(), nothing_else), (3, true));
}

/// A stream conflates as `get` does, and ends with the value.
pub async fn w1_a_stream_gives_what_get_would<R: Runtime>() {
    let value = MemoryValue::with_value(1);
    let mut stream = value.watch().into_stream();
    let mut next = async || poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)).await;
    assert_eq!(next().await, Some(1));
    value.set(2);
    value.set(3);
    assert_eq!(next().await, Some(3));
    value.set(4);
    drop(value);
    assert_eq!(next().await, Some(4));
    assert_eq!(next().await, None);
    assert_eq!(next().await, None);
    assert!(stream.is_terminated() && stream.take_error().is_none());
    let polled = Task::new().poll(stream.into_inner().get());
    assert!(matches!(polled, Poll::Ready(Err(error)) if error.is_closed()));
}
