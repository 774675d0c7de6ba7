//! What a supervisor runs, ends and runs again.

use alloc::boxed::Box;
use core::error::Error;
use core::future::Future;

/// Any error that a task can end with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a runnable reports to its supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// It works.
    Healthy,
    /// Its work is done: if it returns `Ok` now, it has not failed.
    Done,
}

/// What a runnable sees of its supervisor.
///
/// The `Context` of `event-supervisor` is one. A runnable that is written against this trait, such as [`Pipe`](crate::Pipe), works
/// with any supervisor.
pub trait RunContext: Send + Sync {
    /// Reports the state of the runnable.
    fn signal(&self, signal: Signal);

    /// Ready when the runnable has to end, and from then on always.
    fn cancelled(&self) -> impl Future<Output = ()> + Send;
}

/// Something that can be run, and run again after it has ended in whatever way.
///
/// Functions and closures that take the context and return a future are runnables:
///
/// ```
/// use event_core::{BoxError, RunContext, Runnable, Signal};
///
/// async fn blink<C: RunContext>(cx: C) -> Result<(), std::io::Error> {
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
///
/// fn takes_any<C: RunContext>(runnable: impl Runnable<C>) {
///     drop(runnable);
/// }
/// # struct Nobody;
/// # impl RunContext for Nobody {
/// #     fn signal(&self, _: Signal) {}
/// #     async fn cancelled(&self) {}
/// # }
/// takes_any::<Nobody>(blink);
/// takes_any(|cx: Nobody| async move {
///     cx.cancelled().await;
///     Err::<(), _>("something always goes wrong")
/// });
/// ```
pub trait Runnable<C>: Send {
    /// Runs once. Each run begins from the start, and must not rely on how an earlier run has ended.
    ///
    /// # Errors
    ///
    /// The reason why it ended early.
    ///
    /// # Cancel safety
    ///
    /// When the context's `cancelled` is ready, it should end soon; what it returns then does not matter. If it does not end, the
    /// future may be dropped.
    fn run(&mut self, cx: C) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<C, F, R, E> Runnable<C> for F
where
    C: Send,
    F: FnMut(C) -> R + Send,
    R: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    async fn run(&mut self, cx: C) -> Result<(), BoxError> {
        self(cx).await.map_err(Into::into)
    }
}
