//! Gets that a token or a deadline ends, polled by hand and by async-std's own clock, which nobody can stop. So nothing here
//! depends on something being quick.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use async_std::future::timeout;
use async_std::task;
use event_async_std::GetExt;
use event_core::{GetError, MemoryValue};
use stop_token::{StopSource, StopToken};
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err, assert_ready_ok};

/// Can be waited for.
const SHORT: Duration = Duration::from_millis(20);
/// Does not pass while a test runs.
const HOUR: Duration = Duration::from_secs(3600);

fn cancelled() -> StopToken {
    StopSource::new().token()
}

fn block_on<F: Future>(future: F) -> F::Output {
    task::block_on(timeout(HOUR / 60, future)).expect("nothing hangs")
}

fn wait_until(at: Instant) {
    while let Some(rest) = at.checked_duration_since(Instant::now()).filter(|rest| !rest.is_zero()) {
        thread::sleep(rest);
    }
}

#[test]
fn cancelling_wakes_and_ends_a_waiting_get() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let source = StopSource::new();
    // The token is gone before the get is polled.
    let mut get = spawn(watcher.get().cancel_on(&source.token()));
    assert_pending!(get.poll());
    drop(source);
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_cancelled());
}

#[test]
fn data_wakes_a_get_with_a_token() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let source = StopSource::new();
    let mut get = spawn(watcher.get().cancel_on(&source.token()));
    assert_pending!(get.poll());
    value.set(1);
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 1);
}

#[test]
fn cancellation_wins_over_data_and_consumes_nothing() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    assert!(assert_ready_err!(spawn(watcher.get().cancel_on(&cancelled())).poll()).is_cancelled());
    assert_eq!(watcher.try_get().unwrap(), 1);
}

#[test]
fn one_token_ends_many_gets_one_after_the_other_and_at_once() {
    let (a, b) = (MemoryValue::<u32>::new(), MemoryValue::<u32>::new());
    let (mut from_a, mut from_b) = (a.watch(), b.watch());
    let source = StopSource::new();
    let token = source.token();
    a.set(1);
    assert_eq!(assert_ready_ok!(spawn(from_a.get().cancel_on(&token)).poll()), 1);
    let (mut get_a, mut get_b) = (spawn(from_a.get().cancel_on(&token)), spawn(from_b.get().cancel_on(&token)));
    assert_pending!(get_a.poll());
    assert_pending!(get_b.poll());
    drop(source);
    assert!(get_a.is_woken() && get_b.is_woken());
    assert!(assert_ready_err!(get_a.poll()).is_cancelled());
    assert!(assert_ready_err!(get_b.poll()).is_cancelled());
}

#[test]
fn a_filter_goes_on_behind_a_token() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let source = StopSource::new();
    let mut get = spawn(watcher.get().filter(|n| *n > 2).cancel_on(&source.token()));
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
    let source = StopSource::new();
    let mut get = spawn(watcher.get().cancel_on(&source.token()));
    assert_pending!(get.poll());
    drop(value);
    assert!(get.is_woken());
    assert!(assert_ready_err!(get.poll()).is_closed());
}

#[test]
fn gets_by_reference_can_be_cancelled() {
    let value = MemoryValue::with_value(String::from("a"));
    let mut watcher = value.watch();
    let source = StopSource::new();
    let token = source.token();
    let mut get = spawn(watcher.get_ref().cancel_on(&token));
    assert_eq!(*assert_ready_ok!(get.poll()), "a");
    drop(get);
    let mut get = spawn(watcher.wait_for(|s| s == "b").cancel_on(&token));
    assert_pending!(get.poll());
    drop(source);
    assert!(assert_ready_err!(get.poll()).is_cancelled());
}

#[test]
fn a_get_waits_until_its_deadline() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let begin = Instant::now();
    let error = block_on(watcher.get().timeout(SHORT)).unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert!(begin.elapsed() >= SHORT);
    let at = Instant::now() + SHORT;
    let error = block_on(watcher.get().deadline(at)).unwrap_err();
    assert!(error.is_deadline_exceeded());
    assert!(Instant::now() >= at);
}

#[test]
fn a_deadline_ends_a_get_on_every_thread_of_the_executor() {
    let value = MemoryValue::<u32>::new();
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let mut watcher = value.watch();
            task::spawn(async move { watcher.get().timeout(SHORT).await })
        })
        .collect();
    for task in tasks {
        assert!(block_on(task).unwrap_err().is_deadline_exceeded());
    }
}

#[test]
fn a_deadline_needs_no_executor_of_async_stds() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let get = timeout(HOUR / 60, watcher.get().timeout(SHORT));
    let got = futures_lite::future::block_on(get).expect("nothing hangs");
    assert!(got.unwrap_err().is_deadline_exceeded());
}

#[test]
fn data_before_the_deadline_is_given() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().timeout(HOUR));
    assert_pending!(get.poll());
    value.set(1);
    assert!(get.is_woken());
    assert_eq!(assert_ready_ok!(get.poll()), 1);
    drop(get);
    value.set(2);
    assert_eq!(assert_ready_ok!(spawn(watcher.get().deadline(Instant::now() + HOUR)).poll()), 2);
}

#[test]
fn an_elapsed_deadline_wins_over_data_and_consumes_nothing() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let at = Instant::now() + SHORT;
    let mut get = spawn(watcher.get().deadline(at));
    // It is pending, unless it took this thread all the time to come here.
    let _ = get.poll();
    wait_until(at);
    value.set(1);
    assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
    drop(get);

    assert!(assert_ready_err!(spawn(watcher.get().deadline(at)).poll()).is_deadline_exceeded());
    assert!(assert_ready_err!(spawn(watcher.get().deadline(Instant::now())).poll()).is_deadline_exceeded());
    assert!(assert_ready_err!(spawn(watcher.get().timeout(Duration::ZERO)).poll()).is_deadline_exceeded());
    assert_eq!(watcher.try_get().unwrap(), 1);
}

#[test]
fn a_timeout_counts_from_the_call() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    let mut get = spawn(watcher.get().timeout(SHORT));
    wait_until(Instant::now() + SHORT);
    assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
}

#[test]
fn a_timeout_beyond_the_clock_never_ends_a_get() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    for duration in [Duration::MAX, Duration::from_secs(u64::MAX / 4), Duration::from_secs(1 << 40)] {
        let mut get = spawn(watcher.get().timeout(duration));
        assert_pending!(get.poll());
        // Whatever the reactor makes of such a time, it serves others meanwhile.
        block_on(task::sleep(SHORT));
        assert_pending!(get.poll());
        value.set(1);
        assert_eq!(assert_ready_ok!(get.poll()), 1);
    }
}

#[test]
fn a_dropped_get_leaves_no_waker_behind() {
    struct Nobody;
    impl Wake for Nobody {
        fn wake(self: Arc<Self>) {}
    }
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let source = StopSource::new();
    let nobody = Arc::new(Nobody);
    let waker = Waker::from(Arc::clone(&nobody));
    for _ in 0..100 {
        let mut get = pin!(watcher.get().timeout(HOUR).cancel_on(&source.token()));
        assert_pending!(get.as_mut().poll(&mut Context::from_waker(&waker)));
    }
    drop(waker);
    // The reactor is told of timers that come and go in their order: when this one fires, it knows of the others.
    block_on(task::sleep(SHORT));
    // The watcher may keep the waker of its last get.
    assert!(Arc::strong_count(&nobody) <= 2);
    drop(watcher);
    assert_eq!(Arc::strong_count(&nobody), 1);
}

#[test]
fn ends_can_be_chained_in_any_order() {
    let value = MemoryValue::<u32>::new();
    let mut watcher = value.watch();
    let source = StopSource::new();
    let (going, cancelled) = (source.token(), cancelled());
    let past = Instant::now();
    block_on(async {
        let error = watcher.get().backlog_only().cancel_on(&going).timeout(HOUR).await.unwrap_err();
        assert!(error.is_backlog_done());
        let error = watcher.get().cancel_on(&going).deadline(past).timeout(HOUR).await.unwrap_err();
        assert!(error.is_deadline_exceeded());
        let error = watcher.get().timeout(HOUR).timeout(SHORT).cancel_on(&going).await.unwrap_err();
        assert!(error.is_deadline_exceeded());
        let error = watcher.get().timeout(HOUR).cancel_on(&cancelled).await.unwrap_err();
        assert!(error.is_cancelled());
        let error = watcher.get().timeout(HOUR).cancel_on(&going).cancel_on(&cancelled).await.unwrap_err();
        assert!(error.is_cancelled());
        let error = watcher.get().until(async {}).timeout(HOUR).await.unwrap_err();
        assert!(error.is_cancelled());
    });
}

#[test]
fn functions_of_ones_own_can_be_ended_too() {
    async fn answer(value: &MemoryValue<u32>) -> Result<u32, GetError> {
        value.watch().get().filter(|n| *n == 42).await
    }
    let value = MemoryValue::with_value(41);
    block_on(async {
        assert!(answer(&value).timeout(SHORT).await.unwrap_err().is_deadline_exceeded());
        assert!(answer(&value).cancel_on(&cancelled()).await.unwrap_err().is_cancelled());
        value.set(42);
        assert_eq!(answer(&value).timeout(HOUR).await.unwrap(), 42);
    });
}

#[test]
fn after_a_thousand_ended_gets_the_watcher_is_as_before() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    for round in 0..1000 {
        let source = StopSource::new();
        let end = if round % 2 == 0 { HOUR } else { Duration::from_micros(1) };
        let mut get = spawn(watcher.get().cancel_on(&source.token()).timeout(end));
        if round % 2 == 0 {
            assert_pending!(get.poll());
            drop(source);
            assert!(assert_ready_err!(get.poll()).is_cancelled());
        } else {
            let _ = get.poll();
            wait_until(Instant::now() + end);
            assert!(assert_ready_err!(get.poll()).is_deadline_exceeded());
        }
    }
    value.set(1);
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert_eq!(watcher.missed(), 0);
}
