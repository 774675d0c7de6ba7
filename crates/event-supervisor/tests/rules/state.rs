//! What is known of a tree, and how it is watched.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_core::GetError;
use event_supervisor::{BoxError, Context, NodeStatus, Runtime, Signal, State, Supervisor, Tree};

use crate::support::{How, Journal, OnCancel, Puppet, Sim, scenario, start, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// Writes down how the state of `path` changes.
fn follow(sim: &Sim, supervisor: &Supervisor, path: &'static str) -> Arc<Mutex<Vec<State>>> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (mut watcher, sees) = (supervisor.state().watch(), Arc::clone(&seen));
    sim.runtime().spawn(async move {
        let mut last = None;
        let state = |tree: &Tree| tree.get(path).map(NodeStatus::state);
        while let Ok(tree) = watcher.get().filter(|tree| state(tree) != last).await {
            last = state(&tree);
            sees.lock().unwrap_or_else(PoisonError::into_inner).extend(last);
        }
    });
    seen
}

#[test]
fn every_transition_can_be_seen_by_watching() {
    use State::{Cancelled, Dead, Done, Healthy, New};
    scenario("all transitions", |sim| {
        let journal = Journal::new(sim);
        let a = Puppet::new(&journal, "a");
        let b = Puppet::new(&journal, "b");
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs(&[a.clone(), b.clone()]));
        let seen = follow(sim, &supervisor, "root.a");
        let mut expected = Vec::new();
        let mut then = |state, do_it: &dyn Fn()| {
            do_it();
            expected.push(state);
            // The watcher is given the newest: between two events it gets its turn.
            sim.settle();
            assert_eq!(*seen.lock().unwrap_or_else(PoisonError::into_inner), expected);
        };
        then(New, &|| ());
        then(Healthy, &|| a.signals(Signal::Healthy));
        then(Dead, &|| a.ends(How::Err));
        then(New, &|| sim.advance(SECOND / 2));
        then(Done, &|| a.signals(Signal::Done));
        then(Dead, &|| a.ends(How::Err));
        then(New, &|| sim.advance(SECOND));
        then(Cancelled, &|| b.ends(How::Err));
        then(New, &|| sim.advance(2 * SECOND));
        then(Healthy, &|| a.signals(Signal::Healthy));
        then(Cancelled, &|| supervisor.cancel_all());
        stop(sim, supervisor);
    });
}

#[test]
fn the_state_is_closed_when_all_have_ended_and_stays_readable() {
    scenario("closed at the end", |sim| {
        let journal = Journal::new(sim);
        let child = Puppet::new(&journal, "child").on_cancel(OnCancel::After(SECOND, How::Ok));
        let supervisor = start(sim, &Puppet::new(&journal, "root").healthy().runs(&[child]));
        let state = supervisor.state();
        let mut watcher = state.watch();
        supervisor.cancel_all();
        sim.advance(SECOND - Duration::from_nanos(1));
        assert!(!state.is_closed());
        let last = sim.block_on(async {
            loop {
                match watcher.get().await {
                    Ok(_) if !state.is_closed() => {}
                    Ok(last) => break last,
                    Err(GetError::Closed) => panic!("the last state was not given"),
                    Err(error) => panic!("{error}"),
                }
            }
        });
        assert_eq!(sim.now(), SECOND);
        assert!(matches!(watcher.try_get(), Err(GetError::Closed)));
        assert_eq!(last.to_string(), "cancelled  root\ncancelled    child");
        drop(supervisor);
        assert_eq!(state.load().map(|tree| tree.to_string()), Some(last.to_string()));
    });
}

#[derive(Debug)]
struct Layer(&'static str, Option<Box<Layer>>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref().map(|layer| layer as _)
    }
}

#[test]
fn the_last_error_is_there_with_its_causes() {
    scenario("causes", |sim| {
        let layers = || Layer("no lease", Some(Box::new(Layer("no answer", Some(Box::new(Layer("no link", None)))))));
        let supervisor = Supervisor::start(sim.runtime(), move |cx: Context| async move {
            cx.signal(Signal::Healthy);
            Err::<(), _>(layers())
        });
        sim.settle();
        let error = |tree: Tree| tree.get("root").and_then(|status| status.last_error().map(str::to_owned));
        assert_eq!(error(tree(&supervisor)).as_deref(), Some("no lease: no answer: no link"));
        stop(sim, supervisor);
    });
}

#[test]
fn the_last_error_stays_after_the_restart() {
    scenario("the error stays", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root").healthy();
        let supervisor = start(sim, &root);
        root.ends(How::Ok);
        sim.advance(SECOND);
        let no_signal = "healthy  root  restarted once, last error: returned without having signalled that it is done";
        assert_eq!(tree(&supervisor).to_string(), no_signal);
        root.ends(How::Err);
        sim.advance(SECOND);
        assert_eq!(tree(&supervisor).to_string(), "healthy  root  restarted 2 times, last error: it was told to fail");
        stop(sim, supervisor);
    });
}

#[test]
fn the_tree_is_shown_line_by_line() {
    scenario("display", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name);
        let (dead, deaf) = (puppet("dead").healthy(), puppet("deaf").on_cancel(OnCancel::Ignore));
        let root = puppet("root")
            .healthy()
            .runs(&[puppet("net").healthy().runs(&[puppet("dhcp").done(), puppet("new")])])
            .runs(&[dead.clone(), deaf]);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).grace(SECOND).start(root);
        sim.settle();
        assert!(!supervisor.state().load().expect("there is always a tree").is_empty());
        dead.ends(How::Err);
        sim.advance(SECOND);
        let tree = tree(&supervisor);
        let lines = [
            "healthy    root",
            "healthy      net",
            "done           dhcp",
            "new            new",
            "dead         dead    restart in 500ms, last error: it was told to fail",
            "cancelled    deaf    overdue, restart in 500ms",
        ];
        assert_eq!(tree.to_string(), lines.join("\n"));
        assert_eq!(tree.len(), lines.len());
        assert!(tree.get("root.ne").is_none() && tree.get("").is_none());
        let first = tree.iter().next().map(|(path, status)| (path, status.state(), format!("{:>8}", status.state())));
        assert_eq!(first, Some(("root", State::Healthy, " healthy".to_owned())));
        stop(sim, supervisor);
    });
}

#[test]
fn what_runs_below_a_dead_one_is_forgotten_when_that_is_restarted() {
    scenario("the children of the dead", |sim| {
        let journal = Journal::new(sim);
        let a = Puppet::new(&journal, "a");
        let supervisor = start(sim, &Puppet::new(&journal, "root").runs(&[a.clone(), Puppet::new(&journal, "ab")]));
        assert_eq!(a.context().run("once", Puppet::new(&journal, "once")).map(drop), Ok(()));
        sim.settle();
        assert!(tree(&supervisor).get("root.a.once").is_some());
        a.ends(How::Err);
        sim.settle();
        assert_eq!(tree(&supervisor).get("root.a.once").map(NodeStatus::state), Some(State::Cancelled));
        sim.advance(SECOND);
        assert!(tree(&supervisor).get("root.a.once").is_none());
        assert!(tree(&supervisor).get("root.ab").is_some());
        stop(sim, supervisor);
    });
}

#[test]
fn settings_and_supervisors_can_be_shown() {
    let sim = Sim::new(0);
    let builder = Supervisor::builder(sim.runtime()).name("net").grace(SECOND).backoff(without_jitter());
    let shown = format!("{builder:?}");
    assert!(shown.contains("net") && shown.contains("1s") && shown.contains("jitter: false"), "{shown}");
    let supervisor = builder.start(async |_: Context| Ok::<_, BoxError>(()));
    assert!(format!("{supervisor:?}").contains("\"net\": NodeStatus"), "{supervisor:?}");
    stop(&sim, supervisor);
}

#[test]
fn what_nobody_could_see_is_published_for_whoever_looks_next() {
    scenario("nobody looks", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name);
        let (a, b) = (puppet("a"), puppet("b"));
        let supervisor = start(sim, &puppet("root").runs(&[a.clone(), b.clone()]));
        let before = supervisor.state().version().as_u64();
        for signals in [&a, &b] {
            signals.signals(Signal::Healthy);
            signals.signals(Signal::Done);
            sim.settle();
        }
        assert_eq!(supervisor.state().version().as_u64(), before + 1, "one publication for what nobody saw");
        assert_eq!(state(&supervisor, "root.b"), State::Done);
        stop(sim, supervisor);
    });
}

#[test]
fn everybody_who_can_look_counts() {
    scenario("who looks", |sim| {
        let journal = Journal::new(sim);
        let names = ["reader", "watcher", "cached"];
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        let start = |name| {
            let child = Puppet::new(&journal, name).healthy();
            assert!(root.context().run(name, child).is_ok());
            sim.settle();
        };
        let has = |tree: Option<&Tree>, name| tree.is_some_and(|tree| tree.get(&format!("root.{name}")).is_some());
        let reader = supervisor.state();
        start(names[0]);
        assert!(has(reader.borrow().as_deref(), names[0]));
        let mut watcher = reader.watch();
        drop(reader);
        start(names[1]);
        assert!(has(watcher.try_get().ok().as_ref(), names[1]));
        let mut cached = watcher.cached();
        drop(watcher);
        start(names[2]);
        assert!(has(cached.load(), names[2]));
        stop(sim, supervisor);
    });
}

#[test]
fn a_tree_that_nobody_can_see_is_replaced_now_and_then() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let root = Puppet::new(&journal, "root").healthy();
    let supervisor = start(&sim, &root);
    let before = supervisor.state().version().as_u64();
    let mut changes = 0;
    for _ in 0..400 {
        assert!(root.context().run("child", Puppet::new(&journal, "child").done()).is_ok());
        sim.settle();
        changes += 2;
    }
    let published = supervisor.state().version().as_u64() - before;
    assert!((2..changes / 10).contains(&published), "{published} publications of {changes} changes");
    stop(&sim, supervisor);
}

#[cfg(feature = "serde")]
#[test]
fn a_tree_can_be_serialised() {
    let sim = Sim::new(0);
    let journal = Journal::new(&sim);
    let child = Puppet::new(&journal, "child").healthy();
    let supervisor = start(&sim, &Puppet::new(&journal, "root").runs([&child]));
    sim.advance(SECOND);
    child.ends(How::Err);
    sim.settle();
    let expected = serde_json::json!({
        "root": {
            "state": "new", "since": {"secs": 0, "nanos": 0}, "restarts": 0, "restart_in": null, "overdue": false,
            "last_error": null,
        },
        "root.child": {
            "state": "dead", "since": {"secs": 1, "nanos": 0}, "restarts": 0,
            "restart_in": {"secs": 0, "nanos": 500_000_000}, "overdue": false, "last_error": "it was told to fail",
        },
    });
    assert_eq!(serde_json::to_value(tree(&supervisor)).expect("it can"), expected);
    stop(&sim, supervisor);
}
