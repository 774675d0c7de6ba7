//! The hook that is told of every transition.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::MemoryValue;
use event_supervisor::{Handle, Signal, Supervisor, Transition};

use crate::support::{How, Journal, Puppet, Sim, scenario, stop, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

type Told = Arc<Mutex<Vec<String>>>;

fn told(told: &Told) -> Vec<String> {
    std::mem::take(&mut told.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A tree that notes all transitions, and does this after each.
fn start(sim: &Sim, root: &Puppet, mut then: impl FnMut(&Transition) + Send + 'static) -> (Supervisor, Told) {
    let all = Told::default();
    let notes = Arc::clone(&all);
    let hook = move |transition: &Transition| {
        let note = format!("{:?} {transition}", transition.at());
        notes.lock().unwrap_or_else(PoisonError::into_inner).push(note);
        then(transition);
    };
    let supervisor =
        Supervisor::builder(sim.runtime()).backoff(without_jitter()).on_transition(hook).start(root.clone());
    (supervisor, all)
}

#[test]
fn the_hook_is_told_of_every_transition_in_order() {
    scenario("transitions", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").healthy();
        let root = Puppet::new(&journal, "root").runs([&child]);
        let (supervisor, all) = start(sim, &root, |_| ());
        sim.settle();
        assert_eq!(told(&all), ["0ns root: new", "0ns root.child: new", "0ns root.child: new -> healthy"]);
        // Nobody could see all of these by watching.
        child.ends(How::Err);
        sim.advance(SECOND);
        supervisor.cancel_all();
        sim.settle();
        let expected = [
            "0ns root.child: healthy -> dead, last error: it was told to fail",
            "500ms root.child: dead -> new, restarted once, last error: it was told to fail",
            "500ms root.child: new -> healthy, restarted once, last error: it was told to fail",
            "1s root.child: healthy -> cancelled, restarted once, last error: it was told to fail",
            "1s root: new -> cancelled",
        ];
        assert_eq!(told(&all), expected);
        stop(sim, supervisor);
    });
}

#[test]
fn the_hook_may_use_the_tree_and_keeps_the_order() {
    scenario("a hook that controls", |sim| {
        let journal = Journal::new(sim);
        let (a, b) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "b").healthy());
        let root = Puppet::new(&journal, "root").runs([&a]).runs([&b]);
        let handle: MemoryValue<Handle> = MemoryValue::new();
        let (controls, other) = (handle.clone(), a.clone());
        let (supervisor, all) = start(sim, &root, move |transition| {
            let Some(a) = controls.load() else { return };
            if transition.path() == "root.b" {
                // That is a transition before this returns.
                other.context().signal(Signal::Healthy);
                a.cancel();
            }
        });
        sim.settle();
        _ = told(&all);
        handle.set(supervisor.handle("root.a").expect("it runs"));
        b.ends(How::Err);
        sim.settle();
        let expected = [
            "0ns root.b: healthy -> dead, last error: it was told to fail",
            "0ns root.a: new -> healthy",
            "0ns root.a: healthy -> cancelled",
        ];
        assert_eq!(told(&all), expected);
        stop(sim, supervisor);
    });
}

#[cfg(feature = "std")]
#[test]
fn a_hook_that_panics_does_no_harm() {
    scenario("a hook that panics", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root").healthy();
        let (supervisor, all) = start(sim, &root, |_| std::panic::resume_unwind(Box::new("the hook")));
        sim.settle();
        root.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!(told(&all).len(), 5);
        stop(sim, supervisor);
    });
}

#[test]
fn the_hook_is_dropped_with_the_tree() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let root = Puppet::new(&journal, "root");
    let alive = Arc::new(());
    let counted = Arc::clone(&alive);
    let (supervisor, _) = start(&sim, &root, move |_| _ = &counted);
    sim.settle();
    let handle = supervisor.handle("root");
    stop(&sim, supervisor);
    assert_eq!(Arc::strong_count(&alive), 1, "a handle keeps it");
    drop((handle, root));
}
