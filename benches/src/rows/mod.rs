//! The rows of the tables, in families, and what measuring one batch of a row gives.

use core::fmt;
use core::time::Duration;

use crate::column::Role;

pub mod blocking;
pub mod check;
pub mod fan_out;
pub mod follow;
pub mod large;
pub mod map;
pub mod payload;
pub mod produce;
pub mod scheduler;
pub mod special;
pub mod store;
pub mod threads;

pub use blocking::BlockingRow;
pub use check::{CheckRow, ConfirmedRow};
pub use fan_out::{FanOutRow, Work};
pub use follow::FollowRow;
pub use large::LargeRow;
pub use map::{MapRow, MapWork};
pub use produce::ProduceRow;
pub use scheduler::Scheduler;
pub use special::SpecialRow;
pub use store::StoreRow;
pub use threads::ThreadsRow;

/// How long the operations of one batch took together; or, in words, what the peer did wrong.
///
/// Every row checks that what was delivered is what was set, outside the timed part.
pub type Outcome = Result<Duration, String>;

/// Operations before the clock starts. A fixed number, so that it cancels out when instructions are
/// counted by difference.
pub(crate) const WARM_UP: u64 = 200;

/// How many idle watchers the row with idle watchers has.
pub const MOST_WATCHERS: usize = 1000;

/// How many tasks the largest fan-out has.
pub const MOST_TASKS: usize = 10_000;

/// A peer `P` in rows for which it has nothing of its own.
#[derive(Debug)]
pub struct Plain<P>(P);

/// One row of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// One thread, nobody waiting for anything.
    Store(StoreRow),
    /// One thread, with watchers.
    Follow(FollowRow),
    /// Two threads at once.
    Threads(ThreadsRow),
    /// One producer only, or data that does not change.
    Special(SpecialRow),
    /// Many tasks woken by each set.
    FanOut(FanOutRow),
    /// A map of many keys.
    Map(MapRow),
    /// One producer only, with a watcher.
    Produce(ProduceRow),
    /// Data of 4 KiB.
    Large(LargeRow),
    /// Whether there is something new.
    Check(CheckRow),
    /// A set that waits for the watchers.
    Confirmed(ConfirmedRow),
    /// Threads that block.
    Blocking(BlockingRow),
    /// How evenly two setters progress, in percent.
    Fairness,
}

impl Row {
    /// Every row, in the order of the tables.
    pub fn all() -> Vec<Row> {
        let mut rows = vec![
            Row::Store(StoreRow::Set),
            Row::Follow(FollowRow::SetIdle),
            Row::Follow(FollowRow::SetGet),
            Row::Store(StoreRow::Read),
            Row::Follow(FollowRow::WaitCycle),
            Row::Follow(FollowRow::Churn),
            Row::Follow(FollowRow::WaitingChurn),
            Row::Check(CheckRow),
            Row::Confirmed(ConfirmedRow),
            Row::Large(LargeRow::Text),
            Row::Large(LargeRow::Array),
            Row::Threads(ThreadsRow::Set),
            Row::Threads(ThreadsRow::Read),
            Row::Threads(ThreadsRow::SetFour),
            Row::Threads(ThreadsRow::ReadFour),
            Row::Threads(ThreadsRow::StormSet),
            Row::Threads(ThreadsRow::StormRead),
            Row::Fairness,
            Row::Blocking(BlockingRow::SetGet),
            Row::Blocking(BlockingRow::HandOver),
            Row::Special(SpecialRow::OnlyProducer),
            Row::Produce(ProduceRow::SetGet),
            Row::Produce(ProduceRow::WaitCycle),
            Row::Special(SpecialRow::Unchanged),
            Row::Special(SpecialRow::TwoUnchanged),
            Row::Special(SpecialRow::FourUnchanged),
            Row::Special(SpecialRow::SlowWriter),
            Row::Special(SpecialRow::FastWriter),
        ];
        for work in [Work::Light, Work::Formatting] {
            for scheduler in Scheduler::ALL {
                let tasks: &[usize] = match (scheduler, work) {
                    (Scheduler::AsyncStd, Work::Light) => &[10, 100, 1000],
                    // What the tasks do hides the peers there, as the rows on tokio show.
                    (Scheduler::AsyncStd, Work::Formatting) => &[],
                    (_, Work::Light) => &[10, 100, 500, 1000, MOST_TASKS],
                    (_, Work::Formatting) => &[10, 100, 500, 1000],
                };
                rows.extend(tasks.iter().map(|&tasks| Row::FanOut(FanOutRow { tasks, scheduler, work })));
            }
        }
        rows.extend(MapRow::all().map(Row::Map));
        rows
    }

    /// Whether one batch takes long, even with one iteration.
    #[must_use]
    pub fn is_long(self) -> bool {
        match self {
            Row::FanOut(row) => row.tasks == MOST_TASKS || row.work == Work::Formatting && row.tasks > 100,
            Row::Map(row) => row.keys == map::MOST_KEYS,
            _ => false,
        }
    }

    /// Why another peer may be ahead of our column of this role, for the tables; empty where that has not happened.
    #[must_use]
    pub fn why_not_first(self, ours: Role) -> &'static str {
        match self {
            Row::Store(row) if ours == Role::Variant => row.why_not_first_with_shards(),
            Row::Threads(row) if ours == Role::Variant => row.why_not_first_with_shards(),
            Row::FanOut(row) if ours == Role::Variant => row.why_not_first_with_shards(),
            Row::Store(row) => row.why_not_first(),
            Row::Follow(row) => row.why_not_first(),
            Row::Threads(row) => row.why_not_first(),
            Row::Special(row) => row.why_not_first(),
            Row::Large(row) => row.why_not_first(),
            Row::Blocking(row) => row.why_not_first(),
            Row::FanOut(row) => row.why_not_first(),
            Row::Map(row) => row.why_not_first(),
            Row::Check(row) => row.why_not_first(),
            Row::Produce(_) | Row::Confirmed(_) | Row::Fairness => "",
        }
    }

    /// How many operations one iteration of this row counts for: a delivery is an operation.
    pub fn operations_per_iteration(self) -> u64 {
        match self {
            Row::FanOut(row) => row.tasks as u64,
            Row::Map(row) => row.operations_per_iteration(),
            Row::Blocking(row) => row.operations_per_iteration(),
            _ => 1,
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Row::Store(row) => row.fmt(f),
            Row::Follow(row) => row.fmt(f),
            Row::Threads(row) => row.fmt(f),
            Row::Special(row) => row.fmt(f),
            Row::FanOut(row) => row.fmt(f),
            Row::Map(row) => row.fmt(f),
            Row::Produce(row) => row.fmt(f),
            Row::Large(row) => row.fmt(f),
            Row::Check(row) => row.fmt(f),
            Row::Confirmed(row) => row.fmt(f),
            Row::Blocking(row) => row.fmt(f),
            Row::Fairness => f.pad("two threads setting: sets of the slower one, % of the other's"),
        }
    }
}

/// The check at the end of a batch.
pub(crate) fn expect(what: &str, found: u64, expected: u64) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("wrong {what}: {found} instead of {expected}")) }
}

/// The sum of 1 to `last`, as the loops of the rows add it up.
pub(crate) fn sum_up_to(last: u64) -> u64 {
    // One of the two factors is even; halving that one keeps the product in range for longer.
    if last.is_multiple_of(2) { (last / 2).wrapping_mul(last + 1) } else { last.wrapping_mul(last.div_ceil(2)) }
}
