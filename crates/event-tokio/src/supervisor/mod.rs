//! Supervision on tokio: all of [`event_supervisor`], and the runtime for it.
//!
//! A pipe and its receiver in one group: when one of them dies, both are restarted, and the receiver gets the current address.
//!
//! ```
//! use event_core::MemoryValue;
//! use event_tokio::supervisor::{self, BoxError, Context, Runnable, Signal, boxed};
//! use tokio::sync::mpsc;
//!
//! struct Consumer {
//!     addresses: mpsc::Receiver<&'static str>,
//! }
//!
//! // A runnable that keeps nothing between its runs can be a function or a closure.
//! impl Runnable<Context> for Consumer {
//!     async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
//!         cx.signal(Signal::Healthy);
//!         loop {
//!             tokio::select! {
//!                 () = cx.cancelled() => return Ok(()),
//!                 Some(address) = self.addresses.recv() => println!("now at {address}"),
//!             }
//!         }
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let address = MemoryValue::with_value("192.0.2.10");
//! let tree = supervisor::start({
//!     let address = address.reader();
//!     move |cx: Context| {
//!         let address = address.clone();
//!         async move {
//!             let (sender, addresses) = mpsc::channel(1);
//!             cx.run_group([
//!                 ("pipe", boxed(event_tokio::pipe(address, sender))),
//!                 ("consumer", boxed(Consumer { addresses })),
//!             ])?;
//!             cx.signal(Signal::Healthy);
//!             cx.cancelled().await;
//!             Ok::<(), BoxError>(())
//!         }
//!     }
//! });
//!
//! let is_healthy = |tree: &supervisor::Tree| {
//!     tree.get("root.consumer").is_some_and(|consumer| consumer.state() == supervisor::State::Healthy)
//! };
//! tree.state().watch().get().filter(is_healthy).await.unwrap();
//! tree.stop().await;
//! # }
//! ```

#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
mod command;
#[cfg(feature = "test-util")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-util")))]
pub mod test_util;

use core::future::Future;
use core::time::Duration;

#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub use command::{RunCommand, run_command};
pub use event_supervisor::*;
use tokio::runtime;
use tokio::time::Instant;

/// tokio, as event-supervisor sees it.
///
/// Its time is tokio's, so tests can [pause](https://docs.rs/tokio/latest/tokio/time/fn.pause.html) it.
#[derive(Clone, Debug)]
pub struct TokioRuntime {
    handle: runtime::Handle,
    /// When this was made.
    started: Instant,
}

impl TokioRuntime {
    /// The runtime that this is called on.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn current() -> Self {
        Self::from(runtime::Handle::current())
    }
}

impl From<runtime::Handle> for TokioRuntime {
    fn from(handle: runtime::Handle) -> Self {
        let within = handle.enter();
        let started = Instant::now();
        drop(within);
        Self { handle, started }
    }
}

impl Runtime for TokioRuntime {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.handle.spawn(task);
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        let _within = self.handle.enter();
        tokio::time::sleep(duration)
    }

    fn now(&self) -> Duration {
        let _within = self.handle.enter();
        self.started.elapsed()
    }
}

/// Starts `root` on the runtime that this is called on, with the default settings.
///
/// # Panics
///
/// Outside of a tokio runtime. The tree needs its [time](tokio::runtime::Builder::enable_time).
pub fn start(root: impl Runnable<Context> + 'static) -> Supervisor {
    builder().start(root)
}

/// Prepares a supervisor with other settings, on the runtime that this is called on.
///
/// # Panics
///
/// As [`start`].
pub fn builder() -> Builder {
    Supervisor::builder(TokioRuntime::current())
}

/// Runs a runnable once, outside of any tree. See [`event_supervisor::run_once`].
///
/// # Errors
///
/// What the runnable returned; or what it panicked with, as text.
///
/// # Panics
///
/// Outside of a tokio runtime.
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
/// use event_tokio::supervisor::run_once;
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let value = MemoryValue::with_value(1);
/// let (sender, mut receiver) = mpsc::channel(1);
/// let ended = run_once(event_tokio::pipe(value, sender).backlog_only()).await;
/// assert!(ended.is_ok());
/// assert_eq!(receiver.recv().await, Some(1));
/// # }
/// ```
pub async fn run_once(runnable: impl Runnable<Context> + 'static) -> Result<(), BoxError> {
    event_supervisor::run_once(TokioRuntime::current(), runnable).await
}
