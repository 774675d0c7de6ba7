//! What a writer does that was overtaken by another one, and a reader by a writer.
//!
//! Two threads that write as fast as they can take the cell's cache lines from each other several times per write, and each
//! transfer takes longer than a write. So a writer whose exchange failed pauses before it tries again: the other thread has the
//! lines to itself for some dozen writes, and both together get more done. The number of pauses is fixed, whatever the other thread
//! does: nobody is waited for, and a write that is overtaken `n` times takes `n` pauses longer.
//!
//! Likewise a load in whose short time the data was replaced: whoever reads that fast takes the line that the writer needs from it two
//! times per write. With the pause a set beside a thread that does nothing but load takes 36 ns instead of 129, and those loads 71
//! instead of 60 (medians of alternate runs on an idle machine with two processors). What is borrowed, and what is got, is meant to be
//! held, and nobody pauses for it.
//!
//! A watcher that is armed makes an exchange fail as well. It does so once and then sleeps, so nobody pauses for that.

use core::hint;

use super::Pinned;

/// How many pauses of the processor make up one. With a pause of 10 to 40 ns, as usual, that is less than a microsecond.
const PAUSES: usize = 16;

/// Pauses.
#[cold]
pub(super) fn pause() {
    // To a model checker a pause is a switch to another thread, of which its schedules have enough.
    if cfg!(not(any(event_core_loom, event_core_shuttle))) {
        for _ in 0..PAUSES {
            hint::spin_loop();
        }
    }
}

/// Drops the pin of what was to be replaced, so that whoever replaced it need not leave it to this thread, and pauses.
#[cold]
pub(crate) fn give_way<T>(overtaken: Option<Pinned<'_, T>>) {
    drop(overtaken);
    pause();
}
