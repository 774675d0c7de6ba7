//! Runnables that do not end when they are told to.

use std::time::Duration;

use event_supervisor::{State, Supervisor};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, What, scenario, start, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);
const NANOSECOND: Duration = Duration::from_nanos(1);
/// The default.
const GRACE: Duration = Duration::from_secs(5);

fn is_overdue(supervisor: &Supervisor, path: &str) -> bool {
    tree(supervisor).get(path).is_some_and(|status| status.is_overdue())
}

#[test]
fn a_runnable_that_ignores_cancellation_is_reported_and_dropped_after_the_grace_period() {
    scenario("ignores cancellation", |sim| {
        let journal = Journal::new(sim);
        let deaf = Puppet::new(&journal, "deaf").on_cancel(OnCancel::Ignore);
        let root = Puppet::new(&journal, "root").runs(&[deaf, Puppet::new(&journal, "good")]);
        let supervisor = start(sim, &root);
        supervisor.cancel_all();
        sim.advance(GRACE - NANOSECOND);
        assert!(journal.is_running("root.deaf"));
        assert!(!is_overdue(&supervisor, "root.deaf"));
        sim.advance(NANOSECOND);
        assert!(!journal.is_running("root.deaf"));
        assert!(is_overdue(&supervisor, "root.deaf"));
        assert_eq!(state(&supervisor, "root.deaf"), State::Cancelled);
        for path in ["root", "root.good"] {
            assert!(!is_overdue(&supervisor, path), "{path} has ended in time");
        }
        stop(sim, supervisor);
    });
}

#[test]
fn the_grace_period_begins_when_the_children_have_ended() {
    scenario("grace after the children", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(4 * SECOND, How::Ok));
        let deaf = Puppet::new(&journal, "deaf").on_cancel(OnCancel::Ignore).runs(&[child]);
        let root = Puppet::new(&journal, "root").runs(&[deaf]);
        let supervisor = start(sim, &root);
        supervisor.cancel_all();
        sim.advance(4 * SECOND + GRACE - NANOSECOND);
        assert_eq!(journal.last("root.deaf", What::Told), Some(4 * SECOND));
        assert!(journal.is_running("root.deaf") && !is_overdue(&supervisor, "root.deaf"));
        sim.advance(NANOSECOND);
        assert!(!journal.is_running("root.deaf") && is_overdue(&supervisor, "root.deaf"));
        stop(sim, supervisor);
    });
}

#[test]
fn each_of_a_chain_has_a_grace_period_of_its_own() {
    scenario("a chain of the deaf", |sim| {
        let journal = Journal::new(sim);
        let deaf = |name| Puppet::new(&journal, name).on_cancel(OnCancel::Ignore);
        let supervisor = start(sim, &deaf("root").runs(&[deaf("a").runs(&[deaf("b")])]));
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        for (path, times) in [("root.a.b", 1), ("root.a", 2), ("root", 3)] {
            assert_eq!(journal.last(path, What::End), Some(times * GRACE), "{path}");
            assert!(is_overdue(&supervisor, path));
        }
        stop(sim, supervisor);
    });
}

#[test]
fn a_runnable_that_ends_in_time_is_not_reported() {
    scenario("in time", |sim| {
        let journal = Journal::new(sim);
        let slow = Puppet::new(&journal, "slow").on_cancel(OnCancel::After(GRACE - NANOSECOND, How::Err));
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs(&[slow]));
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert_eq!(sim.now(), GRACE - NANOSECOND);
        sim.advance(10 * GRACE);
        assert!(!is_overdue(&supervisor, "root.slow"));
        stop(sim, supervisor);
    });
}

#[test]
fn the_grace_period_can_be_chosen_and_can_be_nothing() {
    let ends_at = |sim: &Sim, grace, on_cancel| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root").on_cancel(on_cancel);
        let supervisor = Supervisor::builder(sim.runtime()).grace(grace).start(root);
        sim.settle();
        let before = sim.now();
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        let overdue = is_overdue(&supervisor, "root");
        stop(sim, supervisor);
        (sim.now() - before, overdue)
    };
    scenario("another grace", |sim| {
        assert_eq!(ends_at(sim, 7 * SECOND, OnCancel::Ignore), (7 * SECOND, true));
        assert_eq!(ends_at(sim, 7 * SECOND, OnCancel::After(6 * SECOND, How::Ok)), (6 * SECOND, false));
        assert_eq!(ends_at(sim, Duration::ZERO, OnCancel::Ignore), (Duration::ZERO, true));
        assert_eq!(ends_at(sim, Duration::MAX, OnCancel::After(1000 * SECOND, How::Ok)), (1000 * SECOND, false));
    });
}

#[test]
fn a_group_is_restarted_though_a_member_ignores_cancellation() {
    scenario("a deaf sibling", |sim| {
        let journal = Journal::new(sim);
        let deaf = Puppet::new(&journal, "deaf").on_cancel(OnCancel::Ignore);
        let dies = Puppet::new(&journal, "dies");
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs(&[deaf, dies.clone()]));
        dies.ends(How::Err);
        sim.advance(GRACE);
        assert!(is_overdue(&supervisor, "root.deaf"));
        sim.advance(SECOND / 2);
        journal.assert_clean_restarts(&["root.deaf", "root.dies"]);
        assert_eq!((journal.starts("root.deaf"), journal.starts("root.dies")), (2, 2));
        assert!(!is_overdue(&supervisor, "root.deaf"), "that was the run before");
        stop(sim, supervisor);
    });
}

#[test]
fn a_dead_one_is_not_waited_for_and_not_overdue() {
    scenario("the dead are not overdue", |sim| {
        let journal = Journal::new(sim);
        let deaf = Puppet::new(&journal, "deaf").on_cancel(OnCancel::Ignore);
        let dies = Puppet::new(&journal, "dies").runs(&[deaf]);
        let supervisor = Supervisor::builder(sim.runtime())
            .backoff(without_jitter())
            .start(Puppet::new(&journal, "root").runs([&dies]));
        sim.settle();
        dies.ends(How::Err);
        sim.advance(GRACE);
        assert!(is_overdue(&supervisor, "root.dies.deaf"));
        assert!(!is_overdue(&supervisor, "root.dies"));
        assert_eq!(state(&supervisor, "root.dies"), State::Dead);
        stop(sim, supervisor);
    });
}
