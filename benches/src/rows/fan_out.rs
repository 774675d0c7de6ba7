//! Rows where every set wakes many tasks: the set-up of tokio's own benchmark `contention_resubscribe`, on tokio and on async-std.
//!
//! Many tasks each wait, read, do a little work, and wait again. One more task sets, waits until
//! all of them have got the new data, and sets again. tokio's benchmark formats ten floating-point
//! numbers as its little work, which takes far longer than any of the peers; so there are rows with
//! that, and rows with next to nothing, where the peers show.

use alloc::sync::Arc;
use core::fmt;
use core::fmt::Write as _;
use core::future::Future;
use core::hint::black_box;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;
use std::thread;
use std::time::Instant;

use tokio::sync::Notify;

use super::Outcome;
use super::follow::Follow;
use super::scheduler::{Scheduler, Tasks};
use crate::guard;

/// A value whose watchers can be followed by tasks that move between threads.
pub trait FanOut: Follow<Value: Send + 'static, Watcher: Send + 'static> {
    /// The loop that this peer's documentation recommends: hands to `each` whatever comes, and
    /// never ends before the value does.
    fn follow(
        watcher: Self::Watcher,
        each: impl FnMut(u64) + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static;
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FanOutRow {
    /// How many tasks follow the value.
    pub tasks: usize,
    /// Where they run.
    pub scheduler: Scheduler,
    /// What they do with what they get.
    pub work: Work,
}

/// What a task does with each delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A few shifts: what is measured is the delivery.
    Light,
    /// Ten floating-point numbers formatted into a string, as tokio's benchmark does.
    Formatting,
}

impl FanOutRow {
    /// For the tables, where a peer is ahead of a value with shards.
    pub(super) fn why_not_first_with_shards(self) -> &'static str {
        match self.work {
            Work::Light => {
                "a reader looks up which shard is its thread's, which pays where several threads read at the same time."
            }
            Work::Formatting => self.why_not_first(),
        }
    }

    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self.work {
            Work::Light => {
                "of what a delivery costs, most is the runtime's; ours arms a node of its own for each task, which a lock around \
                 a vector of wakers does in fewer instructions as long as one thread does it all."
            }
            Work::Formatting => "what the tasks do takes longer than all of the peers.",
        }
    }
}

impl fmt::Display for FanOutRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match self.work {
            Work::Light => "",
            Work::Formatting => ", formatting",
        };
        write!(f, "wake {} tasks, {}{work}", self.tasks, self.scheduler.name())
    }
}

/// Measures `iterations` sets, each delivered to every task, with the peer `P`.
pub fn run<P: FanOut + 'static>(row: FanOutRow, iterations: u64) -> Outcome {
    let mut tasks = Tasks::on(row.scheduler)?;
    let value = P::new(row.tasks);
    let round = Arc::new(Round::default());
    for task in 0..row.tasks {
        let mut seat = Seat { round: Arc::clone(&round), last: 0, noise: task as u64 + 1, work: row.work };
        tasks.spawn(P::follow(P::watch(&value), move |data| seat.take(data)));
    }
    tasks.run(set_and_wait::<P>(value, round, row.tasks as u64, iterations))
}

/// What the setter and the tasks share: who is still to come.
#[derive(Default)]
struct Round {
    /// Deliveries of the present data that are still to come.
    outstanding: AtomicU64,
    /// Told when the last one came, and when something went wrong.
    over: Notify,
    wrong: OnceLock<String>,
}

impl Round {
    fn fail(&self, what: String) {
        // A later failure follows from the first, which is the one to report.
        let _ = self.wrong.set(what);
        self.over.notify_one();
    }
}

async fn set_and_wait<P: FanOut>(value: P::Value, round: Arc<Round>, tasks: u64, iterations: u64) -> Outcome {
    // By the end of the second round every task has waited at least once.
    const WARM_UP: u64 = 3;
    let mut start = Instant::now();
    for data in 1..=iterations + WARM_UP {
        if data == WARM_UP + 1 {
            start = Instant::now();
        }
        // Ordering: the tasks see this store because they see the data that is set after it.
        round.outstanding.store(tasks, Ordering::Relaxed);
        P::set(&value, black_box(data));
        // Ordering: Acquire, with the Release in `Seat::take`: what the tasks did for this data is
        // over before the next set.
        while round.outstanding.load(Ordering::Acquire) > 0 {
            if let Some(wrong) = round.wrong.get() {
                return Err(wrong.clone());
            }
            round.over.notified().await;
        }
    }
    Ok(start.elapsed())
}

/// One task's part in the rounds.
struct Seat {
    round: Arc<Round>,
    last: u64,
    noise: u64,
    work: Work,
}

impl Seat {
    fn take(&mut self, data: u64) {
        // Some peers deliver what was there at the start, or the same data twice; that is allowed,
        // and does not count.
        if data <= self.last {
            if data < self.last {
                self.round.fail(format!("went back from {} to {data}", self.last));
            }
            return;
        }
        self.last = data;
        match self.work {
            Work::Light => _ = black_box(shuffled(&mut self.noise)),
            Work::Formatting => _ = black_box(formatted(&mut self.noise)),
        }
        // Ordering: Release, with the Acquire in `set_and_wait`.
        if self.round.outstanding.fetch_sub(1, Ordering::Release) == 1 {
            self.round.over.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Both runtimes catch the panic of a task; without this the setter would wait for that task for
        // ever.
        if thread::panicking() {
            self.round.fail(guard::panicked(&"no message"));
        }
    }
}

/// The next number of a small generator (Marsaglia's xorshift), which is all the randomness that is
/// needed here.
fn shuffled(noise: &mut u64) -> u64 {
    *noise ^= *noise << 13;
    *noise ^= *noise >> 7;
    *noise ^= *noise << 17;
    *noise
}

/// Formats ten numbers between 0 and 1 and adds up the characters.
fn formatted(noise: &mut u64) -> u32 {
    let mut text = String::new();
    for place in 0..10 {
        let fraction = (shuffled(noise) >> 11) as f64 / (1_u64 << 53) as f64;
        // Writing to a string cannot fail.
        let _ = write!(text, "{place}: {fraction} ");
    }
    text.bytes().fold(0, |sum, byte| sum.wrapping_add(u32::from(byte)))
}
