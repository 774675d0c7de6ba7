//! What went wrong once. Each of these has failed before.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use event_supervisor::{BoxError, Context, Runtime, Signal, State, Supervisor};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, SimRuntime, scenario, start, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

async fn done(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    cx.signal(Signal::Done);
    Ok(())
}

#[test]
fn children_that_have_ended_are_not_kept() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let root = Puppet::new(&journal, "root").healthy();
    let supervisor = start(&sim, &root);
    let (tasks, mut most) = (sim.tasks(), 0);
    for number in 0..300 {
        assert!(root.context().run(format!("child{number}"), done).is_ok());
        sim.settle();
        most = most.max(sim.tasks());
    }
    assert_eq!(most, tasks, "tasks are left");
    let tree = tree(&supervisor);
    assert_eq!(tree.len(), 1 + 32);
    assert_eq!(tree.get("root.child267").map(|status| status.state()), None);
    assert_eq!(tree.get("root.child268").map(|status| status.state()), Some(State::Done));
    stop(&sim, supervisor);
}

#[test]
fn a_start_is_one_change_and_a_signal_that_changes_nothing_is_none() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let root = Puppet::new(&journal, "root");
    let supervisor = start(&sim, &root);
    // It stays: what nobody can see is not published.
    let tree = supervisor.state();
    let version = || tree.version().as_u64();
    let expected = version() + 1;
    assert!(root.context().run_group(["a", "b"].map(|name| (name, Puppet::new(&journal, name)))).is_ok());
    sim.settle();
    assert_eq!(version(), expected, "the start of a group");
    let expected = version() + 1;
    root.signals(Signal::Healthy);
    root.signals(Signal::Healthy);
    sim.settle();
    assert_eq!(version(), expected, "two signals");
    stop(&sim, supervisor);
}

#[test]
fn children_that_need_a_while_to_end_do_so_at_the_same_time() {
    scenario("20 slow children", |sim| {
        let journal = Journal::new(sim);
        let mut root = Puppet::new(&journal, "root").healthy();
        for number in 0..20 {
            root =
                root.runs(&[Puppet::new(&journal, number.to_string()).on_cancel(OnCancel::After(SECOND / 5, How::Ok))]);
        }
        let supervisor = start(sim, &root);
        stop(sim, supervisor);
        assert_eq!(sim.now(), SECOND / 5);
    });
}

#[test]
fn a_child_stands_below_its_parent_and_siblings_in_the_order_of_their_start() {
    scenario("the order of the tree", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name);
        let dhcp = puppet("dhcp").runs(&[puppet("lease")]);
        let root = puppet("root").runs(&[puppet("zebra")]).runs(&[dhcp.clone(), puppet("dhcp-relay")]);
        let supervisor = start(sim, &root);
        let paths = || tree(&supervisor).iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>();
        let expected = ["root", "root.zebra", "root.dhcp", "root.dhcp.lease", "root.dhcp-relay"];
        assert_eq!(paths(), expected);
        dhcp.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!(paths(), expected, "after a restart");
        stop(sim, supervisor);
    });
}

/// How a runtime fails to start a task.
#[derive(Clone, Copy, Debug)]
enum Failure {
    Drops,
    #[cfg(feature = "std")]
    Panics,
    /// It starts it, and drops it after so many polls.
    DropsLater(u64),
}

/// Fails to start the `k`th task.
#[derive(Clone)]
struct Failing {
    sim: SimRuntime,
    spawns: Arc<AtomicUsize>,
    k: usize,
    failure: Failure,
}

impl Runtime for Failing {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if self.spawns.fetch_add(1, Ordering::Relaxed) != self.k {
            return self.sim.spawn(task);
        }
        match self.failure {
            Failure::Drops => drop(task),
            #[cfg(feature = "std")]
            Failure::Panics => std::panic::resume_unwind(Box::new("no more tasks")),
            Failure::DropsLater(polls) => {
                let (mut task, mut left) = (Some(Box::pin(task)), polls);
                self.sim.spawn(std::future::poll_fn(move |cx| {
                    if left == 0 {
                        task = None;
                    }
                    left = left.saturating_sub(1);
                    task.as_mut().map_or(std::task::Poll::Ready(()), |task| task.as_mut().poll(cx))
                }));
            }
        }
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.sim.sleep(duration)
    }
}

/// Plays a life with two restarts, and stops it, on a runtime that fails the `k`th spawn. Says whether there were so many.
fn play_with_failure(sim: &Sim, k: usize, failure: Failure) -> bool {
    let journal = Journal::new(sim);
    let puppet = |name| Puppet::new(&journal, name).healthy();
    let dies = puppet("dies").runs(&[puppet("child").on_cancel(OnCancel::After(SECOND / 10, How::Ok))]);
    let root = puppet("root").runs(&[dies.clone(), puppet("sibling")]).runs(&[puppet("other")]);
    let spawns = Arc::new(AtomicUsize::new(0));
    let runtime = Failing { sim: sim.runtime(), spawns: Arc::clone(&spawns), k, failure };
    let supervisor = Supervisor::builder(runtime).backoff(without_jitter()).start(root);
    for _ in 0..2 {
        sim.advance(10 * SECOND);
        if journal.is_running("root.dies") {
            dies.ends(How::Err);
        }
    }
    sim.advance(100 * SECOND);
    // All is as it should be, whatever has failed.
    let running = ["root", "root.dies", "root.dies.child", "root.other", "root.sibling"];
    let tree = tree(&supervisor);
    assert_eq!(journal.running(), running, "{failure:?} at {k}\n{tree}\n{journal}");
    assert!(tree.iter().all(|(_, status)| status.state() == State::Healthy), "{failure:?} at {k}\n{tree}");
    let errors = tree.iter().filter_map(|(_, status)| status.last_error()).collect::<Vec<_>>().join("; ");
    if spawns.load(Ordering::Relaxed) > k && errors.contains("dropped its task") {
        assert!(tree.iter().any(|(_, status)| status.restarts() > 0), "{tree}");
    }
    stop(sim, supervisor);
    assert_eq!(journal.running(), [""; 0]);
    spawns.load(Ordering::Relaxed) > k
}

#[test]
fn a_runtime_that_fails_to_start_a_task_makes_nothing_hang() {
    let failures = [
        Failure::Drops,
        Failure::DropsLater(0),
        Failure::DropsLater(1),
        Failure::DropsLater(2),
        #[cfg(feature = "std")]
        Failure::Panics,
    ];
    for failure in failures {
        let mut k = 0;
        while play_with_failure(&Sim::new(k as u64), k, failure) {
            k += 1;
        }
        assert!(k > 5, "{k} spawns");
    }
}

#[test]
fn a_runtime_that_starts_no_task_ends_the_tree_with_an_error() {
    struct Full(SimRuntime);
    impl Runtime for Full {
        fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
            drop(task);
        }
        fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
            self.0.sleep(duration)
        }
    }
    let sim = Sim::new(0);
    let supervisor = Supervisor::start(Full(sim.runtime()), done);
    let state = supervisor.state();
    assert!(state.is_closed());
    let tree = state.load().expect("there is always a tree");
    let root = tree.get("root").expect("there is a root");
    assert_eq!(root.state(), State::Dead);
    assert!(root.last_error().is_some_and(|error| error.contains("the runtime dropped")), "{tree}");
    stop(&sim, supervisor);
}

#[cfg(feature = "std")]
#[test]
fn a_runtime_without_timers_ends_a_tree_that_needs_one_with_an_error_and_no_other() {
    struct Timeless(SimRuntime);
    impl Runtime for Timeless {
        fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
            self.0.spawn(task);
        }
        fn sleep(&self, _: Duration) -> impl Future<Output = ()> + Send + 'static {
            let none: fn() = || std::panic::resume_unwind(Box::new("there are no timers"));
            none();
            async {}
        }
    }
    scenario("no timers", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").healthy();
        let root = || Puppet::new(&journal, "root").healthy().runs([&child]);
        let supervisor = Supervisor::start(Timeless(sim.runtime()), root());
        sim.settle();
        assert_eq!(tree(&supervisor).to_string(), "healthy  root\nhealthy    child");
        child.ends(How::Err);
        sim.settle();
        let last = supervisor.state().load().expect("there is always a tree");
        let error = last.get("root").and_then(|root| root.last_error()).unwrap_or_default();
        assert!(error.contains("cannot be restarted") && error.contains("there are no timers"), "{last}");
        assert!(supervisor.state().is_closed(), "{last}");
        stop(sim, supervisor);
        // What ends in time needs no timer.
        let supervisor = Supervisor::start(Timeless(sim.runtime()), root());
        sim.settle();
        stop(sim, supervisor);
        assert_eq!(journal.running(), [""; 0]);
    });
}

#[cfg(feature = "std")]
#[test]
fn what_a_panic_leaves_is_dropped() {
    struct Payload(Arc<AtomicUsize>);
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let sim = Sim::new(0);
    let drops = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&drops);
    let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(move |_: Context| {
        let payload = Payload(Arc::clone(&counts));
        async move { std::panic::resume_unwind(Box::new(payload)) as Result<(), BoxError> }
    });
    sim.settle();
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    stop(&sim, supervisor);
}

#[test]
fn what_returns_after_the_stop_has_begun_has_not_failed() {
    scenario("returns after the stop", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child");
        let mut root = Puppet::new(&journal, "root").runs([&child]);
        if sim.below(2) == 0 {
            let last = Puppet::new(&journal, "last").on_cancel(OnCancel::After(SECOND, How::Ok));
            root = root.runs(&[last]);
        }
        let supervisor = start(sim, &root);
        supervisor.cancel_all();
        for _ in 0..sim.below(4) {
            sim.step();
        }
        child.ends(How::Ok);
        sim.block_on(supervisor.ended());
        let tree = tree(&supervisor);
        assert!(tree.iter().all(|(_, status)| status.last_error().is_none()), "{tree}");
        stop(sim, supervisor);
    });
}

#[test]
fn what_is_known_can_be_compared_and_says_since_when() {
    scenario("since", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child");
        sim.advance(SECOND);
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs([&child]));
        let (first, since) = (tree(&supervisor), |path| tree(&supervisor).get(path).map(|status| status.since()));
        sim.advance(SECOND);
        assert_eq!(first, tree(&supervisor));
        child.signals(Signal::Healthy);
        sim.advance(SECOND);
        assert_ne!(first, tree(&supervisor));
        assert_eq!((since("root"), since("root.child")), (Some(Duration::ZERO), Some(SECOND)));
        assert_eq!(first.get("root"), tree(&supervisor).get("root"));
        stop(sim, supervisor);
    });
}

#[test]
fn delays_are_shown_with_three_digits() {
    let sim = Sim::new(0);
    let backoff = without_jitter().first(Duration::from_nanos(332_876_603));
    let supervisor = Supervisor::builder(sim.runtime()).backoff(backoff).start(async |_: Context| Err::<(), _>("no"));
    sim.settle();
    let status = tree(&supervisor).get("root").map(|status| status.to_string());
    assert_eq!(status.as_deref(), Some("dead, restart in 333ms, last error: no"));
    stop(&sim, supervisor);
}
