//! Groups that die too often.

use std::time::Duration;

use event_supervisor::{Backoff, State, Supervisor};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, scenario, stop, tree};

const SECOND: Duration = Duration::from_secs(1);

/// A tree with the same delay each time.
fn start(sim: &Sim, limit: (u32, Duration), root: &Puppet) -> Supervisor {
    let backoff = Backoff::default().first(SECOND).cap(SECOND).jitter(false);
    let supervisor = Supervisor::builder(sim.runtime()).backoff(backoff).limit(limit.0, limit.1).start(root.clone());
    sim.settle();
    supervisor
}

/// `root` with a `parent`, who has a group of `a` and `b`, and `child`.
fn cast(sim: &Sim) -> (Journal, Puppet, Puppet, Puppet) {
    let journal = Journal::new(sim);
    let puppet = |name| Puppet::new(&journal, name).healthy();
    let (a, b) = (puppet("a"), puppet("b"));
    let parent = puppet("parent").runs([&a, &b]).runs(&[puppet("child").on_cancel(OnCancel::After(SECOND, How::Ok))]);
    (journal.clone(), puppet("root").runs(&[parent]), a, b)
}

#[test]
fn more_deaths_than_the_limit_are_one_of_the_parent() {
    scenario("escalation", |sim| {
        let (journal, root, a, b) = cast(sim);
        let supervisor = start(sim, (2, 10 * SECOND), &root);
        // Those of all members count.
        for dies in [&a, &b] {
            dies.ends(How::Err);
            sim.advance(2 * SECOND);
        }
        assert_eq!((journal.starts("root.parent"), journal.starts("root.parent.a")), (1, 3));
        a.ends(How::Err);
        sim.settle();
        let dead = tree(&supervisor);
        let parent = dead.get("root.parent").expect("it is known");
        assert_eq!(parent.state(), State::Dead);
        let error = "root.parent.a died 3 times within 10s, at last of this: it was told to fail";
        assert_eq!(parent.last_error(), Some(error));
        assert!(journal.is_running("root.parent") && journal.is_running("root.parent.child"), "they end in order");
        sim.advance(SECOND);
        assert_eq!(journal.running(), ["root"]);
        sim.advance(SECOND);
        assert_eq!((journal.starts("root.parent"), journal.starts("root.parent.a")), (2, 4));
        assert_eq!(tree(&supervisor).get("root.parent").map(|parent| parent.state()), Some(State::Healthy));
        stop(sim, supervisor);
    });
}

#[test]
fn deaths_that_are_long_ago_do_not_count() {
    scenario("within the window", |sim| {
        let (journal, root, a, _) = cast(sim);
        let supervisor = start(sim, (1, 10 * SECOND), &root);
        for _ in 0..5 {
            a.ends(How::Err);
            sim.advance(10 * SECOND);
        }
        assert_eq!((journal.starts("root.parent"), journal.starts("root.parent.a")), (1, 6));
        stop(sim, supervisor);
    });
}

#[test]
fn a_root_that_exceeds_its_limit_ends_the_tree_and_keeps_the_error() {
    for how in How::deaths() {
        scenario(&format!("the root gives up, {how:?}"), |sim| {
            let (journal, root, ..) = cast(sim);
            let supervisor = start(sim, (0, SECOND), &root);
            root.ends(how);
            sim.block_on(supervisor.ended());
            let tree = tree(&supervisor);
            let status = tree.get("root").expect("it is known");
            assert_eq!((status.state(), status.last_error()), (State::Dead, Some(how.error())));
            assert!(supervisor.state().is_closed());
            assert_eq!((journal.starts("root"), journal.running().len()), (1, 0));
            stop(sim, supervisor);
        });
    }
}

#[test]
fn an_escalation_may_go_on_to_the_root() {
    scenario("a chain of escalations", |sim| {
        let (journal, root, a, _) = cast(sim);
        let supervisor = start(sim, (0, SECOND), &root);
        a.ends(How::Err);
        sim.block_on(supervisor.ended());
        let tree = tree(&supervisor);
        let error = tree.get("root").and_then(|root| root.last_error()).unwrap_or_default();
        assert!(error.starts_with("root.parent died once") && error.ends_with("this: it was told to fail"), "{error}");
        assert_eq!(journal.running(), [""; 0]);
        stop(sim, supervisor);
    });
}

#[test]
fn a_parent_that_is_done_dies_of_its_children_all_the_same() {
    scenario("a done parent", |sim| {
        let journal = Journal::new(sim);
        let a = Puppet::new(&journal, "a");
        let parent = Puppet::new(&journal, "parent").runs([&a]).done();
        let supervisor = start(sim, (1, 100 * SECOND), &Puppet::new(&journal, "root").runs(&[parent]));
        for _ in 0..2 {
            a.ends(How::Err);
            sim.advance(2 * SECOND);
        }
        assert_eq!((journal.starts("root.parent"), journal.starts("root.parent.a")), (2, 3));
        stop(sim, supervisor);
    });
}

#[test]
fn a_parent_can_set_the_limit_of_its_children() {
    scenario("Context::limit", |sim| {
        let journal = Journal::new(sim);
        let a = Puppet::new(&journal, "a");
        let root = Puppet::new(&journal, "root").limit(0, SECOND).runs([&a]);
        let supervisor = crate::support::start(sim, &root);
        a.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!((journal.starts("root"), journal.starts("root.a")), (2, 2));
        root.ends(How::Err);
        sim.advance(2 * SECOND);
        assert_eq!(journal.starts("root"), 3, "it has no limit itself");
        stop(sim, supervisor);
    });
}

#[test]
fn a_restart_on_demand_is_not_a_death() {
    scenario("restarts do not count", |sim| {
        let (journal, root, ..) = cast(sim);
        let supervisor = start(sim, (0, SECOND), &root);
        for _ in 0..3 {
            assert_eq!(supervisor.restart("root.parent"), Ok(()));
            sim.advance(2 * SECOND);
        }
        assert_eq!((journal.starts("root.parent"), journal.starts("root")), (4, 1));
        stop(sim, supervisor);
    });
}
