//! Control over what was started, by its parent and from outside.

use std::pin::pin;
use std::time::Duration;

use event_supervisor::{NoSuchRunnable, Signal, State, Supervisor};
use futures_lite::future::poll_once;

use crate::support::{How, Journal, OnCancel, Puppet, Sim, scenario, start, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// `root` with a group of `a` and `b`, which has a child and takes a second to end, and `other`.
fn cast(sim: &Sim) -> (Journal, Puppet, Puppet, Puppet) {
    let journal = Journal::new(sim);
    let puppet = |name| Puppet::new(&journal, name).healthy();
    let a = puppet("a");
    let b = puppet("b").runs(&[puppet("child")]).on_cancel(OnCancel::After(SECOND, How::Ok));
    let root = puppet("root").runs(&[a.clone(), b.clone()]).runs(&[puppet("other")]);
    (journal, root, a, b)
}

#[test]
fn a_handle_cancels_its_group_for_good_and_says_when_it_has_ended() {
    scenario("handle.cancel", |sim| {
        let (journal, root, ..) = cast(sim);
        let supervisor = start(sim, &root);
        let handle = root.handle("b");
        sim.block_on(async {
            let mut ended = pin!(handle.ended());
            assert!(poll_once(ended.as_mut()).await.is_none());
            handle.cancel();
            handle.cancel();
            ended.await;
        });
        assert_eq!(sim.now(), SECOND);
        assert_eq!(journal.running(), ["root", "root.other"]);
        sim.advance(1000 * SECOND);
        assert_eq!((journal.starts("root.a"), journal.starts("root.b")), (1, 1));
        assert_eq!(
            (state(&supervisor, "root.a"), state(&supervisor, "root.b.child")),
            (State::Cancelled, State::Cancelled)
        );
        // The name is free, and the old handle has nothing to do with the new group.
        let again = root.context().run("a", Puppet::new(&journal, "a").healthy());
        sim.settle();
        handle.cancel();
        handle.restart();
        sim.block_on(handle.ended());
        sim.settle();
        assert_eq!(journal.starts("root.a"), 2);
        assert!(journal.is_running("root.a"));
        assert!(again.is_ok_and(|again| again != handle && again == again.clone()));
        stop(sim, supervisor);
    });
}

#[test]
fn a_handle_restarts_its_group_without_a_delay() {
    scenario("handle.restart", |sim| {
        let (journal, root, a, _) = cast(sim);
        let supervisor = start(sim, &root);
        let handle = root.handle("a");
        for restarts in 1..4 {
            handle.restart();
            sim.advance(SECOND);
            assert_eq!(journal.starts("root.b.child"), restarts + 1);
            assert_eq!(state(&supervisor, "root.b"), State::Healthy);
        }
        journal.assert_clean_restarts(&["root.a", "root.b"]);
        assert_eq!(tree(&supervisor).get("root.a").map(|a| (a.restarts(), a.last_error().is_some())), Some((3, false)));
        assert_eq!(journal.starts("root.other"), 1);
        // The delay after a death is the first one, and a restart ends it.
        a.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!(tree(&supervisor).get("root.a").and_then(|a| a.restart_in()), Some(SECOND / 2));
        handle.restart();
        sim.settle();
        assert_eq!(state(&supervisor, "root.a"), State::Healthy);
        sim.advance(10 * SECOND);
        assert_eq!(journal.starts("root.a"), 5);
        stop(sim, supervisor);
    });
}

#[test]
fn a_restart_does_not_hide_that_a_group_was_healthy_for_long() {
    scenario("a restart after a healthy minute", |sim| {
        let (journal, root, a, _) = cast(sim);
        let supervisor = start(sim, &root);
        for _ in 0..3 {
            a.ends(How::Err);
            sim.advance(10 * SECOND);
        }
        sim.advance(60 * SECOND);
        root.handle("a").restart();
        sim.advance(SECOND);
        a.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!(tree(&supervisor).get("root.a").and_then(|a| a.restart_in()), Some(SECOND / 2), "{journal}");
        stop(sim, supervisor);
    });
}

#[test]
fn a_group_that_is_cancelled_while_it_waits_for_its_restart_is_gone() {
    scenario("cancel during the back-off", |sim| {
        let (journal, root, a, _) = cast(sim);
        let supervisor = start(sim, &root);
        a.ends(How::Err);
        sim.advance(SECOND);
        root.handle("a").cancel();
        sim.block_on(root.handle("a").ended());
        assert_eq!(sim.now(), SECOND);
        sim.advance(100 * SECOND);
        assert_eq!(journal.starts("root.a"), 1);
        stop(sim, supervisor);
    });
}

#[test]
fn a_handle_hears_of_the_end_of_work_that_is_done_and_of_its_parent() {
    scenario("handle.ended", |sim| {
        let (_, root, a, b) = cast(sim);
        let supervisor = start(sim, &root);
        let (pair, other) = (root.handle("a"), root.handle("other"));
        let child = b.handle("child");
        for done in [&a, &b] {
            done.signals(Signal::Done);
            done.ends(How::Ok);
        }
        sim.settle();
        let has_ended = |handle: &event_supervisor::Handle| sim.block_on(poll_once(handle.ended())).is_some();
        assert!(!has_ended(&pair), "a child goes on");
        child.cancel();
        sim.settle();
        assert!(has_ended(&pair) && has_ended(&child) && !has_ended(&other));
        root.ends(How::Err);
        sim.settle();
        assert!(has_ended(&other));
        stop(sim, supervisor);
    });
}

#[test]
fn a_tree_is_controlled_by_path() {
    scenario("control by path", |sim| {
        let (journal, root, ..) = cast(sim);
        let supervisor = start(sim, &root);
        assert_eq!(supervisor.restart("root.b.child"), Ok(()));
        assert_eq!(supervisor.restart("root.a"), Ok(()));
        sim.advance(SECOND);
        assert_eq!((journal.starts("root.a"), journal.starts("root.b"), journal.starts("root.other")), (2, 2, 1));
        assert_eq!(supervisor.cancel("root.b"), Ok(()));
        sim.advance(SECOND);
        assert_eq!(journal.running(), ["root", "root.other"]);
        for path in ["root.b", "root.b.child", "root.none", "", "other"] {
            let unknown = supervisor.cancel(path);
            assert_eq!(unknown, supervisor.restart(path));
            let shown = unknown.map_err(|error: NoSuchRunnable| error.to_string());
            assert_eq!(shown, Err(format!("there is no runnable {path:?}, or it has ended for good")));
        }
        assert_eq!(supervisor.restart("root"), Ok(()));
        sim.settle();
        assert_eq!(journal.starts("root"), 2);
        assert_eq!(supervisor.cancel("root"), Ok(()));
        sim.block_on(supervisor.ended());
        assert!(supervisor.restart("root").is_err());
        stop(sim, supervisor);
    });
}

#[test]
fn a_parent_can_wait_for_its_children_to_be_healthy() {
    scenario("children_healthy", |sim| {
        let journal = Journal::new(sim);
        let (a, b) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "b"));
        let root = Puppet::new(&journal, "root").runs([&a, &b]);
        let supervisor = start(sim, &root);
        let context = root.context();
        sim.block_on(async {
            let mut healthy = pin!(context.children_healthy());
            let mut is_healthy = async || {
                sim.settle();
                poll_once(healthy.as_mut()).await
            };
            assert_eq!(is_healthy().await, None);
            a.signals(Signal::Healthy);
            assert_eq!(is_healthy().await, None);
            // All begin again.
            a.ends(How::Err);
            sim.advance(SECOND);
            b.signals(Signal::Done);
            assert_eq!(is_healthy().await, None);
            a.signals(Signal::Healthy);
            assert_eq!(is_healthy().await, Some(true));
        });
        assert_eq!(context.run("c", Puppet::new(&journal, "c")).map(drop), Ok(()));
        let c = sim.block_on(poll_once(context.children_healthy()));
        assert_eq!(c, None, "one is new");
        root.handle("a").cancel();
        sim.settle();
        assert_eq!(sim.block_on(poll_once(context.children_healthy())), None);
        let waits = async {
            let waits = context.children_healthy();
            supervisor.cancel_all();
            waits.await
        };
        assert!(!sim.block_on(waits), "it has to end");
        assert!(!sim.block_on(context.children_healthy()));
        stop(sim, supervisor);
    });
}

#[test]
fn children_that_are_gone_are_not_waited_for() {
    scenario("children_healthy without children", |sim| {
        let journal = Journal::new(sim);
        let (a, child) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "child"));
        let root = Puppet::new(&journal, "root").runs(&[a.runs([&child])]);
        let supervisor = start(sim, &root);
        let is_healthy = || sim.block_on(poll_once(root.context().children_healthy()));
        assert_eq!(is_healthy(), None);
        root.handle("a").cancel();
        sim.settle();
        assert_eq!(is_healthy(), Some(true));
        stop(sim, supervisor);
    });
}

#[test]
fn the_whole_tree_can_be_ordered() {
    scenario("Builder::ordered", |sim| {
        let journal = Journal::new(sim);
        let slow = |name| Puppet::new(&journal, name).on_cancel(OnCancel::After(SECOND, How::Ok));
        let root = Puppet::new(&journal, "root").runs(&[slow("a")]).runs(&[slow("b")]);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).ordered().start(root.clone());
        sim.settle();
        root.ends(How::Err);
        sim.advance(3 * SECOND);
        assert_eq!(journal.starts("root"), 2, "2.5 s later");
        stop(sim, supervisor);
        assert_eq!(sim.now(), 5 * SECOND);
    });
}
