//! Random programs for a few threads, and what comes out when they run.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Poll;

use super::super::{Bell, Census, Citizen};
use crate::error::GetError;
use crate::memory::{CachedReader, CasError, MemoryReader, MemoryValue, MemoryWatcher, MemoryWriter};
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
    /// Adds to what is odd, and leaves what is not.
    Transition(usize),
    UpdateOr(usize),
    Swap(usize),
    Load,
    CachedLoad,
    Version,
    IsSet,
    IsClosed,
    Clear,
    Close,
    Borrow,
    BorrowAndUpdate,
    TryGet,
    TryGetRef,
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
    Transition(Option<usize>, Option<u64>),
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

/// What the data becomes by `Op::Update`.
pub(super) fn updated(number: usize, n: usize) -> usize {
    number.wrapping_mul(3).wrapping_add(n) % 1_000_003
}

/// Adds to what is odd. Says whether it did.
fn add_if_odd(number: &mut usize, n: usize) -> bool {
    let odd = *number % 2 == 1;
    *number += n;
    odd
}

/// What one thread does it with: something of the value, a watcher, a cached reader, a task.
pub(super) struct Hand {
    access: Access,
    watcher: MemoryWatcher<Citizen>,
    cached: CachedReader<Citizen>,
    census: Census,
    bell: Arc<Bell>,
    /// How often the bell had been rung before the last poll, if that was pending.
    waits: Option<usize>,
    saw: Version,
}

/// A handle, or what there is beside an only producer.
pub(super) enum Access {
    Value(MemoryValue<Citizen>),
    Writer(MemoryWriter<Citizen>),
    Reader(MemoryReader<Citizen>),
}

impl Access {
    fn watch(&self) -> (MemoryWatcher<Citizen>, CachedReader<Citizen>) {
        match self {
            Self::Value(value) => (value.watch(), value.cached()),
            Self::Writer(writer) => (writer.watch(), writer.cached()),
            Self::Reader(reader) => (reader.watch(), reader.cached()),
        }
    }

    /// One for each of `threads`, of a value that holds this. The first is the producer if there is only one.
    pub(super) fn of_each(threads: usize, start: Option<Citizen>, only_one_produces: bool) -> Vec<Self> {
        let value = MemoryValue::new();
        if let Some(start) = start {
            value.set(start);
        }
        if only_one_produces {
            let writer = value.into_writer().expect("it is the only handle");
            let readers: Vec<_> = (1..threads).map(|_| Self::Reader(writer.reader())).collect();
            [Self::Writer(writer)].into_iter().chain(readers).collect()
        } else {
            (0..threads).map(|_| Self::Value(value.clone())).collect()
        }
    }
}

impl Hand {
    pub(super) fn new(access: Access, census: &Census) -> Self {
        let (watcher, cached) = access.watch();
        Self { access, watcher, cached, census: census.clone(), bell: Bell::new(), waits: None, saw: Version::INITIAL }
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
        match (&mut self.access, *op) {
            (Access::Value(value), op_of_value) => {
                if let Some(res) = set(value, op, op_of_value, &self.census, &mut self.saw) {
                    return res;
                }
            }
            (Access::Writer(writer), op_of_writer) => {
                if let Some(res) = write(writer, op_of_writer, &self.census) {
                    return res;
                }
            }
            (Access::Reader(_), _) => {}
        }
        match *op {
            Op::TryGet | Op::TryGetRef | Op::MarkSeen | Op::MarkUnseen | Op::BorrowAndUpdate => self.waits = None,
            Op::PollGetElsewhere => self.bell = Bell::new(),
            _ => {}
        }
        match *op {
            Op::CachedLoad => {
                let number = self.cached.load().map(Citizen::checked_number);
                Res::Borrowed(number.map(|number| (self.cached.version().as_u64(), number)))
            }
            Op::BorrowAndUpdate => {
                let current = self.watcher.borrow_and_update();
                Res::Borrowed(current.map(|current| (current.version().as_u64(), current.number)))
            }
            Op::TryGet => Self::got(self.watcher.try_get()),
            Op::TryGetRef => Self::got(self.watcher.try_get_ref().map(|data| Citizen::clone(&data))),
            Op::PollGet | Op::PollGetElsewhere => self.poll(),
            Op::HasChanged => Res::Bool(self.watcher.has_changed()),
            Op::MarkSeen => {
                self.watcher.mark_seen();
                Res::Unit
            }
            Op::MarkUnseen => {
                self.watcher.mark_unseen();
                Res::Unit
            }
            _ => self.read(*op),
        }
    }

    /// What every kind of access can do.
    fn read(&mut self, op: Op) -> Res {
        macro_rules! read {
            ($access:ident => $read:expr) => {
                match &self.access {
                    Access::Value($access) => $read,
                    Access::Writer($access) => $read,
                    Access::Reader($access) => $read,
                }
            };
        }
        match op {
            Op::Load => Res::Data(read!(it => it.load()).map(|data| data.number)),
            Op::Version => {
                self.saw = read!(it => it.version());
                Res::Version(self.saw.as_u64())
            }
            Op::IsSet => Res::Bool(read!(it => it.is_set())),
            Op::IsClosed => Res::Bool(read!(it => it.is_closed())),
            Op::Borrow => {
                let borrowed = read!(it => it.borrow());
                Res::Borrowed(borrowed.map(|borrowed| (borrowed.version().as_u64(), borrowed.number)))
            }
            other => panic!("{other:?} is nothing that this thread can do"),
        }
    }

    /// When everything is over: a task that waits and would get something must have been woken.
    pub(super) fn was_woken_if_need_be(mut self) -> bool {
        self.waits.is_none_or(|before| self.poll() == Res::Nothing || self.bell.rung() > before)
    }
}

/// What sets, by a handle. Notes in `op` what a compare-and-set compared with.
fn set(value: &MemoryValue<Citizen>, op: &mut Op, todo: Op, census: &Census, saw: &mut Version) -> Option<Res> {
    Some(match todo {
        Op::Set(n) => {
            *saw = value.set(census.citizen(n));
            Res::Version(saw.as_u64())
        }
        Op::TrySet(n) => Res::Set(value.try_set(census.citizen(n)).ok().map(Version::as_u64)),
        Op::Replace(n) => Res::Data(value.replace(census.citizen(n)).map(|data| data.number)),
        Op::Update(n) => Res::Bool(value.update(|data| data.number = updated(data.number, n))),
        Op::UpdateIfOdd(n) => Res::Bool(value.update_if(|data| add_if_odd(&mut data.number, n))),
        Op::Cas(_, n) => {
            let seen = *saw;
            *op = Op::Cas(seen.as_u64(), n);
            Res::Cas(match value.compare_and_set(seen, census.citizen(n)) {
                Ok(version) => {
                    *saw = version;
                    Ok(version.as_u64())
                }
                Err(CasError::Closed(_)) => Err(true),
                Err(_) => Err(false),
            })
        }
        Op::SetIfNotEq(n) => Res::Bool(value.set_if_not_eq(census.citizen(n))),
        Op::Transition(n) => {
            let (old, version) = value.transition(|current| {
                let old = current.map(Citizen::checked_number);
                (old.filter(|old| old % 2 == 1).map(|old| census.citizen(old + n)), old)
            });
            Res::Transition(old, version.map(Version::as_u64))
        }
        Op::UpdateOr(n) => {
            Res::Version(value.update_or(|| census.citizen(n), |data| data.number = updated(data.number, n)).as_u64())
        }
        Op::Swap(n) => {
            let old = value.swap(census.citizen(n));
            Res::Borrowed(old.map(|old| (old.version().as_u64(), old.number)))
        }
        Op::Clear => {
            value.clear();
            Res::Unit
        }
        Op::Close => {
            value.close();
            Res::Unit
        }
        _ => return None,
    })
}

/// What sets, by the only producer.
fn write(writer: &mut MemoryWriter<Citizen>, op: Op, census: &Census) -> Option<Res> {
    Some(match op {
        Op::Set(n) => Res::Version(writer.set(census.citizen(n)).as_u64()),
        Op::TrySet(n) => Res::Set(writer.try_set(census.citizen(n)).ok().map(Version::as_u64)),
        Op::Replace(n) => Res::Data(writer.replace(census.citizen(n)).map(|data| data.number)),
        Op::Update(n) => Res::Bool(writer.modify(|data| data.number = updated(data.number, n)).is_some()),
        Op::UpdateIfOdd(n) => Res::Bool(writer.modify_if(|data| add_if_odd(&mut data.number, n))),
        Op::SetIfNotEq(n) => Res::Bool(writer.set_if_not_eq(census.citizen(n))),
        Op::UpdateOr(n) => Res::Version(
            writer.replace_with(|old| census.citizen(old.map_or(n, |old| updated(old.checked_number(), n)))).as_u64(),
        ),
        Op::Close => {
            writer.close();
            Res::Unit
        }
        _ => return None,
    })
}

/// What a thread can do that neither sets nor closes.
fn any_read(random: &mut Random) -> Op {
    match random.below(16) {
        0 => Op::Load,
        1..=2 => Op::CachedLoad,
        3 => Op::Version,
        4 => Op::IsSet,
        5 => Op::IsClosed,
        6 => Op::Borrow,
        7..=8 => Op::TryGet,
        9 => Op::TryGetRef,
        10 => Op::BorrowAndUpdate,
        11 => Op::PollGet,
        12 => Op::PollGetElsewhere,
        13 => Op::HasChanged,
        14 => Op::MarkSeen,
        _ => Op::MarkUnseen,
    }
}

/// Anything, for a handle or for an only producer.
fn any_op(random: &mut Random, only_producer: bool) -> Op {
    let n = random.below(6) as usize;
    match random.below(32) {
        0..=4 => Op::Set(n),
        5 => Op::TrySet(n),
        6..=7 => Op::Replace(n),
        8..=10 => Op::Update(n),
        11 => Op::UpdateIfOdd(n),
        12..=13 => Op::SetIfNotEq(n),
        14 => Op::UpdateOr(n),
        15 if random.below(3) == 0 => Op::Close,
        16..=17 if !only_producer => Op::Cas(0, n),
        18..=19 if !only_producer => Op::Transition(n),
        20..=21 if !only_producer => Op::Swap(n),
        22 if !only_producer => Op::Clear,
        _ => any_read(random),
    }
}

/// What each thread does, with what is set at the beginning.
pub(super) struct Program {
    pub(super) start: Option<usize>,
    /// The first thread sets, and the others only read.
    pub(super) only_one_produces: bool,
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
        let only_one_produces = random.below(3) == 0;
        let ops = (0..threads)
            .map(|thread| {
                (0..=random.below(MOST_OPS))
                    .map(|_| match only_one_produces && thread != 0 {
                        true => any_read(&mut random),
                        false => any_op(&mut random, only_one_produces),
                    })
                    .collect()
            })
            .collect();
        Self { start, only_one_produces, ops }
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
