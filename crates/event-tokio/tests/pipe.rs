//! Pipes into tokio's bounded channels: what is about its tokens and its runtime. The rest is in the conformance suite.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::thread;
use std::time::Duration;

use event_core::MemoryValue;
use event_tokio::pipe;
use tokio::sync::mpsc::{self, error::TryRecvError};
use tokio::time::sleep;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err};
use tokio_util::sync::CancellationToken;

#[test]
fn a_token_ends_a_pipe_whatever_that_waits_for() {
    let value = MemoryValue::new();
    let (sender, mut receiver) = mpsc::channel(1);
    let mut pipe = pipe(value.clone(), sender.clone());
    let cancel_while_it_waits = |pipe: &mut event_tokio::Pipe<_, _>| {
        let token = CancellationToken::new();
        let mut run = spawn(pipe.run_until(token.cancelled()));
        assert_pending!(run.poll());
        token.cancel();
        assert!(run.is_woken());
        assert!(assert_ready_err!(run.poll()).is_cancelled());
    };
    cancel_while_it_waits(&mut pipe);
    sender.try_send(0).unwrap();
    value.set(1);
    cancel_while_it_waits(&mut pipe);
    assert_eq!(receiver.try_recv(), Ok(0));

    let cancelled = CancellationToken::new();
    cancelled.cancel();
    assert!(assert_ready_err!(spawn(pipe.run_until(cancelled.cancelled())).poll()).is_cancelled());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

/// In one task, whose budget runs out time and again.
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
    let (piped, newest) = tokio::select! {
        // The time comes first, and nothing else is polled when it is up: a wake-up that is lost is not made good by it.
        biased;
        () = sleep(Duration::from_secs(180)) => panic!("it hangs"),
        both = async { tokio::join!(piping, receiving) } => both,
    };
    assert!(piped.unwrap_err().is_value_closed());
    assert_eq!(newest, Some(LAST));
    setting.join().unwrap();
}
