//! Pipes into channels that can be full, polled by hand.

mod channel;
mod failing;

use alloc::sync::Arc;
use core::cell::Cell;
use core::error::Error;
use core::future::pending;
use std::panic::resume_unwind;
use std::sync::mpsc::TryRecvError::{Disconnected, Empty};
use std::thread;

pub use channel::Channel;
use channel::{Run, pipe};
use event_core::{GetError, MemoryValue, PipeError, select, watch_fn};
use failing::Failing;

use crate::by_hand::panics;
use crate::runtime::Runtime;
use crate::threads::Threads;

/// One after the other, if there is a place for each.
pub fn the_present_data_and_everything_newer_is_forwarded<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (mut run, mut receiver) = Run::of::<C, _>(value.clone());
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    value.set(2);
    assert!(run.is_woken());
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(2));
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// And nothing is sent before.
pub fn a_value_without_data_is_waited_for<C: Channel>() {
    let value = MemoryValue::new();
    let (mut run, mut receiver) = Run::of::<C, _>(value.clone());
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
    value.set(1);
    assert!(run.is_woken());
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
}

/// Outside of the channel, the data stays conflated.
pub fn while_the_channel_is_full_anything_newer_replaces_what_was_about_to_be_sent<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (mut run, mut receiver) = Run::of::<C, _>(value.clone());
    run.poll_to_wait();
    for stale in 2..10 {
        value.set(stale);
        assert!(run.is_woken());
        run.poll_to_wait();
    }
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert!(run.is_woken());
    // Place and newer data at once: the data is looked at first.
    value.set(10);
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(10));
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// Once.
pub fn what_is_not_replaced_is_sent_when_there_is_a_place<C: Channel>() {
    let (_value, mut run, mut receiver) = Run::that_waits_for_a_place::<C>();
    // A poll that nothing called for changes nothing.
    run.poll_to_wait();
    for expected in [1, 2] {
        assert_eq!(C::try_receive(&mut receiver), Ok(expected));
        assert_eq!(run.is_woken(), expected == 1);
        run.poll_to_wait();
    }
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// The newest of one value says nothing about the others.
pub fn of_several_values_none_replaces_what_was_about_to_be_sent_of_another<C: Channel>() {
    let values: [_; 3] = core::array::from_fn(|_| MemoryValue::new());
    let [a, b, c] = values.each_ref().map(MemoryValue::reader);
    let several = watch_fn(move || select((a.watch(), b.watch(), c.watch())));
    let (mut run, mut receiver) = Run::of::<C, _>(several);
    let mut received = Vec::new();
    for round in 0..3 {
        for (place, value) in (0..).zip(&values) {
            value.set(10 * place + round);
            run.poll_to_wait();
        }
        // One is in the channel and one waits for its place; the others are conflated where they are kept.
        received.push(C::try_receive(&mut receiver).unwrap());
        run.poll_to_wait();
    }
    while let Ok(item) = C::try_receive(&mut receiver) {
        received.push(item);
        run.poll_to_wait();
    }
    for place in 0..3 {
        let mut of_it = received.iter().filter(|item| **item / 10 == place);
        assert_eq!(of_it.next_back(), Some(&(10 * place + 2)), "the newest of {place} is the last of {received:?}");
    }
}

/// It does not wait with the pipe for a place.
pub fn what_is_replaced_is_dropped_at_once<C: Channel>() {
    let items: Vec<_> = (0..3).map(Arc::new).collect();
    let value = MemoryValue::with_value(Arc::clone(&items[0]));
    let (mut run, _receiver) = Run::of::<C, _>(value.clone());
    run.poll_to_wait();
    value.set(Arc::clone(&items[1]));
    run.poll_to_wait();
    assert_eq!(Arc::strong_count(&items[1]), 3, "here, in the value, in the pipe");
    value.set(Arc::clone(&items[2]));
    run.poll_to_wait();
    assert_eq!(Arc::strong_count(&items[1]), 1);
}

/// What was accepted before remains what is sent.
pub fn what_a_filter_rejects_replaces_nothing<C: Channel>() {
    let value = MemoryValue::with_value(0);
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(value.clone(), sender).filter(|n| n % 2 == 0);
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    run.poll_to_wait();
    for n in [2, 3] {
        value.set(n);
        run.poll_to_wait();
    }
    for expected in [0, 2] {
        assert_eq!(C::try_receive(&mut receiver), Ok(expected));
        run.poll_to_wait();
    }
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// In whatever order they were given.
pub fn of_several_filters_all_have_to_accept<C: Channel>() {
    let value = MemoryValue::new();
    let (sender, mut receiver) = C::bounded(8);
    let mut pipe = pipe::<C, _>(value.clone(), sender).filter(|n| n % 2 == 0).filter(|n| *n > 10);
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    for n in [2, 11, 12, 13, 4, 14] {
        value.set(n);
        run.poll_to_wait();
    }
    assert_eq!(C::try_receive(&mut receiver), Ok(12));
    assert_eq!(C::try_receive(&mut receiver), Ok(14));
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// It is woken by what cancels it.
pub fn cancelling_ends_a_pipe_that_waits_for_data<C: Channel>() {
    let (stop, (sender, _receiver)) = (MemoryValue::new(), C::bounded::<u32>(1));
    let (mut pipe, mut stopped) = (pipe::<C, _>(MemoryValue::new(), sender), stop.watch());
    let mut run = Run::new(pipe.run_until(stopped.get()));
    run.poll_to_wait();
    stop.set(());
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_cancelled());
}

/// What had no place yet is not sent, and what was sent remains in the channel.
pub fn cancelling_ends_a_pipe_whose_channel_is_full<C: Channel>() {
    let (value, stop) = (MemoryValue::with_value(1), MemoryValue::new());
    let (sender, mut receiver) = C::bounded(1);
    let (mut pipe, mut stopped) = (pipe::<C, _>(value.clone(), sender), stop.watch());
    let mut run = Run::new(pipe.run_until(stopped.get()));
    run.poll_to_wait();
    value.set(2);
    run.poll_to_wait();
    stop.set(());
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_cancelled());
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// A pipe that is cancelled before it runs sends nothing.
pub fn cancellation_comes_before_data<C: Channel>() {
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(MemoryValue::with_value(1), sender);
    let ended = Run::new(pipe.run_until(async {})).poll_to_end();
    assert!(ended.unwrap_err().is_cancelled());
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// It has to wait for a place for that.
pub fn closing_the_value_ends_a_pipe_once_the_newest_data_is_in_the_channel<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (mut run, mut receiver) = Run::of::<C, _>(value.reader());
    run.poll_to_wait();
    value.set(2);
    drop(value);
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_value_closed());
    assert_eq!(C::try_receive(&mut receiver), Ok(2));
}

/// It could be set through the pipe, for all that anyone knows.
pub fn a_value_inside_a_pipe_is_kept_open<C: Channel>() {
    let (mut run, _receiver) = Run::of::<C, _>(MemoryValue::<u32>::new());
    run.poll_to_wait();
}

/// Nobody needs to set anything for that, unless the channel cannot tell.
pub fn closing_the_channel_ends_a_pipe_that_has_nothing_to_send<C: Channel>() {
    let value = MemoryValue::new();
    let (mut run, receiver) = Run::of::<C, _>(value.clone());
    run.poll_to_wait();
    drop(receiver);
    if !C::TELLS_THE_IDLE {
        value.set(1);
    }
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_channel_closed());
}

/// Whether or not somebody goes on receiving what is in it.
pub fn closing_the_channel_ends_a_pipe_that_waits_for_a_place<C: Channel>() {
    let (_value, mut run, receiver) = Run::that_waits_for_a_place::<C>();
    drop(receiver);
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_channel_closed());

    let (_value, mut run, mut receiver) = Run::that_waits_for_a_place::<C>();
    C::close(&mut receiver);
    assert!(run.is_woken());
    assert!(run.poll_to_end().unwrap_err().is_channel_closed());
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert_eq!(C::try_receive(&mut receiver), Err(Disconnected));
}

/// The first poll ends it.
pub fn a_channel_that_is_closed_ends_a_run_before_it_has_data<C: Channel>() {
    let (mut run, receiver) = Run::of::<C, _>(MemoryValue::<u32>::new());
    drop(receiver);
    assert!(run.poll_to_end().unwrap_err().is_channel_closed());
}

/// The pipe had asked before whether it is.
pub fn a_channel_that_is_closed_just_before_an_item_is_sent_ends_the_run<C: Channel>() {
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(MemoryValue::with_value(1), sender).filter(|_| {
        C::close(&mut receiver);
        true
    });
    assert!(Run::new(pipe.run_until(pending::<()>())).poll_to_end().unwrap_err().is_channel_closed());
}

/// A place that the run was given and did not use included.
pub fn a_channel_stays_open_for_others_and_all_its_places_are_free_after_a_run<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(value.clone(), sender.clone());
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    run.poll_to_wait();
    value.set(2);
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    drop(run);
    assert!(C::try_send(&sender, 3));
    assert_eq!(C::try_receive(&mut receiver), Ok(3));
}

/// Though an earlier run has sent it.
pub fn each_run_begins_with_the_present_data<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(value.clone(), sender);
    for round in 0..3 {
        let stop = MemoryValue::new();
        let mut stopped = stop.watch();
        let mut run = Run::new(pipe.run_until(stopped.get()));
        run.poll_to_wait();
        assert_eq!(C::try_receive(&mut receiver), Ok(1), "round {round}");
        stop.set(());
        assert!(run.poll_to_end().unwrap_err().is_cancelled());
    }
    assert_eq!(value.watcher_count(), 0);
}

/// The next run gets it from the value.
pub fn a_run_that_was_dropped_with_an_unsent_item_loses_nothing<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(value.clone(), sender);
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    run.poll_to_wait();
    value.set(2);
    run.poll_to_wait();
    drop(run);
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    Run::new(pipe.run_until(pending::<()>())).poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(2));
}

/// The wait for a place moves with it.
pub fn a_run_that_moves_to_another_task_is_woken_there<C: Channel>() {
    let (_value, mut run, mut receiver) = Run::that_waits_for_a_place::<C>();
    run.change_tasks();
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert!(run.is_woken());
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(2));
}

/// Each gets a place, and keeps none; whether or not an item is replaced while it waits.
pub fn two_pipes_share_a_channel_with_one_place<C: Channel>() {
    for newest in ["right 1", "right 2"] {
        let (left, right) = (MemoryValue::with_value("left 1"), MemoryValue::with_value("right 1"));
        let (sender, mut receiver) = C::bounded(1);
        let mut pipes = [(&left, sender.clone()), (&right, sender)].map(|(value, to)| pipe::<C, _>(value.clone(), to));
        let mut runs = pipes.each_mut().map(|pipe| Run::new(pipe.run_until(pending::<()>())));
        runs.iter_mut().for_each(Run::poll_to_wait);
        left.set("left 2");
        right.set(newest);
        runs.iter_mut().for_each(Run::poll_to_wait);
        let mut received = Vec::new();
        while let Ok(item) = C::try_receive(&mut receiver) {
            received.push(item);
            // Whoever is not woken has nothing to do. One may wake the other, but they do not keep each other busy.
            for _ in 0..3 {
                runs.iter_mut().filter(|run| run.is_woken()).for_each(Run::poll_to_wait);
            }
            assert!(!runs.iter().any(Run::is_woken));
        }
        if !C::KEEPS_THE_TURN {
            received[1..].sort_unstable_by_key(|item| *item != newest);
        }
        assert_eq!(received, ["left 1", newest, "left 2"], "in the order in which they began to wait");
        // A pipe that has nothing to send holds no place.
        right.set("right 3");
        runs[1].poll_to_wait();
        assert_eq!(C::try_receive(&mut receiver), Ok("right 3"));
    }
}

/// A run ends when it is in the channel. Until then it is replaced by anything newer.
pub fn backlog_only_sends_what_is_there_and_ends<C: Channel>() {
    let value = MemoryValue::with_value(1);
    let (sender, mut receiver) = C::bounded(1);
    let mut pipe = pipe::<C, _>(value.clone(), sender).backlog_only();
    Run::new(pipe.run_until(pending::<()>())).poll_to_end().unwrap();
    // The channel is full, and the second run goes on watching until it has a place.
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    run.poll_to_wait();
    value.set(2);
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
    assert!(run.is_woken());
    run.poll_to_end().unwrap();
    assert_eq!(C::try_receive(&mut receiver), Ok(2));
}

/// What a filter rejects is nothing, too.
pub fn backlog_only_of_nothing_ends_at_once<C: Channel>() {
    let (sender, mut receiver) = C::bounded::<u32>(1);
    let mut empty = pipe::<C, _>(MemoryValue::new(), sender.clone()).backlog_only();
    Run::new(empty.run_until(pending::<()>())).poll_to_end().unwrap();
    let odd = MemoryValue::with_value(1);
    let mut filtered = pipe::<C, _>(odd, sender).filter(|n| n % 2 == 0).backlog_only();
    Run::new(filtered.run_until(pending::<()>())).poll_to_end().unwrap();
    assert_eq!(C::try_receive(&mut receiver), Err(Empty));
}

/// The pipe's error says why.
pub fn a_failing_backend_ends_a_pipe_after_what_it_gave<C: Channel>() {
    let (sender, mut receiver) = C::bounded(1);
    assert!(C::try_send(&sender, 0));
    let mut pipe = pipe::<C, _>(Failing, sender);
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    run.poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(0));
    assert!(run.is_woken());
    let error = run.poll_to_end().unwrap_err();
    assert_eq!(C::try_receive(&mut receiver), Ok(7));
    assert!(matches!(error, PipeError::Get(GetError::Backend(_))));
    let source = error.source().and_then(Error::source).expect("the backend's error is kept");
    assert_eq!(source.to_string(), "out of paper");
}

/// What the filter panicked at comes again.
pub fn a_pipe_can_be_run_again_after_its_filter_panicked<C: Channel>() {
    let (sender, mut receiver) = C::bounded(1);
    let calm = Cell::new(false);
    let mut pipe = pipe::<C, _>(MemoryValue::with_value(1), sender)
        .filter(|_| calm.get() || resume_unwind(Box::new("the filter panics as planned")));
    let mut run = Run::new(pipe.run_until(pending::<()>()));
    assert!(panics(|| run.poll()));
    drop(run);
    calm.set(true);
    Run::new(pipe.run_until(pending::<()>())).poll_to_wait();
    assert_eq!(C::try_receive(&mut receiver), Ok(1));
}

/// The pipe's thread parks while there is nothing to do: a wake-up that is lost hangs.
pub fn beside_a_thread_that_sets_only_newer_data_comes_and_the_last<C: Channel>() {
    const LAST: u32 = 100_000;
    let value = MemoryValue::new();
    let (sender, mut receiver) = C::bounded(2);
    let mut pipe = pipe::<C, _>(value.reader(), sender);
    let piping = Threads::spawn(async move { pipe.run_until(pending::<()>()).await });
    let setting = thread::spawn(move || (0..=LAST).for_each(|n| _ = value.set(n)));
    let mut newest = None;
    loop {
        match C::try_receive(&mut receiver) {
            Ok(n) => {
                assert!(newest < Some(n), "{n} came after {newest:?}");
                newest = Some(n);
                // The channel fills meanwhile, more often than not.
                (0..n % 64).for_each(|_| thread::yield_now());
            }
            Err(Empty) => thread::yield_now(),
            Err(Disconnected) => break,
        }
    }
    assert_eq!(newest, Some(LAST));
    setting.join().expect("nothing panics in a set");
    assert!(Threads::block_on(piping).unwrap_err().is_value_closed());
}
