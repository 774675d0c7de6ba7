//! Rows with two threads that do the same thing to one value at the same time.

use core::fmt;
use core::hint::{black_box, spin_loop};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::panic::resume_unwind;
use std::thread;
use std::time::Instant;

use super::store::Store;
use super::{Outcome, WARM_UP, expect};

const THREADS: usize = 2;

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadsRow {
    /// Both threads set.
    Set,
    /// Both threads read.
    Read,
}

impl fmt::Display for ThreadsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ThreadsRow::Set => "two threads setting",
            ThreadsRow::Read => "two threads reading",
        })
    }
}

/// Measures `iterations` operations of `row` on each thread with the peer `P`; the result is what
/// one thread sees.
pub fn run<P: Store<Value: Sync>>(row: ThreadsRow, iterations: u64) -> Outcome {
    match row {
        ThreadsRow::Set => set::<P>(iterations),
        ThreadsRow::Read => read::<P>(iterations),
    }
}

fn set<P: Store<Value: Sync>>(iterations: u64) -> Outcome {
    let value = P::new(0);
    for data in 1..=WARM_UP {
        P::set(black_box(&value), black_box(data));
    }
    let took = at_once((0..THREADS).collect(), |thread| {
        let offset = thread as u64 * iterations;
        let start = Instant::now();
        for data in 1..=iterations {
            P::set(black_box(&value), black_box(offset + data));
        }
        Ok(start.elapsed())
    })?;
    let last = P::read(&value);
    if last != iterations && last != 2 * iterations {
        return Err(format!("wrong last value: {last} was not the last of either thread"));
    }
    Ok(took)
}

fn read<P: Store<Value: Sync>>(iterations: u64) -> Outcome {
    const PRESENT: u64 = 7;
    let value = P::new(0);
    P::set(&value, PRESENT);
    at_once(vec![(); THREADS], |()| {
        for _ in 0..WARM_UP {
            black_box(P::read(black_box(&value)));
        }
        let mut sum = 0_u64;
        let start = Instant::now();
        for _ in 0..iterations {
            sum = sum.wrapping_add(P::read(black_box(&value)));
        }
        let took = start.elapsed();
        expect("sum of what was read", sum, PRESENT.wrapping_mul(iterations))?;
        Ok(took)
    })
}

/// Runs `body` on a thread for each of `turns`, which start together; the mean of what they took.
pub(super) fn at_once<A: Send>(turns: Vec<A>, body: impl Fn(A) -> Outcome + Sync) -> Outcome {
    let arrived = AtomicUsize::new(0);
    let threads = turns.len();
    let turn = |turn: A| {
        // Ordering: none is needed, since `value` was complete before the threads existed; this
        // only lines them up.
        arrived.fetch_add(1, Ordering::Relaxed);
        // Spinning rather than a `Barrier`: a thread that has to be woken up first would start
        // late.
        while arrived.load(Ordering::Relaxed) < threads {
            spin_loop();
        }
        body(turn)
    };
    let turn = &turn;
    let mut turns = turns.into_iter();
    let Some(mine) = turns.next() else { return Err("nobody to measure".into()) };
    let all = thread::scope(|scope| {
        // The name is what the panic hook looks for.
        let spawn = |other| {
            thread::Builder::new()
                .name(crate::guard::THREAD_NAME.into())
                .spawn_scoped(scope, move || turn(other))
                .map_err(|error| format!("no further thread: {error}"))
        };
        let others = turns.map(spawn).collect::<Result<Vec<_>, _>>()?;
        let mine = turn(mine);
        let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        Ok::<Vec<Outcome>, String>([mine].into_iter().chain(others).collect())
    })?;
    let total = all.into_iter().sum::<Result<Duration, _>>()?;
    Ok(total / u32::try_from(threads).map_err(|error| error.to_string())?)
}
