//! Rows of what a peer has for two frequent cases: one producer only, and data that is read often and seldom changes. A peer
//! that has nothing of its own for them does it as always.

use alloc::sync::Arc;
use core::fmt;
use core::hint::black_box;
use core::hint::spin_loop;
use core::time::Duration;
use std::time::Instant;

use super::store::Store;
use super::threads::{at_once, beside, increasing};
use super::{Outcome, Plain, WARM_UP, expect};

/// What a peer has for these cases.
pub trait Special {
    /// The only producer of a value.
    type Writer: Send;
    /// What one reader keeps between two reads.
    type Cache: Send;

    /// The only producer of a new value.
    fn writer() -> Self::Writer;

    /// Replaces what is in the value.
    fn set(writer: &mut Self::Writer, data: u64);

    /// A copy of what is present.
    fn last(writer: &Self::Writer) -> u64;

    /// Readers of one value that holds `data`, and of what keeps it alive.
    fn caches(data: u64, count: usize) -> (Self::Writer, Vec<Self::Cache>);

    /// A copy of what is present, by what the reader keeps.
    fn read(cache: &mut Self::Cache) -> u64;
}

/// A peer that has nothing of its own for these cases.
impl<P: Store<Value: Send + Sync>> Special for Plain<P> {
    type Writer = Arc<P::Value>;
    type Cache = Arc<P::Value>;

    fn writer() -> Self::Writer {
        Arc::new(P::new(0))
    }

    #[inline]
    fn set(writer: &mut Self::Writer, data: u64) {
        P::set(writer, data);
    }

    fn last(writer: &Self::Writer) -> u64 {
        P::read(writer)
    }

    fn caches(data: u64, count: usize) -> (Self::Writer, Vec<Self::Cache>) {
        let value = Self::writer();
        P::set(&value, data);
        let caches = vec![Arc::clone(&value); count];
        (value, caches)
    }

    #[inline]
    fn read(cache: &mut Self::Cache) -> u64 {
        P::read(cache)
    }
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecialRow {
    /// The only producer sets, and nobody watches.
    OnlyProducer,
    /// One thread reads what does not change.
    Unchanged,
    /// Two threads do.
    TwoUnchanged,
    /// Four threads do.
    FourUnchanged,
    /// One thread reads what changes now and then.
    SlowWriter,
    /// One thread reads what changes all the time.
    FastWriter,
}

impl SpecialRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            SpecialRow::OnlyProducer => "",
            SpecialRow::Unchanged | SpecialRow::TwoUnchanged | SpecialRow::FourUnchanged => {
                "16 instructions and 6 loads beside 11 and 5: the version is in the word that is compared, and there may be no \
                 data. Three other forms (of 12, 14 and 19 instructions) took as long or longer."
            }
            SpecialRow::SlowWriter | SpecialRow::FastWriter => {
                "a changed value is pinned anew by counting in the line of the word that the writer exchanges; arc-swap notes it in a \
                 place of the thread and lets the writer look there. Tried: to let go of the old data first, no difference; to let \
                 some sets pass before the new is pinned, ten times as long."
            }
        }
    }
}

impl fmt::Display for SpecialRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SpecialRow::OnlyProducer => "set by the only producer",
            SpecialRow::Unchanged => "read what is unchanged",
            SpecialRow::TwoUnchanged => "two threads reading what is unchanged",
            SpecialRow::FourUnchanged => "four threads reading what is unchanged",
            SpecialRow::SlowWriter => "read what changes 10,000 times a second",
            SpecialRow::FastWriter => "read what changes all the time",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Special>(row: SpecialRow, iterations: u64) -> Outcome {
    match row {
        SpecialRow::OnlyProducer => only_producer::<P>(iterations),
        SpecialRow::Unchanged => unchanged::<P>(iterations, 1),
        SpecialRow::TwoUnchanged => unchanged::<P>(iterations, 2),
        SpecialRow::FourUnchanged => unchanged::<P>(iterations, 4),
        SpecialRow::SlowWriter => changing::<P>(iterations, Duration::from_micros(100)),
        SpecialRow::FastWriter => changing::<P>(iterations, Duration::ZERO),
    }
}

fn only_producer<P: Special>(iterations: u64) -> Outcome {
    let mut writer = P::writer();
    for data in 1..=WARM_UP {
        P::set(black_box(&mut writer), black_box(data));
    }
    let start = Instant::now();
    for data in 1..=iterations {
        P::set(black_box(&mut writer), black_box(data));
    }
    let took = start.elapsed();
    expect("last value", P::last(&writer), iterations)?;
    Ok(took)
}

fn unchanged<P: Special>(iterations: u64, threads: usize) -> Outcome {
    const PRESENT: u64 = 7;
    let (_alive, caches) = P::caches(PRESENT, threads);
    at_once(caches, |mut cache| {
        for _ in 0..WARM_UP {
            black_box(P::read(black_box(&mut cache)));
        }
        let mut sum = 0_u64;
        let start = Instant::now();
        for _ in 0..iterations {
            sum = sum.wrapping_add(P::read(black_box(&mut cache)));
        }
        let took = start.elapsed();
        expect("sum of what was read", sum, PRESENT.wrapping_mul(iterations))?;
        Ok(took)
    })
}

/// Reads while another thread sets, once in each `period`.
fn changing<P: Special>(iterations: u64, period: Duration) -> Outcome {
    let (mut writer, mut caches) = P::caches(0, 1);
    let Some(mut cache) = caches.pop() else { return Err("no reader".into()) };
    for _ in 0..WARM_UP {
        black_box(P::read(black_box(&mut cache)));
    }
    let read = move || increasing(iterations, || P::read(black_box(&mut cache)));
    beside(read, move |data| {
        let due = Instant::now() + period;
        P::set(black_box(&mut writer), black_box(data));
        while !period.is_zero() && Instant::now() < due {
            spin_loop();
        }
    })
}
