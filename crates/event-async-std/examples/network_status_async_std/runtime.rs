//! What the parts need of async-std.

use std::future::Future;

use async_std::task;
pub(crate) use event_async_std::supervisor;
pub(crate) use if_watch::smol::IfWatcher;

use crate::shared::Failure;

/// Runs the program. The parts run on the threads of async-std's executor, which go with the process.
pub(crate) fn block_on(program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    task::block_on(program)
}

/// Does what may block a thread on one where that holds up nobody. If it panics, so does this.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    task::spawn_blocking(work).await
}
