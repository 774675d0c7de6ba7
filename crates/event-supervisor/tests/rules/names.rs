//! Names, paths, and what cannot be started.

use std::time::Duration;

use event_supervisor::{BoxError, Context, Runtime, Signal, StartError, State, Supervisor};

use crate::support::{How, Journal, Puppet, Sim, scenario, start, state, stop, tree};

const SECOND: Duration = Duration::from_secs(1);

fn taken(path: &str) -> Result<(), StartError> {
    Err(StartError::NameTaken { path: path.into() })
}

/// Starts a group by the names of its members, in the name of the last run of `parent`.
fn run_group(journal: &Journal, parent: &Puppet, names: &[&str]) -> Result<(), StartError> {
    parent.context().run_group(names.iter().map(|name| (*name, Puppet::new(journal, *name).healthy()))).map(drop)
}

/// Checks that there is nothing but these, all of which run.
fn assert_all(sim: &Sim, journal: &Journal, supervisor: &Supervisor, paths: &[&str]) {
    sim.settle();
    assert_eq!(journal.running(), paths);
    assert_eq!(tree(supervisor).iter().map(|(path, _)| path.to_owned()).collect::<Vec<_>>(), paths);
}

#[test]
fn names_are_unique_among_siblings() {
    scenario("unique names", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        assert_eq!(run_group(&journal, &root, &["a", "b"]), Ok(()));
        assert_eq!(root.context().run("b", Puppet::new(&journal, "b")).map(drop), taken("root.b"));
        assert_eq!(run_group(&journal, &root, &["c", "a"]), taken("root.a"), "in another group");
        assert_eq!(run_group(&journal, &root, &["d", "e", "d"]), taken("root.d"), "in the same group");
        assert_all(sim, &journal, &supervisor, &["root", "root.a", "root.b"]);
        // Whatever was refused has taken no names.
        assert_eq!(run_group(&journal, &root, &["c", "d", "e"]), Ok(()));
        assert_all(sim, &journal, &supervisor, &["root", "root.a", "root.b", "root.c", "root.d", "root.e"]);
        stop(sim, supervisor);
    });
}

#[test]
fn a_name_is_taken_until_all_of_the_group_have_ended_for_good() {
    scenario("names of the done and of the dead", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name);
        let (dead, child) = (puppet("dead"), puppet("child"));
        let root = puppet("root")
            .runs(&[puppet("done").done()])
            .runs([&dead])
            .runs(&[puppet("parent").runs([&child]).done()])
            .runs(&[puppet("a").done(), puppet("b")]);
        let supervisor = start(sim, &root);
        dead.ends(How::Err);
        sim.settle();
        for name in ["dead", "parent", "a", "b"] {
            assert_eq!(run_group(&journal, &root, &[name]), taken(&format!("root.{name}")));
        }
        child.signals(Signal::Done);
        child.ends(How::Ok);
        sim.settle();
        assert_eq!(run_group(&journal, &root, &["done", "parent"]), Ok(()));
        sim.settle();
        assert_eq!((journal.starts("root.done"), journal.starts("root.parent")), (2, 2));
        assert_eq!(state(&supervisor, "root.parent"), State::Healthy, "the one that ended before is forgotten");
        assert_eq!(tree(&supervisor).get("root.parent.child"), None, "with its children");
        stop(sim, supervisor);
    });
}

#[test]
fn others_than_siblings_can_have_the_same_name() {
    scenario("the same name elsewhere", |sim| {
        let journal = Journal::new(sim);
        let puppet = |name| Puppet::new(&journal, name);
        let a = puppet("a").runs(&[puppet("a"), puppet("b")]);
        let supervisor = start(sim, &puppet("root").runs(&[a, puppet("b").runs(&[puppet("a")])]));
        assert_all(sim, &journal, &supervisor, &["root", "root.a", "root.a.a", "root.a.b", "root.b", "root.b.a"]);
        stop(sim, supervisor);
    });
}

#[test]
fn names_are_free_again_after_a_restart() {
    scenario("free again", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        for _ in 0..3 {
            assert_eq!(run_group(&journal, &root, &["a", "b"]), Ok(()));
            assert_eq!(run_group(&journal, &root, &["b"]), taken("root.b"));
            assert_all(sim, &journal, &supervisor, &["root", "root.a", "root.b"]);
            root.ends(How::Err);
            sim.advance(10 * SECOND);
            assert_all(sim, &journal, &supervisor, &["root"]);
        }
        stop(sim, supervisor);
    });
}

#[test]
fn some_names_are_refused() {
    scenario("bad names", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        for name in ["", ".", "a.b", ".a", "a.", "a\n", "\0", "\u{85}"] {
            let bad = Err(StartError::BadName { name: name.into() });
            assert_eq!(root.context().run(name, Puppet::new(&journal, name)).map(drop), bad);
            assert_eq!(run_group(&journal, &root, &["good", name]), bad);
        }
        assert_all(sim, &journal, &supervisor, &["root"]);
        assert_eq!(run_group(&journal, &root, &["good", "eth0:1", "two words", "Ω", "-"]), Ok(()));
        sim.settle();
        assert_eq!(state(&supervisor, "root.Ω"), State::Healthy);
        stop(sim, supervisor);
    });
}

#[test]
fn a_group_has_a_member() {
    scenario("an empty group", |sim| {
        let journal = Journal::new(sim);
        let root = Puppet::new(&journal, "root");
        let supervisor = start(sim, &root);
        assert_eq!(run_group(&journal, &root, &[]), Err(StartError::EmptyGroup));
        assert_all(sim, &journal, &supervisor, &["root"]);
        stop(sim, supervisor);
    });
}

#[test]
fn errors_say_what_is_wrong() {
    let errors = [
        StartError::BadName { name: "a.b\n".into() },
        StartError::NameTaken { path: "root.a".into() },
        StartError::EmptyGroup,
        StartError::Ended { path: "root.a".into() },
    ];
    assert_eq!(
        errors.map(|error| error.to_string()),
        [
            r#""a.b\n" cannot be a name: names are not empty and have neither dots nor control characters"#,
            "there is a root.a already: names must be unique among siblings",
            "a group needs at least one member",
            "root.a has ended or is being cancelled, and cannot have children any more",
        ]
    );
}

#[test]
fn a_runnable_knows_its_path() {
    scenario("paths", |sim| {
        let journal = Journal::new(sim);
        let c = Puppet::new(&journal, "c");
        let b = Puppet::new(&journal, "b").runs([&c]);
        let supervisor = Supervisor::builder(sim.runtime()).name("net.eth0").start(b.clone());
        sim.settle();
        assert_eq!((b.context().path(), c.context().path()), ("net.eth0", "net.eth0.c"));
        assert_eq!(format!("{:?}", c.context()), r#"Context { path: "net.eth0.c", cancelled: false, .. }"#);
        assert_eq!(tree(&supervisor).to_string(), "new  net.eth0\nnew    c");
        stop(sim, supervisor);
        assert_eq!(c.context().path(), "net.eth0.c");
    });
}

#[test]
fn a_run_that_has_ended_can_start_nothing_and_is_not_heard() {
    for how in How::deaths() {
        scenario(&format!("has ended, {how:?}"), |sim| {
            let journal = Journal::new(sim);
            let a = Puppet::new(&journal, "a");
            let root = Puppet::new(&journal, "root").runs([&a]);
            let supervisor = start(sim, &root);
            let old = a.context();
            let assert_powerless = || {
                let late = old.run("late", Puppet::new(&journal, "late")).map(drop);
                assert_eq!(late, Err(StartError::Ended { path: "root.a".into() }));
                old.signal(Signal::Healthy);
                old.signal(Signal::Done);
                sim.settle();
            };
            a.ends(how);
            sim.settle();
            assert_powerless();
            assert_eq!(state(&supervisor, "root.a"), State::Dead);
            sim.advance(SECOND);
            assert_powerless();
            assert_eq!(state(&supervisor, "root.a"), State::New, "the new run has not said anything");
            // Nor has it said that it is done.
            a.ends(How::Ok);
            sim.settle();
            assert_eq!(state(&supervisor, "root.a"), State::Dead);
            stop(sim, supervisor);
            assert_powerless();
            assert_eq!(journal.starts("root.a.late"), 0);
        });
    }
}

#[test]
fn a_signal_that_is_late_is_not_taken_for_one_of_the_next_run() {
    for signal in [Signal::Healthy, Signal::Done] {
        scenario(&format!("a late {signal:?}"), |sim| {
            let journal = Journal::new(sim);
            let a = Puppet::new(&journal, "a");
            let root = Puppet::new(&journal, "root").runs([&a]);
            let supervisor = start(sim, &root);
            // In the middle of the signal, which wakes a watcher of the tree, the run dies, and the next one begins.
            let mut watcher = supervisor.state().watch();
            sim.runtime().spawn(async move { while watcher.get().await.is_ok() {} });
            sim.settle();
            let dies = a.clone();
            sim.at_next_wake(move |sim| {
                dies.ends(How::Err);
                sim.advance(SECOND);
            });
            a.context().signal(signal);
            assert_eq!(journal.starts("root.a"), 2);
            assert_eq!(state(&supervisor, "root.a"), State::New, "the new run has not said anything");
            a.ends(How::Ok);
            sim.settle();
            assert_eq!(state(&supervisor, "root.a"), State::Dead);
            stop(sim, supervisor);
        });
    }
}

#[test]
fn whoever_cannot_start_its_children_can_die_of_it() {
    scenario("an error of the start", |sim| {
        let supervisor = Supervisor::start(sim.runtime(), async |cx: Context| {
            cx.run("a.b", async |_: Context| Ok::<_, BoxError>(()))?;
            Ok::<_, BoxError>(())
        });
        sim.settle();
        let error = tree(&supervisor).get("root").and_then(|status| status.last_error().map(str::to_owned));
        assert!(error.is_some_and(|error| error.contains(r#""a.b" cannot be a name"#)));
        stop(sim, supervisor);
    });
}
