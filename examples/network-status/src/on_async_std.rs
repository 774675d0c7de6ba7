//! The example's other runtime: async-std.

use std::future::Future;
use std::io;

use async_std::{channel, task};
use event_core::MemoryReader;
use event_supervisor::{BoxRunnable, Builder, boxed};
use futures_lite::{Stream, StreamExt};

use crate::failure::Failure;
use crate::runtime::{Asked, Runtime, Signals};
use crate::status::NetworkStatus;

/// The threads of async-std's executor, which end with the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AsyncStd;

impl Runtime for AsyncStd {
    const IS_TOKIO: bool = false;

    fn block_on(self, program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        task::block_on(program)
    }

    fn supervisor(self) -> Builder {
        event_async_std::supervisor::builder()
    }

    async fn blocking<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        task::spawn_blocking(work).await
    }

    fn pipe(
        self,
        network: MemoryReader<NetworkStatus>,
    ) -> (BoxRunnable, impl Stream<Item = NetworkStatus> + Send + Unpin + 'static) {
        let (sender, receiver) = channel::bounded(1);
        (boxed(event_async_std::pipe(network, sender)), receiver)
    }

    fn signals(self) -> io::Result<impl Signals> {
        use async_signal::Signal::{Int, Term, Usr1};
        let all = if cfg!(unix) { &[Int, Term, Usr1][..] } else { &[Int] };
        async_signal::Signals::new(all).map(AsyncStdSignals)
    }
}

struct AsyncStdSignals(async_signal::Signals);

impl Signals for AsyncStdSignals {
    async fn next(&mut self) -> Asked {
        match self.0.next().await {
            Some(Ok(async_signal::Signal::Int)) => Asked::ToEnd("Ctrl-C"),
            #[cfg(unix)]
            Some(Ok(async_signal::Signal::Usr1)) => Asked::ForTree,
            Some(Ok(_)) => Asked::ToEnd("SIGTERM"),
            // None can come any more. Better to end now than to be deaf.
            Some(Err(_)) | None => Asked::ToEnd("no signals any more"),
        }
    }
}
