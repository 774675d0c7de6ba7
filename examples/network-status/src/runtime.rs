//! What the example needs of a runtime.

use std::future::Future;
use std::io;

use event_core::MemoryReader;
use event_supervisor::{BoxRunnable, Builder};
use futures_lite::Stream;

use crate::failure::Failure;
use crate::status::NetworkStatus;

/// A runtime.
pub(crate) trait Runtime: Copy + Send + 'static {
    /// Whether it is tokio, which the client of etcd needs.
    const IS_TOKIO: bool;

    /// Runs the program.
    fn block_on(self, program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure>;

    /// Prepares a supervisor, on the runtime that runs the program.
    fn supervisor(self) -> Builder;

    /// Does what may block a thread on one where that delays nothing else. If it panics, so does this.
    fn blocking<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + Send + 'static;

    /// A channel of the runtime with one slot: a pipe that forwards the value into it, and what is received.
    fn pipe(
        self,
        network: MemoryReader<NetworkStatus>,
    ) -> (BoxRunnable, impl Stream<Item = NetworkStatus> + Send + Unpin + 'static);

    /// What is sent to the process, from now on.
    fn signals(self) -> io::Result<impl Signals>;
}

/// What a person, or the system, asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To end, by the signal of this name.
    ToEnd(&'static str),
    /// To print the tree, and go on.
    #[cfg_attr(not(unix), expect(dead_code, reason = "no other system has a signal for it"))]
    ForTree,
}

/// SIGINT, which Ctrl-C sends; SIGTERM and SIGUSR1 where they exist.
pub(crate) trait Signals {
    /// Waits for one of them. Dropping the future loses none.
    async fn next(&mut self) -> Asked;
}
