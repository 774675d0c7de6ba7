//! What the parts need of tokio.

use std::future::Future;
use std::panic::resume_unwind;

pub(crate) use event_tokio::supervisor;
pub(crate) use if_watch::tokio::IfWatcher;
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;

use crate::shared::Failure;

/// Runs the program on a runtime of its own, with one thread.
pub(crate) fn block_on(program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("cannot start", error, "Look for exhausted limits (`ulimit -a`)."))?;
    let ended = runtime.block_on(program);
    // A write that is stuck shall not keep the process.
    runtime.shutdown_background();
    ended
}

/// Does what may block a thread on one where that holds up nobody.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // Nobody cancels it, so it has panicked. Whoever waits for it does the same.
        Err(error) => resume_unwind(error.into_panic()),
    }
}
