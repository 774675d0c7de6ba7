//! The rows of the tables, in five families, and what measuring one batch of a row gives.

use core::fmt;
use core::time::Duration;

pub mod fan_out;
pub mod follow;
pub mod map;
pub mod special;
pub mod store;
pub mod threads;

pub use fan_out::{FanOutRow, Scheduler, Work};
pub use follow::FollowRow;
pub use map::{MapRow, MapWork};
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

/// How many idle watchers the row with idle watchers has, and how many tasks the largest fan-out.
pub const MOST_WATCHERS: usize = 1000;

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
            Row::Threads(ThreadsRow::Set),
            Row::Threads(ThreadsRow::Read),
            Row::Special(SpecialRow::OnlyProducer),
            Row::Special(SpecialRow::Unchanged),
            Row::Special(SpecialRow::TwoUnchanged),
        ];
        for work in [Work::Light, Work::Formatting] {
            for scheduler in [Scheduler::CurrentThread, Scheduler::TwoWorkers] {
                rows.extend(
                    [10, 100, 500, MOST_WATCHERS].map(|tasks| Row::FanOut(FanOutRow { tasks, scheduler, work })),
                );
            }
        }
        rows.extend(MapRow::all().map(Row::Map));
        rows
    }

    /// How many operations one iteration of this row counts for: a delivery is an operation.
    pub fn operations_per_iteration(self) -> u64 {
        match self {
            Row::FanOut(row) => row.tasks as u64,
            Row::Map(row) => row.operations_per_iteration(),
            Row::Store(_) | Row::Follow(_) | Row::Threads(_) | Row::Special(_) => 1,
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
