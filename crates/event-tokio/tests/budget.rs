//! What goes through `GetExt` or a pipe leaves other tasks their turn.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use event_core::MemoryValue;
use event_tokio::{GetExt, pipe};
use tokio::sync::mpsc;
use tokio::task::{consume_budget, coop, yield_now};
use tokio::time::Instant;
use tokio_test::task::spawn;
use tokio_test::{assert_pending, assert_ready_err};
use tokio_util::sync::CancellationToken;

/// Far more than tokio lets one poll do.
const ROUNDS: usize = 10_000;

/// Runs `flood`, which goes round until it is told to stop, beside another task. Gives how many rounds it made until that
/// had its turn.
async fn rounds_until_another_task_runs<F: Future<Output = usize>>(flood: impl FnOnce(Rc<Cell<bool>>) -> F) -> usize {
    let other_ran = Rc::new(Cell::new(false));
    let local = tokio::task::LocalSet::new();
    let other = Rc::clone(&other_ran);
    local.spawn_local(async move { other.set(true) });
    local.run_until(flood(other_ran)).await
}

#[tokio::test]
async fn a_flood_of_sets_leaves_other_tasks_their_turn() {
    let rounds = rounds_until_another_task_runs(|stop| async move {
        let value = MemoryValue::new();
        let mut watcher = value.watch();
        let token = CancellationToken::new();
        for round in 0..ROUNDS {
            if stop.get() {
                return round;
            }
            value.set(round);
            assert_eq!(watcher.get().cancel_on(&token).await.unwrap(), round);
        }
        ROUNDS
    })
    .await;
    assert!(rounds > 1 && rounds < ROUNDS, "{rounds}");
}

#[tokio::test]
async fn a_flood_of_sets_under_deadlines_leaves_other_tasks_their_turn() {
    let rounds = rounds_until_another_task_runs(|stop| async move {
        let value = MemoryValue::new();
        let mut watcher = value.watch();
        for round in 0..ROUNDS {
            if stop.get() {
                return round;
            }
            value.set(round);
            assert_eq!(watcher.get().timeout(Duration::MAX).await.unwrap(), round);
        }
        ROUNDS
    })
    .await;
    assert!(rounds > 1 && rounds < ROUNDS, "{rounds}");
}

#[tokio::test]
async fn a_loop_around_ended_gets_leaves_other_tasks_their_turn() {
    let rounds = rounds_until_another_task_runs(|stop| async move {
        let value = MemoryValue::<u32>::new();
        let mut watcher = value.watch();
        let token = CancellationToken::new();
        token.cancel();
        for round in 0..ROUNDS {
            if stop.get() {
                return round;
            }
            assert!(watcher.get().cancel_on(&token).await.is_err());
            assert!(watcher.get().timeout(Duration::ZERO).await.is_err());
        }
        ROUNDS
    })
    .await;
    assert!(rounds > 1 && rounds < ROUNDS, "{rounds}");
}

#[tokio::test]
async fn a_pipe_in_a_flood_leaves_other_tasks_their_turn() {
    let value = MemoryValue::with_value(0);
    let (sender, mut receiver) = mpsc::channel(1);
    // Each item makes the next one, so the value is always newer than what was got.
    let mut pipe = pipe(value.clone(), sender).filter(|n| {
        value.set(n + 1);
        n % 2 == 0
    });
    let token = CancellationToken::new();
    let mut run = spawn(pipe.run_until(token.cancelled()));
    for _ in 0..10 {
        assert_pending!(run.poll());
        assert!(run.is_woken(), "it has more to do");
    }
    assert!(receiver.try_recv().is_ok());
    token.cancel();
    assert!(assert_ready_err!(run.poll()).is_cancelled());
}

async fn use_up_the_budget() {
    while coop::has_budget_remaining() {
        consume_budget().await;
    }
}

#[tokio::test]
async fn without_budget_a_get_consumes_nothing_and_comes_back() {
    let value = MemoryValue::with_value(1);
    let mut watcher = value.watch();
    yield_now().await;
    use_up_the_budget().await;
    {
        let mut get = pin!(watcher.get().cancel_on(&CancellationToken::new()).timeout(Duration::MAX));
        poll_fn(|cx| {
            assert!(get.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
    assert!(watcher.has_changed());
    assert_eq!(watcher.get().timeout(Duration::MAX).await.unwrap(), 1);
}

#[tokio::test]
async fn a_task_that_never_has_budget_left_is_ended_all_the_same() {
    let value = MemoryValue::with_value(1);
    let (mut first, mut second) = (value.watch(), value.watch());
    let token = CancellationToken::new();
    token.cancel();
    let mut cancelled = pin!(first.get().cancel_on(&token));
    let mut late = pin!(second.get().deadline(Instant::now()));
    let mut turns = 0;
    let (cancelled, late) = poll_fn(|cx| {
        turns += 1;
        assert!(turns <= 2, "yielding once is enough");
        // Something else in this task takes all of every turn before the gets are asked.
        while coop::has_budget_remaining() {
            let mut unit = pin!(consume_budget());
            let _ = unit.as_mut().poll(cx);
        }
        match (cancelled.as_mut().poll(cx), late.as_mut().poll(cx)) {
            (Poll::Ready(cancelled), Poll::Ready(late)) => Poll::Ready((cancelled, late)),
            (Poll::Pending, Poll::Pending) => Poll::Pending,
            _ => panic!("both end in their second turn"),
        }
    })
    .await;
    assert!(cancelled.unwrap_err().is_cancelled());
    assert!(late.unwrap_err().is_deadline_exceeded());
    assert_eq!((first.try_get().unwrap(), second.try_get().unwrap()), (1, 1));
}
