//! async-std's timers, as event-core sees them.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use async_std::future::timeout;
use async_std::task;
use event_async_std::AsyncStdTimer;
use event_core::Timer;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready};

const SHORT: Duration = Duration::from_millis(20);

fn block_on<F: Future>(future: F) -> F::Output {
    task::block_on(timeout(Duration::from_secs(180), future)).expect("nothing hangs")
}

#[test]
fn a_timer_waits_for_no_less_than_it_was_told() {
    let begin = Instant::now();
    block_on(AsyncStdTimer.sleep(SHORT));
    assert!(begin.elapsed() >= SHORT);
}

#[test]
fn a_timer_wakes_a_task_on_the_executor() {
    let sleeping = task::spawn(async { AsyncStdTimer.sleep(SHORT).await });
    block_on(sleeping);
}

#[test]
fn a_timer_counts_from_the_call() {
    let mut sleep = spawn(AsyncStdTimer.sleep(SHORT));
    thread::sleep(SHORT);
    assert_ready!(sleep.poll());
}

#[test]
fn no_time_at_all_has_passed_already() {
    assert_ready!(spawn(AsyncStdTimer.sleep(Duration::ZERO)).poll());
}

#[test]
fn a_time_beyond_the_clock_never_passes() {
    for duration in [Duration::MAX, Duration::from_secs(u64::MAX / 4)] {
        let mut sleep = spawn(AsyncStdTimer.sleep(duration));
        assert_pending!(sleep.poll());
        block_on(AsyncStdTimer.sleep(SHORT));
        assert!(!sleep.is_woken());
        assert_pending!(sleep.poll());
    }
}
