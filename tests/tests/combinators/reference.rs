//! What combinators do, said as plainly as it can be: one thing after the other, with the time as a number.

use alloc::rc::Rc;
use core::cell::RefCell;

use crate::expression::{Expression, halved, key, mapped, passes, scanned, together, told};
use crate::model::{Found, Value, Watcher};

/// What a combinator knows, beside an [`Expression`] of the same shape.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    Leaf {
        value: usize,
        watcher: Watcher,
    },
    Map(Box<Self>),
    Filter(Box<Self>),
    FilterMap(Box<Self>),
    /// With the state.
    Scan(Box<Self>, u64),
    /// With whether something was given or rejected.
    Optional(Box<Self>, bool),
    MapLatest {
        inner: Part,
        takes: u64,
        run: Option<Held>,
    },
    Inspect(Box<Self>),
    /// With the last item given.
    Dedup(Box<Self>, Option<u64>),
    /// With the key of the last item given.
    DedupByKey(Box<Self>, Option<u64>),
    SwitchMap {
        outer: Part,
        inner: Option<Box<Self>>,
        values: Rc<[usize]>,
    },
    /// `has_news`: something has come that was not given.
    Combine {
        parts: Vec<Part>,
        has_news: bool,
    },
    Select {
        parts: Vec<Part>,
        turn: usize,
    },
    Share {
        inner: Part,
        value: Value,
        watcher: Watcher,
    },
    /// `limit`: when what is held is due, however new it is.
    Debounce {
        inner: Part,
        quiet: u64,
        at_most: Option<u64>,
        held: Option<Held>,
        limit: Option<u64>,
    },
    Throttle {
        inner: Box<Self>,
        period: u64,
        rests_until: u64,
    },
    /// `next`: when it looks, once it was polled. `is_looking`: it has, and what is there was not known.
    Sample {
        inner: Box<Self>,
        period: u64,
        next: Option<u64>,
        is_looking: bool,
    },
}

/// One that is not polled any more once it is closed.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    reference: Box<Reference>,
    newest: Option<u64>,
    closed: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    item: u64,
    due: u64,
}

/// What the world is like.
pub(crate) struct World<'a> {
    pub(crate) values: &'a [Value],
    pub(crate) now: u64,
    /// What was inspected.
    pub(crate) inspected: RefCell<Vec<u64>>,
}

type Accept<'a> = &'a mut dyn FnMut(u64) -> bool;

impl Part {
    fn new(expression: &Expression, values: &[Value]) -> Self {
        Self { reference: Box::new(Reference::new(expression, values)), newest: None, closed: false }
    }

    fn get(&mut self, world: &World<'_>, backlog: bool, accept: Accept<'_>) -> Found {
        if self.closed {
            return Found::Closed;
        }
        let found = self.reference.get(world, backlog, accept);
        self.closed = found == Found::Closed;
        if let Found::Data(item) = found {
            self.newest = Some(item);
        }
        found
    }

    fn may_sleep(&self) -> bool {
        self.closed || self.reference.may_sleep()
    }

    fn watched_unless_closed(&self, show: &mut dyn FnMut(usize)) {
        if !self.closed {
            self.reference.watched(show);
        }
    }
}

impl Reference {
    /// A watcher that begins now.
    pub(crate) fn new(expression: &Expression, values: &[Value]) -> Self {
        let boxed = |inner: &Expression| Box::new(Self::new(inner, values));
        let part = |inner: &Expression| Part::new(inner, values);
        let parts = |parts: &[Expression]| parts.iter().map(part).collect();
        match expression {
            Expression::Leaf(value) => Self::Leaf { value: *value, watcher: Watcher::new(&values[*value]) },
            Expression::Map(inner) => Self::Map(boxed(inner)),
            Expression::Filter(inner) => Self::Filter(boxed(inner)),
            Expression::FilterMap(inner) => Self::FilterMap(boxed(inner)),
            Expression::Scan(inner) => Self::Scan(boxed(inner), 3),
            Expression::Optional(inner) => Self::Optional(boxed(inner), false),
            Expression::MapLatest(inner, takes) => Self::MapLatest { inner: part(inner), takes: *takes, run: None },
            Expression::Inspect(inner) => Self::Inspect(boxed(inner)),
            Expression::Dedup(inner) => Self::Dedup(boxed(inner), None),
            Expression::DedupByKey(inner) => Self::DedupByKey(boxed(inner), None),
            Expression::SwitchMap(outer, values) => {
                Self::SwitchMap { outer: part(outer), inner: None, values: Rc::clone(values) }
            }
            Expression::Combine(inner) => Self::Combine { parts: parts(inner.all()), has_news: false },
            Expression::Select(inner) => Self::Select { parts: parts(inner.all()), turn: 0 },
            Expression::WatchFn(inner) => Self::new(inner, values),
            Expression::Share(inner) => {
                let value = Value::default();
                Self::Share { inner: part(inner), watcher: Watcher::new(&value), value }
            }
            Expression::Debounce(inner, quiet) => {
                Self::Debounce { inner: part(inner), quiet: *quiet, at_most: None, held: None, limit: None }
            }
            Expression::DebounceAtMost(inner, quiet, at_most) => {
                Self::Debounce { inner: part(inner), quiet: *quiet, at_most: Some(*at_most), held: None, limit: None }
            }
            Expression::Throttle(inner, period) => {
                Self::Throttle { inner: boxed(inner), period: *period, rests_until: 0 }
            }
            Expression::Sample(inner, period) => {
                Self::Sample { inner: boxed(inner), period: *period, next: None, is_looking: false }
            }
        }
    }

    /// What a get for what `accept` accepts finds.
    pub(crate) fn get(&mut self, world: &World<'_>, backlog: bool, accept: Accept<'_>) -> Found {
        match self {
            Self::Leaf { value, watcher } => watcher.get(&world.values[*value], accept),
            Self::Filter(inner) => inner.get(world, backlog, &mut |n| passes(&n) && accept(n)),
            Self::Map(inner) => get_mapped(inner, world, backlog, |n| Some(mapped(n)), accept),
            Self::Scan(inner, state) => get_mapped(inner, world, backlog, |n| Some(scanned(state, n)), accept),
            Self::Optional(inner, has_begun) => {
                let found = get_mapped(
                    inner,
                    world,
                    backlog,
                    |n| {
                        *has_begun = true;
                        Some(told(&Some(n)))
                    },
                    accept,
                );
                if matches!(found, Found::Data(_) | Found::Unknown) || *has_begun {
                    return found;
                }
                *has_begun = true;
                Some(told(&None)).filter(|none| accept(*none)).map_or(found, Found::Data)
            }
            Self::MapLatest { inner, takes, run } => loop {
                match inner.get(world, backlog, &mut |_| true) {
                    Found::Data(item) => {
                        *run = Some(Held { item, due: world.now + *takes });
                        continue;
                    }
                    Found::Unknown if run.is_none() => return Found::Unknown,
                    _ => {}
                }
                let Some(Held { item, due }) = *run else {
                    return if inner.closed { Found::Closed } else { Found::Nothing };
                };
                if world.now < due {
                    return if backlog { Found::Unknown } else { Found::Nothing };
                }
                *run = None;
                if accept(mapped(item)) {
                    return Found::Data(mapped(item));
                }
            },
            Self::FilterMap(inner) => get_mapped(inner, world, backlog, halved, accept),
            Self::Inspect(inner) => inner.get(world, backlog, &mut |n| {
                let accepted = accept(n);
                world.inspected.borrow_mut().extend(accepted.then_some(n));
                accepted
            }),
            Self::Dedup(inner, last) => {
                let found = inner.get(world, backlog, &mut |n| Some(n) != *last && accept(n));
                *last = if let Found::Data(item) = found { Some(item) } else { *last };
                found
            }
            Self::DedupByKey(inner, last) => {
                let found = inner.get(world, backlog, &mut |n| Some(key(&n)) != *last && accept(n));
                *last = if let Found::Data(item) = found { Some(key(&item)) } else { *last };
                found
            }
            Self::SwitchMap { outer, inner, values } => loop {
                let switched = outer.get(world, backlog, &mut |_| true);
                if switched == Found::Unknown {
                    return switched;
                }
                if let Found::Data(n) = switched {
                    let value = Expression::Leaf(values[(n % values.len() as u64) as usize]);
                    *inner = Some(Box::new(Self::new(&value, world.values)));
                }
                let found = inner.as_mut().map_or(Found::Closed, |inner| inner.get(world, backlog, accept));
                match found {
                    Found::Data(_) | Found::Unknown => return found,
                    Found::Closed => *inner = None,
                    Found::Nothing => {}
                }
                match switched {
                    Found::Data(_) => {}
                    Found::Closed if inner.is_none() => return Found::Closed,
                    _ => return Found::Nothing,
                }
            },
            Self::Combine { parts, has_news } => loop {
                let (mut is_new, mut is_unknown) = (false, false);
                for part in &mut *parts {
                    let found = part.get(world, backlog, &mut |_| true);
                    is_new |= matches!(found, Found::Data(_));
                    is_unknown |= found == Found::Unknown;
                }
                *has_news |= is_new;
                if is_unknown {
                    return Found::Unknown;
                }
                let items: Option<Vec<u64>> = parts.iter().map(|part| part.newest).collect();
                let Some(items) = items.filter(|_| *has_news) else {
                    let is_useless = |part: &Part| part.closed && part.newest.is_none();
                    if parts.iter().all(|part| part.closed) || parts.iter().any(is_useless) {
                        parts.iter_mut().for_each(|part| part.closed = true);
                        return Found::Closed;
                    }
                    if is_new {
                        continue;
                    }
                    return Found::Nothing;
                };
                *has_news = false;
                let item = together(&items);
                if accept(item) {
                    return Found::Data(item);
                }
            },
            Self::Select { parts, turn } => {
                let (mut found, count) = (Found::Nothing, parts.len());
                for number in (*turn..*turn + count).map(|number| number % count) {
                    match parts[number].get(world, backlog, accept) {
                        Found::Data(item) => {
                            *turn = number + 1;
                            return Found::Data(item);
                        }
                        Found::Unknown => found = Found::Unknown,
                        Found::Nothing | Found::Closed => {}
                    }
                }
                if parts.iter().all(|part| part.closed) { Found::Closed } else { found }
            }
            Self::Share { inner, value, watcher } => {
                while let Found::Data(item) = inner.get(world, false, &mut |_| true) {
                    _ = value.set(item);
                }
                if inner.closed {
                    _ = value.close();
                }
                watcher.get(value, accept)
            }
            Self::Debounce { inner, quiet, at_most, held, limit } => loop {
                let mut is_overdue = false;
                while !is_overdue {
                    match inner.get(world, backlog, &mut |_| true) {
                        Found::Data(item) => {
                            *held = Some(Held { item, due: world.now + *quiet });
                            *limit = limit.or(at_most.map(|at_most| world.now + at_most));
                        }
                        Found::Unknown => return Found::Unknown,
                        Found::Nothing | Found::Closed => break,
                    }
                    // Even of what has something new each time.
                    is_overdue = !backlog && limit.is_some_and(|limit| limit <= world.now);
                }
                let Some(Held { item, due }) = *held else {
                    return if inner.closed { Found::Closed } else { Found::Nothing };
                };
                if world.now < due.min(limit.unwrap_or(due)) && !inner.closed && !backlog {
                    return Found::Nothing;
                }
                (*held, *limit) = (None, None);
                if accept(item) {
                    return Found::Data(item);
                }
            },
            Self::Throttle { inner, period, rests_until } => {
                if world.now < *rests_until && !backlog {
                    return Found::Nothing;
                }
                let found = inner.get(world, backlog, accept);
                if matches!(found, Found::Data(_)) {
                    *rests_until = world.now + *period;
                }
                found
            }
            Self::Sample { inner, .. } if backlog => inner.get(world, backlog, accept),
            Self::Sample { inner, period, next, is_looking } => loop {
                if !*is_looking && world.now < *next.get_or_insert(world.now + *period) {
                    return Found::Nothing;
                }
                if !*is_looking {
                    *next = Some(world.now + *period);
                }
                let found = inner.get(world, true, accept);
                *is_looking = found == Found::Unknown;
                match found {
                    Found::Unknown => return Found::Nothing,
                    Found::Nothing => {}
                    _ => return found,
                }
            },
        }
    }

    /// Shows which values are watched, each as often as it is.
    pub(crate) fn watched(&self, show: &mut dyn FnMut(usize)) {
        match self {
            Self::Leaf { value, .. } => show(*value),
            Self::Map(inner) | Self::Filter(inner) | Self::FilterMap(inner) | Self::Inspect(inner) => {
                inner.watched(show);
            }
            Self::Dedup(inner, _) | Self::DedupByKey(inner, _) => inner.watched(show),
            Self::Scan(inner, _) | Self::Optional(inner, _) => inner.watched(show),
            Self::Throttle { inner, .. } | Self::Sample { inner, .. } => inner.watched(show),
            Self::Debounce { inner, .. } => inner.reference.watched(show),
            Self::Select { parts, .. } => parts.iter().for_each(|part| part.reference.watched(show)),
            // These drop what is closed.
            Self::Share { inner, .. } | Self::MapLatest { inner, .. } => inner.watched_unless_closed(show),
            Self::Combine { parts, .. } => parts.iter().for_each(|part| part.watched_unless_closed(show)),
            Self::SwitchMap { outer, inner, .. } => {
                outer.watched_unless_closed(show);
                inner.iter().for_each(|inner| inner.watched(show));
            }
        }
    }

    /// Whether it has to do with the time, or is not polled any more here or there.
    pub(crate) fn may_sleep(&self) -> bool {
        match self {
            Self::Leaf { .. } => false,
            Self::Map(inner) | Self::Filter(inner) | Self::FilterMap(inner) | Self::Inspect(inner) => inner.may_sleep(),
            Self::Dedup(inner, _) | Self::DedupByKey(inner, _) => inner.may_sleep(),
            Self::Scan(inner, _) | Self::Optional(inner, _) => inner.may_sleep(),
            Self::Throttle { .. } | Self::Sample { .. } => true,
            Self::Debounce { inner, .. } | Self::Share { inner, .. } | Self::MapLatest { inner, .. } => {
                inner.may_sleep()
            }
            Self::Combine { parts, .. } | Self::Select { parts, .. } => parts.iter().any(Part::may_sleep),
            Self::SwitchMap { outer, inner, .. } => {
                outer.may_sleep() || inner.as_ref().is_some_and(|inner| inner.may_sleep())
            }
        }
    }
}

/// Looks for an item that the function makes something of which is accepted.
fn get_mapped(
    inner: &mut Reference,
    world: &World<'_>,
    backlog: bool,
    mut map: impl FnMut(u64) -> Option<u64>,
    accept: Accept<'_>,
) -> Found {
    loop {
        match inner.get(world, backlog, &mut |_| true) {
            Found::Data(item) => {
                if let Some(item) = map(item).filter(|item| accept(*item)) {
                    return Found::Data(item);
                }
            }
            other => return other,
        }
    }
}
