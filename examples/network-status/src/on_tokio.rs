//! The example's runtime: tokio.

use std::future::Future;
use std::io;
use std::panic::resume_unwind;

use event_core::MemoryReader;
use event_supervisor::{BoxRunnable, Builder, boxed};
use futures_lite::{Stream, stream};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use crate::failure::Failure;
use crate::runtime::{Asked, Runtime, Signals};
use crate::status::NetworkStatus;

/// One thread of tokio's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tokio;

impl Runtime for Tokio {
    const IS_TOKIO: bool = true;

    fn block_on(self, program: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::new("cannot start", error, "Look for exhausted limits (`ulimit -a`)."))?;
        let ended = runtime.block_on(program);
        // A write that is stuck must not keep the process.
        runtime.shutdown_background();
        ended
    }

    fn supervisor(self) -> Builder {
        event_tokio::supervisor::builder()
    }

    async fn blocking<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> T {
        match spawn_blocking(work).await {
            Ok(done) => done,
            // Nothing cancels it, so it has panicked.
            Err(error) => resume_unwind(error.into_panic()),
        }
    }

    fn pipe(
        self,
        network: MemoryReader<NetworkStatus>,
    ) -> (BoxRunnable, impl Stream<Item = NetworkStatus> + Send + Unpin + 'static) {
        let (sender, mut receiver) = mpsc::channel(1);
        (boxed(event_tokio::pipe(network, sender)), stream::poll_fn(move |cx| receiver.poll_recv(cx)))
    }

    fn signals(self) -> io::Result<impl Signals> {
        TokioSignals::new()
    }
}

#[cfg(unix)]
struct TokioSignals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    user: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl TokioSignals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            user: signal(SignalKind::user_defined1())?,
        })
    }
}

#[cfg(unix)]
impl Signals for TokioSignals {
    async fn next(&mut self) -> Asked {
        use futures_lite::future::or;
        let interrupt = async {
            self.interrupt.recv().await;
            Asked::ToEnd("Ctrl-C")
        };
        let terminate = async {
            self.terminate.recv().await;
            Asked::ToEnd("SIGTERM")
        };
        let user = async {
            self.user.recv().await;
            Asked::ForTree
        };
        or(interrupt, or(terminate, user)).await
    }
}

#[cfg(windows)]
struct TokioSignals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl TokioSignals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }
}

#[cfg(windows)]
impl Signals for TokioSignals {
    async fn next(&mut self) -> Asked {
        self.0.recv().await;
        Asked::ToEnd("Ctrl-C")
    }
}
