//! Supervision on tokio itself: threads that are blocked, and many runnables.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use event_tokio::supervisor::{self, BoxError, Context, NodeStatus, Signal, Supervisor, Tree};
use tokio::runtime::Builder;

async fn until_cancelled(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

/// What a run does before it blocks its thread.
#[derive(Clone, Copy, Debug)]
enum Before {
    Nothing,
    SignalsHealthy,
    StartsAChild,
}

/// Tokio keeps the task that was woken or spawned last for the worker that did it, even if that is blocked.
#[test]
fn a_run_that_blocks_its_thread_is_reported_whatever_it_did_before() {
    for before in [Before::Nothing, Before::SignalsHealthy, Before::StartsAChild] {
        for _ in 0..10 {
            is_reported(before);
        }
    }
}

fn is_reported(before: Before) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("there are threads");
    let ((blocks, blocked), (release, released)) = (channel(), channel::<()>());
    let mut once = Some((blocks, released));
    let tree = runtime.block_on(async {
        // The child may have to wait for the thread, and is not what this is about.
        supervisor::builder().grace(Duration::from_millis(20)).start(move |cx: Context| {
            let once = once.take();
            async move {
                match before {
                    Before::Nothing => {}
                    Before::SignalsHealthy => cx.signal(Signal::Healthy),
                    Before::StartsAChild => _ = cx.run("child", until_cancelled)?,
                }
                let (blocks, released): (Sender<()>, _) = once.ok_or("it is run once")?;
                blocks.send(())?;
                // Nobody sends anything: it ends with the test.
                _ = released.recv();
                Ok::<_, BoxError>(())
            }
        })
    });
    blocked.recv().expect("it blocks");
    let state = tree.state();
    let is_overdue = |tree: &Tree| tree.iter().any(|(_, status)| status.is_overdue());
    tree.cancel_all();
    let reported = runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(60), state.watch().get().filter(is_overdue)).await.is_ok()
    });
    drop(release);
    runtime.block_on(tree.stop());
    assert!(reported, "{before:?}");
}

/// The shortest of three times.
fn shortest(f: impl Fn() -> Duration) -> Duration {
    (0..3).map(|_| f()).min().unwrap_or_default()
}

/// How long it takes to start so many children, and to stop them.
fn start_and_stop(number: usize) -> (Duration, Duration) {
    let runtime = Builder::new_current_thread().enable_time().build().expect("there is a thread");
    runtime.block_on(async move {
        let begun = Instant::now();
        let tree = many(number);
        let all_healthy = |tree: &Tree| tree.get("root").is_some_and(|root| root.state() == supervisor::State::Healthy);
        tree.state().watch().get().filter(all_healthy).await.expect("it goes on");
        let started = begun.elapsed();
        let begun = Instant::now();
        tree.stop().await;
        (started, begun.elapsed())
    })
}

/// A root that is healthy when so many children are.
fn many(number: usize) -> Supervisor {
    supervisor::start(move |cx: Context| async move {
        for number in 0..number {
            cx.run(number.to_string(), until_cancelled)?;
        }
        cx.children_healthy().await;
        until_cancelled(cx).await
    })
}

#[test]
fn starting_and_stopping_takes_a_time_that_grows_with_the_number_of_runnables() {
    let (few, many) = (500, 4_000);
    let start = |number| shortest(|| start_and_stop(number).0);
    let stop = |number| shortest(|| start_and_stop(number).1);
    // 8 times as many; what is quadratic would take 64 times as long.
    let ratio = start(many).as_secs_f64() / start(few).as_secs_f64();
    assert!(ratio < 30.0, "starting takes {ratio} times as long");
    let ratio = stop(many).as_secs_f64() / stop(few).as_secs_f64();
    assert!(ratio < 30.0, "stopping takes {ratio} times as long");
}

#[test]
fn a_change_of_state_costs_little_however_large_the_tree_is() {
    const CHANGES: usize = 100;
    let change = |number| {
        let runtime = Builder::new_current_thread().enable_time().build().expect("there is a thread");
        runtime.block_on(async move {
            let contexts = Arc::new(Mutex::new(Vec::new()));
            let keeps = Arc::clone(&contexts);
            let tree = supervisor::start(move |cx: Context| {
                let keeps = Arc::clone(&keeps);
                async move {
                    for number in 0..number {
                        let keeps = Arc::clone(&keeps);
                        cx.run(number.to_string(), move |cx: Context| {
                            lock(&keeps).push(cx.clone());
                            async move {
                                cx.cancelled().await;
                                Ok::<_, BoxError>(())
                            }
                        })?;
                    }
                    until_cancelled(cx).await
                }
            });
            while lock(&contexts).len() < number {
                tokio::task::yield_now().await;
            }
            let contexts: Vec<_> = lock(&contexts).drain(..CHANGES).collect();
            let begun = Instant::now();
            contexts.iter().for_each(|cx| cx.signal(Signal::Healthy));
            let took = begun.elapsed();
            assert_eq!(
                tree.state().borrow().map(|tree| tree.iter().filter(|(_, s)| healthy(s)).count()),
                Some(1 + CHANGES)
            );
            drop(tree);
            took
        })
    };
    let ratio = shortest(|| change(4_000)).as_secs_f64() / shortest(|| change(100)).as_secs_f64();
    // 40 times as many.
    assert!(ratio < 12.0, "it takes {ratio} times as long");
}

fn healthy(status: &NodeStatus) -> bool {
    status.state() == supervisor::State::Healthy
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
