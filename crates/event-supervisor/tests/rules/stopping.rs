//! The end of a whole tree.

use std::pin::pin;
use std::time::Duration;

use event_supervisor::{State, Supervisor};
use futures_lite::future::{poll_once, zip};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, scenario, start, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// A tree of a few, some of which take their time to end.
fn tree_of_five(journal: &Journal) -> Puppet {
    let puppet = |name| Puppet::new(journal, name).healthy();
    let slow = |name| puppet(name).on_cancel(OnCancel::After(SECOND, How::Ok));
    let a = puppet("a").runs(&[slow("child")]);
    puppet("root").runs(&[a, slow("b")]).runs(&[puppet("c").on_cancel(OnCancel::Ignore)])
}

fn assert_all_has_ended(sim: &Sim, journal: &Journal) {
    assert_eq!(journal.running(), [""; 0]);
    let starts = journal.entries().len();
    sim.advance(1000 * SECOND);
    assert_eq!(journal.entries().len(), starts, "something happens after the end");
    assert_eq!((sim.tasks(), sim.timers()), (0, 0));
}

#[test]
fn stop_waits_for_every_runnable() {
    scenario("stop", |sim| {
        let journal = Journal::new(sim);
        let supervisor = start(sim, &tree_of_five(&journal));
        assert_eq!(journal.running().len(), 5);
        let state = supervisor.state();
        sim.block_on(supervisor.stop());
        assert_eq!(journal.running(), [""; 0]);
        assert!(state.is_closed());
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn cancel_ends_everything() {
    scenario("cancel", |sim| {
        let journal = Journal::new(sim);
        let supervisor = start(sim, &tree_of_five(&journal));
        supervisor.cancel_all();
        supervisor.cancel_all();
        sim.advance(100 * SECOND);
        assert_all_has_ended(sim, &journal);
        assert!(supervisor.state().is_closed());
        // All of these are over at once.
        sim.block_on(supervisor.ended());
        sim.block_on(supervisor.ended());
        stop(sim, supervisor);
    });
}

#[test]
fn dropping_the_supervisor_ends_everything() {
    scenario("drop", |sim| {
        let journal = Journal::new(sim);
        let supervisor = start(sim, &tree_of_five(&journal));
        let state = supervisor.state();
        drop(supervisor);
        sim.advance(100 * SECOND);
        assert_all_has_ended(sim, &journal);
        assert!(state.is_closed());
    });
}

#[test]
fn a_stop_that_is_dropped_ends_everything_all_the_same() {
    scenario("a dropped stop", |sim| {
        let journal = Journal::new(sim);
        let supervisor = start(sim, &tree_of_five(&journal));
        let is_polled = sim.below(2) == 1;
        sim.block_on(async {
            let mut stop = pin!(supervisor.stop());
            if is_polled {
                assert!(poll_once(stop.as_mut()).await.is_none());
            }
        });
        sim.advance(100 * SECOND);
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn several_can_wait_for_the_end() {
    scenario("two wait", |sim| {
        let journal = Journal::new(sim);
        let supervisor = start(sim, &tree_of_five(&journal));
        sim.block_on(async {
            let mut both = pin!(zip(supervisor.ended(), supervisor.ended()));
            assert!(poll_once(both.as_mut()).await.is_none());
            supervisor.cancel_all();
            both.await;
        });
        stop(sim, supervisor);
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn stop_before_anything_was_polled_starts_nothing() {
    scenario("stop at once", |sim| {
        let journal = Journal::new(sim);
        let supervisor = Supervisor::start(sim.runtime(), tree_of_five(&journal));
        let state = supervisor.state();
        supervisor.cancel_all();
        sim.block_on(supervisor.stop());
        assert_eq!(journal.entries(), []);
        let tree = state.load().expect("there is always a tree");
        assert_eq!(tree.to_string(), "cancelled  root");
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn stop_ends_what_is_just_being_started() {
    scenario("stop in between", |sim| {
        let journal = Journal::new(sim);
        let supervisor = Supervisor::start(sim.runtime(), tree_of_five(&journal));
        for _ in 0..sim.below(20) {
            sim.step();
        }
        stop(sim, supervisor);
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn stop_during_the_back_off_does_not_wait_for_the_restart() {
    scenario("stop during the back-off", |sim| {
        let journal = Journal::new(sim);
        let dies = Puppet::new(&journal, "dies");
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs([&dies]));
        dies.ends(How::Err);
        sim.advance(SECOND / 4);
        assert_eq!(state(&supervisor, "root.dies"), State::Dead);
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert_eq!(sim.now(), SECOND / 4);
        let tree = tree(&supervisor);
        let status = tree.get("root.dies").expect("it is known");
        assert_eq!((status.state(), status.restart_in(), status.restarts()), (State::Cancelled, None, 0));
        assert_eq!(journal.starts("root.dies"), 1);
        stop(sim, supervisor);
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn stop_while_a_group_is_being_restarted_ends_it() {
    scenario("stop during a restart", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name).healthy().on_cancel(OnCancel::After(SECOND, How::Ok));
        let dies = puppet("dies").runs(&[puppet("child")]);
        let root = puppet("root").runs(&[dies.clone(), puppet("sibling").runs(&[puppet("child")])]);
        let supervisor = start(sim, &root);
        dies.ends(How::Err);
        // Just before the restart, 2.5 s after the death, and then some steps into it, or while the old ones end.
        sim.advance(sim.below(4) as u32 * (SECOND * 5 / 6));
        if sim.next_timer().is_some() {
            sim.jump();
        }
        for _ in 0..sim.below(20) {
            sim.step();
        }
        stop(sim, supervisor);
        assert_all_has_ended(sim, &journal);
        journal.assert_clean_restarts(&["root.dies", "root.sibling"]);
    });
}

#[test]
fn stop_while_a_runnable_dies_restarts_nothing() {
    scenario("stop against a death", |sim| {
        let journal = Journal::new(sim);
        let dies = Puppet::new(&journal, "dies");
        let supervisor = Supervisor::builder(sim.runtime())
            .backoff(without_jitter().first(Duration::ZERO).cap(Duration::ZERO))
            .start(Puppet::new(&journal, "root").runs([&dies]));
        sim.settle();
        dies.ends(How::Err);
        for _ in 0..sim.below(8) {
            sim.step();
        }
        let starts = journal.starts("root.dies");
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        // What was spawned already may still begin, only to find itself cancelled.
        assert!(journal.starts("root.dies") <= starts + 1);
        stop(sim, supervisor);
        assert_all_has_ended(sim, &journal);
    });
}

#[test]
fn a_runtime_can_have_several_trees() {
    scenario("two trees", |sim| {
        let (journal, other_journal) = (Journal::new(sim), Journal::new(sim));
        let supervisor = start(sim, &tree_of_five(&journal));
        let other = start(sim, &tree_of_five(&other_journal));
        sim.block_on(supervisor.stop());
        assert_eq!(journal.running(), [""; 0]);
        assert_eq!(other_journal.running().len(), 5);
        stop(sim, other);
        assert_all_has_ended(sim, &other_journal);
    });
}
