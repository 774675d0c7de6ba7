//! Pipes into async-std's channels, polled by hand.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::error::Error;
use std::future::{Future, Pending, pending};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use async_std::channel::{self, TryRecvError};
use async_std::future::timeout;
use event_async_std::{AsyncStd, PipeError, pipe};
use event_core::{BackendError, ChannelClosed, GetError, MemoryValue, PipeTo, Watch, Watcher};
use futures_lite::future::zip;
use stop_token::StopSource;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready, assert_ready_err};

fn never() -> Pending<()> {
    pending()
}

#[test]
fn the_present_data_and_everything_newer_is_forwarded() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
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
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(1);
    assert!(run.is_woken());
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[test]
fn an_unbounded_channel_takes_it_all() {
    let value = MemoryValue::with_value(0);
    let (sender, receiver) = channel::unbounded();
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    for n in 1..100 {
        assert_pending!(run.poll());
        value.set(n);
    }
    assert_pending!(run.poll());
    for n in 0..100 {
        assert_eq!(receiver.try_recv(), Ok(n));
    }
}

#[test]
fn while_the_channel_is_full_anything_newer_replaces_what_was_about_to_be_sent() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
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
fn what_is_not_replaced_is_sent_when_there_is_a_place() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    // A poll that nothing called for changes nothing.
    assert_pending!(run.poll());
    assert_pending!(run.poll());
    for expected in [1, 2] {
        assert_eq!(receiver.try_recv(), Ok(expected));
        assert_eq!(run.is_woken(), expected == 1);
        assert_pending!(run.poll());
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn what_is_replaced_is_dropped_at_once() {
    let items: Vec<_> = (0..3).map(Arc::new).collect();
    let value = MemoryValue::with_value(Arc::clone(&items[0]));
    let (sender, _receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(Arc::clone(&items[1]));
    assert_pending!(run.poll());
    assert_eq!(Arc::strong_count(&items[1]), 3, "here, in the value, in the pipe");
    value.set(Arc::clone(&items[2]));
    assert_pending!(run.poll());
    assert_eq!(Arc::strong_count(&items[1]), 1);
}

#[test]
fn what_a_filter_rejects_replaces_nothing() {
    let value = MemoryValue::with_value(0);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender).filter(|n| n % 2 == 0);
    let mut run = spawn(pipe.run_until(never()));
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
fn cancelling_ends_a_pipe_that_waits_for_data() {
    let value = MemoryValue::<u32>::new();
    let (sender, _receiver) = channel::bounded(1);
    let (mut pipe, source) = (pipe(value, sender), StopSource::new());
    let mut run = spawn(pipe.run_until(source.token()));
    assert_pending!(run.poll());
    drop(source);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
}

#[test]
fn cancelling_ends_a_pipe_whose_channel_is_full() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let (mut pipe, source) = (pipe(value.clone(), sender), StopSource::new());
    let mut run = spawn(pipe.run_until(source.token()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    drop(source);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn cancellation_comes_before_data() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value, sender);
    let cancelled = StopSource::new().token();
    assert!(assert_ready_err!(spawn(pipe.run_until(cancelled)).poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn closing_the_value_ends_a_pipe_once_the_newest_data_is_in_the_channel() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.reader(), sender);
    let mut run = spawn(pipe.run_until(never()));
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
fn closing_the_channel_ends_a_pipe_that_waits_for_a_place() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    receiver.close();
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

#[test]
fn a_closed_channel_ends_a_pipe_that_had_nothing_to_send_with_the_next_item() {
    let value = MemoryValue::new();
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    drop(receiver);
    value.set(1);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_channel_closed());
}

/// What a pipe sees of a channel that is closed just after it asked whether it is.
#[test]
fn an_item_does_not_count_as_sent_if_the_channel_was_closed_meanwhile() {
    let (sender, receiver) = channel::bounded(1);
    let mut sink = PipeTo::<AsyncStd, u32>::sink(&sender);
    let mut task = spawn(());
    assert_eq!(task.enter(|cx, _| sink.poll_send(cx, &mut Some(1))), Poll::Ready(Ok(())));
    assert_eq!(task.enter(|cx, _| sink.poll_send(cx, &mut Some(2))), Poll::Pending);
    drop(receiver);
    assert!(task.is_woken());
    assert_eq!(task.enter(|cx, _| sink.poll_send(cx, &mut None)), Poll::Ready(Err(ChannelClosed)));
    assert_eq!(task.enter(|cx, _| sink.poll_send(cx, &mut Some(3))), Poll::Ready(Err(ChannelClosed)));
    assert_eq!(task.enter(|cx, _| sink.poll_closed(cx)), Poll::Ready(()));
    // There is nothing left of the items.
    assert_eq!(task.enter(|cx, _| sink.poll_send(cx, &mut None)), Poll::Ready(Ok(())));
}

#[test]
fn a_channel_that_is_closed_ends_a_run_before_it_has_data() {
    let (sender, receiver) = channel::bounded::<u32>(1);
    drop(receiver);
    let mut pipe = pipe(MemoryValue::new(), sender);
    assert!(assert_ready_err!(spawn(pipe.run_until(never())).poll()).is_channel_closed());
}

#[test]
fn a_channel_stays_open_for_others_and_all_its_places_are_free_after_a_run() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(1));
    drop(run);
    assert_eq!(sender.try_send(3), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn each_run_begins_with_the_present_data() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    for round in 0..3 {
        let source = StopSource::new();
        let mut run = spawn(pipe.run_until(source.token()));
        assert_pending!(run.poll());
        assert_eq!(receiver.try_recv(), Ok(1), "round {round}");
        drop(source);
        assert!(assert_ready_err!(run.poll()).is_cancelled());
    }
    assert_eq!(value.watcher_count(), 0);
}

#[test]
fn a_run_that_was_dropped_with_an_unsent_item_loses_nothing() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    drop(run);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_pending!(spawn(pipe.run_until(never())).poll());
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn a_run_that_moves_to_another_task_is_woken_there() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender);
    let mut run = Box::pin(pipe.run_until(never()));
    let mut first = spawn(());
    assert_pending!(first.enter(|cx, _| run.as_mut().poll(cx)));
    value.set(2);
    assert_pending!(first.enter(|cx, _| run.as_mut().poll(cx)));
    let mut second = spawn(());
    assert_pending!(second.enter(|cx, _| run.as_mut().poll(cx)));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(second.is_woken());
    assert_pending!(second.enter(|cx, _| run.as_mut().poll(cx)));
    assert_eq!(receiver.try_recv(), Ok(2));
}

#[test]
fn backlog_only_sends_what_is_there_and_ends() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender).backlog_only();
    assert_ready!(spawn(pipe.run_until(never())).poll()).unwrap();
    // The channel is full, and the second run goes on watching until it has a place.
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken());
    assert_ready!(run.poll()).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
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
    let (sender, receiver) = channel::bounded(1);
    sender.try_send(0).unwrap();
    let mut pipe = pipe(Failing, sender);
    let mut run = spawn(pipe.run_until(never()));
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
fn a_pipe_leads_to_a_memory_value_too() {
    let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
    let mut pipe = pipe(value.reader(), copy.clone());
    drop(value);
    assert!(assert_ready_err!(spawn(pipe.run_until(never())).poll()).is_value_closed());
    assert_eq!(copy.load(), Some(1));
}

#[test]
fn beside_a_thread_that_sets_only_newer_data_comes_and_the_last() {
    const LAST: u32 = 100_000;
    let value = MemoryValue::new();
    let (sender, receiver) = channel::bounded(2);
    let mut pipe = pipe(value.reader(), sender);
    let setting = thread::spawn(move || (0..=LAST).for_each(|n| _ = value.set(n)));
    let piping = async_std::task::spawn(async move { pipe.run_until(never()).await });
    let receiving = async {
        let mut newest = None;
        while let Ok(n) = receiver.recv().await {
            assert!(newest < Some(n), "{n} came after {newest:?}");
            newest = Some(n);
        }
        newest
    };
    let both = timeout(Duration::from_secs(60), zip(piping, receiving));
    let (piped, newest) = async_std::task::block_on(both).expect("nothing hangs");
    assert!(piped.unwrap_err().is_value_closed());
    assert_eq!(newest, Some(LAST));
    setting.join().unwrap();
}
