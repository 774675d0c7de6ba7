//! Pipes into what always has a place: the other channels of tokio's, and memory values.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::RefCell;
use std::fmt::Debug;
use std::future::pending;
use std::time::Duration;

use event_core::MemoryValue;
use event_tokio::{PipeTo, pipe};
use tokio::sync::broadcast::error::TryRecvError as BroadcastError;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::timeout;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err};
use tokio_util::sync::CancellationToken;

#[test]
fn an_unbounded_channel_takes_everything_and_the_pipe_never_waits_for_a_place() {
    let value = MemoryValue::with_value(0);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    for n in 1..100 {
        value.set(n);
        assert!(run.is_woken());
        assert_pending!(run.poll());
    }
    let received: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
    assert!(received.into_iter().eq(0..100), "what is in the channel is replaced by nothing");
}

#[test]
fn dropping_the_receiver_ends_a_pipe_into_an_unbounded_channel_at_once() {
    let value = MemoryValue::<u32>::new();
    let (sender, receiver) = mpsc::unbounded_channel();
    let mut pipe = pipe(value, sender);
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    drop(receiver);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

#[test]
fn an_unbounded_channel_that_is_closed_just_before_an_item_is_sent_ends_the_pipe() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut pipe = pipe(value, sender).filter(|_| {
        receiver.close();
        true
    });
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

#[test]
fn an_unbounded_channel_stays_open_for_others_after_a_run() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut pipe = pipe(value, sender.clone());
    assert_pending!(spawn(pipe.run_until(pending::<()>())).poll());
    drop(pipe);
    sender.send(2).unwrap();
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn every_receiver_of_a_broadcast_channel_gets_what_is_set() {
    let value = MemoryValue::with_value(1);
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    value.set(2);
    assert!(run.is_woken());
    assert_pending!(run.poll());
    for receiver in [&mut first, &mut second] {
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
        assert_eq!(receiver.try_recv(), Err(BroadcastError::Empty));
    }
}

#[test]
fn a_pipe_does_not_wait_for_receivers_of_a_broadcast_channel_that_lag_behind() {
    let value = MemoryValue::with_value(0);
    let (sender, mut receiver) = broadcast::channel(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    for n in 1..=9 {
        value.set(n);
        assert_pending!(run.poll());
    }
    assert_eq!(receiver.try_recv(), Err(BroadcastError::Lagged(9)));
    assert_eq!(receiver.try_recv(), Ok(9));
}

#[test]
fn without_receivers_a_broadcast_channel_drops_items_and_the_pipe_goes_on() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = broadcast::channel(4);
    drop(receiver);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    for n in [2, 4] {
        // What comes later is received, what was there before is not.
        let mut receiver = sender.subscribe();
        value.set(n);
        assert!(run.is_woken());
        assert_pending!(run.poll());
        assert_eq!(receiver.try_recv(), Ok(n));
        assert_eq!(receiver.try_recv(), Err(BroadcastError::Empty));
        drop(receiver);
        value.set(n + 1);
        assert!(run.is_woken());
        assert_pending!(run.poll());
    }
}

#[test]
fn a_watch_channel_stores_what_is_set_though_there_is_no_receiver() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = watch::channel(0);
    drop(receiver);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    for n in [1, 3] {
        let receiver = sender.subscribe();
        assert_eq!(*receiver.borrow(), n);
        value.set(n + 1);
        assert!(run.is_woken());
        assert_pending!(run.poll());
        assert!(receiver.has_changed().unwrap());
        assert_eq!(*receiver.borrow(), n + 1);
        drop(receiver);
        value.set(n + 2);
        assert!(run.is_woken());
        assert_pending!(run.poll());
    }
}

#[test]
fn data_that_equals_what_a_watch_channel_holds_is_stored_and_wakes() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = watch::channel(1);
    let mut pipe = pipe(value, sender);
    let mut changed = spawn(receiver.changed());
    assert_pending!(changed.poll());
    assert_pending!(spawn(pipe.run_until(pending::<()>())).poll());
    assert!(changed.is_woken());
}

#[test]
fn closing_the_other_value_ends_a_pipe_into_it() {
    let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
    let mut pipe = pipe(value.clone(), copy.clone());
    let mut run = spawn(pipe.run_until(pending::<()>()));
    assert_pending!(run.poll());
    value.set(2);
    assert!(run.is_woken());
    assert_pending!(run.poll());
    assert_eq!(copy.load(), Some(2));
    copy.close();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

/// What has to be so for every channel, `received` being what came out of it since the last time.
fn as_every_pipe<S: PipeTo<u32> + Clone + Debug>(to: &S, received: impl FnMut() -> Vec<u32>) {
    let received = RefCell::new(received);
    let received = || received.borrow_mut()();

    let (value, token) = (MemoryValue::with_value(1), CancellationToken::new());
    let mut pipe_all = pipe(value.clone(), to.clone());
    let mut run = spawn(pipe_all.run_until(token.cancelled()));
    assert_pending!(run.poll());
    assert_eq!(received(), [1]);
    value.set(2);
    token.cancel();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
    assert_eq!(received(), [], "{to:?}: cancellation comes before data");
    drop(run);
    assert_pending!(spawn(pipe_all.run_until(pending::<()>())).poll());
    assert_eq!(received(), [2], "{to:?}: each run begins with the present data");

    let mut pipe_backlog = pipe(value.reader(), to.clone()).filter(|n| n % 2 == 1).backlog_only();
    assert_ready!(spawn(pipe_backlog.run_until(pending::<()>())).poll()).unwrap();
    assert_eq!(received(), [], "{to:?}: what a filter rejects is not sent");
    value.set(3);
    assert_ready!(spawn(pipe_backlog.run_until(pending::<()>())).poll()).unwrap();
    assert_eq!(received(), [3]);

    let mut pipe_to_the_end = pipe(value.reader(), to.clone());
    let mut run = spawn(pipe_to_the_end.run_until(pending::<()>()));
    assert_pending!(run.poll());
    assert_eq!(received(), [3]);
    value.set(4);
    value.close();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_value_closed());
    assert_eq!(received(), [4], "{to:?}: the newest data is delivered before the end");
}

#[test]
fn cancelling_filters_backlogs_and_closing_are_the_same_for_an_unbounded_channel() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    as_every_pipe(&sender, || std::iter::from_fn(|| receiver.try_recv().ok()).collect());
}

#[test]
fn cancelling_filters_backlogs_and_closing_are_the_same_for_a_broadcast_channel() {
    let (sender, mut receiver) = broadcast::channel(4);
    as_every_pipe(&sender, || std::iter::from_fn(|| receiver.try_recv().ok()).collect());
}

#[test]
fn cancelling_filters_backlogs_and_closing_are_the_same_for_a_watch_channel() {
    let (sender, mut receiver) = watch::channel(0);
    as_every_pipe(&sender, || {
        let item = receiver.borrow_and_update();
        item.has_changed().then_some(*item).into_iter().collect()
    });
}

#[test]
fn cancelling_filters_backlogs_and_closing_are_the_same_for_a_memory_value() {
    let copy = MemoryValue::new();
    let mut watcher = copy.watch();
    as_every_pipe(&copy, || watcher.try_get().into_iter().collect());
}

// What these are about is that they compile: in a task the compiler asks whether a run is `Send`, and for items of
// every lifetime.

const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn a_pipe_of_static_text_into_an_unbounded_channel_can_be_spawned() {
    let value = MemoryValue::with_value("text");
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut pipe = pipe(value.reader(), sender);
    let running = tokio::spawn(async move { pipe.run_until(pending::<()>()).await });
    assert_eq!(timeout(LIMIT, receiver.recv()).await.unwrap(), Some("text"));
    drop(value);
    assert!(running.await.unwrap().unwrap_err().is_value_closed());
}

#[tokio::test]
async fn a_pipe_of_static_text_into_a_broadcast_channel_can_be_spawned() {
    let value = MemoryValue::with_value("text");
    let (sender, mut receiver) = broadcast::channel(1);
    let mut pipe = pipe(value.reader(), sender);
    let running = tokio::spawn(async move { pipe.run_until(pending::<()>()).await });
    assert_eq!(timeout(LIMIT, receiver.recv()).await.unwrap(), Ok("text"));
    drop(value);
    assert!(running.await.unwrap().unwrap_err().is_value_closed());
}

#[tokio::test]
async fn a_pipe_of_static_text_into_a_watch_channel_can_be_spawned() {
    let value = MemoryValue::with_value("text");
    let (sender, mut receiver) = watch::channel("");
    let mut pipe = pipe(value.reader(), sender);
    let running = tokio::spawn(async move { pipe.run_until(pending::<()>()).await });
    timeout(LIMIT, receiver.wait_for(|text| *text == "text")).await.unwrap().unwrap();
    drop(value);
    assert!(running.await.unwrap().unwrap_err().is_value_closed());
}

#[tokio::test]
async fn a_pipe_of_static_text_into_a_memory_value_can_be_spawned() {
    let (value, copy) = (MemoryValue::with_value("text"), MemoryValue::new());
    let mut watcher = copy.watch();
    let mut pipe = pipe(value.reader(), copy);
    let running = tokio::spawn(async move { pipe.run_until(pending::<()>()).await });
    assert_eq!(timeout(LIMIT, watcher.get()).await.unwrap().unwrap(), "text");
    drop(value);
    assert!(running.await.unwrap().unwrap_err().is_value_closed());
}
