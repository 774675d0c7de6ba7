//! Watchers made of watchers, as data and as the real thing.

use alloc::rc::Rc;
use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::slice::from_ref;
use core::task::{Context, Poll};
use core::time::Duration;

use event_core::prelude::*;
use event_core::{Driver, GetError, MemoryWatcher, Timer, combine, optional, select, watch_fn};
use event_tests::seed::Random;

use crate::clock::Clock;

/// A tree of combinators over values, which have numbers.
#[derive(Clone, Debug)]
pub(crate) enum Expression {
    Leaf(usize),
    Map(Box<Self>),
    Filter(Box<Self>),
    FilterMap(Box<Self>),
    Scan(Box<Self>),
    Optional(Box<Self>),
    /// With a run that takes that long.
    MapLatest(Box<Self>, u64),
    Inspect(Box<Self>),
    Dedup(Box<Self>),
    DedupByKey(Box<Self>),
    /// An item leads to the value with that number, modulo how many there are.
    SwitchMap(Box<Self>, Rc<[usize]>),
    Combine(Parts),
    Select(Parts),
    WatchFn(Box<Self>),
    Share(Box<Self>),
    Debounce(Box<Self>, u64),
    /// With the longest time that an item is held.
    DebounceAtMost(Box<Self>, u64, u64),
    Throttle(Box<Self>, u64),
    /// The period is not 0.
    Sample(Box<Self>, u64),
}

/// What is combined or selected.
#[derive(Clone, Debug)]
pub(crate) enum Parts {
    /// Two or three.
    Tuple(Vec<Expression>),
    /// Two or three.
    Array(Vec<Expression>),
    /// Any number.
    Vector(Vec<Expression>),
}

impl Parts {
    pub(crate) fn all(&self) -> &[Expression] {
        let (Self::Tuple(parts) | Self::Array(parts) | Self::Vector(parts)) = self;
        parts
    }
}

use Expression::*;
use Parts::{Array, Tuple, Vector};

impl Expression {
    /// A tree of at most `depth` combinators above each other.
    pub(crate) fn any(random: &mut Random, depth: u64, values: &Rc<[usize]>) -> Self {
        if depth == 0 {
            return Leaf(values[random.below(values.len() as u64) as usize]);
        }
        let (kind, seconds, parts) = (random.below(25), random.below(4), random.below(5));
        let depth = random.below(depth);
        let mut inner = || Self::any(random, depth, values);
        let two_or_three = 2 + parts / 3;
        match kind {
            0 => Map(inner().into()),
            1 => Filter(inner().into()),
            2 => FilterMap(inner().into()),
            3 => Inspect(inner().into()),
            4 => Dedup(inner().into()),
            5 => DedupByKey(inner().into()),
            6 | 7 => SwitchMap(inner().into(), Rc::clone(values)),
            8..11 => Combine(Tuple((0..two_or_three).map(|_| inner()).collect())),
            11..13 => Select(Tuple((0..two_or_three).map(|_| inner()).collect())),
            13 => Share(inner().into()),
            14 => Debounce(inner().into(), seconds),
            15 => Throttle(inner().into(), seconds),
            16 => Sample(inner().into(), seconds + 1),
            17 => Scan(inner().into()),
            18 => Optional(inner().into()),
            19 => MapLatest(inner().into(), seconds),
            20 => DebounceAtMost(inner().into(), seconds, parts),
            21 => Combine(Vector((0..parts).map(|_| inner()).collect())),
            22 => Select(Vector((0..parts).map(|_| inner()).collect())),
            23 if seconds < 2 => Combine(Array((0..two_or_three).map(|_| inner()).collect())),
            23 => Select(Array((0..two_or_three).map(|_| inner()).collect())),
            _ => WatchFn(inner().into()),
        }
    }

    /// Whether the watcher can be cloned. A sleep cannot, and neither can a run or a driver.
    pub(crate) fn is_clone(&self) -> bool {
        let keeps_a_future =
            matches!(self, Share(_) | Debounce(..) | DebounceAtMost(..) | Throttle(..) | Sample(..) | MapLatest(..));
        !keeps_a_future && self.parts().iter().all(Self::is_clone)
    }

    /// Whether it has a driver inside.
    pub(crate) fn drives(&self) -> bool {
        matches!(self, Share(_)) || self.parts().iter().any(Self::drives)
    }

    /// How many wakers it may store beside those in the values: one a sleep, and two a shared value: that of its watcher, and
    /// that of its driver, which waits for the watcher to go. One for a vector, whose parts have wakers of its own.
    pub(crate) fn places(&self) -> usize {
        let here = match self {
            Share(_) | DebounceAtMost(..) => 2,
            Debounce(..) | Throttle(..) | Sample(..) | MapLatest(..) => 1,
            Combine(Vector(_)) | Select(Vector(_)) => 1,
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
            Scan(inner) | Optional(inner) | MapLatest(inner, _) => from_ref(inner),
            SwitchMap(inner, _) | WatchFn(inner) | Share(inner) => from_ref(inner),
            Debounce(inner, _) | DebounceAtMost(inner, ..) | Throttle(inner, _) | Sample(inner, _) => from_ref(inner),
            Combine(parts) | Select(parts) => parts.all(),
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

pub(crate) fn scanned(state: &mut u64, n: u64) -> u64 {
    *state = state.wrapping_mul(5).wrapping_add(n);
    *state
}

/// An item that need not be there, as a number.
pub(crate) fn told(n: &Option<u64>) -> u64 {
    n.map_or(1_000_003, |n| n.wrapping_mul(7))
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
        Scan(inner) => Box::new(subject(inner).scan(3, scanned)),
        Optional(inner) => Box::new(Numbered::new(optional(subject(inner)), told)),
        MapLatest(inner, takes) => {
            let (clock, takes) = (clock.clone(), Duration::from_secs(*takes));
            let run = move |n| {
                let sleep = clock.sleep(takes);
                async move {
                    sleep.await;
                    mapped(n)
                }
            };
            Box::new(Numbered::unique(subject(inner).map_latest(run)))
        }
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
        Combine(Vector(inner)) => Box::new(Numbered::new(combine(parts(inner)), |all| together(all))),
        Select(Vector(inner)) => Box::new(select(parts(inner))),
        Combine(Array(inner)) => match two_or_three(parts(inner)) {
            Ok(two) => Box::new(Numbered::new(combine(two), |two| together(two))),
            Err(three) => Box::new(Numbered::new(combine(three), |three| together(three))),
        },
        Select(Array(inner)) => match two_or_three(parts(inner)) {
            Ok(two) => Box::new(select(two)),
            Err(three) => Box::new(select(three)),
        },
        Combine(Tuple(inner)) => match two_or_three(parts(inner)) {
            Ok([a, b]) => Box::new(Numbered::new(combine((a, b)), |(a, b)| together(&[*a, *b]))),
            Err([a, b, c]) => Box::new(Numbered::new(combine((a, b, c)), |(a, b, c)| together(&[*a, *b, *c]))),
        },
        Select(Tuple(inner)) => match two_or_three(parts(inner)) {
            Ok([a, b]) => Box::new(select((a, b))),
            Err([a, b, c]) => Box::new(select((a, b, c))),
        },
        WatchFn(inner) => {
            let (inner, leaves, clock) = (inner.clone(), Rc::clone(leaves), clock.clone());
            watch_fn(move || build(&inner, &leaves, &clock)).watch()
        }
        Share(inner) => Box::new(Numbered::unique(Driven::new(subject(inner)))),
        Debounce(inner, quiet) => {
            Box::new(Numbered::unique(subject(inner).debounce(clock.clone(), Duration::from_secs(*quiet))))
        }
        DebounceAtMost(inner, quiet, at_most) => {
            let [quiet, at_most] = [quiet, at_most].map(|seconds| Duration::from_secs(*seconds));
            Box::new(Numbered::unique(subject(inner).debounce(clock.clone(), quiet).at_most(at_most)))
        }
        Throttle(inner, period) => {
            Box::new(Numbered::unique(subject(inner).throttle(clock.clone(), Duration::from_secs(*period))))
        }
        Sample(inner, period) => {
            Box::new(Numbered::unique(subject(inner).sample(clock.clone(), Duration::from_secs(*period))))
        }
    }
}

fn two_or_three(parts: Vec<Subject>) -> Result<[Subject; 2], [Subject; 3]> {
    <[Subject; 2]>::try_from(parts)
        .map_err(|parts| parts.try_into().unwrap_or_else(|_| unreachable!("two or three parts")))
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
