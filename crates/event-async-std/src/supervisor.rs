//! Supervision on async-std: all of [`event_supervisor`], and the runtime for it.
//!
//! A consumer that receives from a channel. Each run makes a channel and a pipe of its own, so that no item of an earlier run comes
//! before the current address.
//!
//! ```
//! use async_std::channel;
//! use event_async_std::supervisor::{self, BoxError, Context, Signal, State, Tree};
//! use event_core::MemoryValue;
//!
//! # async_std::task::block_on(async {
//! let address = MemoryValue::with_value("192.0.2.10");
//! let arrived = MemoryValue::new();
//! let tree = supervisor::start({
//!     let (address, arrived) = (address.reader(), arrived.clone());
//!     move |cx: Context| {
//!         let (address, arrived) = (address.clone(), arrived.clone());
//!         async move {
//!             let (sender, addresses) = channel::bounded(1);
//!             cx.run("pipe", event_async_std::pipe(address, sender))?;
//!             cx.signal(Signal::Healthy);
//!             arrived.set(addresses.recv().await?);
//!             // It dies of this, and is started again.
//!             Err::<(), BoxError>("the disk is full".into())
//!         }
//!     }
//! });
//!
//! let has_died = |tree: &Tree| tree.get("root").is_some_and(|root| root.state() == State::Dead);
//! let dead = tree.state().watch().get().filter(has_died).await.unwrap();
//! assert_eq!(dead.get("root").unwrap().last_error(), Some("the disk is full"));
//! assert_eq!(arrived.load(), Some("192.0.2.10"));
//!
//! // After the restart it receives the current address again.
//! arrived.clear();
//! assert_eq!(arrived.watch().get().await.unwrap(), "192.0.2.10");
//! tree.stop().await;
//! # });
//! ```

use core::future::Future;
use core::time::Duration;

use async_std::task;
use event_core::Timer;
pub use event_supervisor::*;

use crate::time::AsyncStdTimer;

/// async-std, as event-supervisor sees it. Its executor starts when it is first used.
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncStdRuntime;

impl Runtime for AsyncStdRuntime {
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // The task goes on without its handle.
        drop(task::spawn(task));
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
        AsyncStdTimer.sleep(duration)
    }
}

/// Starts `root` on async-std's executor, with the default settings.
///
/// # Panics
///
/// If the system refuses the executor its threads.
pub fn start(root: impl Runnable<Context> + 'static) -> Supervisor {
    builder().start(root)
}

/// For other settings, on async-std's executor.
pub fn builder() -> Builder {
    Supervisor::builder(AsyncStdRuntime)
}

/// Runs a runnable once, outside of any tree. See [`event_supervisor::run_once`].
///
/// The runnable itself runs where this is awaited, and needs no executor; its children, if it has any, run on async-std's.
///
/// # Errors
///
/// What the runnable returned; or what it panicked with, as text.
///
/// # Examples
///
/// ```
/// use async_std::channel;
/// use event_async_std::supervisor::run_once;
/// use event_core::MemoryValue;
///
/// # async_std::task::block_on(async {
/// let value = MemoryValue::with_value(1);
/// let (sender, receiver) = channel::bounded(1);
/// let ended = run_once(event_async_std::pipe(value, sender).backlog_only()).await;
/// assert!(ended.is_ok());
/// assert_eq!(receiver.recv().await, Ok(1));
/// # });
/// ```
pub async fn run_once(runnable: impl Runnable<Context> + 'static) -> Result<(), BoxError> {
    event_supervisor::run_once(AsyncStdRuntime, runnable).await
}
