//! Pipes whose channel has other senders: each is told of a place sooner or later, whatever the others do.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::{Pending, pending};
use std::thread;
use std::time::Duration;

use async_std::channel;
use async_std::future::timeout;
use event_async_std::pipe;
use event_core::MemoryValue;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_ok};

fn never() -> Pending<()> {
    pending()
}

#[test]
fn two_pipes_share_a_channel_with_one_place() {
    let (left, right) = (MemoryValue::with_value("left 1"), MemoryValue::with_value("right 1"));
    let (sender, receiver) = channel::bounded(1);
    let (mut from_left, mut from_right) = (pipe(left.clone(), sender.clone()), pipe(right.clone(), sender));
    let (mut run_left, mut run_right) = (spawn(from_left.run_until(never())), spawn(from_right.run_until(never())));
    assert_pending!(run_left.poll());
    assert_pending!(run_right.poll());
    left.set("left 2");
    assert_pending!(run_left.poll());
    let mut received = Vec::new();
    while let Ok(item) = receiver.try_recv() {
        received.push(item);
        // Whoever is not woken has nothing to do. One may wake the other, but they do not keep each other busy.
        for _ in 0..3 {
            for run in [&mut run_left, &mut run_right] {
                if run.is_woken() {
                    assert_pending!(run.poll());
                }
            }
        }
        assert!(!run_left.is_woken() && !run_right.is_woken());
    }
    assert_eq!(received.len(), 3);
    assert_eq!(received[0], "left 1");
    assert!(received.contains(&"left 2") && received.contains(&"right 1"));
    // A pipe that has nothing to send holds no place.
    right.set("right 2");
    assert_pending!(run_right.poll());
    assert_eq!(receiver.try_recv(), Ok("right 2"));
}

#[test]
fn a_run_that_ends_passes_on_that_there_is_a_place() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    let mut other = spawn(sender.send(3));
    assert_pending!(other.poll());

    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken() && !other.is_woken());
    drop(run);
    assert!(other.is_woken());
    assert_ready_ok!(other.poll());
    assert_eq!(receiver.try_recv(), Ok(3));
}

#[test]
fn an_item_that_is_replaced_when_there_is_a_place_strands_no_other_sender() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    let mut other = spawn(sender.send(100));
    assert_pending!(other.poll());

    // The pipe is told of the place, and uses it for something newer than what it was told with.
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(run.is_woken());
    value.set(3);
    assert_pending!(run.poll());
    if other.is_woken() {
        assert_pending!(other.poll());
    }
    assert_eq!(receiver.try_recv(), Ok(3));
    assert!(other.is_woken());
    assert_ready_ok!(other.poll());
    assert_eq!(receiver.try_recv(), Ok(100));
}

#[test]
fn an_item_that_is_replaced_waits_behind_other_senders_and_is_woken_all_the_same() {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(pipe.run_until(never()));
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    let mut other = spawn(sender.send(100));
    assert_pending!(other.poll());
    value.set(3);
    assert_pending!(run.poll());

    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(other.is_woken() && !run.is_woken());
    assert_ready_ok!(other.poll());
    drop(other);
    if run.is_woken() {
        assert_pending!(run.poll());
    }
    assert_eq!(receiver.try_recv(), Ok(100));
    assert!(run.is_woken());
    assert_pending!(run.poll());
    assert_eq!(receiver.try_recv(), Ok(3));
}

/// Everyone who waits for a place is woken and told anew all the time, on several threads.
#[test]
fn pipes_that_crowd_one_place_all_deliver_their_last_item() {
    const PIPES: usize = 4;
    const LAST: u32 = 2_000;
    let (sender, receiver) = channel::bounded(1);
    let values: Vec<_> = (0..PIPES).map(|_| MemoryValue::new()).collect();
    let pipes: Vec<_> = (values.iter())
        .map(|value: &MemoryValue<_>| {
            let mut pipe = pipe(value.reader(), sender.clone());
            async_std::task::spawn(async move { pipe.run_until(never()).await })
        })
        .collect();
    drop(sender);
    let setting: Vec<_> = (values.into_iter().enumerate())
        .map(|(who, value)| thread::spawn(move || (0..=LAST).for_each(|n| _ = value.set((who, n)))))
        .collect();
    let receiving = async {
        let mut newest = [None; PIPES];
        while let Ok((who, n)) = receiver.recv().await {
            assert!(newest[who] < Some(n), "{n} came after {:?} from {who}", newest[who]);
            newest[who] = Some(n);
        }
        newest
    };
    let newest = async_std::task::block_on(timeout(Duration::from_secs(60), receiving)).expect("nothing hangs");
    assert_eq!(newest, [Some(LAST); PIPES]);
    for pipe in pipes {
        assert!(async_std::task::block_on(pipe).unwrap_err().is_value_closed());
    }
    setting.into_iter().for_each(|setting| setting.join().unwrap());
}
