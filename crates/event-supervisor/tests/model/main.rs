//! Random trees to which random things happen.
//!
//! In one test, things happen in any order, and a [`Monitor`] looks after each step whether the rules hold. In the other one,
//! nothing happens before all of what happened before has had its consequences, and the tree is what a plainly sequential
//! [`Reference`] says.
//!
//! `EVENT_SEED` replays the tree that is printed when a test fails, `EVENT_CASES` says how many there are.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

#[path = "../support/mod.rs"]
mod support;

mod cast;
mod monitor;
mod reference;

use std::cell::Cell;
use std::time::Duration;

use event_supervisor::{Runtime, State, Supervisor, Tree};

use cast::Cast;
use monitor::Monitor;
use reference::{GRACE, Reference};
use support::{Command, Journal, Puppet, Random, Sim, cases, without_jitter};

/// Everything there is.
struct World {
    sim: Sim,
    random: Random,
    cast: Cast,
    journal: Journal,
    monitor: Monitor,
    /// Until it is dropped or stopped.
    supervisor: Option<Supervisor>,
    state: event_core::MemoryReader<Tree>,
}

impl World {
    fn new(seed: u64, may_race: bool) -> (Self, Puppet) {
        let sim = Sim::new(seed);
        let journal = Journal::new(&sim);
        let (mut random, mut cast) = (Random::new(!seed), Cast::new(&journal, may_race));
        let root = cast.root(&mut random);
        let builder = Supervisor::builder(sim.runtime()).backoff(without_jitter()).grace(GRACE).keep_ended(usize::MAX);
        let supervisor = builder.start(root.clone());
        let (monitor, state) = (Monitor::new(&journal, supervisor.state()), supervisor.state());
        let mut this = Self { sim, random, cast, journal, monitor, supervisor: Some(supervisor), state };
        this.introduce("", std::slice::from_ref(&root));
        (this, root)
    }

    /// Tells the monitor of a group, and of all that its members start.
    fn introduce(&mut self, parent: &str, group: &[Puppet]) {
        let path = |puppet: &Puppet| match parent {
            "" => puppet.name().to_owned(),
            _ => format!("{parent}.{}", puppet.name()),
        };
        let members: Vec<_> = group.iter().map(|puppet| (path(puppet), puppet.clone())).collect();
        self.monitor.add_group(&members);
        for (path, puppet) in members {
            for command in puppet.script() {
                if let Command::Run(group) = command {
                    self.introduce(&path, &group);
                }
            }
        }
    }

    fn command(&mut self, path: &str, puppet: &Puppet) -> Command {
        let command = self.cast.command(&mut self.random);
        if let Command::Run(group) = &command {
            self.introduce(path, group);
        }
        puppet.does(command.clone());
        command
    }

    /// Somebody tells the group of a runnable, which may have ended, to end or to start again: its parent by the handle, or
    /// somebody outside by the path. Returns what, unless there is nobody to tell.
    fn control(&mut self) -> Option<Control> {
        let started: Vec<_> = self.monitor.started().map(|(path, _)| path.to_owned()).collect();
        let path = self.random.pick(&started)?.clone();
        let is_restart = self.random.one_in(2);
        let outside = self.supervisor.as_ref().map(|supervisor| supervisor.handle(&path).ok());
        let handle = match path.rsplit_once('.') {
            // It may be of an earlier run of the parent, and do nothing.
            Some((parent, name)) if self.random.one_in(2) => Some(self.monitor.puppet(parent).handle(name)),
            // The end of the whole tree is another thing.
            None if !is_restart => return None,
            _ => outside.clone()?,
        };
        // After the supervisor is dropped, only the handles are left, and nobody can say whether their groups are there.
        let is_there = outside.is_none_or(|outside| outside.is_some() && outside == handle);
        if is_there {
            self.monitor.controls(&path, is_restart);
        }
        match (handle, &self.supervisor) {
            (Some(_), Some(supervisor)) if is_there && self.random.one_in(2) => {
                let told = if is_restart { supervisor.restart(&path) } else { supervisor.cancel(&path) };
                assert_eq!(told, Ok(()));
            }
            (Some(handle), _) if is_restart => handle.restart(),
            (Some(handle), _) => handle.cancel(),
            (None, _) => {}
        }
        is_there.then_some(if is_restart { Control::Restart(path) } else { Control::Cancel(path) })
    }

    fn tree(&self) -> Tree {
        self.state.load().expect("there is always a tree")
    }

    /// The whole tree is told to end, one way or another.
    fn stop(&mut self) {
        let Some(supervisor) = self.supervisor.take() else { return };
        match self.random.below(3) {
            0 => drop(supervisor),
            1 => {
                supervisor.cancel_all();
                self.supervisor = Some(supervisor);
            }
            _ => {
                let journal = self.journal.clone();
                self.sim.runtime().spawn(async move {
                    supervisor.stop().await;
                    assert_eq!(journal.running(), [""; 0], "these run after stop");
                });
            }
        }
    }

    /// Uses the context of a run that has ended, or is cancelled: it can do nothing.
    fn haunt(&mut self) {
        let started: Vec<_> = self.monitor.started().map(|(path, _)| path.to_owned()).collect();
        let Some(path) = self.random.pick(&started).cloned() else { return };
        let contexts = self.monitor.puppet(&path).contexts();
        let Some(number) = (contexts.len() as u64).checked_sub(1).map(|last| self.random.below(last + 1)) else {
            return;
        };
        let is_last = number + 1 == contexts.len() as u64;
        let context = &contexts[number as usize];
        if !is_last || context.is_cancelled() || !self.monitor.running().contains(&path) {
            let ghost = Puppet::new(&self.journal, "ghost");
            assert!(context.run("ghost", ghost).is_err(), "{path} starts something after its end:\n{}", self.journal);
            context.signal(event_supervisor::Signal::Healthy);
            context.signal(event_supervisor::Signal::Done);
        }
    }

    fn random_time(&mut self) -> Duration {
        // Of any order of magnitude up to a hundred seconds.
        let end = 10_u64.pow(7 + self.random.below(5) as u32);
        self.sim.now() + Duration::from_nanos(1 + self.random.below(end))
    }

    /// Everything has ended, and nothing happens any more.
    fn assert_is_over(&mut self) {
        assert!(self.state.is_closed(), "the state is open after the end");
        let written = self.journal.len();
        self.monitor.advance(&self.sim, self.sim.now() + Duration::from_secs(1000));
        assert_eq!(self.journal.len(), written, "something happens after the end:\n{}", self.journal);
        assert_eq!(self.journal.running(), [""; 0]);
        assert_eq!((self.sim.tasks(), self.sim.timers()), (0, 0));
    }
}

/// What somebody was told.
enum Control {
    Cancel(String),
    Restart(String),
}

#[test]
fn the_rules_hold_in_any_order_of_events() {
    cases("storms", 300, |seed| {
        let (mut world, _) = World::new(seed, true);
        for _ in 0..60 {
            // Sometimes all is quiet in between, sometimes nothing is.
            for _ in 0..world.random.below(20) {
                world.monitor.step(&world.sim);
            }
            match world.random.below(44) {
                0..20 => {
                    let running: Vec<_> = world.monitor.running().iter().cloned().collect();
                    if let Some(path) = world.random.pick(&running).cloned() {
                        let puppet = world.monitor.puppet(&path).clone();
                        world.command(&path, &puppet);
                    }
                }
                20..30 => {
                    let time = world.random_time();
                    world.monitor.advance(&world.sim, time);
                }
                30..35 => _ = world.sim.jump(),
                35..39 => world.haunt(),
                39..43 => _ = world.control(),
                _ if world.random.one_in(4) => world.stop(),
                _ => {}
            }
            world.monitor.look();
        }
        // Those who were told to end with their next run may take some more.
        for _ in 0..20 {
            world.monitor.advance(&world.sim, world.sim.now() + Duration::from_secs(100));
        }
        if !world.state.is_closed() {
            assert_is_quiet(&world);
            world.stop();
            world.monitor.advance(&world.sim, world.sim.now() + Duration::from_secs(1000));
        }
        world.assert_is_over();
    });
}

/// Everybody runs, or is done, and the tree says so.
fn assert_is_quiet(world: &World) {
    let tree = world.tree();
    let (journal, running) = (&world.journal, world.monitor.running());
    for (path, status) in tree.iter() {
        match status.state() {
            State::New | State::Healthy => assert!(running.contains(path), "{path} does not run:\n{tree}\n{journal}"),
            State::Done => {}
            State::Cancelled if world.monitor.was_cancelled(path) => {}
            _ => panic!("{path} is waited for in vain:\n{tree}\n{journal}"),
        }
        assert_eq!(status.restart_in(), None, "{path}:\n{tree}");
        let may_be_overdue = world.monitor.was_cancelled(path);
        assert!(may_be_overdue || !status.is_overdue(), "{path}:\n{tree}");
    }
    for path in running {
        assert!(tree.get(path).is_some(), "{path} is not in the tree:\n{tree}\n{journal}");
    }
}

#[test]
fn the_tree_is_what_the_rules_say() {
    let (trees, complete, events) = (Cell::new(0), Cell::new(0), Cell::new(0_u64));
    cases("a tree and its reference", 300, |seed| {
        trees.set(trees.get() + 1);
        let (mut world, root) = World::new(seed, false);
        let mut reference = Reference::new(&root);
        world.monitor.settle(&world.sim);
        for _ in 0..60 {
            assert_agrees(&world, &reference);
            match world.random.below(43) {
                0..18 => {
                    if let Some((path, puppet)) = world.random.pick(&reference.listening()) {
                        let command = world.command(path, puppet);
                        reference.does(path, &command);
                    }
                }
                18..30 => _ = world.sim.jump(),
                30..36 => {
                    let time = world.random_time();
                    world.monitor.advance(&world.sim, time);
                }
                36..39 => world.haunt(),
                39..42 => match world.control() {
                    Some(Control::Cancel(path)) => reference.controls(|reference| reference.cancel(&path)),
                    Some(Control::Restart(path)) => reference.controls(|reference| reference.restart(&path)),
                    None => {}
                },
                _ if world.random.one_in(3) => {
                    world.stop();
                    reference.stop();
                }
                _ => {}
            }
            world.monitor.settle(&world.sim);
            reference.advance(world.sim.now());
            if reference.is_ambiguous() {
                return;
            }
            events.set(events.get() + 1);
        }
        world.stop();
        reference.stop();
        world.monitor.advance(&world.sim, world.sim.now() + Duration::from_secs(1000));
        reference.advance(world.sim.now());
        world.assert_is_over();
        if !reference.is_ambiguous() {
            assert_agrees(&world, &reference);
            complete.set(complete.get() + 1);
        }
    });
    println!("{} events; {} of {} trees until their end", events.get(), complete.get(), trees.get());
    assert!(2 * complete.get() >= trees.get(), "most end early");
}

fn assert_agrees(world: &World, reference: &Reference) {
    let running: Vec<_> = world.monitor.running().iter().cloned().collect();
    assert_eq!(running, reference.running(), "who runs at {:?}:\n{}", world.sim.now(), world.journal);
    reference.assert_agrees(&world.tree());
    assert_eq!(world.state.is_closed(), reference.is_over());
    for (path, puppet) in world.monitor.started() {
        if let Some(is_cancelled) = reference.is_cancelled(path) {
            assert_eq!(puppet.context().is_cancelled(), is_cancelled, "{path} is cancelled:\n{}", world.journal);
        }
    }
}
