//! What the tests of this crate share: a runtime with virtual time, runnables that do as they are told, and a journal of
//! what they did.

#![allow(dead_code, unused_imports, reason = "every test uses a part of it")]
#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod executor;
mod journal;
mod mailbox;
mod puppet;
mod random;

pub(crate) use executor::{Sim, SimRuntime, Slept};
pub(crate) use journal::{Entry, Journal, What};
pub(crate) use mailbox::Mailbox;
pub(crate) use puppet::{Command, How, OnCancel, Puppet};
pub(crate) use random::{Random, cases};

use event_supervisor::{Backoff, State, Supervisor, Tree};

/// How many orders of events a scenario is played in, unless `EVENT_CASES` says otherwise.
const ORDERS: u64 = 40;

/// Plays a scenario in many orders of events.
pub(crate) fn scenario(what: &str, play: impl Fn(&Sim)) {
    cases(what, ORDERS, |seed| {
        let sim = Sim::new(seed);
        play(&sim);
        // Not reached after a failure: the seed is told, and the rest would only confuse.
        sim.shut_down();
    });
}

/// The delays of the default, but the same ones each time.
pub(crate) fn without_jitter() -> Backoff {
    Backoff::default().jitter(false)
}

/// Starts a puppet as the root of a tree without jitter, and waits until nothing happens any more.
pub(crate) fn start(sim: &Sim, root: &Puppet) -> Supervisor {
    let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(root.clone());
    sim.settle();
    supervisor
}

/// What is known of the tree now.
pub(crate) fn tree(supervisor: &Supervisor) -> Tree {
    supervisor.state().load().expect("there is always a tree")
}

/// The state of one runnable now.
pub(crate) fn state(supervisor: &Supervisor, path: &str) -> State {
    tree(supervisor).get(path).unwrap_or_else(|| panic!("there is no {path}")).state()
}

/// Stops a tree, and checks that nothing is left of it.
pub(crate) fn stop(sim: &Sim, supervisor: Supervisor) {
    let state = supervisor.state();
    sim.block_on(supervisor.stop());
    assert!(state.is_closed(), "the state is open after the end");
    sim.settle();
    assert_eq!(sim.tasks(), 0, "tasks are left");
    assert_eq!(sim.timers(), 0, "sleeps are left");
}
