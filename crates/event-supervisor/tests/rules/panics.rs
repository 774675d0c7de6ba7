//! Panics in unusual places. None of them may keep a tree from going on, or from ending.

use std::error::Error;
use std::fmt;
use std::future::{Future, pending, ready};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use event_supervisor::{BoxError, Context, Runnable, Signal, State, Supervisor, boxed};

use crate::support::{Sim, scenario, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(self.0));
    }
}

fn last_error(supervisor: &Supervisor, path: &str) -> Option<String> {
    tree(supervisor).get(path).and_then(|status| status.last_error().map(str::to_owned))
}

/// Supervises `root` below somebody else, and checks that it dies of `error` and is restarted, again and again.
fn assert_dies(sim: &Sim, runnable: impl Runnable<Context> + 'static, error: &str) {
    let mut runnable = Some(runnable);
    let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(move |cx: Context| {
        let started = runnable.take().map(|runnable| cx.run("child", runnable));
        async move {
            started.ok_or("this one is never restarted")??;
            cx.cancelled().await;
            Ok::<_, BoxError>(())
        }
    });
    sim.settle();
    for restarts in 0..3 {
        assert_eq!(state(&supervisor, "root.child"), State::Dead);
        assert_eq!(last_error(&supervisor, "root.child").as_deref(), Some(error));
        assert_eq!(tree(&supervisor).get("root.child").map(|status| status.restarts()), Some(restarts));
        assert!(sim.jump());
        sim.settle();
    }
    stop(sim, supervisor);
}

#[test]
fn a_panic_is_a_death_with_its_message() {
    scenario("panics", |sim| {
        // The usual ones, which print something.
        let name = "link";
        let formatted = move |_: Context| async move { if name.len() == 4 { panic!("no {name}") } else { Err(name) } };
        assert_dies(sim, formatted, "panicked: no link");
        assert_dies(sim, async |_: Context| -> Result<(), BoxError> { panic!("no link") }, "panicked: no link");
        assert_dies(sim, async |_: Context| -> Result<(), BoxError> { resume_unwind(Box::new(7)) }, "panicked");
    });
}

#[test]
fn a_panic_before_the_future_is_returned_is_a_death() {
    scenario("panics before the future", |sim| {
        let early = |_: Context| -> std::future::Ready<Result<(), BoxError>> { resume_unwind(Box::new("early")) };
        assert_dies(sim, early, "panicked: early");

        struct Early;
        impl Runnable<Context> for Early {
            fn run(&mut self, _: Context) -> impl Future<Output = Result<(), BoxError>> + Send {
                let resume: fn() = || resume_unwind(Box::new("even earlier"));
                resume();
                ready(Ok(()))
            }
        }
        assert_dies(sim, Early, "panicked: even earlier");
        assert_dies(sim, boxed(Early), "panicked: even earlier");
    });
}

#[test]
fn a_panic_in_the_destructor_of_what_a_run_kept_is_a_death() {
    /// Ready, and panics when it is dropped.
    #[allow(dead_code, reason = "what matters is its destructor")]
    struct Kept(Bomb);
    impl Future for Kept {
        type Output = Result<(), BoxError>;
        fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    scenario("panics in a destructor", |sim| {
        let done = |cx: Context| {
            cx.signal(Signal::Done);
            Kept(Bomb("kept"))
        };
        assert_dies(sim, done, "panicked: kept");
    });
}

#[test]
fn a_panic_while_an_overdue_run_is_dropped_is_recorded() {
    scenario("panics while it is dropped", |sim| {
        let deaf = async |_: Context| -> Result<(), BoxError> {
            let _bomb = Bomb("dropped");
            pending().await
        };
        let supervisor = Supervisor::start(sim.runtime(), deaf);
        sim.settle();
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert_eq!(tree(&supervisor).to_string(), "cancelled  root  overdue, last error: panicked: dropped");
        stop(sim, supervisor);
    });
}

#[test]
fn a_payload_whose_drop_panics_does_no_harm() {
    scenario("a payload panics", |sim| {
        let payload = async |_: Context| -> Result<(), BoxError> { resume_unwind(Box::new(Bomb("payload"))) };
        assert_dies(sim, payload, "panicked");
    });
}

/// An error that cannot say what it is, or cannot be dropped.
struct Cursed(Option<Bomb>);

impl fmt::Debug for Cursed {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        resume_unwind(Box::new("debug"))
    }
}

impl fmt::Display for Cursed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(_) => f.write_str("cursed"),
            None => resume_unwind(Box::new("display")),
        }
    }
}

impl Error for Cursed {}

#[test]
fn an_error_that_panics_is_a_death() {
    scenario("an error panics", |sim| {
        assert_dies(sim, async |_: Context| Err::<(), _>(Cursed(None)), "panicked: display");
        assert_dies(sim, async |_: Context| Err::<(), _>(Cursed(Some(Bomb("error")))), "panicked: error");
    });
}

#[test]
fn an_error_that_panics_because_of_cancellation_is_not_a_failure() {
    scenario("an error panics at the end", |sim| {
        let fails = async |cx: Context| {
            cx.cancelled().await;
            Err::<(), _>(Cursed(Some(Bomb("error"))))
        };
        let supervisor = Supervisor::start(sim.runtime(), fails);
        sim.settle();
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert_eq!(sim.now(), Duration::ZERO);
        assert_eq!(state(&supervisor, "root"), State::Cancelled);
        assert_eq!(last_error(&supervisor, "root").as_deref(), Some("panicked: error"));
        stop(sim, supervisor);
    });
}

#[test]
fn runnables_that_cannot_be_dropped_do_not_keep_the_tree_from_ending() {
    #[allow(dead_code, reason = "what matters is the destructor of the bomb")]
    struct Heavy(Bomb, Arc<AtomicUsize>);
    impl Runnable<Context> for Heavy {
        async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            cx.cancelled().await;
            Ok(())
        }
    }
    scenario("a runnable panics when it is dropped", |sim| {
        let runs = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&runs);
        let supervisor = Supervisor::start(sim.runtime(), move |cx: Context| {
            let heavy = |message| Heavy(Bomb(message), Arc::clone(&counts));
            let started = cx.run_group([("a", heavy("a")), ("b", heavy("b"))]);
            async move {
                started?;
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        sim.settle();
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert_eq!(runs.load(Ordering::Relaxed), 2);
        for name in ["a", "b"] {
            let error = last_error(&supervisor, &format!("root.{name}"));
            assert_eq!(error, Some(format!("panicked: {name}")));
        }
        assert_eq!(sim.now(), Duration::ZERO);
        stop(sim, supervisor);
    });
}

#[test]
fn runnables_that_cannot_be_dropped_are_refused_like_others() {
    scenario("a refused runnable panics", |sim| {
        let refused = async |cx: Context| {
            let captured = Bomb("captured");
            cx.run("a.b", move |_: Context| {
                let _captured = &captured;
                ready(Ok::<_, BoxError>(()))
            })?;
            Ok::<_, BoxError>(())
        };
        assert_dies(sim, refused, "panicked: captured");
    });
}

#[test]
fn the_siblings_of_one_that_panics_are_restarted_with_it() {
    scenario("the siblings of a bomb", |sim| {
        let starts = Arc::new(AtomicUsize::new(0));
        let counts = Arc::clone(&starts);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(move |cx: Context| {
            let counts = Arc::clone(&counts);
            let bomb = async |cx: Context| -> Result<(), BoxError> {
                let _bomb = Bomb("sibling");
                cx.sleep(SECOND).await;
                Ok(())
            };
            let good = move |cx: Context| {
                counts.fetch_add(1, Ordering::Relaxed);
                async move {
                    cx.cancelled().await;
                    Ok::<_, BoxError>(())
                }
            };
            let started = cx.run_group([("bomb", boxed(bomb)), ("good", boxed(good))]);
            async move {
                started?;
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        sim.advance(5 * SECOND);
        // At 0 s, 1.5 s, 3.5 s.
        assert_eq!(starts.load(Ordering::Relaxed), 3);
        stop(sim, supervisor);
    });
}
