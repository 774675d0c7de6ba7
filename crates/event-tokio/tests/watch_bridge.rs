//! tokio's watch channels between values, and what user code can do to them: panics, tasks without budget.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use event_core::MemoryValue;
use event_core::prelude::*;
use event_tokio::{WatchReceiver, pipe};
use tokio::sync::watch;
use tokio::task::{consume_budget, coop};
use tokio::time::timeout;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};

#[test]
fn data_goes_from_a_value_through_a_watch_channel_into_another_value() {
    let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
    let (sender, receiver) = watch::channel(0);
    let mut there = pipe(value.reader(), sender);
    let mut back = pipe(WatchReceiver::from(receiver), copy.clone());
    {
        let (mut run_there, mut run_back) =
            (spawn(there.run_until(pending::<()>())), spawn(back.run_until(pending::<()>())));
        assert_pending!(run_back.poll());
        assert_eq!(copy.load(), Some(0), "what the channel was made with");
        assert_pending!(run_there.poll());
        for n in 1..10 {
            assert!(run_back.is_woken());
            assert_pending!(run_back.poll());
            assert_eq!(copy.load(), Some(n));
            value.set(n + 1);
            assert!(run_there.is_woken());
            assert_pending!(run_there.poll());
        }
        drop(value);
        assert!(run_there.is_woken());
        assert!(assert_ready_err!(run_there.poll()).is_value_closed());
        assert_pending!(run_back.poll());
    }
    // The channel's end is the end of the way back, with the newest data.
    drop(there);
    let mut run_back = spawn(back.run_until(pending::<()>()));
    assert!(assert_ready_err!(run_back.poll()).is_value_closed());
    assert_eq!(copy.load(), Some(10));
}

#[test]
fn closing_the_channel_ends_a_pipe_that_waits_for_it() {
    let (sender, receiver) = watch::channel(1);
    let copy = MemoryValue::new();
    let mut pipe = pipe(WatchReceiver::from(receiver), copy.clone());
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    sender.send(2).unwrap();
    drop(sender);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_value_closed());
    assert_eq!(copy.load(), Some(2));
}

#[tokio::test]
async fn static_text_from_a_watch_channel_can_be_got_and_piped_in_tasks() {
    const LIMIT: Duration = Duration::from_secs(180);
    let (sender, receiver) = watch::channel("early");
    let (value, copy) = (WatchReceiver::from(receiver), MemoryValue::new());
    let mut watcher = value.watch();
    let getting = tokio::spawn(async move { watcher.get().filter(|text| *text == "late").await });
    let mut piped = copy.watch();
    let mut pipe = pipe(value, copy);
    let running = tokio::spawn(async move { pipe.run_until(pending::<()>()).await });
    assert_eq!(timeout(LIMIT, piped.get()).await.unwrap().unwrap(), "early");
    sender.send("late").unwrap();
    assert_eq!(timeout(LIMIT, getting).await.unwrap().unwrap().unwrap(), "late");
    drop(sender);
    assert!(timeout(LIMIT, running).await.unwrap().unwrap().unwrap_err().is_value_closed());
    assert_eq!(piped.get().await.unwrap(), "late");
}

#[tokio::test]
async fn a_wait_that_begins_without_budget_is_a_wait_all_the_same() {
    let (sender, receiver) = watch::channel(0);
    let mut watcher = WatchReceiver::from(receiver).watch();
    assert_eq!(watcher.get().await.unwrap(), 0);
    poll_fn(|cx| {
        while coop::has_budget_remaining() {
            let mut unit = pin!(consume_budget());
            let _ = unit.as_mut().poll(cx);
        }
        let mut get = spawn(watcher.get());
        assert_pending!(get.poll());
        assert!(!get.is_woken());
        sender.send(1).unwrap();
        assert!(get.is_woken());
        assert_eq!(assert_ready_ok!(get.poll()), 1);
        Poll::Ready(())
    })
    .await;
}

/// Data whose next clone panics when told to.
#[derive(Debug)]
struct Touchy(Arc<Mutex<bool>>);

impl Clone for Touchy {
    fn clone(&self) -> Self {
        let told = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(!told, "as planned");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn p1_after_a_panic_of_clone_or_of_a_predicate_the_data_is_still_unseen() {
    let panics = Arc::new(Mutex::new(true));
    let (sender, receiver) = watch::channel(Touchy(Arc::clone(&panics)));
    let mut watcher = WatchReceiver::from(receiver).watch();
    for _ in 0..2 {
        *panics.lock().unwrap() = true;
        assert!(catch_unwind(AssertUnwindSafe(|| spawn(watcher.get()).poll())).is_err());
        let predicate = |_: &Touchy| panic!("as planned");
        assert!(catch_unwind(AssertUnwindSafe(|| spawn(watcher.get().filter(predicate)).poll())).is_err());
        assert!(assert_ready_ok!(spawn(watcher.get()).poll()).0.try_lock().is_ok());
        assert_pending!(spawn(watcher.get()).poll());
        assert!(sender.send(Touchy(Arc::clone(&panics))).is_ok(), "nobody has the lock any more");
    }
}

/// A waker that panics when the last one of it goes.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("as planned");
    }
}

#[test]
fn p1_after_a_panic_of_a_waker_the_watcher_can_wait_again() {
    let (sender, receiver) = watch::channel(0);
    let mut watcher = WatchReceiver::from(receiver).watch();
    assert_ready_ok!(spawn(watcher.get()).poll());
    let bomb = Waker::from(Arc::new(Bomb));
    assert_pending!(watcher.poll_get(&mut Context::from_waker(&bomb)));
    drop(bomb);
    assert!(catch_unwind(AssertUnwindSafe(|| spawn(watcher.get()).poll())).is_err());
    let mut get = spawn(watcher.get());
    assert_pending!(get.poll());
    sender.send(1).unwrap();
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 1);
}

#[test]
fn a_watcher_shows_whether_it_is_closed_even_while_the_channel_is_locked() {
    struct Secret;
    let (sender, receiver) = watch::channel(Arc::new(Secret));
    let value = WatchReceiver::from(receiver);
    let watcher = value.watch();
    sender.send_modify(|_| {
        assert_eq!(format!("{value:?}"), "WatchReceiver { closed: false, .. }");
        assert_eq!(format!("{watcher:?}"), "ReceiverWatcher { closed: false, .. }");
    });
    drop(sender);
    assert_eq!(format!("{value:?}"), "WatchReceiver { closed: true, .. }");
    assert_eq!(format!("{watcher:?}"), "ReceiverWatcher { closed: true, .. }");
}
