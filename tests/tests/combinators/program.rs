//! The steps of a program, done to real watchers and to the reference.

use alloc::rc::Rc;

use event_core::{MemoryReader, MemoryValue};

use crate::clock::Clock;
use crate::expression::{Expression, Leaves};
use crate::model::{News, Value};
use crate::step::Step;
use crate::watching::Watching;

/// How many values there are.
pub(crate) const VALUES: usize = 3;

/// Everything there is, each thing beside what is known of it.
struct Program<'a> {
    expression: &'a Expression,
    clock: Clock,
    values: [Value; VALUES],
    handles: [Option<MemoryValue<u64>>; VALUES],
    readers: [MemoryReader<u64>; VALUES],
    leaves: Leaves,
    watchers: Vec<Watching>,
}

/// Does all steps to watchers that are made as `expression` says. Panics where they and the reference differ.
pub(crate) fn run(expression: &Expression, steps: &[Step]) {
    let mut program = Program::new(expression);
    program.watch();
    for step in steps {
        program.step(*step);
        program.check();
    }
    program.watchers.into_iter().for_each(Watching::end);
    assert_eq!(program.clock.sleeping(), 0, "a sleep is left");
}

fn pick(number: u8, len: usize) -> Option<usize> {
    (number as usize).checked_rem(len)
}

impl<'a> Program<'a> {
    fn new(expression: &'a Expression) -> Self {
        let handles: [MemoryValue<u64>; VALUES] = Default::default();
        let readers = handles.each_ref().map(MemoryValue::reader);
        let leaves: Leaves = {
            let readers = readers.clone();
            Rc::new(move |value| Box::new(readers[value].watch()))
        };
        Self {
            expression,
            clock: Clock::default(),
            values: Default::default(),
            handles: handles.map(Some),
            readers,
            leaves,
            watchers: Vec::new(),
        }
    }

    fn step(&mut self, step: Step) {
        // Left out: there is nothing to do it to.
        let _: Option<()> = match step {
            Step::Set { value, data } => self.change(value, |model, real| {
                real.set(data.into());
                model.set(data.into())
            }),
            Step::SetAgain { value } => self.change(value, |model, real| {
                let Some(data) = model.data else { return News::Nothing };
                real.set(data);
                model.set(data)
            }),
            Step::Clear { value } => self.change(value, |model, real| {
                model.clear();
                real.clear();
                News::Nothing
            }),
            Step::Close { value } => self.change(value, |model, real| {
                real.close();
                model.close()
            }),
            Step::DropHandle { value } => self.drop_handle(value),
            Step::Watch => {
                self.watch();
                Some(())
            }
            Step::CloneWatcher { watcher } => self.clone_watcher(watcher),
            Step::DropWatcher { watcher } => {
                pick(watcher, self.watchers.len()).map(|number| self.watchers.swap_remove(number).end())
            }
            Step::Advance { seconds } => {
                self.clock.advance(seconds.into());
                Some(())
            }
            Step::Get { watcher, task, form, modulus } => pick(watcher, self.watchers.len()).map(|number| {
                self.watchers[number].get(&self.values, &self.clock, task.into(), form, modulus.into());
            }),
        };
    }

    fn change(&mut self, value: u8, change: impl FnOnce(&mut Value, &MemoryValue<u64>) -> News) -> Option<()> {
        let value = pick(value, VALUES)?;
        let news = change(&mut self.values[value], self.handles[value].as_ref()?);
        self.spread(value, news);
        Some(())
    }

    fn drop_handle(&mut self, value: u8) -> Option<()> {
        let value = pick(value, VALUES)?;
        self.handles[value] = None;
        let news = self.values[value].close();
        self.spread(value, news);
        Some(())
    }

    fn spread(&mut self, value: usize, news: News) {
        if news == News::Wakes {
            self.watchers.iter_mut().for_each(|watching| watching.check_news(value));
        }
    }

    fn watch(&mut self) {
        self.watchers.push(Watching::new(self.expression.clone(), &self.values, &self.leaves, &self.clock));
    }

    fn clone_watcher(&mut self, watcher: u8) -> Option<()> {
        let watching = &self.watchers[pick(watcher, self.watchers.len())?];
        let copy = watching.copy()?;
        self.watchers.push(copy);
        Some(())
    }

    fn check(&self) {
        self.watchers.iter().for_each(|watching| watching.check(&self.values, &self.clock));
        let mut counts = [0; VALUES];
        self.watchers.iter().for_each(|watching| watching.watched(&mut |value| counts[value] += 1));
        for (value, reader) in self.readers.iter().enumerate().filter(|(value, _)| !self.values[*value].closed) {
            let handle = self.handles[value].as_ref().expect("it is open");
            assert_eq!(handle.watcher_count(), counts[value], "watchers of value {value}");
            assert_eq!(reader.load(), self.values[value].data);
        }
    }
}
