//! Rows with two threads at one value at the same time, each on a processor of its own where the system offers that.

use core::fmt;
use core::hint::{black_box, spin_loop};
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::panic::resume_unwind;
use std::sync::OnceLock;
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
    /// Four threads set: more than some machines have processors for.
    SetFour,
    /// Four threads read.
    ReadFour,
    /// One thread sets as fast as it can, while the other reads as fast as it can.
    StormSet,
    /// The other of the two.
    StormRead,
}

impl ThreadsRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            ThreadsRow::Set | ThreadsRow::SetFour => {
                "two exchanges of one word: who comes too late tries again, after a pause."
            }
            ThreadsRow::Read | ThreadsRow::ReadFour => {
                "all readers of a plain value count themselves in one place, and its line travels between the processors; the peer \
                 has a place for each thread. A value with shards and `CachedReader` are for that: see their rows. Tried: counts at two \
                 places as soon as readers have met: 22 ns instead of 38 for two threads, and 48 bytes more for each value."
            }
            ThreadsRow::StormSet | ThreadsRow::StormRead => {
                "a line that the other processor has written takes 41 ns to come over. A set needs two of them, that of the word and \
                 the counts and that of the data, and while it waits for the second the reader takes the first again: sets take one \
                 to three times 41 ns. Loads that were overtaken pause, so \
                 that several sets pass meanwhile. A lock lets one of the two run for a while, at the cost of the other's row."
            }
        }
    }
}

impl ThreadsRow {
    /// For the tables, where a peer is ahead of a value with shards.
    pub(super) fn why_not_first_with_shards(self) -> &'static str {
        match self {
            ThreadsRow::Set | ThreadsRow::SetFour | ThreadsRow::StormSet => {
                "a set marks the replaced slot at each shard, reads the count of each, and resets them: shards are for data that is \
                 seldom set."
            }
            ThreadsRow::Read | ThreadsRow::ReadFour => {
                "a reader looks up which shard is its thread's, and then counts itself in and out there as elsewhere."
            }
            ThreadsRow::StormRead => {
                "after each set a reader finds the lines of its shard at the other processor; a lock lets one of the two run for a \
                 while, at the cost of the other's row."
            }
        }
    }
}

impl fmt::Display for ThreadsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ThreadsRow::Set => "two threads setting",
            ThreadsRow::Read => "two threads reading",
            ThreadsRow::SetFour => "four threads setting",
            ThreadsRow::ReadFour => "four threads reading",
            ThreadsRow::StormSet => "set, while another thread reads",
            ThreadsRow::StormRead => "read, while another thread sets",
        })
    }
}

/// Measures `iterations` operations of `row` on each thread with the peer `P`; the result is what
/// one thread sees.
pub fn run<P: Store<Value: Sync>>(row: ThreadsRow, iterations: u64) -> Outcome {
    match row {
        ThreadsRow::Set => set::<P>(iterations, THREADS),
        ThreadsRow::Read => read::<P>(iterations, THREADS),
        ThreadsRow::SetFour => set::<P>(iterations, 2 * THREADS),
        ThreadsRow::ReadFour => read::<P>(iterations, 2 * THREADS),
        ThreadsRow::StormSet => storm_set::<P>(iterations),
        ThreadsRow::StormRead => storm_read::<P>(iterations),
    }
}

fn set<P: Store<Value: Sync>>(iterations: u64, threads: usize) -> Outcome {
    let value = P::new(0);
    for data in 1..=WARM_UP {
        P::set(black_box(&value), black_box(data));
    }
    let took = at_once((0..threads).collect(), |thread| {
        let offset = thread as u64 * iterations;
        let start = Instant::now();
        for data in 1..=iterations {
            P::set(black_box(&value), black_box(offset + data));
        }
        Ok(start.elapsed())
    })?;
    let last = P::read(&value);
    if last == 0 || last % iterations != 0 {
        return Err(format!("wrong last value: {last} was not the last of any thread"));
    }
    Ok(took)
}

fn read<P: Store<Value: Sync>>(iterations: u64, threads: usize) -> Outcome {
    const PRESENT: u64 = 7;
    let value = P::new(0);
    P::set(&value, PRESENT);
    at_once(vec![(); threads], |()| {
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

/// On cache lines of its own.
#[repr(align(128))]
struct Apart<T>(T);

fn storm_set<P: Store<Value: Sync>>(iterations: u64) -> Outcome {
    let value = Apart(P::new(0));
    let value = &value.0;
    // Written by the reader, and so not beside what the setter reads.
    let mut newest = Apart(0);
    let set = || {
        let start = Instant::now();
        for data in 1..=iterations {
            P::set(black_box(value), black_box(data));
        }
        Ok(start.elapsed())
    };
    let took = beside(set, |_| newest.0 = P::read(black_box(value)).max(newest.0))?;
    if newest.0 > iterations {
        return Err(format!("wrong value: {} was never set", newest.0));
    }
    expect("last value", P::read(value), iterations)?;
    Ok(took)
}

fn storm_read<P: Store<Value: Sync>>(iterations: u64) -> Outcome {
    let value = P::new(0);
    let read = || increasing(iterations, || P::read(black_box(&value)));
    beside(read, |data| P::set(black_box(&value), black_box(data)))
}

/// Reads what another thread sets to larger and larger numbers.
pub(super) fn increasing(iterations: u64, mut read: impl FnMut() -> u64) -> Outcome {
    let mut last = 0;
    let mut back = 0_u64;
    let start = Instant::now();
    for _ in 0..iterations {
        let data = read();
        back += u64::from(data < last);
        last = data;
    }
    let took = start.elapsed();
    expect("number of steps back in time", back, 0)?;
    Ok(took)
}

/// How evenly two threads progress that set one value for so long: the smaller number of sets as a part of the larger one.
pub fn fairness<P: Store<Value: Sync>>(time: Duration) -> Result<f64, String> {
    let value = P::new(0);
    let (arrived, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let set = |place| {
        pin_to(place);
        meet(&arrived, THREADS + 1);
        let mut sets = 0_u64;
        // Ordering: nothing is passed on with the flag.
        while !over.load(Ordering::Relaxed) {
            sets += 1;
            P::set(black_box(&value), black_box(sets));
        }
        Ok(sets)
    };
    let counts = thread::scope(|scope| {
        let setters: Vec<_> = (0..THREADS).map(|place| spawn(scope, move || set(place))).collect();
        // Not started is as good as over: a thread that could not be had must not keep the other one waiting.
        if setters.iter().all(Result::is_ok) {
            meet(&arrived, THREADS + 1);
            thread::sleep(time);
        } else {
            // Ordering: as above.
            arrived.store(THREADS + 1, Ordering::Relaxed);
        }
        // Ordering: as above.
        over.store(true, Ordering::Relaxed);
        setters.into_iter().map(|setter| join(setter?)).collect::<Result<Vec<u64>, _>>()
    })?;
    let (Some(fewer), Some(more)) = (counts.iter().min(), counts.iter().max()) else {
        return Err("nobody to measure".into());
    };
    if *more == 0 { Err("nobody set anything".into()) } else { Ok(*fewer as f64 / *more as f64) }
}

/// Runs `body` on a thread for each of `turns`, which start together; the mean of what they took.
pub(super) fn at_once<A: Send>(turns: Vec<A>, body: impl Fn(A) -> Outcome + Sync) -> Outcome {
    let arrived = AtomicUsize::new(0);
    let threads = turns.len();
    let turn = |place: usize, turn: A| {
        if threads > 1 {
            pin_to(place);
        }
        meet(&arrived, threads);
        body(turn)
    };
    let turn = &turn;
    let all = thread::scope(|scope| {
        let turns = turns.into_iter().enumerate();
        let started: Vec<_> = turns.map(|(place, other)| spawn(scope, move || turn(place, other))).collect();
        if started.iter().any(Result::is_err) {
            // Ordering: as in `meet`. Those who were started must not wait for the others.
            arrived.store(threads, Ordering::Relaxed);
        }
        started.into_iter().map(|thread| join(thread?)).collect::<Result<Vec<_>, _>>()
    })?;
    let total: Duration = all.into_iter().sum();
    Ok(total / u32::try_from(threads).map_err(|error| error.to_string())?)
}

/// Runs `measured` on one thread, while another calls `disturb` with 1, 2 and so on.
pub(super) fn beside(measured: impl FnOnce() -> Outcome + Send, mut disturb: impl FnMut(u64) + Send) -> Outcome {
    /// Also ends the other thread when `measured` panics.
    struct Over<'a>(&'a AtomicBool);
    impl Drop for Over<'_> {
        fn drop(&mut self) {
            // Ordering: nothing is passed on with the flag.
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let (arrived, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let disturbing = spawn(scope, || {
            pin_to(1);
            meet(&arrived, THREADS);
            let mut count = 0;
            // Ordering: as above.
            while !over.load(Ordering::Relaxed) {
                count += 1;
                disturb(count);
            }
            Ok(())
        })?;
        let measuring = spawn(scope, || {
            let _over = Over(&over);
            pin_to(0);
            meet(&arrived, THREADS);
            measured()
        });
        if measuring.is_err() {
            // Ordering: as in `meet`, and as above.
            over.store(true, Ordering::Relaxed);
            arrived.store(THREADS, Ordering::Relaxed);
        }
        let took = join(measuring?);
        join(disturbing)?;
        took
    })
}

/// Comes back when all threads have come here.
fn meet(arrived: &AtomicUsize, threads: usize) {
    // Ordering: none is needed, since the value was complete before the threads existed; this only lines them up.
    arrived.fetch_add(1, Ordering::Relaxed);
    // Spinning rather than a `Barrier`: a thread that has to be woken up first would start late.
    for spins in 0_u32.. {
        if arrived.load(Ordering::Relaxed) >= threads {
            break;
        }
        spin_loop();
        // More threads than processors.
        if spins.is_multiple_of(10_000) {
            thread::yield_now();
        }
    }
}

/// Puts this thread on a processor that it shares with no other thread of the row, where the system offers that and there are
/// enough of them. On a busy machine two threads would otherwise often take turns on one.
pub(super) fn pin_to(place: usize) {
    static PROCESSORS: OnceLock<Vec<core_affinity::CoreId>> = OnceLock::new();
    let processors = PROCESSORS.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    if let Some(processor) = processors.get(place % processors.len().max(1)) {
        core_affinity::set_for_current(*processor);
    }
}

type Started<'scope, R> = Result<thread::ScopedJoinHandle<'scope, Result<R, String>>, String>;

pub(super) fn spawn<'scope, R: Send + 'scope>(
    scope: &'scope thread::Scope<'scope, '_>,
    body: impl FnOnce() -> Result<R, String> + Send + 'scope,
) -> Started<'scope, R> {
    // The name is what the panic hook looks for.
    let builder = thread::Builder::new().name(crate::guard::THREAD_NAME.into());
    builder.spawn_scoped(scope, body).map_err(|error| format!("no further thread: {error}"))
}

pub(super) fn join<R>(thread: thread::ScopedJoinHandle<'_, Result<R, String>>) -> Result<R, String> {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
