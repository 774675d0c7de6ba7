//! tokio's timer, while tokio's time stands still.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::{Future, poll_fn};
use std::panic::catch_unwind;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use event_core::Timer;
use event_tokio::TokioTimer;
use tokio::task::{consume_budget, coop};
use tokio::time::advance;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_sleep_counts_from_the_call_and_wakes_when_the_time_has_passed() {
    let mut sleep = spawn(TokioTimer.sleep(3 * SECOND));
    advance(SECOND).await;
    assert_pending!(sleep.poll());
    advance(SECOND).await;
    assert!(!sleep.is_woken());
    assert_pending!(sleep.poll());
    advance(SECOND).await;
    assert!(sleep.is_woken());
    assert_ready!(sleep.poll());
}

#[tokio::test(start_paused = true)]
async fn the_longest_sleep_is_as_good_as_endless() {
    let mut sleep = spawn(TokioTimer.sleep(Duration::MAX));
    assert_pending!(sleep.poll());
    advance(365 * 24 * 3600 * SECOND).await;
    assert_pending!(sleep.poll());
}

#[tokio::test(start_paused = true)]
async fn the_time_is_up_even_for_a_task_without_budget() {
    let mut sleep = pin!(TokioTimer.sleep(SECOND));
    advance(SECOND).await;
    poll_fn(|cx| {
        while coop::has_budget_remaining() {
            let mut unit = pin!(consume_budget());
            let _ = unit.as_mut().poll(cx);
        }
        assert!(sleep.as_mut().poll(cx).is_ready());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_sleep_outside_of_a_runtime_with_time_panics() {
    assert!(catch_unwind(|| TokioTimer.sleep(SECOND)).is_err());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _inside = runtime.enter();
    assert!(catch_unwind(|| TokioTimer.sleep(SECOND)).is_err());
}
