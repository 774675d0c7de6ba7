//! Three ways to run tasks: embassy's executor in the thread, embassy's executor in the alarm, and `block_on`.

use core::future::Future;
use core::pin::pin;
use core::ptr;
use core::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use embassy_executor::raw::Executor;
use event_core::RelaxStrategy;
use portable_atomic::{AtomicBool, AtomicPtr, Ordering};
use static_cell::StaticCell;

use crate::machine::{self, WaitForInterrupt};

/// What the pender is told: which executor has something to do.
const IN_THREAD: *mut () = ptr::without_provenance_mut(1);
const IN_ALARM: *mut () = ptr::without_provenance_mut(2);

static ALARM_EXECUTOR: AtomicPtr<Executor> = AtomicPtr::new(ptr::null_mut());
static ALARM_IS_PENDED: AtomicBool = AtomicBool::new(false);

// Ordering: Relaxed, all but the bell's. One processor; see `interrupts`.

#[unsafe(export_name = "__pender")]
fn pender(executor: *mut ()) {
    if executor == IN_ALARM {
        ALARM_IS_PENDED.store(true, Ordering::Relaxed);
        machine::pend_alarm();
    } else {
        machine::something_happened();
    }
}

/// The executor in the thread. Called once.
pub fn in_thread() -> &'static Executor {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    EXECUTOR.init_with(|| Executor::new(IN_THREAD))
}

/// The executor in the alarm, to spawn tasks that can be sent. Called once.
pub fn in_alarm() -> embassy_executor::SendSpawner {
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    let executor: &'static Executor = EXECUTOR.init_with(|| Executor::new(IN_ALARM));
    ALARM_EXECUTOR.store(ptr::from_ref(executor).cast_mut(), Ordering::Relaxed);
    executor.spawner().make_send()
}

/// Runs the tasks in the alarm that have something to do. For the alarm. Says whether there was any.
pub fn poll_in_alarm() -> bool {
    // SAFETY: null, or from the `'static` reference in `in_alarm`.
    let Some(executor) = (unsafe { ALARM_EXECUTOR.load(Ordering::Relaxed).as_ref() }) else { return false };
    if !ALARM_IS_PENDED.load(Ordering::Relaxed) {
        return false;
    }
    ALARM_IS_PENDED.store(false, Ordering::Relaxed);
    // SAFETY: the alarm does not interrupt itself, and nobody else polls this executor.
    unsafe { executor.poll() };
    true
}

/// Runs the tasks in the thread until `is_over`, and sleeps in between.
pub fn run_until(executor: &'static Executor, is_over: impl Fn() -> bool) {
    loop {
        // SAFETY: called by the thread only, and not from within a task.
        unsafe { executor.poll() };
        if is_over() {
            // What is over is over for the tasks as well when they have been polled once more.
            // SAFETY: as above.
            return unsafe { executor.poll() };
        }
        WaitForInterrupt::relax();
    }
}

/// Runs a future, and sleeps while it waits.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // SAFETY: the functions of `RING` do nothing with the pointer and may be called anywhere.
    let waker = unsafe { Waker::from_raw(RawWaker::new(ptr::null(), &RING)) };
    RUNG.store(true, Ordering::Relaxed);
    loop {
        // Ordering: Acquire, partner: `ring`. The poll sees what it was woken for.
        if RUNG.swap(false, Ordering::Acquire) {
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return output;
            }
        }
        WaitForInterrupt::relax();
    }
}

/// Whether what `block_on` runs was woken. One at a time does.
static RUNG: AtomicBool = AtomicBool::new(false);

static RING: RawWakerVTable = RawWakerVTable::new(|_| RawWaker::new(ptr::null(), &RING), ring, ring, |_| {});

fn ring(_: *const ()) {
    // Ordering: Release, partner: the swap in `block_on`.
    RUNG.store(true, Ordering::Release);
    machine::something_happened();
}
