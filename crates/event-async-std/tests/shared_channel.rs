//! Pipes whose channel has other senders: each is told of a place sooner or later, whatever the others do.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::fmt::Debug;
use std::future::{Future, Pending, pending};
use std::thread;
use std::time::Duration;

use async_std::channel::{self, Receiver, Sender};
use async_std::task::{self, block_on, sleep};
use event_async_std::pipe;
use event_core::MemoryValue;
use futures_lite::future::or;
use tokio_test::task::{Spawn, spawn};
use tokio_test::{assert_pending, assert_ready_ok};

fn never() -> Pending<()> {
    pending()
}

/// A run that has sent 1, which is in the channel's only place, and waits for a place for 2, which is in the value.
fn that_waits_for_a_place() -> (MemoryValue<u32>, Spawn<impl Future<Output: Debug>>, Sender<u32>, Receiver<u32>) {
    let value = MemoryValue::with_value(1);
    let (sender, receiver) = channel::bounded(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let mut run = spawn(async move { pipe.run_until(never()).await });
    assert_pending!(run.poll());
    value.set(2);
    assert_pending!(run.poll());
    (value, run, sender, receiver)
}

#[test]
fn a_run_that_ends_passes_on_that_there_is_a_place() {
    let (_value, run, sender, receiver) = that_waits_for_a_place();
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
    let (value, mut run, sender, receiver) = that_waits_for_a_place();
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
    let (value, mut run, sender, receiver) = that_waits_for_a_place();
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
            task::spawn(async move { pipe.run_until(never()).await })
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
    // The time comes first, and nothing else is polled when it is up: a wake-up that is lost is not made good by it.
    let time_is_up = async {
        sleep(Duration::from_secs(180)).await;
        panic!("it hangs")
    };
    let newest = block_on(or(time_is_up, receiving));
    assert_eq!(newest, [Some(LAST); PIPES]);
    for pipe in pipes {
        assert!(block_on(pipe).unwrap_err().is_value_closed());
    }
    setting.into_iter().for_each(|setting| setting.join().unwrap());
}
