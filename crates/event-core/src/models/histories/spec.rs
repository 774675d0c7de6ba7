//! The sequential specification of a value, and the search for an order of events that it allows.

use alloc::vec;
use std::collections::HashSet;

use super::program::{Event, Op, Res, THREADS, updated};

/// A version that no watcher has seen.
const UNSEEN: u64 = u64::MAX;

/// The value, and what the watcher of each thread has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Spec {
    pub(super) version: u64,
    pub(super) data: Option<usize>,
    pub(super) closed: bool,
    pub(super) seen: [u64; THREADS],
}

impl Spec {
    pub(super) fn new(data: Option<usize>) -> Self {
        let version = u64::from(data.is_some());
        let seen = if version == 0 { 0 } else { UNSEEN };
        Self { version, data, closed: false, seen: [seen; THREADS] }
    }

    fn publish(&mut self, data: Option<usize>) -> u64 {
        self.version += 1;
        self.data = data;
        self.version
    }

    fn get(&mut self, thread: usize) -> Res {
        let unseen = self.seen[thread] != self.version;
        self.seen[thread] = self.version;
        match self.data {
            Some(data) if unseen => Res::Got(data),
            _ if self.closed => Res::Closed,
            _ => Res::Nothing,
        }
    }

    /// What the operation must return, and the state after it.
    fn apply(mut self, thread: usize, op: Op) -> (Self, Res) {
        let (open, data) = (!self.closed, self.data);
        let res = match op {
            Op::Set(n) if open => Res::Version(self.publish(Some(n))),
            Op::Set(_) | Op::Version => Res::Version(self.version),
            Op::TrySet(n) => Res::Set(open.then(|| self.publish(Some(n)))),
            Op::Replace(n) if open => {
                self.publish(Some(n));
                Res::Data(data)
            }
            Op::Replace(_) => Res::Data(None),
            Op::Update(n) => Res::Bool(match data {
                Some(data) if open => {
                    self.publish(Some(updated(data, n)));
                    true
                }
                _ => false,
            }),
            Op::UpdateIfOdd(n) => Res::Bool(match data {
                Some(data) if open && data % 2 == 1 => {
                    self.publish(Some(data + n));
                    true
                }
                _ => false,
            }),
            Op::Cas(_, _) if !open => Res::Cas(Err(true)),
            Op::Cas(seen, n) if seen == self.version => Res::Cas(Ok(self.publish(Some(n)))),
            Op::Cas(..) => Res::Cas(Err(false)),
            Op::SetIfNotEq(n) => Res::Bool(if open && data != Some(n) {
                self.publish(Some(n));
                true
            } else {
                false
            }),
            Op::Transition(n) => match data {
                Some(data) if open && data % 2 == 1 => Res::Transition(Some(data), Some(self.publish(Some(data + n)))),
                data => Res::Transition(data, None),
            },
            Op::UpdateOr(n) if open => Res::Version(self.publish(Some(data.map_or(n, |data| updated(data, n))))),
            Op::UpdateOr(_) => Res::Version(self.version),
            Op::Swap(n) if open => {
                let old = data.map(|data| (self.version, data));
                self.publish(Some(n));
                Res::Borrowed(old)
            }
            Op::Swap(_) => Res::Borrowed(None),
            Op::Load => Res::Data(data),
            Op::IsSet => Res::Bool(data.is_some()),
            Op::IsClosed => Res::Bool(self.closed),
            Op::Clear => {
                if open && data.is_some() {
                    self.publish(None);
                }
                Res::Unit
            }
            Op::Close => {
                self.closed = true;
                Res::Unit
            }
            Op::Borrow | Op::CachedLoad => Res::Borrowed(data.map(|data| (self.version, data))),
            Op::BorrowAndUpdate => {
                self.seen[thread] = self.version;
                Res::Borrowed(data.map(|data| (self.version, data)))
            }
            Op::TryGet | Op::TryGetRef | Op::PollGet | Op::PollGetElsewhere => self.get(thread),
            Op::HasChanged => Res::Bool(self.seen[thread] != self.version && data.is_some()),
            Op::MarkSeen => {
                self.seen[thread] = self.version;
                Res::Unit
            }
            Op::MarkUnseen => {
                self.seen[thread] = if self.version == 0 { 0 } else { UNSEEN };
                Res::Unit
            }
        };
        (self, res)
    }
}

/// Whether there is an order of the events that explains them: the search of Wing and Gong, which remembers what it has tried.
pub(super) fn is_linearizable(start: Spec, events: &[Event]) -> bool {
    assert!(events.len() <= 64, "one bit for each event");
    let all = if events.len() == 64 { u64::MAX } else { (1 << events.len()) - 1 };
    let mut tried = HashSet::new();
    let mut stack = vec![(0_u64, start)];
    while let Some((done, spec)) = stack.pop() {
        if done == all {
            return true;
        }
        if !tried.insert((done, spec)) {
            continue;
        }
        let open = events.iter().enumerate().filter(|(i, _)| done >> i & 1 == 0);
        // An event that began after another one's end comes after it.
        let first_end = open.map(|(_, event)| event.to).min().expect("not all are done");
        for (i, event) in events.iter().enumerate() {
            if done >> i & 1 == 0 && event.from < first_end {
                let (next, res) = spec.apply(event.thread, event.op);
                if res == event.res {
                    stack.push((done | 1 << i, next));
                }
            }
        }
    }
    false
}
