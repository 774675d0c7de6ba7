//! Those who share their fate.

use std::time::Duration;

use event_supervisor::State;

use crate::support::{How, Journal, OnCancel, Puppet, Sim, What, scenario, start, state, stop, tree};

const SECOND: Duration = Duration::from_secs(1);

/// `root` with the groups `a` and `b`, both with a child, and `other`. All of them take a while to end.
struct Cast {
    journal: Journal,
    root: Puppet,
    a: Puppet,
    b: Puppet,
}

impl Cast {
    fn new(sim: &Sim) -> Self {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name).healthy().on_cancel(OnCancel::After(SECOND, How::Ok));
        let a = puppet("a").runs(&[puppet("child")]);
        let b = puppet("b").runs(&[puppet("child")]);
        let other = puppet("other").runs(&[puppet("child")]);
        let root = puppet("root").runs(&[a.clone(), b.clone()]).runs(&[other]);
        Self { journal, root, a, b }
    }

    fn assert_both_were_started_again_after_all_had_ended(&self, times: usize) {
        self.journal.assert_clean_restarts(&["root.a", "root.b"]);
        for path in ["root.a", "root.b", "root.a.child", "root.b.child"] {
            assert_eq!(self.journal.starts(path), times, "starts of {path}:\n{}", self.journal);
            assert!(self.journal.is_running(path));
        }
        for path in ["root", "root.other", "root.other.child"] {
            assert_eq!(self.journal.starts(path), 1, "{path} is not of the group:\n{}", self.journal);
            assert_eq!(self.journal.count(path, What::Told), 0);
        }
    }
}

/// One of the two dies, in each way, some time after its start.
fn dies(what: &str, victim: impl Fn(&Cast) -> &Puppet) {
    for how in How::deaths() {
        scenario(&format!("{what}, {how:?}"), |sim| {
            let cast = Cast::new(sim);
            let supervisor = start(sim, &cast.root);
            victim(&cast).ends(how);
            sim.settle();
            assert_eq!(state(&supervisor, &format!("root.{}", victim(&cast).name())), State::Dead);
            sim.advance(Duration::from_secs(10));
            cast.assert_both_were_started_again_after_all_had_ended(2);
            stop(sim, supervisor);
        });
    }
}

#[test]
fn a_group_is_restarted_when_its_first_member_dies() {
    dies("the first member dies", |cast| &cast.a);
}

#[test]
fn a_group_is_restarted_when_its_last_member_dies() {
    dies("the last member dies", |cast| &cast.b);
}

#[test]
fn a_group_is_restarted_when_a_member_dies_in_its_first_poll() {
    for how in How::deaths() {
        for victim in ["root.a", "root.b"] {
            scenario(&format!("{victim} dies in its first poll, {how:?}"), |sim| {
                let cast = Cast::new(sim);
                let puppet = if victim == "root.a" { &cast.a } else { &cast.b };
                puppet.ends(how);
                let supervisor = start(sim, &cast.root);
                assert_eq!(state(&supervisor, victim), State::Dead);
                sim.advance(Duration::from_secs(10));
                cast.journal.assert_clean_restarts(&["root.a", "root.b"]);
                for path in ["root.a", "root.b"] {
                    assert_eq!(cast.journal.starts(path), 2, "starts of {path}:\n{}", cast.journal);
                    // If the sibling was to begin after the death, it was cancelled before it could start anything.
                    assert!(cast.journal.is_running(&format!("{path}.child")));
                }
                for path in ["root", "root.other", "root.other.child"] {
                    assert_eq!(cast.journal.starts(path), 1, "{path} is not of the group");
                }
                stop(sim, supervisor);
            });
        }
    }
}

#[test]
fn a_group_is_restarted_when_all_of_it_die_at_once() {
    scenario("all die at once", |sim| {
        let cast = Cast::new(sim);
        let supervisor = start(sim, &cast.root);
        cast.a.ends(How::Err);
        cast.b.ends(How::Ok);
        sim.advance(Duration::from_secs(10));
        cast.assert_both_were_started_again_after_all_had_ended(2);
        let tree = tree(&supervisor);
        for path in ["root.a", "root.b"] {
            assert_eq!(tree.get(path).map(|status| status.restarts()), Some(1), "one restart for both");
        }
        stop(sim, supervisor);
    });
}

#[test]
fn a_death_cancels_the_siblings_of_the_group_and_nobody_else() {
    scenario("siblings are cancelled", |sim| {
        let cast = Cast::new(sim);
        let supervisor = start(sim, &cast.root);
        cast.a.ends(How::Err);
        sim.settle();
        // The children are told first, those of the dead one too.
        assert_eq!(cast.journal.count("root.a.child", What::Told), 1);
        assert_eq!(cast.journal.count("root.b.child", What::Told), 1);
        assert_eq!(cast.journal.count("root.b", What::Told), 0);
        sim.advance(SECOND);
        assert_eq!(cast.journal.count("root.b", What::Told), 1);
        assert!(cast.journal.is_running("root.b"));
        // As soon as `b` has ended, the delay begins.
        sim.advance(SECOND);
        assert!(!cast.journal.is_running("root.b"));
        assert!(!cast.journal.is_running("root.a"));
        sim.advance(Duration::from_millis(499));
        assert_eq!(cast.journal.running(), ["root", "root.other", "root.other.child"]);
        sim.advance(Duration::from_millis(1));
        cast.assert_both_were_started_again_after_all_had_ended(2);
        stop(sim, supervisor);
    });
}

#[test]
fn a_child_by_itself_is_a_group_by_itself() {
    scenario("a group of one", |sim| {
        let journal = Journal::new(sim);
        let (a, b) = (Puppet::new(&journal, "a").healthy(), Puppet::new(&journal, "b").healthy());
        let (first, second) = (a.clone(), b.clone());
        let supervisor = event_supervisor::Supervisor::start(sim.runtime(), move |cx: event_supervisor::Context| {
            let (a, b) = (first.clone(), second.clone());
            async move {
                cx.run("a", a)?;
                cx.run("b", b)?;
                cx.cancelled().await;
                Ok::<_, event_supervisor::BoxError>(())
            }
        });
        sim.settle();
        a.ends(How::Err);
        sim.advance(2 * SECOND);
        assert_eq!((journal.starts("root.a"), journal.starts("root.b")), (2, 1));
        stop(sim, supervisor);
    });
}

#[test]
fn the_root_is_restarted_like_any_other() {
    for how in How::deaths() {
        scenario(&format!("the root dies, {how:?}"), |sim| {
            let cast = Cast::new(sim);
            let supervisor = start(sim, &cast.root);
            cast.root.ends(how);
            sim.advance(Duration::from_secs(10));
            cast.journal.assert_clean_restarts(&["root"]);
            for path in ["root", "root.a", "root.a.child", "root.b", "root.b.child", "root.other", "root.other.child"] {
                assert_eq!(cast.journal.starts(path), 2, "{path}");
            }
            stop(sim, supervisor);
        });
    }
}

#[test]
fn a_tree_begins_from_scratch_when_its_parent_is_restarted() {
    scenario("from scratch", |sim| {
        let cast = Cast::new(sim);
        let supervisor = start(sim, &cast.root);
        for _ in 0..3 {
            cast.b.ends(How::Err);
            sim.advance(Duration::from_secs(20));
        }
        let restarts = |path| tree(&supervisor).get(path).map(|status| status.restarts());
        assert_eq!((restarts("root.a"), restarts("root.b")), (Some(3), Some(3)));
        cast.root.ends(How::Err);
        sim.advance(Duration::from_secs(20));
        assert_eq!(restarts("root"), Some(1));
        assert_eq!((restarts("root.a"), restarts("root.b")), (Some(0), Some(0)), "they are counted anew");
        assert_eq!(tree(&supervisor).get("root.b").and_then(|status| status.last_error()), None);
        // So is the back-off.
        cast.b.ends(How::Err);
        sim.advance(2 * SECOND + Duration::from_millis(500));
        assert_eq!(restarts("root.b"), Some(1));
        stop(sim, supervisor);
    });
}

#[test]
fn what_dies_while_its_group_is_being_cancelled_has_not_failed() {
    for how in How::deaths() {
        scenario(&format!("dies while it is being cancelled, {how:?}"), |sim| {
            let cast = Cast::new(sim);
            let supervisor = start(sim, &cast.root);
            cast.a.ends(How::Err);
            // The child of `b` is ending, and then `b`.
            sim.advance(SECOND / 2);
            cast.b.ends(how);
            sim.advance(SECOND / 2);
            assert_eq!(state(&supervisor, "root.b"), State::Cancelled);
            // Both children have ended by now, and nobody else is to be waited for.
            sim.advance(SECOND / 2);
            cast.assert_both_were_started_again_after_all_had_ended(2);
            assert!(!tree(&supervisor).get("root.b").is_some_and(|status| status.is_overdue()));
            stop(sim, supervisor);
        });
    }
}
