//! Cancellation goes from the leaves to the root.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_supervisor::{BoxError, Context, Runtime, Signal, StartError, State, Supervisor};

use crate::support::{How, Journal, OnCancel, Puppet, What, scenario, start, state, stop, tree};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn children_end_before_their_parents_and_all_groups_at_the_same_time() {
    scenario("the end", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name).on_cancel(OnCancel::After(SECOND, How::Ok));
        let grandchildren = [puppet("x"), puppet("y")];
        let root = puppet("root")
            .runs(&[puppet("a"), puppet("b")])
            .runs(&[puppet("c").runs(&grandchildren)])
            .runs(&[puppet("d")]);
        let supervisor = start(sim, &root);
        stop(sim, supervisor);
        let expected =
            [("root.d", 0), ("root.c.x", 0), ("root.c.y", 0), ("root.c", 1), ("root.a", 0), ("root.b", 0), ("root", 2)];
        for (path, second) in expected {
            assert_eq!(journal.last(path, What::Told), Some(second * SECOND), "{path}");
            assert_eq!(journal.last(path, What::End), Some((second + 1) * SECOND), "{path}");
        }
    });
}

#[test]
fn where_it_is_asked_for_the_last_group_ends_first() {
    scenario("the order of the end", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name).on_cancel(OnCancel::After(SECOND, How::Ok));
        let grandchildren = [puppet("x"), puppet("y")];
        let root = puppet("root")
            .ordered()
            .runs(&[puppet("a"), puppet("b")])
            .runs(&[puppet("c").runs(&grandchildren)])
            .runs(&[puppet("d")]);
        let supervisor = start(sim, &root);
        stop(sim, supervisor);
        let told = |path: &str| journal.last(path, What::Told).expect("it was told");
        let ended = |path: &str| journal.last(path, What::End).expect("it has ended");
        // Each takes a second. Members of one group end at the same time.
        let expected =
            [("root.d", 0), ("root.c.x", 1), ("root.c.y", 1), ("root.c", 2), ("root.a", 3), ("root.b", 3), ("root", 4)];
        for (path, second) in expected {
            assert_eq!((told(path), ended(path)), (second * SECOND, (second + 1) * SECOND), "{path}");
        }
        use What::{End, Told};
        for member in ["root.a", "root.b"] {
            journal.assert_order(&[("root.d", End), ("root.c", Told), ("root.c", End), (member, Told)]);
            journal.assert_order(&[(member, End), ("root", Told), ("root", End)]);
        }
    });
}

#[test]
fn cancelled_is_not_ready_before_the_children_have_ended() {
    scenario("cancelled is not ready", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
        let root = Puppet::new(&journal, "root").runs([&child]);
        let supervisor = start(sim, &root);
        let is_told = |puppet: &Puppet| puppet.context().is_cancelled();
        assert!(!is_told(&root) && !is_told(&child));
        supervisor.cancel_all();
        sim.settle();
        assert!(!is_told(&root) && is_told(&child));
        sim.advance(SECOND - Duration::from_nanos(1));
        assert!(!is_told(&root));
        sim.advance(Duration::from_nanos(1));
        assert!(is_told(&root));
        // From then on it is always ready.
        sim.block_on(async { root.context().cancelled().await });
        stop(sim, supervisor);
    });
}

#[test]
fn cancelled_is_not_ready_before_the_children_of_a_dead_one_have_ended() {
    scenario("cancelled of the dead is not ready", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
        let root = Puppet::new(&journal, "root").runs(&[child]);
        let supervisor = start(sim, &root);
        let context = root.context();
        root.ends(How::Err);
        sim.settle();
        assert!(!context.is_cancelled() && journal.is_running("root.child"));
        sim.advance(SECOND);
        assert!(context.is_cancelled() && !journal.is_running("root.child"));
        stop(sim, supervisor);
    });
}

#[test]
fn a_parent_goes_on_while_its_children_end() {
    scenario("a parent goes on", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(2 * SECOND, How::Ok));
        let supervisor = {
            let (child, ticks) = (child.clone(), journal.clone());
            Supervisor::start(sim.runtime(), move |cx: Context| {
                let (child, ticks) = (child.clone(), ticks.clone());
                async move {
                    cx.run("child", child)?;
                    for _ in 0.. {
                        cx.sleep(SECOND).await;
                        drop(ticks.enter("tick"));
                        if cx.is_cancelled() {
                            break;
                        }
                    }
                    Ok::<_, BoxError>(())
                }
            })
        };
        sim.settle();
        supervisor.cancel_all();
        sim.block_on(supervisor.ended());
        assert!(journal.starts("tick") >= 2);
        journal.assert_order(&[("tick", What::End), ("root.child", What::End), ("tick", What::End)]);
        stop(sim, supervisor);
    });
}

#[test]
fn a_parent_that_returns_while_its_children_end_is_not_overdue() {
    for how in How::deaths() {
        scenario(&format!("a parent returns meanwhile, {how:?}"), |sim| {
            let journal = Journal::new(sim);
            let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
            let root = Puppet::new(&journal, "root").runs(&[child]);
            let supervisor = start(sim, &root);
            supervisor.cancel_all();
            sim.settle();
            root.ends(how);
            sim.block_on(supervisor.ended());
            assert_eq!(sim.now(), SECOND, "nobody else was to be waited for");
            let tree = tree(&supervisor);
            let status = tree.get("root").expect("there is a root");
            assert!(!status.is_overdue());
            assert_eq!(status.state(), State::Cancelled);
            assert_eq!(status.last_error().is_some(), how.is_panic());
            stop(sim, supervisor);
        });
    }
}

#[test]
fn a_parent_that_returns_while_its_children_end_has_not_ended_before_them() {
    scenario("a parent of many groups returns meanwhile", |sim| {
        let journal = Journal::new(sim);
        let mut a = Puppet::new(&journal, "a").ordered();
        for name in ["1", "2", "3", "4"] {
            a = a.runs(&[Puppet::new(&journal, name).on_cancel(OnCancel::After(SECOND, How::Ok))]);
        }
        let b = Puppet::new(&journal, "b");
        let root = Puppet::new(&journal, "root").runs(&[a.clone(), b.clone()]);
        let supervisor = start(sim, &root);
        b.ends(How::Err);
        sim.advance(Duration::from_nanos(1 + sim.below(3_000_000_000)));
        a.ends(How::Ok);
        sim.advance(4 * SECOND);
        journal.assert_clean_restarts(&["root.a", "root.b"]);
        use What::{End, Told};
        for (last, one_before) in [("4", "3"), ("3", "2"), ("2", "1")] {
            journal.assert_order(&[(&format!("root.a.{last}"), End), (&format!("root.a.{one_before}"), Told)]);
        }
        stop(sim, supervisor);
    });
}

#[test]
fn whatever_is_returned_because_of_cancellation_is_not_a_failure() {
    for how in How::deaths() {
        scenario(&format!("ends because of cancellation, {how:?}"), |sim| {
            let journal = Journal::new(sim);
            let a = Puppet::new(&journal, "a").on_cancel(OnCancel::End(how));
            let b = Puppet::new(&journal, "b");
            let root = Puppet::new(&journal, "root").runs(&[a, b.clone()]);
            let supervisor = start(sim, &root);
            b.ends(How::Err);
            sim.settle();
            let error = |path| tree(&supervisor).get(path).and_then(|status| status.last_error().map(str::to_owned));
            let panic = how.is_panic().then(|| "panicked: it was told to panic".to_owned());
            assert_eq!((state(&supervisor, "root.a"), error("root.a")), (State::Cancelled, panic.clone()));
            assert_eq!(
                (state(&supervisor, "root.b"), error("root.b")),
                (State::Dead, Some("it was told to fail".into()))
            );
            // One restart, after the first delay.
            sim.advance(SECOND);
            assert_eq!((journal.starts("root.a"), journal.starts("root.b")), (2, 2));
            supervisor.cancel_all();
            sim.block_on(supervisor.ended());
            sim.advance(1000 * SECOND);
            assert_eq!((journal.starts("root.a"), journal.starts("root.b")), (2, 2));
            assert_eq!((state(&supervisor, "root.a"), error("root.a")), (State::Cancelled, panic));
            stop(sim, supervisor);
        });
    }
}

#[test]
fn a_run_that_is_being_cancelled_can_start_nothing_and_is_not_heard() {
    scenario("being cancelled", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
        let root = Puppet::new(&journal, "root").runs([&child]);
        let supervisor = start(sim, &root);
        supervisor.cancel_all();
        sim.settle();
        assert!(journal.is_running("root"));
        let context = root.context();
        let late = context.run("late", Puppet::new(&journal, "late")).map(drop);
        assert_eq!(late, Err(StartError::Ended { path: "root".into() }));
        context.signal(Signal::Healthy);
        context.signal(Signal::Done);
        child.context().signal(Signal::Healthy);
        sim.settle();
        assert_eq!((state(&supervisor, "root"), state(&supervisor, "root.child")), (State::New, State::New));
        stop(sim, supervisor);
        assert_eq!(journal.starts("root.late"), 0);
    });
}

#[test]
fn what_is_started_while_its_parent_is_being_cancelled_ends_too() {
    scenario("starts against the end", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        let context = root.context();
        // Somewhere between the first and the last step of the end.
        supervisor.cancel_all();
        for _ in 0..sim.below(8) {
            sim.step();
        }
        let started = context.run("late", Puppet::new(&journal, "late"));
        let is_ended = matches!(started, Err(StartError::Ended { .. }));
        assert!(is_ended || started.is_ok());
        stop(sim, supervisor);
        assert_eq!(journal.running(), [""; 0]);
        journal.assert_clean_restarts(&["root.late"]);
    });
}

#[test]
fn a_helper_outside_of_the_tree_hears_of_the_end_of_its_run() {
    for how in How::deaths() {
        scenario(&format!("a helper, {how:?}"), |sim| {
            let journal = Journal::new(sim);
            let root = Puppet::new(&journal, "root");
            let supervisor = start(sim, &root);
            let (context, heard) = (root.context(), Arc::new(AtomicBool::new(false)));
            let hears = Arc::clone(&heard);
            sim.runtime().spawn(async move {
                context.cancelled().await;
                hears.store(true, Ordering::Relaxed);
            });
            root.ends(how);
            sim.settle();
            assert!(heard.load(Ordering::Relaxed));
            stop(sim, supervisor);
        });
    }
}
