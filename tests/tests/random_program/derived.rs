//! The watchers of a program that are made of random combinators.

use alloc::rc::Rc;
use core::cell::RefCell;

use event_core::MemoryReader;
use event_tests::census::Citizen;
use event_tests::seed::Random;

use crate::clock::Clock;
use crate::expression::{Expression, Leaves, Numbered};
use crate::model::Value;
use crate::program::{make_room, pick};
use crate::step::Step;
use crate::watching::Watching;

/// Combinators at most above each other.
const DEPTH: u64 = 4;

/// The readers of all values.
pub(crate) type Readers = Rc<RefCell<Vec<MemoryReader<Citizen>>>>;

/// All of them, and the time.
pub(crate) struct Derived {
    watchers: Vec<Watching>,
    leaves: Leaves,
    clock: Clock,
}

impl Derived {
    pub(crate) fn new(readers: &Readers) -> Self {
        let readers = Rc::clone(readers);
        let watch = move |value: usize| Numbered::new(readers.borrow()[value].watch(), Citizen::data);
        Self { watchers: Vec::new(), leaves: Rc::new(move |value| Box::new(watch(value))), clock: Clock::default() }
    }

    /// Does a step. What is made watches the values of the numbers `current`.
    pub(crate) fn step(&mut self, step: Step, current: &Rc<[usize]>, values: &[Value]) {
        let number = |watcher| pick(watcher, self.watchers.len());
        match step {
            Step::Derive { seed } => {
                let expression = Expression::any(&mut Random::new(seed), DEPTH, current);
                self.add(Watching::new(expression, values, &self.leaves, &self.clock));
            }
            Step::CloneDerived { watcher } => {
                if let Some(copy) = number(watcher).and_then(|number| self.watchers[number].copy()) {
                    self.add(copy);
                }
            }
            Step::DropDerived { watcher } => {
                if let Some(number) = number(watcher) {
                    self.watchers.swap_remove(number).end();
                }
            }
            Step::GetDerived { watcher, task, form, modulus } => {
                let Some(number) = number(watcher) else { return };
                self.watchers[number].get(values, &self.clock, task.into(), form, modulus.into());
                // Makes room for one that has more to say.
                if self.watchers[number].said_closed() > 1 {
                    self.watchers.swap_remove(number).end();
                }
            }
            Step::Advance { seconds } => self.clock.advance(seconds.into()),
            _ => unreachable!("the caller does the others"),
        }
    }

    fn add(&mut self, watching: Watching) {
        if let Some(gone) = make_room(&mut self.watchers) {
            gone.end();
        }
        self.watchers.push(watching);
    }

    /// Shows which values are watched, each as often as it is.
    pub(crate) fn watched(&self, show: &mut dyn FnMut(usize)) {
        self.watchers.iter().for_each(|watching| watching.watched(show));
    }

    /// A value was set or closed.
    pub(crate) fn check_news(&mut self, value: usize) {
        self.watchers.iter_mut().for_each(|watching| watching.check_news(value));
    }

    pub(crate) fn check(&self, values: &[Value]) {
        self.watchers.iter().for_each(|watching| watching.check(values, &self.clock));
    }

    /// Drops all, which are to leave nothing behind.
    pub(crate) fn end(&mut self) {
        self.watchers.drain(..).for_each(Watching::end);
        assert_eq!(self.clock.sleeping(), 0, "a sleep is left");
    }
}
