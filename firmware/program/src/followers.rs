//! The tasks: everything that a consumer can do with a watcher. Each ends when the value is closed.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use critical_section::Mutex;
use event_core::{MemoryValue, MemoryWatcher, Version};
use portable_atomic::{AtomicU32, Ordering};

use crate::interrupts::PHASE;
use crate::marks::{Doing, during, getting};
use crate::reading::{Reading, Source};

pub type Value = &'static MemoryValue<Reading>;

/// What went wrong, and what is to be reported. Ordering: Relaxed throughout; these are numbers, on one processor.
pub static TORN: AtomicU32 = AtomicU32::new(0);
pub static BACKWARDS: AtomicU32 = AtomicU32::new(0);
pub static REJECTED_BUT_GIVEN: AtomicU32 = AtomicU32::new(0);
pub static SEEN: AtomicU32 = AtomicU32::new(0);
pub static UPDATES: AtomicU32 = AtomicU32::new(0);
pub static UPDATES_AGAIN: AtomicU32 = AtomicU32::new(0);
pub static WRAPS: AtomicU32 = AtomicU32::new(0);

/// A follower's place in the phase, and what it must not see after what it has seen.
struct Follower {
    place: usize,
    newest: [u32; 2],
    version: Version,
}

impl Follower {
    fn at(place: usize) -> Self {
        Self { place, newest: [0; 2], version: Version::INITIAL }
    }

    /// Each source counts its readings up and sets them in this order, so nobody sees them in another one.
    fn saw(&mut self, reading: &Reading) {
        SEEN.fetch_add(1, Ordering::Relaxed);
        if !reading.is_whole() {
            TORN.fetch_add(1, Ordering::Relaxed);
        }
        let newest = match reading.source() {
            Source::Sensor => &mut self.newest[0],
            Source::Alarm => &mut self.newest[1],
        };
        if reading.sequence() < *newest {
            BACKWARDS.fetch_add(1, Ordering::Relaxed);
        }
        *newest = reading.sequence();
        PHASE.saw(self.place, reading);
    }

    /// Versions only grow, and begin again once.
    fn saw_version(&mut self, version: Version) {
        let (before, now) = (self.version.as_u64() as u32, version.as_u64() as u32);
        if self.version != Version::INITIAL && now.wrapping_sub(before) as i32 <= 0 {
            BACKWARDS.fetch_add(1, Ordering::Relaxed);
        }
        if now < before {
            WRAPS.fetch_add(1, Ordering::Relaxed);
        }
        self.version = version;
    }
}

fn watch(value: Value) -> MemoryWatcher<Reading> {
    during(Doing::Watch, || value.watch())
}

/// Gets.
pub async fn plain(value: Value, place: usize) {
    let mut this = Follower::at(place);
    let mut watcher = watch(value);
    while let Ok(reading) = getting(watcher.get()).await {
        this.saw(&reading);
    }
}

/// Gets only what is of interest.
pub async fn filtered(value: Value, place: usize) {
    let mut this = Follower::at(place);
    let mut watcher = watch(value);
    while let Ok(reading) = getting(watcher.get().filter(Reading::is_of_interest)).await {
        if !reading.is_of_interest() {
            REJECTED_BUT_GIVEN.fetch_add(1, Ordering::Relaxed);
        }
        this.saw(&reading);
    }
}

/// Borrows instead of cloning, and corrects what it got, with an update that the interrupts get in the way of.
pub async fn correcting(value: Value, place: usize) {
    let mut this = Follower::at(place);
    let mut watcher = watch(value);
    loop {
        let needs_correction = match getting(watcher.get_ref()).await {
            Ok(reading) => {
                this.saw(&reading);
                this.saw_version(reading.version());
                reading.needs_correction()
            }
            Err(_) => return,
        };
        if needs_correction {
            correct(value);
        }
    }
}

fn correct(value: Value) {
    let mut tries = 0;
    let corrected = during(Doing::Update, || {
        value.update_if(|reading| {
            tries += 1;
            let needs_correction = reading.needs_correction();
            if needs_correction {
                reading.correct();
            }
            needs_correction
        })
    });
    UPDATES.fetch_add(u32::from(corrected), Ordering::Relaxed);
    UPDATES_AGAIN.fetch_add(u32::from(tries > 1), Ordering::Relaxed);
}

/// Gets, with watchers that come and go and with gets that are given up.
pub async fn fickle(value: Value, place: usize) {
    let mut this = Follower::at(place);
    let mut watcher = watch(value);
    for turn in 0_u32.. {
        match turn % 4 {
            0 => {
                let clone = during(Doing::Watch, || watcher.clone());
                during(Doing::Watch, || watcher = clone);
            }
            1 => drop(watch(value)),
            2 => {
                if let Poll::Ready(Ok(reading)) = given_up_after_one_poll(watcher.get()).await {
                    this.saw(&reading);
                }
            }
            _ => {}
        }
        match getting(watcher.get()).await {
            Ok(reading) => this.saw(&reading),
            Err(_) => return,
        }
    }
}

async fn given_up_after_one_poll<F: Future>(future: F) -> Poll<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| Poll::Ready(during(Doing::Get, || future.as_mut().poll(cx)))).await
}

/// Gets, and comes with another waker each time, so that its watcher cannot stay where a setter is about to wake it. One of
/// these at a time.
pub async fn restless(value: Value, place: usize) {
    let mut this = Follower::at(place);
    let mut watcher = watch(value);
    loop {
        match Restless(watcher.get()).await {
            Ok(reading) => this.saw(&reading),
            Err(_) => return,
        }
    }
}

struct Restless<F>(F);

impl<F: Future + Unpin> Future for Restless<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        static POLLS: AtomicU32 = AtomicU32::new(0);
        let polls = POLLS.load(Ordering::Relaxed);
        POLLS.store(polls.wrapping_add(1), Ordering::Relaxed);
        if polls % 2 == 0 {
            return Pin::new(&mut self.0).poll(cx);
        }
        critical_section::with(|cs| BEHIND.borrow(cs).set(Some(cx.waker().clone())));
        // SAFETY: the functions of `STAND_IN` do nothing with the pointer and may be called anywhere.
        let stand_in = unsafe { Waker::from_raw(RawWaker::new(core::ptr::null(), &STAND_IN)) };
        Pin::new(&mut self.0).poll(&mut Context::from_waker(&stand_in))
    }
}

/// Whom the stand-in wakes.
static BEHIND: Mutex<core::cell::Cell<Option<Waker>>> = Mutex::new(core::cell::Cell::new(None));

static STAND_IN: RawWakerVTable =
    RawWakerVTable::new(|_| RawWaker::new(core::ptr::null(), &STAND_IN), wake_behind, wake_behind, |_| {});

fn wake_behind(_: *const ()) {
    if let Some(waker) = critical_section::with(|cs| BEHIND.borrow(cs).take()) {
        waker.wake();
    }
}
