//! Turns a test that hangs into a message and an abort.

use core::time::Duration;
use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};

/// Ends the process if `name` is not done after `limit`. Dropped: it is done.
pub(crate) struct Watchdog {
    // The thread's `recv` ends with it.
    _done: Sender<()>,
}

impl Watchdog {
    pub(crate) fn start(name: String, limit: Duration) -> Self {
        let (done, ended) = channel::<()>();
        std::thread::spawn(move || {
            if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let _ = writeln!(std::io::stderr(), "\n{name}: not done after {limit:?}: it hangs");
                // The servers end with the process.
                std::process::abort();
            }
        });
        Self { _done: done }
    }
}
