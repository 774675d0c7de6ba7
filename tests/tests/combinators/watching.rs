//! A watcher that is made as an expression says, beside its reference.

use core::task::Poll;

use event_core::GetError;
use event_core::prelude::*;
use event_tests::by_hand::Task;

use crate::clock::Clock;
use crate::digits::Digits;
use crate::expression::{Expression, Leaves, Subject, build, take_inspected};
use crate::model::{Found, Value};
use crate::reference::{Reference, World};

/// The forms of a get.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Plain,
    Filter,
    Backlog,
    FilterBacklog,
    Cancelled,
}

impl Form {
    pub(crate) fn cut_from(digits: &mut Digits) -> Self {
        match digits.below(10) {
            0..4 => Self::Plain,
            4 | 5 => Self::Filter,
            6 => Self::Backlog,
            7 | 8 => Self::FilterBacklog,
            _ => Self::Cancelled,
        }
    }
}

/// A watcher beside its reference.
pub(crate) struct Watching {
    expression: Expression,
    reference: Reference,
    real: Subject,
    /// Its own, so that nobody else's data wakes them.
    tasks: [Task; 2],
    /// The last get waits.
    waiting: Option<Waiting>,
    /// How often a get was told that it is closed.
    said_closed: usize,
}

/// A get that waits.
#[derive(Debug)]
struct Waiting {
    task: usize,
    /// How often the task had been woken before.
    wakes: usize,
    modulus: u64,
    /// It waits only until it is known what is there.
    backlog: bool,
}

impl Watching {
    /// Both watch from now on.
    pub(crate) fn new(expression: Expression, values: &[Value], leaves: &Leaves, clock: &Clock) -> Self {
        let (reference, real) = (Reference::new(&expression, values), build(&expression, leaves, clock));
        Self { expression, reference, real, tasks: Default::default(), waiting: None, said_closed: 0 }
    }

    /// Both, as they are, if the real one can be cloned.
    pub(crate) fn copy(&self) -> Option<Self> {
        let (expression, reference) = (self.expression.clone(), self.reference.clone());
        let real = expression.is_clone().then(|| self.real.clone())?;
        Some(Self { expression, reference, real, tasks: Default::default(), waiting: None, said_closed: 0 })
    }

    /// Drops the real one, which is to leave nothing behind.
    pub(crate) fn end(self) {
        let Self { real, tasks, expression, .. } = self;
        drop(real);
        assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left by {expression:?}: {tasks:?}");
    }

    pub(crate) fn said_closed(&self) -> usize {
        self.said_closed
    }

    /// Shows which values are watched, each as often as it is.
    pub(crate) fn watched(&self, show: &mut dyn FnMut(usize)) {
        self.reference.watched(show);
    }

    /// A get, for what `modulus` divides if there is a filter.
    pub(crate) fn get(&mut self, values: &[Value], clock: &Clock, number: usize, form: Form, modulus: u64) {
        let task = &self.tasks[number];
        let (modulus, backlog) = match form {
            Form::Plain => (1, false),
            Form::Filter => (modulus, false),
            Form::Backlog => (1, true),
            Form::FilterBacklog => (modulus, true),
            Form::Cancelled => {
                let polled = task.poll(self.real.get().until(async {}));
                assert!(matches!(polled, Poll::Ready(Err(GetError::Cancelled))));
                return;
            }
        };
        let world = world(values, clock);
        let expected = self.reference.get(&world, backlog, &mut |n| n % modulus == 0);
        let (accept, wakes) = (move |n: &u64| n % modulus == 0, task.wakes());
        drop(take_inspected());
        let polled = match form {
            Form::Plain => task.poll(self.real.get()),
            Form::Filter => task.poll(self.real.get().filter(accept)),
            Form::Backlog => task.poll(self.real.get().backlog_only()),
            _ => task.poll(self.real.get().filter(accept).backlog_only()),
        };
        match (expected, &polled) {
            (Found::Data(expected), Poll::Ready(Ok(item))) => assert_eq!(*item, expected),
            (Found::Closed, Poll::Ready(Err(GetError::Closed))) => {}
            (Found::Nothing, Poll::Ready(Err(GetError::BacklogDone))) if backlog => {}
            (Found::Nothing, Poll::Pending) if !backlog => {}
            (Found::Unknown, Poll::Pending) if backlog => {}
            _ => panic!("{form:?} was to find {expected:?}, but is {polled:?}, in {:?}", self.expression),
        }
        self.said_closed += usize::from(expected == Found::Closed);
        assert_eq!(take_inspected(), world.inspected.into_inner(), "inspected by {form:?} in {:?}", self.expression);
        assert!(task.wakes() == wakes || self.expression.drives(), "a poll woke its own task: {:?}", self.expression);
        // The get before is gone, and with it the right to be woken.
        self.waiting = polled.is_pending().then_some(Waiting { task: number, wakes, modulus, backlog });
    }

    /// A value was set or closed. Whoever waits is woken, were it only to see that and to let go who waits for that.
    pub(crate) fn check_news(&mut self, value: usize) {
        // A backlog need not be woken for what is newer, and finds it when it is polled for another reason.
        self.waiting.take_if(|waiting| waiting.backlog);
        let Some(Waiting { task, wakes, .. }) = self.waiting else { return };
        let mut watches = false;
        self.watched(&mut |watched| watches |= watched == value);
        let may_sleep = !watches || self.reference.may_sleep();
        assert!(may_sleep || self.tasks[task].wakes() > wakes, "a set was not heard: {:?}", self.expression);
    }

    /// If a get that waits would find something now, it must have been woken. And no more than one waker is kept for each
    /// that has to be.
    pub(crate) fn check(&self, values: &[Value], clock: &Clock) {
        let mut places = self.expression.places();
        self.watched(&mut |_| places += 1);
        let stored: usize = self.tasks.iter().map(Task::stored_wakers).sum();
        assert!(stored <= places, "{stored} wakers are stored at {places} places by {:?}", self.expression);

        let Some(Waiting { task, wakes, modulus, backlog }) = self.waiting else { return };
        if self.tasks[task].wakes() == wakes {
            let found = self.reference.clone().get(&world(values, clock), backlog, &mut |n| n % modulus == 0);
            let nothing = if backlog { Found::Unknown } else { Found::Nothing };
            assert_eq!(found, nothing, "a get waits for that and was not woken: {:?}", self.expression);
        }
    }
}

fn world<'a>(values: &'a [Value], clock: &Clock) -> World<'a> {
    World { values, now: clock.now(), inspected: Default::default() }
}
