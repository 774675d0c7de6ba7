//! What was going on when an interrupt came.

use core::future::{Future, poll_fn};
use core::pin::pin;

use portable_atomic::{AtomicU8, AtomicU32, Ordering};

/// What the processor may be in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Doing {
    /// None of the following.
    Other,
    /// The sensor's `set`.
    Set,
    /// A task's poll of a `get`.
    Get,
    /// A task's `update`.
    Update,
    /// A task's making, cloning or dropping of a watcher.
    Watch,
}

const KINDS: usize = 5;

static MARK: AtomicU8 = AtomicU8::new(Doing::Other as u8);
static INTERRUPTED: [AtomicU32; KINDS] = [const { AtomicU32::new(0) }; KINDS];

/// Does something under a mark. A handler that interrupts it and does the like puts the mark back.
pub fn during<R>(what: Doing, f: impl FnOnce() -> R) -> R {
    // Ordering: Relaxed, here and below. One processor.
    let before = MARK.load(Ordering::Relaxed);
    MARK.store(what as u8, Ordering::Relaxed);
    let result = f();
    MARK.store(before, Ordering::Relaxed);
    result
}

/// Awaits something whose polls are under the mark `Get`.
pub async fn getting<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| during(Doing::Get, || future.as_mut().poll(cx))).await
}

/// Whether `what` was interrupted by the caller.
pub fn is_in(what: Doing) -> bool {
    MARK.load(Ordering::Relaxed) == what as u8
}

/// For the handlers, when they begin.
pub fn count_interrupted() {
    let what = usize::from(MARK.load(Ordering::Relaxed));
    INTERRUPTED[what].fetch_add(1, Ordering::Relaxed);
}

/// How often `what` was interrupted.
pub fn interrupted(what: Doing) -> u32 {
    INTERRUPTED[what as usize].load(Ordering::Relaxed)
}
