//! Pipes into async-std's channels: what is about its tokens, and what only these do. The rest is in the conformance suite.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::{Pending, pending};
use std::task::Poll;

use async_std::channel::{self, TryRecvError};
use event_async_std::{AsyncStd, pipe};
use event_core::{ChannelClosed, MemoryValue, PipeTo};
use stop_token::StopSource;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err};

fn never() -> Pending<()> {
    pending()
}

#[test]
fn stopping_ends_a_pipe_that_waits_for_data() {
    let (sender, _receiver) = channel::bounded(1);
    let (mut pipe, source) = (pipe(MemoryValue::<u32>::new(), sender), StopSource::new());
    let mut run = spawn(pipe.run_until(source.token()));
    assert_pending!(run.poll());
    drop(source);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
}

#[test]
fn stopping_ends_a_pipe_that_waits_for_a_place_or_is_about_to_run() {
    let (sender, receiver) = channel::bounded(1);
    sender.try_send(0).unwrap();
    let (mut pipe, source) = (pipe(MemoryValue::with_value(1), sender), StopSource::new());
    let token = source.token();
    let mut run = spawn(pipe.run_until(token.clone()));
    assert_pending!(run.poll());
    drop(source);
    assert!(run.is_woken());
    assert!(assert_ready_err!(run.poll()).is_cancelled());
    drop(run);
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(assert_ready_err!(spawn(pipe.run_until(token)).poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
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
fn a_pipe_leads_to_a_memory_value_too() {
    let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
    let mut pipe = pipe(value.reader(), copy.clone());
    drop(value);
    assert!(assert_ready_err!(spawn(pipe.run_until(never())).poll()).is_value_closed());
    assert_eq!(copy.load(), Some(1));
}
