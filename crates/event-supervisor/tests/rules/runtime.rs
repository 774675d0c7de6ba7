//! Runtimes that drop their tasks, or that have gone.

use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::GetError;
use event_supervisor::{BoxError, Context, Runnable, Runtime, StartError, Supervisor, run_once};
use futures_lite::future::{block_on, or, poll_once};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, cases, start};

const SECOND: Duration = Duration::from_secs(1);

/// What a future gives that has nothing to wait for.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    block_on(poll_once(future)).expect("it waits, and nobody will ever wake it")
}

/// A tree of a few, in all stages of life.
fn big_tree(journal: &Journal) -> (Puppet, Puppet) {
    let puppet = |name| Puppet::new(journal, name).healthy().on_cancel(OnCancel::After(SECOND, How::Ok));
    let dies = puppet("dies").runs(&[puppet("child")]);
    let root = puppet("root").runs(&[dies.clone(), puppet("sibling")]).runs(&[puppet("done").done()]);
    (root, dies)
}

#[test]
fn a_runtime_can_drop_its_tasks_at_any_time() {
    cases("a shut-down at any time", 300, |seed| {
        let sim = Sim::new(seed);
        let journal = Journal::new(&sim);
        let (root, dies) = big_tree(&journal);
        let supervisor = Supervisor::start(sim.runtime(), root.clone());
        for _ in 0..sim.below(30) {
            sim.step();
        }
        if sim.below(2) == 0 {
            sim.settle();
            dies.ends(How::Err);
            sim.advance(sim.below(4) as u32 * SECOND / 2);
            for _ in 0..sim.below(10) {
                sim.step();
            }
        }
        if sim.below(4) == 0 {
            supervisor.cancel_all();
            for _ in 0..sim.below(10) {
                sim.step();
            }
        }
        let state = supervisor.state();
        let mut watcher = state.watch();
        sim.shut_down();

        // Nobody waits for what cannot come any more.
        assert_eq!(journal.running(), [""; 0]);
        assert!(state.is_closed());
        while let Ok(tree) = at_once(watcher.get()) {
            assert!(!tree.is_empty());
        }
        assert!(matches!(at_once(watcher.get()), Err(GetError::Closed)));
        at_once(supervisor.ended());
        at_once(supervisor.stop());
        if journal.starts("root") > 0 {
            let context = root.context();
            assert!(context.is_cancelled());
            let late = context.run("late", Puppet::new(&journal, "late")).map(drop);
            assert_eq!(late, Err(StartError::Ended { path: "root".into() }));
        }
    });
}

/// Keeps the context of its last run, and does not end by itself.
struct Keeper {
    kept: Option<Context>,
    alive: Arc<()>,
}

impl Runnable<Context> for Keeper {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let _alive = Arc::clone(&self.alive);
        self.kept = Some(cx);
        pending().await
    }
}

#[test]
fn a_runtime_that_drops_its_tasks_drops_the_runnables() {
    cases("runnables are dropped", 40, |seed| {
        let sim = Sim::new(seed);
        let alive = Arc::new(());
        let counted = Arc::clone(&alive);
        let supervisor = Supervisor::start(sim.runtime(), move |cx: Context| {
            let keeper = || Keeper { kept: None, alive: Arc::clone(&counted) };
            let started = cx.run_group([("a", keeper()), ("b", keeper())]);
            async move {
                started?;
                cx.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        sim.settle();
        assert!(Arc::strong_count(&alive) > 3);
        sim.shut_down();
        drop(supervisor);
        assert_eq!(Arc::strong_count(&alive), 1, "a runnable is left");
    });
}

#[test]
fn a_tree_that_has_ended_drops_the_runnables() {
    cases("runnables are dropped at the end", 40, |seed| {
        let sim = Sim::new(seed);
        let alive = Arc::new(());
        let keeper = Keeper { kept: None, alive: Arc::clone(&alive) };
        let supervisor = Supervisor::start(sim.runtime(), keeper);
        sim.settle();
        sim.block_on(supervisor.stop());
        assert_eq!(Arc::strong_count(&alive), 1, "a runnable is left");
    });
}

#[test]
fn nothing_is_left_of_a_tree_that_has_ended() {
    /// To be counted.
    struct Counted(crate::support::SimRuntime, #[allow(dead_code, reason = "it is counted")] Arc<()>);
    impl Runtime for Counted {
        fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
            self.0.spawn(task);
        }
        fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
            self.0.sleep(duration)
        }
    }
    cases("nothing is left", 40, |seed| {
        let sim = Sim::new(seed);
        let alive = Arc::new(());
        let journal = Journal::new(&sim);
        let (root, dies) = big_tree(&journal);
        let runtime = Counted(sim.runtime(), Arc::clone(&alive));
        let supervisor = Supervisor::start(runtime, root.clone());
        sim.settle();
        dies.ends(How::Err);
        sim.advance(4 * SECOND);
        assert_eq!(journal.starts("root.dies"), 2);
        sim.block_on(supervisor.stop());
        sim.settle();
        // The puppets keep their contexts. The tree itself is gone.
        drop((root, dies));
        assert_eq!(Arc::strong_count(&alive), 1, "something keeps the runtime");
    });
}

#[test]
fn a_single_run_drops_its_runnable() {
    /// Returns at once.
    struct Quick(Keeper);
    impl Runnable<Context> for Quick {
        async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
            self.0.kept = Some(cx);
            Ok(())
        }
    }
    let sim = Sim::new(0);
    let alive = Arc::new(());
    let keeper = || Keeper { kept: None, alive: Arc::clone(&alive) };
    assert!(sim.block_on(run_once(sim.runtime(), Quick(keeper()))).is_ok());
    assert_eq!(Arc::strong_count(&alive), 1, "the runnable is left after it has ended");
    let run = run_once(sim.runtime(), keeper());
    sim.block_on(or(async { assert!(run.await.is_err()) }, async {}));
    assert_eq!(Arc::strong_count(&alive), 1, "the runnable is left after the run was dropped");
}

#[test]
fn a_tree_can_be_started_on_a_runtime_that_has_gone() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let runtime = sim.runtime();
    drop(sim);
    let supervisor = Supervisor::start(runtime, big_tree(&journal).0);
    assert!(supervisor.state().is_closed());
    at_once(supervisor.stop());
    assert_eq!(journal.entries(), []);
}

#[test]
fn a_context_outlives_its_runtime() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let (root, _) = big_tree(&journal);
    let supervisor = start(&sim, &root);
    let context = root.context();
    drop(sim);
    drop(supervisor);
    at_once(context.cancelled());
    assert!(context.run("late", Puppet::new(&journal, "late")).is_err());
    assert_eq!(context.path(), "root");
}

#[test]
fn destructors_may_use_the_context_while_the_runtime_drops_them() {
    /// Tries everything when it goes.
    struct Last(Context, Arc<Mutex<Vec<bool>>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.0.signal(event_supervisor::Signal::Done);
            drop(self.0.sleep(SECOND));
            let started = self.0.run("late", async |_: Context| Ok::<_, BoxError>(()));
            self.1.lock().unwrap_or_else(PoisonError::into_inner).push(started.is_ok());
        }
    }
    cases("destructors", 40, |seed| {
        let sim = Sim::new(seed);
        let drops = Arc::new(Mutex::new(Vec::new()));
        let counts = Arc::clone(&drops);
        let supervisor = Supervisor::start(sim.runtime(), move |cx: Context| {
            let last = Last(cx, Arc::clone(&counts));
            async move {
                last.0.cancelled().await;
                Ok::<_, BoxError>(())
            }
        });
        sim.settle();
        sim.shut_down();
        at_once(supervisor.ended());
        assert_eq!(drops.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
    });
}
