//! Random programs for a few threads, and what comes out when they run.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Poll;

use super::super::{Bell, Census, Citizen};
use crate::error::GetError;
use crate::memory::{CasError, MemoryValue, MemoryWatcher};
use crate::traits::Watcher;
use crate::version::Version;

/// How many threads a program has at most.
pub(super) const THREADS: usize = 4;

/// Xorshift (Marsaglia 2003): good enough to choose what happens next.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Set(usize),
    TrySet(usize),
    Replace(usize),
    Update(usize),
    UpdateIfOdd(usize),
    /// `compare_and_set` with the version that this thread saw last, which is noted when it is done.
    Cas(u64, usize),
    SetIfNotEq(usize),
    Load,
    Version,
    IsSet,
    IsClosed,
    Clear,
    Close,
    Borrow,
    TryGet,
    PollGet,
    /// Polled with another waker than before.
    PollGetElsewhere,
    HasChanged,
    MarkSeen,
    MarkUnseen,
}

/// What came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Res {
    Unit,
    Bool(bool),
    Version(u64),
    Data(Option<usize>),
    Borrowed(Option<(u64, usize)>),
    Set(Option<u64>),
    Cas(Result<u64, bool>),
    Got(usize),
    Nothing,
    Closed,
}

/// What came out of what, and between which moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub(super) thread: usize,
    pub(super) op: Op,
    pub(super) res: Res,
    pub(super) from: u64,
    pub(super) to: u64,
}

/// What one thread does it with: a handle, a watcher, a task.
pub(super) struct Hand {
    value: MemoryValue<Citizen>,
    watcher: MemoryWatcher<Citizen>,
    census: Census,
    bell: Arc<Bell>,
    /// How often the bell had been rung before the last poll, if that was pending.
    waits: Option<usize>,
    saw: Version,
}

impl Hand {
    pub(super) fn new(value: &MemoryValue<Citizen>, census: &Census) -> Self {
        Self {
            value: value.clone(),
            watcher: value.watch(),
            census: census.clone(),
            bell: Bell::new(),
            waits: None,
            saw: Version::INITIAL,
        }
    }

    fn poll(&mut self) -> Res {
        let Self { watcher, bell, .. } = self;
        let before = bell.rung();
        let polled = bell.poll(|cx| watcher.poll_get(cx));
        self.waits = polled.is_pending().then_some(before);
        match polled {
            Poll::Ready(got) => Self::got(got),
            Poll::Pending => Res::Nothing,
        }
    }

    fn got(got: Result<Citizen, GetError>) -> Res {
        match got {
            Ok(data) => Res::Got(data.number),
            Err(GetError::Closed) => Res::Closed,
            Err(error) => {
                assert!(error.is_backlog_done());
                Res::Nothing
            }
        }
    }

    pub(super) fn act(&mut self, op: &mut Op) -> Res {
        let value = &self.value;
        match *op {
            Op::Set(n) => {
                self.saw = value.set(self.census.citizen(n));
                Res::Version(self.saw.as_u64())
            }
            Op::TrySet(n) => Res::Set(value.try_set(self.census.citizen(n)).ok().map(Version::as_u64)),
            Op::Replace(n) => Res::Data(value.replace(self.census.citizen(n)).map(|data| data.number)),
            Op::Update(n) => Res::Bool(value.update(|data| {
                data.number = data.number.wrapping_mul(3).wrapping_add(n) % 1_000_003;
            })),
            Op::UpdateIfOdd(n) => Res::Bool(value.update_if(|data| {
                let odd = data.number % 2 == 1;
                data.number += n;
                odd
            })),
            Op::Cas(_, n) => {
                let seen = self.saw;
                *op = Op::Cas(seen.as_u64(), n);
                Res::Cas(match value.compare_and_set(seen, self.census.citizen(n)) {
                    Ok(version) => {
                        self.saw = version;
                        Ok(version.as_u64())
                    }
                    Err(CasError::Closed(_)) => Err(true),
                    Err(_) => Err(false),
                })
            }
            Op::SetIfNotEq(n) => Res::Bool(value.set_if_not_eq(self.census.citizen(n))),
            Op::Load => Res::Data(value.load().map(|data| data.number)),
            Op::Version => {
                self.saw = value.version();
                Res::Version(self.saw.as_u64())
            }
            Op::IsSet => Res::Bool(value.is_set()),
            Op::IsClosed => Res::Bool(value.is_closed()),
            Op::Clear => {
                value.clear();
                Res::Unit
            }
            Op::Close => {
                value.close();
                Res::Unit
            }
            Op::Borrow => {
                let borrowed = value.borrow();

                Res::Borrowed(borrowed.map(|borrowed| (borrowed.version().as_u64(), borrowed.number)))
            }
            Op::TryGet => {
                self.waits = None;
                Self::got(self.watcher.try_get())
            }
            Op::PollGet => self.poll(),
            Op::PollGetElsewhere => {
                self.bell = Bell::new();
                self.poll()
            }
            Op::HasChanged => Res::Bool(self.watcher.has_changed()),
            Op::MarkSeen => {
                self.waits = None;
                self.watcher.mark_seen();
                Res::Unit
            }
            Op::MarkUnseen => {
                self.waits = None;
                self.watcher.mark_unseen();
                Res::Unit
            }
        }
    }

    /// When everything is over: a task that waits and would get something must have been woken.
    pub(super) fn was_woken_if_need_be(mut self) -> bool {
        self.waits.is_none_or(|before| self.poll() == Res::Nothing || self.bell.rung() > before)
    }
}

fn any_op(random: &mut Random) -> Op {
    let n = random.below(6) as usize;
    match random.below(30) {
        0..=4 => Op::Set(n),
        5 => Op::TrySet(n),
        6..=7 => Op::Replace(n),
        8..=10 => Op::Update(n),
        11 => Op::UpdateIfOdd(n),
        12..=13 => Op::Cas(0, n),
        14..=15 => Op::SetIfNotEq(n),
        16 => Op::Load,
        17 => Op::Version,
        18 => Op::IsSet,
        19 => Op::IsClosed,
        20 => Op::Clear,
        21 if random.below(3) == 0 => Op::Close,
        21..=22 => Op::Borrow,
        23..=25 => Op::TryGet,
        26 => Op::PollGet,
        27 => Op::PollGetElsewhere,
        28 => Op::HasChanged,
        _ if random.below(2) == 0 => Op::MarkSeen,
        _ => Op::MarkUnseen,
    }
}
/// What each thread does, with what is set at the beginning.
pub(super) struct Program {
    pub(super) start: Option<usize>,
    pub(super) ops: Vec<Vec<Op>>,
}

impl Program {
    /// The program of this seed.
    pub(super) fn any(seed: u64) -> Self {
        const MOST_OPS: u64 = 4;
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        // The first numbers of seeds that are close to each other are alike.
        (0..8).for_each(|_| _ = random.below(2));
        let start = (random.below(4) != 0).then(|| random.below(6) as usize);
        let threads = 2 + random.below(THREADS as u64 - 1);
        let ops = (0..threads).map(|_| (0..=random.below(MOST_OPS)).map(|_| any_op(&mut random)).collect()).collect();
        Self { start, ops }
    }
}

/// Runs what thread number `thread` does.
pub(super) fn perform(thread: usize, hand: &mut Hand, ops: &[Op], clock: &AtomicU64) -> Vec<Event> {
    ops.iter()
        .map(|&op| {
            let mut op = op;
            // Ordering: SeqCst, both. What ended before another thread began has the smaller number.
            let from = clock.fetch_add(1, Ordering::SeqCst);
            let res = hand.act(&mut op);
            let to = clock.fetch_add(1, Ordering::SeqCst);
            Event { thread, op, res, from, to }
        })
        .collect()
}
