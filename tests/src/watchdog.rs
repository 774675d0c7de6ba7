//! Turns a hang into a message and an abort.

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io::Write;
use std::panic::catch_unwind;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;

/// Ends the process when what it watches over makes no progress. Dropped: satisfied.
#[derive(Debug)]
pub struct Watchdog {
    progress: Arc<AtomicU64>,
    done: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches over `name` from now on. It may take any time, but never more than `limit` between two calls of
    /// [`progress`](Self::progress).
    #[must_use]
    pub fn start(name: impl Into<String>, limit: Duration) -> Self {
        let name = name.into();
        let progress = Arc::new(AtomicU64::new(0));
        let (done, ended) = channel();
        let seen = Arc::clone(&progress);
        let thread = std::thread::spawn(move || {
            let mut before = 0;
            while ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
                let now = seen.load(Ordering::Relaxed);
                if now == before {
                    abort(&format!("{name}: no progress for {limit:?} after {now} steps: it hangs"));
                }
                before = now;
            }
        });
        Self { progress, done: Some(done), thread: Some(thread) }
    }

    /// Says that there was progress.
    pub fn progress(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs `f` on a thread whose panic would leave the other threads waiting: ends the process with a message instead.
pub fn or_abort<R>(name: &str, f: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic that is not text");
            abort(&format!("{name}: {text}"));
        }
    }
}

fn abort(message: &str) -> ! {
    // Not `eprintln`, which the test harness would keep to itself.
    let _ = writeln!(std::io::stderr(), "\n{message}");
    std::process::abort();
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // The thread's `recv` ends with the sender.
        drop(self.done.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
