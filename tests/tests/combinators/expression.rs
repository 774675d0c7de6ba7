//! Watchers made of watchers, as data and as the real thing.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::slice::from_ref;
use core::task::{Context, Poll};
use core::time::Duration;

use event_core::prelude::*;
use event_core::{Driver, GetError, MemoryWatcher, combine, select, watch_fn};
use event_tests::seed::Random;

use crate::clock::Clock;

/// A tree of combinators over values, which have numbers.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Leaf(usize),
    Map(Box<Self>),
    Filter(Box<Self>),
    FilterMap(Box<Self>),
    Inspect(Box<Self>),
    Dedup(Box<Self>),
    DedupByKey(Box<Self>),
    /// An item leads to the value with that number, modulo how many there are.
    SwitchMap(Box<Self>, Rc<[usize]>),
    /// Of two or three.
    Combine(Vec<Self>),
    /// Of two or three.
    Select(Vec<Self>),
    WatchFn(Box<Self>),
    Share(Box<Self>),
    Debounce(Box<Self>, u64),
    Throttle(Box<Self>, u64),
    /// The period is not 0.
    Sample(Box<Self>, u64),
}

use Expression::*;

impl Expression {
    /// A tree of at most `depth` combinators above each other.
    pub(crate) fn any(random: &mut Random, depth: u64, values: &Rc<[usize]>) -> Self {
        if depth == 0 {
            return Leaf(values[random.below(values.len() as u64) as usize]);
        }
        let (kind, seconds, parts) = (random.below(18), random.below(4), 2 + random.below(3) / 2);
        let depth = random.below(depth);
        let mut inner = || Self::any(random, depth, values);
        match kind {
            0 => Map(inner().into()),
            1 => Filter(inner().into()),
            2 => FilterMap(inner().into()),
            3 => Inspect(inner().into()),
            4 => Dedup(inner().into()),
            5 => DedupByKey(inner().into()),
            6 | 7 => SwitchMap(inner().into(), Rc::clone(values)),
            8..11 => Combine((0..parts).map(|_| inner()).collect()),
            11..13 => Select((0..parts).map(|_| inner()).collect()),
            13 => Share(inner().into()),
            14 => Debounce(inner().into(), seconds),
            15 => Throttle(inner().into(), seconds),
            16 => Sample(inner().into(), seconds + 1),
            _ => WatchFn(inner().into()),
        }
    }

    /// Whether the watcher can be cloned. A sleep cannot, and a driver neither.
    pub(crate) fn is_clone(&self) -> bool {
        !matches!(self, Share(_) | Debounce(..) | Throttle(..) | Sample(..)) && self.parts().iter().all(Self::is_clone)
    }

    /// Whether it has a driver inside.
    pub(crate) fn drives(&self) -> bool {
        matches!(self, Share(_)) || self.parts().iter().any(Self::drives)
    }

    /// How many wakers it may store beside those in the values: one a sleep, and two a shared value: that of its watcher, and
    /// that of its driver, which waits for the watcher to go.
    pub(crate) fn places(&self) -> usize {
        let here = match self {
            Share(_) => 2,
            Debounce(..) | Throttle(..) | Sample(..) => 1,
            _ => 0,
        };
        here + self.parts().iter().map(Self::places).sum::<usize>()
    }

    fn parts(&self) -> &[Self] {
        match self {
            Leaf(_) => &[],
            Map(inner) | Filter(inner) | FilterMap(inner) | Inspect(inner) | Dedup(inner) | DedupByKey(inner) => {
                from_ref(inner)
            }
            SwitchMap(inner, _) | WatchFn(inner) | Share(inner) => from_ref(inner),
            Debounce(inner, _) | Throttle(inner, _) | Sample(inner, _) => from_ref(inner),
            Combine(parts) | Select(parts) => parts,
        }
    }
}

// What the functions inside do.
pub(crate) fn mapped(n: u64) -> u64 {
    n.wrapping_mul(3) ^ 1
}

pub(crate) fn passes(n: &u64) -> bool {
    n % 4 != 1
}

pub(crate) fn halved(n: u64) -> Option<u64> {
    (n % 3 != 0).then_some(n / 2)
}

pub(crate) fn key(n: &u64) -> u64 {
    n % 3
}

pub(crate) fn together(parts: &[u64]) -> u64 {
    parts.iter().fold(0, |sum, part| sum.wrapping_mul(31).wrapping_add(*part))
}

thread_local! {
    /// What the functions of `inspect` have seen.
    static INSPECTED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

fn inspect(n: &u64) {
    INSPECTED.with_borrow_mut(|inspected| inspected.push(*n));
}

/// What was inspected since this was last asked.
pub(crate) fn take_inspected() -> Vec<u64> {
    INSPECTED.take()
}

/// A real watcher. It can be cloned if its [expression](Expression::is_clone) says so.
pub(crate) type Subject = Box<dyn AnyWatcher>;

pub(crate) trait AnyWatcher: Watcher<Item = u64> {
    fn copy(&self) -> Subject;
}

impl<W: Watcher<Item = u64> + Clone + 'static> AnyWatcher for W {
    fn copy(&self) -> Subject {
        Box::new(self.clone())
    }
}

impl Clone for Subject {
    fn clone(&self) -> Self {
        (**self).copy()
    }
}

/// Makes a watcher of a value.
pub(crate) type Leaves = Rc<dyn Fn(usize) -> Subject>;

/// The real thing. Times are in seconds.
pub(crate) fn build(expression: &Expression, leaves: &Leaves, clock: &Clock) -> Subject {
    let subject = |inner: &Expression| build(inner, leaves, clock);
    let parts = |parts: &[Expression]| -> Vec<Subject> { parts.iter().map(subject).collect() };
    match expression {
        Leaf(value) => leaves(*value),
        Map(inner) => Box::new(subject(inner).map(mapped)),
        Filter(inner) => Box::new(subject(inner).filter(passes)),
        FilterMap(inner) => Box::new(subject(inner).filter_map(halved)),
        Inspect(inner) => Box::new(subject(inner).inspect(inspect)),
        Dedup(inner) => Box::new(subject(inner).dedup()),
        DedupByKey(inner) => Box::new(subject(inner).dedup_by_key(key)),
        SwitchMap(inner, values) => {
            let (values, leaves) = (Rc::clone(values), Rc::clone(leaves));
            Box::new(subject(inner).switch_map(move |n| {
                let (value, leaves) = (values[(n % values.len() as u64) as usize], Rc::clone(&leaves));
                watch_fn(move || leaves(value))
            }))
        }
        Combine(inner) => match <[Subject; 2]>::try_from(parts(inner)).map_err(<[Subject; 3]>::try_from) {
            Ok([a, b]) => Box::new(Numbered::new(combine((a, b)), |(a, b)| together(&[*a, *b]))),
            Err(Ok([a, b, c])) => Box::new(Numbered::new(combine((a, b, c)), |(a, b, c)| together(&[*a, *b, *c]))),
            Err(Err(_)) => unreachable!("two or three parts"),
        },
        Select(inner) => match <[Subject; 2]>::try_from(parts(inner)).map_err(<[Subject; 3]>::try_from) {
            Ok([a, b]) => Box::new(select((a, b))),
            Err(Ok([a, b, c])) => Box::new(select((a, b, c))),
            Err(Err(_)) => unreachable!("two or three parts"),
        },
        WatchFn(inner) => {
            let (inner, leaves, clock) = (inner.clone(), Rc::clone(leaves), clock.clone());
            watch_fn(move || build(&inner, &leaves, &clock)).watch()
        }
        Share(inner) => Box::new(Numbered::unique(Driven::new(subject(inner)))),
        Debounce(inner, quiet) => {
            Box::new(Numbered::unique(subject(inner).debounce(clock.clone(), Duration::from_secs(*quiet))))
        }
        Throttle(inner, period) => {
            Box::new(Numbered::unique(subject(inner).throttle(clock.clone(), Duration::from_secs(*period))))
        }
        Sample(inner, period) => {
            Box::new(Numbered::unique(subject(inner).sample(clock.clone(), Duration::from_secs(*period))))
        }
    }
}

/// A watcher whose items are told as numbers. Unlike `map`, it passes predicates on.
pub(crate) struct Numbered<W: Watcher> {
    watcher: W,
    number: fn(&W::Item) -> u64,
    copy: fn(&W) -> W,
}

impl<W: Watcher> Numbered<W> {
    pub(crate) fn new(watcher: W, number: fn(&W::Item) -> u64) -> Self
    where
        W: Clone,
    {
        Self { watcher, number, copy: W::clone }
    }

    fn unique(watcher: W) -> Self
    where
        W: Watcher<Item = u64>,
    {
        Self { watcher, number: |n| *n, copy: |_| unreachable!("`is_clone` is false") }
    }
}

impl<W: Watcher> Clone for Numbered<W> {
    fn clone(&self) -> Self {
        Self { watcher: (self.copy)(&self.watcher), ..*self }
    }
}

impl<W: Watcher> Watcher for Numbered<W> {
    type Item = u64;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.watcher.poll_get(cx).map_ok(|item| (self.number)(&item))
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.watcher.poll_backlog(cx).map_ok(|item| (self.number)(&item))
    }

    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&u64) -> bool,
    ) -> Poll<Result<u64, GetError>> {
        let number = self.number;
        self.watcher.poll_get_if(cx, &mut |item| accept(&number(item))).map_ok(|item| number(&item))
    }

    fn poll_backlog_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&u64) -> bool,
    ) -> Poll<Result<u64, GetError>> {
        let number = self.number;
        self.watcher.poll_backlog_if(cx, &mut |item| accept(&number(item))).map_ok(|item| number(&item))
    }
}

/// A watcher of a shared value whose gets run the driver first.
struct Driven {
    /// `None` when it has ended.
    driver: Option<Driver<Subject>>,
    watcher: MemoryWatcher<u64>,
}

impl Driven {
    fn new(subject: Subject) -> Self {
        let (value, driver) = subject.share();
        Self { driver: Some(driver), watcher: value.watch() }
    }

    fn driven(&mut self, cx: &mut Context<'_>) -> &mut MemoryWatcher<u64> {
        if let Some(driver) = &mut self.driver {
            if let Poll::Ready(ended) = Pin::new(driver).poll(cx) {
                ended.expect("memory values do not fail");
                self.driver = None;
            }
        }
        &mut self.watcher
    }
}

impl Watcher for Driven {
    type Item = u64;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.driven(cx).poll_get(cx)
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<u64, GetError>> {
        self.driven(cx).poll_backlog(cx)
    }

    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&u64) -> bool,
    ) -> Poll<Result<u64, GetError>> {
        self.driven(cx).poll_get_if(cx, accept)
    }

    fn poll_backlog_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&u64) -> bool,
    ) -> Poll<Result<u64, GetError>> {
        self.driven(cx).poll_backlog_if(cx, accept)
    }
}
