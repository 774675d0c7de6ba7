//! Pipes into tokio's channels, polled by hand.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use event_core::{BackendError, GetError, MemoryValue, Watch, Watcher};
use event_tokio::{PipeError, pipe};
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::time::timeout;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err};
use tokio_util::sync::CancellationToken;

#[test]
fn the_present_data_and_everything_newer_is_forwarded() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
    value.set(2);
    assert!(run.is_woken());
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_value_without_data_is_waited_for() {
    let value = MemoryValue::new();
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(1);
    assert!(run.is_woken());
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn while_the_channel_is_full_anything_newer_replaces_what_was_about_to_be_sent() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    for stale in 2..10 {
        value.set(stale);
        assert!(run.is_woken());
        assert_pending!(run.poll());
    }
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken());
    // Place and newer data at once: the data is looked at first.
    value.set(10);
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(10));
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn what_a_filter_rejects_replaces_nothing() {
    let value = MemoryValue::with_value(0);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender).filter(|n| n % 2 == 0), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    value.set(3);
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn of_several_filters_all_have_to_accept() {
    let value = MemoryValue::new();
    let (sender, mut receiver) = mpsc::channel(8);
    let even: fn(&u32) -> bool = |n| n % 2 == 0;
    let big: fn(&u32) -> bool = |n| *n > 10;
    let (mut pipe, token) = (pipe(value.clone(), sender).filter(even).filter(big), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    for n in [2, 11, 12, 13, 4, 14] {
        value.set(n);
        assert_pending!(run.poll());
    }
    assert_eq!(receiver.try_recv(), Ok(12));
    assert_eq!(receiver.try_recv(), Ok(14));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn cancelling_ends_a_pipe_that_waits_for_data() {
    let value = MemoryValue::<u32>::new();
    let (sender, _receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value, sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    token.cancel();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
}

#[test]
fn cancelling_ends_a_pipe_whose_channel_is_full() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    token.cancel();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn cancellation_comes_before_data() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value, sender), CancellationToken::new());
    token.cancel();
    assert!(assert_ready_err!(spawn(pipe.run_until(token.cancelled())).poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn closing_the_value_ends_a_pipe_once_the_newest_data_is_in_the_channel() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.reader(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    drop(value);
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_value_closed());
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_value_inside_a_pipe_is_kept_open() {
    let value = MemoryValue::<u32>::new();
    let (sender, _receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value, sender), CancellationToken::new());
    assert_pending!(spawn(pipe.run_until(token.cancelled())).poll());
}

#[test]
fn closing_the_channel_ends_a_pipe_that_has_nothing_to_send() {
    let value = MemoryValue::<u32>::new();
    let (sender, receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value, sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    drop(receiver);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

#[test]
fn closing_the_channel_ends_a_pipe_that_waits_for_a_place() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    receiver.close();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

#[test]
fn a_channel_stays_open_for_others_and_all_its_places_are_free_after_a_run() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender.clone()), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
    // The free place is the pipe's now, which ends without using it.
    drop(run);
    assert_eq!(sender.try_send(3), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn each_run_begins_with_the_present_data() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let mut pipe = pipe(value.clone(), sender);
    for round in 0..3 {
        let token = CancellationToken::new();
        let mut run = spawn(pipe.run_until(token.cancelled()));
        assert_pending!(run.poll());
        assert_eq!(receiver.try_recv(), Ok(1), "round {round}");
        token.cancel();
        assert!(assert_ready_err!(run.poll()).is_cancelled());
    }
    assert_eq!(value.watcher_count(), 0);
}

#[test]
fn a_run_that_was_dropped_with_an_unsent_item_loses_nothing() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    drop(run);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_pending!(spawn(pipe.run_until(token.cancelled())).poll());
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn two_pipes_share_a_channel_with_one_place() {
    let (left, right) = (MemoryValue::with_value("left 1"), MemoryValue::with_value("right 1"));
    let (sender, mut receiver) = mpsc::channel(1);
    let token = CancellationToken::new();
    let (mut from_left, mut from_right) = (pipe(left.clone(), sender.clone()), pipe(right.clone(), sender));
    let (mut run_left, mut run_right) =
        (spawn(from_left.run_until(token.cancelled())), spawn(from_right.run_until(token.cancelled())));
    assert_pending!(run_left.poll());
    assert_pending!(run_right.poll());
    left.set("left 2");
    assert_pending!(run_left.poll());
    let mut received = Vec::new();
    for _ in 0..3 {
        received.push(receiver.try_recv().unwrap());
        assert_pending!(run_left.poll());
        assert_pending!(run_right.poll());
    }
    // Served in the order in which they began to wait.
    assert_eq!(received, ["left 1", "right 1", "left 2"]);
    // A pipe that has nothing to send holds no place.
    right.set("right 2");
    assert_pending!(run_right.poll());
    assert_eq!(receiver.try_recv(), Ok("right 2"));
}

#[test]
fn backlog_only_sends_what_is_there_and_ends() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let (mut pipe, token) = (pipe(value.clone(), sender).backlog_only(), CancellationToken::new());
    assert_ready!(spawn(pipe.run_until(token.cancelled())).poll()).unwrap();
    // The channel is full, and the second run goes on watching until it has a place.
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    value.set(2);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken());
    assert_ready!(run.poll()).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn backlog_only_of_nothing_ends_at_once() {
    let (sender, mut receiver) = mpsc::channel(1);
    let token = CancellationToken::new();
    let empty = MemoryValue::<u32>::new();
    assert_ready!(spawn(pipe(empty, sender.clone()).backlog_only().run_until(token.cancelled())).poll()).unwrap();
    let odd = MemoryValue::with_value(1);
    let mut filtered = pipe(odd, sender).filter(|n| n % 2 == 0).backlog_only();
    assert_ready!(spawn(filtered.run_until(token.cancelled())).poll()).unwrap();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

/// A value whose backend fails after it gave one item.
struct Failing;

struct FailingWatcher(Option<u32>);

impl Watch for Failing {
    type Item = u32;
    type Watcher = FailingWatcher;

    fn watch(&self) -> FailingWatcher {
        FailingWatcher(Some(7))
    }
}

impl Watcher for FailingWatcher {
    type Item = u32;

    fn poll_get(&mut self, _: &mut Context<'_>) -> Poll<Result<u32, GetError>> {
        Poll::Ready(self.0.take().ok_or_else(|| GetError::Backend(BackendError::new("out of paper"))))
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u32, GetError>> {
        self.poll_get(cx)
    }
}

#[test]
fn a_failing_backend_ends_a_pipe_after_what_it_gave() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).unwrap();
    let (mut pipe, token) = (pipe(Failing, sender), CancellationToken::new());
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(run.is_woken());
    let error = assert_ready_err!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(7));
    assert!(matches!(error, PipeError::Get(GetError::Backend(_))));
    let source = error.source().and_then(Error::source).expect("the backend's error is kept");
    assert_eq!(source.to_string(), "out of paper");
}

#[test]
fn a_pipe_can_be_run_again_after_its_filter_panicked() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = mpsc::channel(1);
    let panics = Cell::new(true);
    let mut pipe = pipe(value, sender).filter(|_| {
        assert!(!panics.get(), "as planned");
        true
    });
    let token = CancellationToken::new();
    let mut run = spawn(pipe.run_until(token.cancelled()));
    assert!(catch_unwind(AssertUnwindSafe(|| run.poll())).is_err());
    drop(run);
    panics.set(false);
    assert_pending!(spawn(pipe.run_until(token.cancelled())).poll());
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[tokio::test]
async fn beside_a_thread_that_sets_only_newer_data_comes_and_the_last() {
    const LAST: u32 = 100_000;
    let value = MemoryValue::new();
    let (sender, mut receiver) = mpsc::channel(2);
    let mut pipe = pipe(value.reader(), sender);
    let setting = thread::spawn(move || (0..=LAST).for_each(|n| _ = value.set(n)));
    let receiving = async {
        let mut newest = None;
        while let Some(n) = receiver.recv().await {
            assert!(newest < Some(n), "{n} came after {newest:?}");
            newest = Some(n);
        }
        newest
    };
    let token = CancellationToken::new();
    let piping = async move { pipe.run_until(token.cancelled()).await };
    let both = async { tokio::join!(piping, receiving) };
    let (piped, newest) = timeout(Duration::from_secs(60), both).await.expect("nothing hangs");
    assert!(piped.unwrap_err().is_value_closed());
    assert_eq!(newest, Some(LAST));
    setting.join().unwrap();
}
