//! A runnable outside of any tree.

use std::pin::pin;
use std::time::Duration;

use event_core::{MemoryValue, pipe};
use event_supervisor::{Context, Signal, run_once};
use futures_lite::future::{or, poll_once, yield_now};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, What, scenario};

const SECOND: Duration = Duration::from_secs(1);

/// `root` with a child that takes its time to end.
fn parent(journal: &Journal) -> Puppet {
    let child = Puppet::new(journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
    Puppet::new(journal, "root").runs(&[child])
}

fn assert_nothing_is_left(sim: &Sim, journal: &Journal) {
    sim.settle();
    assert_eq!(journal.running(), [""; 0]);
    assert_eq!((sim.tasks(), sim.timers()), (0, 0));
}

#[test]
fn what_a_run_returns_is_passed_through() {
    scenario("run_once", |sim| {
        for (signals, how) in [(false, How::Ok), (true, How::Ok), (false, How::Err), (true, How::Err)] {
            let journal = Journal::new(sim);
            let once = parent(&journal);
            if signals {
                once.signals(Signal::Done);
            }
            once.ends(how);
            let result = sim.block_on(run_once(sim.runtime(), once));
            match how {
                How::Ok => assert!(result.is_ok()),
                _ => assert_eq!(result.map_err(|error| error.to_string()), Err("it was told to fail".to_owned())),
            }
            // Whatever it was, it was run once, and its children have ended.
            assert_eq!((journal.starts("root"), journal.running().len()), (1, 0));
            assert_nothing_is_left(sim, &journal);
        }
    });
}

#[test]
fn an_error_keeps_its_type() {
    let sim = Sim::new(0);
    let result = sim.block_on(run_once(sim.runtime(), async |_: Context| Err::<(), _>(fmt_error())));
    assert!(result.is_err_and(|error| error.is::<std::fmt::Error>()));
}

fn fmt_error() -> std::fmt::Error {
    std::fmt::Error
}

#[cfg(feature = "std")]
#[test]
fn a_panic_of_a_single_run_is_an_error() {
    scenario("run_once panics", |sim| {
        let journal = Journal::new(sim);
        let once = parent(&journal);
        once.ends(How::Panic);
        let result = sim.block_on(run_once(sim.runtime(), once));
        assert_eq!(result.map_err(|error| error.to_string()), Err("panicked: it was told to panic".to_owned()));
        assert_nothing_is_left(sim, &journal);
    });
}

#[cfg(feature = "std")]
#[test]
fn a_panic_after_a_single_run_is_an_error() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("boom".to_owned()));
        }
    }
    let sim = Sim::new(0);
    let result = sim.block_on(run_once(sim.runtime(), async |cx: Context| {
        let _bomb = Bomb;
        cx.signal(Signal::Done);
        Ok::<_, event_supervisor::BoxError>(())
    }));
    assert_eq!(result.map_err(|error| error.to_string()), Err("panicked: boom".to_owned()));
}

#[test]
fn the_children_of_a_single_run_are_supervised() {
    scenario("children of run_once", |sim| {
        let journal = Journal::new(sim);
        let once = parent(&journal);
        sim.block_on(async {
            let mut run = pin!(run_once(sim.runtime(), once.clone()));
            assert!(poll_once(run.as_mut()).await.is_none());
            assert_eq!(once.context().path(), "root");
            let dies = Puppet::new(&journal, "dies");
            dies.ends(How::Err);
            assert!(once.context().run("dies", dies).is_ok());
            // With jitter, a second is the most.
            let second = once.context().sleep(SECOND);
            or(async { assert!(run.as_mut().await.is_ok()) }, second).await;
            assert_eq!(journal.starts("root.dies"), 2);
            assert!(!once.context().is_cancelled());
            once.ends(How::Ok);
            let before = sim.now();
            assert!(run.await.is_ok());
            assert_eq!(sim.now() - before, SECOND, "the child takes a second to end");
        });
        assert_nothing_is_left(sim, &journal);
    });
}

#[test]
fn dropping_a_single_run_drops_it_at_once_and_cancels_its_children() {
    scenario("run_once is dropped", |sim| {
        let journal = Journal::new(sim);
        let once = parent(&journal);
        sim.block_on(async {
            let mut run = pin!(run_once(sim.runtime(), once.clone()));
            let wait = once.clone();
            let started = async {
                while journal.starts("root.child") == 0 {
                    yield_now().await;
                }
                Ok(())
            };
            assert!(or(run.as_mut(), started).await.is_ok());
            drop(wait);
        });
        assert!(!journal.is_running("root"));
        assert!(journal.is_running("root.child"));
        assert!(once.context().is_cancelled());
        assert!(once.context().run("late", Puppet::new(&journal, "late")).is_err());
        sim.settle();
        assert_eq!(journal.count("root.child", What::Told), 1);
        sim.advance(SECOND);
        assert_nothing_is_left(sim, &journal);
    });
}

#[test]
fn a_pipe_can_be_run_once() {
    scenario("a pipe by itself", |sim| {
        let (value, copy) = (MemoryValue::with_value(1), MemoryValue::new());
        let result = sim.block_on(run_once(sim.runtime(), pipe(value.reader(), copy.clone()).backlog_only()));
        assert!(result.is_ok());
        value.set(2);
        value.close();
        let result = sim.block_on(run_once(sim.runtime(), pipe(value.reader(), copy.clone())));
        let error = result.map_err(|error| error.to_string());
        assert_eq!((copy.load(), error), (Some(2), Err("the value of the pipe is closed".to_owned())));
    });
}
