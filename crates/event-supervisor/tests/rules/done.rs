//! Work that is done.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use event_supervisor::{Context, Signal, StartError, State, Supervisor};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, What, scenario, start, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// `root` with a group of `done`, which has a child, and `sibling`.
fn cast(sim: &Sim) -> (Journal, Puppet, Puppet, Puppet) {
    let journal = Journal::new(sim);
    let puppet = |name| Puppet::new(&journal, name).healthy().on_cancel(OnCancel::After(SECOND, How::Ok));
    let done = puppet("done").runs(&[puppet("child")]);
    let sibling = puppet("sibling");
    let root = puppet("root").runs(&[done.clone(), sibling.clone()]);
    (journal, root, done, sibling)
}

#[test]
fn returning_ok_after_done_is_not_a_death_and_the_children_go_on() {
    scenario("done", |sim| {
        let (journal, root, done, _) = cast(sim);
        let supervisor = start(sim, &root);
        done.signals(Signal::Done);
        sim.settle();
        assert_eq!(state(&supervisor, "root.done"), State::Done);
        assert!(journal.is_running("root.done"), "it may go on, too");
        done.ends(How::Ok);
        sim.advance(1000 * SECOND);
        assert_eq!(state(&supervisor, "root.done"), State::Done);
        assert_eq!(journal.running(), ["root", "root.done.child", "root.sibling"]);
        assert_eq!(journal.starts("root.done"), 1);
        stop(sim, supervisor);
    });
}

#[test]
fn done_is_not_taken_back_by_healthy() {
    scenario("healthy after done", |sim| {
        let (journal, root, done, _) = cast(sim);
        let supervisor = start(sim, &root);
        done.signals(Signal::Done);
        done.signals(Signal::Healthy);
        sim.settle();
        assert_eq!(state(&supervisor, "root.done"), State::Done);
        done.ends(How::Ok);
        sim.advance(1000 * SECOND);
        assert_eq!(journal.starts("root.done"), 1);
        stop(sim, supervisor);
    });
}

#[test]
fn the_children_of_a_done_one_are_cancelled_with_it() {
    scenario("the children of a done one", |sim| {
        let (journal, root, done, _) = cast(sim);
        let supervisor = start(sim, &root);
        done.signals(Signal::Done);
        done.ends(How::Ok);
        sim.settle();
        supervisor.cancel_all();
        sim.settle();
        assert_eq!(journal.count("root.done.child", What::Told), 1);
        assert!(!done.context().is_cancelled());
        sim.block_on(supervisor.ended());
        assert_eq!(journal.last("root.done.child", What::End), Some(SECOND));
        // `root` is told when the group has ended for good, that child included.
        assert_eq!(journal.last("root", What::Told), Some(SECOND));
        assert_eq!(state(&supervisor, "root.done"), State::Done);
        assert!(!tree(&supervisor).get("root.done").is_some_and(|status| status.is_overdue()));
        stop(sim, supervisor);
    });
}

#[test]
fn a_done_member_is_restarted_with_its_group() {
    scenario("done is restarted", |sim| {
        let (journal, root, done, sibling) = cast(sim);
        let supervisor = start(sim, &root);
        done.signals(Signal::Done);
        done.ends(How::Ok);
        sim.advance(SECOND);
        sibling.ends(How::Err);
        sim.advance(2 * SECOND);
        journal.assert_clean_restarts(&["root.done", "root.sibling"]);
        for path in ["root.done", "root.done.child", "root.sibling"] {
            assert_eq!(journal.starts(path), 2, "{path}");
            assert!(journal.is_running(path));
        }
        assert_eq!(state(&supervisor, "root.done"), State::Healthy);
        // It has to say so again.
        done.ends(How::Ok);
        sim.settle();
        assert_eq!(state(&supervisor, "root.done"), State::Dead);
        stop(sim, supervisor);
    });
}

#[test]
fn anything_but_ok_after_done_is_a_death() {
    for how in How::deaths().into_iter().filter(|how| *how != How::Ok) {
        scenario(&format!("{how:?} after done"), |sim| {
            let (journal, root, done, _) = cast(sim);
            let supervisor = start(sim, &root);
            done.signals(Signal::Done);
            done.ends(how);
            sim.settle();
            assert_eq!(state(&supervisor, "root.done"), State::Dead);
            sim.advance(2 * SECOND);
            assert_eq!((journal.starts("root.done"), journal.starts("root.sibling")), (2, 2));
            stop(sim, supervisor);
        });
    }
}

#[test]
fn a_tree_whose_root_is_done_goes_on_until_it_is_cancelled() {
    scenario("the root is done", |sim| {
        let (journal, root, ..) = cast(sim);
        let supervisor = start(sim, &root.clone().done());
        sim.advance(1000 * SECOND);
        assert_eq!(state(&supervisor, "root"), State::Done);
        assert_eq!(journal.running(), ["root.done", "root.done.child", "root.sibling"]);
        assert!(!supervisor.state().is_closed());
        stop(sim, supervisor);
        assert_eq!(journal.running(), [""; 0]);
    });
}

#[test]
fn a_group_can_be_done_as_a_whole() {
    scenario("all done", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name).done();
        let supervisor = start(sim, &Puppet::new(&journal, "root").healthy().runs(&[puppet("a"), puppet("b")]));
        sim.advance(1000 * SECOND);
        assert_eq!((journal.starts("root.a"), journal.starts("root.b")), (1, 1));
        assert_eq!(journal.running(), ["root"]);
        stop(sim, supervisor);
        assert_eq!(sim.now(), 1000 * SECOND, "nobody was to be waited for");
    });
}

#[test]
fn a_done_one_that_has_returned_can_start_nothing() {
    scenario("started by a done one", |sim| {
        let (journal, root, done, _) = cast(sim);
        let supervisor = start(sim, &root);
        done.signals(Signal::Done);
        sim.settle();
        assert_eq!(done.context().run("early", Puppet::new(&journal, "early")).map(drop), Ok(()));
        done.ends(How::Ok);
        sim.settle();
        let late = done.context().run("late", Puppet::new(&journal, "late")).map(drop);
        assert_eq!(late, Err(StartError::Ended { path: "root.done".into() }));
        sim.settle();
        assert!(journal.is_running("root.done.early"));
        assert_eq!(journal.starts("root.done.late"), 0);
        stop(sim, supervisor);
    });
}

#[test]
fn done_is_not_lost_to_healthy_of_another_thread() {
    const ROUNDS: usize = 10_000;
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let (a, b) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "b"));
    let supervisor = Supervisor::builder(sim.runtime())
        .backoff(without_jitter().first(Duration::ZERO).cap(Duration::ZERO))
        .start(Puppet::new(&journal, "root").runs([&a, &b]));
    sim.settle();
    let (send, contexts) = channel::<Context>();
    let (signalled, signals) = channel();
    let ready = AtomicUsize::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for context in contexts {
                ready.fetch_add(1, Ordering::SeqCst);
                context.signal(Signal::Healthy);
                // If nobody waits for it, the test has failed.
                _ = signalled.send(());
            }
        });
        // Dropped before the end of the scope, which ends the other thread.
        let send = send;
        for round in 0..ROUNDS {
            send.send(a.context()).expect("the other thread is there");
            while ready.load(Ordering::SeqCst) == round {
                thread::yield_now();
            }
            a.context().signal(Signal::Done);
            signals.recv().expect("the other thread is there");
            a.ends(How::Ok);
            sim.settle();
            assert_eq!(state(&supervisor, "root.a"), State::Done, "in round {round}");
            b.ends(How::Err);
            sim.settle();
        }
    });
    stop(&sim, supervisor);
}
