//! Gets that a token or a deadline ends, polled by hand and under a stopped clock.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::time::Duration;

use event_core::{GetError, MemoryValue};
use event_tokio::GetExt;
use tokio::time::{Instant, advance};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn cancelling_wakes_and_ends_a_waiting_get() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let token = CancellationToken::new();
    let mut get = spawn(watcher.get().cancel_on(&token));
    assert_pending!(get.poll());
    token.cancel();
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_cancelled());
}

#[test]
fn data_wakes_a_get_with_a_token() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().cancel_on(&CancellationToken::new()));
    assert_pending!(get.poll());
    value.set(1);
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 1);
}

#[test]
fn cancellation_wins_over_data_and_consumes_nothing() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let token = CancellationToken::new();
    token.cancel();
    assert!(assert_ready_err!(spawn(watcher.get().cancel_on(&token)).poll()).is_cancelled());
    assert_eq!(watcher.try_get().unwrap(), 1);
}

#[test]
fn cancelling_a_parent_ends_gets_with_a_child_token() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let parent = CancellationToken::new();
    // The child token is gone before the get is polled.
    let mut get = spawn(watcher.get().cancel_on(&parent.child_token()));
    assert_pending!(get.poll());
    parent.cancel();
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_cancelled());
}

#[test]
fn a_filter_goes_on_behind_a_token() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let token = CancellationToken::new();
    let mut get = spawn(watcher.get().filter(|n| *n > 2).cancel_on(&token));
    assert_pending!(get.poll());
    value.set(2);
    assert_pending!(get.poll());
    value.set(3);
    assert_eq!(assert_ready_ok!(get.poll()), 3);
}

#[test]
fn closing_comes_through_a_token() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().cancel_on(&CancellationToken::new()));
    assert_pending!(get.poll());
    drop(value);
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_closed());
}

#[test]
fn gets_by_reference_can_be_cancelled() {
    let value = MemoryValue::with_value(String::from("a"));
    let mut watcher = value.watch();
    let token = CancellationToken::new();
    let mut get = spawn(watcher.get_ref().cancel_on(&token));
    assert_eq!(*assert_ready_ok!(get.poll()), "a");
    drop(get);
    let mut get = spawn(watcher.wait_for(|s| s == "b").cancel_on(&token));
    assert_pending!(get.poll());
    token.cancel();
    assert!(assert_ready_err!(get.poll()).is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_get_waits_until_its_deadline_and_no_longer() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let begin = Instant::now();
    assert!(watcher.get().timeout(5 * SECOND).await.unwrap_err().is_deadline_exceeded());
    assert_eq!(begin.elapsed(), 5 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn data_before_the_deadline_is_given() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().timeout(2 * SECOND));
    assert_pending!(get.poll());
    advance(SECOND).await;
    value.set(1);
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 1);
}

#[tokio::test(start_paused = true)]
async fn an_elapsed_deadline_wins_over_data_and_consumes_nothing() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().timeout(SECOND));
    assert_pending!(get.poll());
    advance(SECOND).await;
    value.set(1);
    assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
    drop(get);

    let past = Instant::now();
    assert!(watcher.get().deadline(past).await.unwrap_err().is_deadline_exceeded());
    assert!(watcher.get().timeout(Duration::ZERO).await.unwrap_err().is_deadline_exceeded());
    assert_eq!(watcher.try_get().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_counts_from_the_call() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let get = watcher.get().timeout(3 * SECOND);
    advance(2 * SECOND).await;
    let begin = Instant::now();
    assert!(get.await.unwrap_err().is_deadline_exceeded());
    assert_eq!(begin.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_beyond_the_clock_never_ends_a_get() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    for duration in [Duration::MAX, Duration::from_secs(u64::MAX / 4), Duration::from_secs(1 << 40)] {
        let mut get = spawn(watcher.get().timeout(duration));
        assert_pending!(get.poll());
        advance(365 * 24 * 3600 * SECOND).await;
        assert_pending!(get.poll());
        value.set(1);
        assert_eq!(assert_ready_ok!(get.poll()), 1);
    }
}

#[test]
fn a_timeout_can_be_made_outside_of_a_runtime_and_awaited_inside() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let get = watcher.get().timeout(Duration::ZERO);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    assert!(runtime.block_on(get).unwrap_err().is_deadline_exceeded());
}

#[tokio::test(start_paused = true)]
async fn ends_can_be_chained_in_any_order() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let (going, cancelled) = (CancellationToken::new(), CancellationToken::new());
    cancelled.cancel();
    let at = Instant::now() + SECOND;

    let error = watcher.get().backlog_only().cancel_on(&going).timeout(SECOND).await.unwrap_err();
    assert!(error.is_backlog_done());
    let error = watcher.get().cancel_on(&going).deadline(at).timeout(2 * SECOND).await.unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert_eq!(Instant::now(), at);
    let error = watcher.get().timeout(SECOND).cancel_on(&cancelled).await.unwrap_err();
    assert!(error.is_cancelled());
    let error = watcher.get().timeout(SECOND).cancel_on(&going).cancel_on(&cancelled).await.unwrap_err();
    assert!(error.is_cancelled());
    let error = watcher.get().until(async {}).timeout(SECOND).await.unwrap_err();
    assert!(error.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn functions_of_ones_own_can_be_ended_too() {
    async fn answer(value: &MemoryValue<u32>) -> Result<u32, GetError> {
        value.watch().get().filter(|n| *n == 42).await
    }
    let value = MemoryValue::with_value(41);
    assert!(answer(&value).timeout(SECOND).await.unwrap_err().is_deadline_exceeded());
    value.set(42);
    assert_eq!(answer(&value).timeout(SECOND).await.unwrap(), 42);
}

#[tokio::test(start_paused = true)]
async fn after_a_thousand_ended_gets_the_watcher_is_as_before() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    for round in 0..1000 {
        let token = CancellationToken::new();
        let mut get = spawn(watcher.get().timeout(SECOND).cancel_on(&token));
        assert_pending!(get.poll());
        if round % 2 == 0 {
            token.cancel();
            assert!(assert_ready_err!(get.poll()).is_cancelled());
        } else {
            advance(SECOND).await;
            assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
        }
    }
    value.set(1);
    assert_eq!(watcher.get().await.unwrap(), 1);
    assert_eq!(watcher.missed(), 0);
}
