//! Things that are run, ended and run again by something that looks after them.

use alloc::boxed::Box;
use core::error::Error;
use core::future::Future;

/// Any error that a task can end with.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// What a runnable tells whoever looks after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// It does its work. What it depends on was there.
    Healthy,
    /// Its work is done: when it returns `Ok`, it has not failed.
    Done,
}

/// What a runnable sees of whoever runs it.
///
/// `event-supervisor`'s context is one. A runnable that is written against this trait, as
/// [`Pipe`](crate::Pipe) is, needs to know no supervisor.
pub trait RunContext: Send + Sync {
    /// Tells how the runnable is doing.
    fn signal(&self, signal: Signal);

    /// Ready when the runnable has to end, and from then on.
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
    /// Runs until it has ended. It begins anew each time: nothing may rely on an earlier run having ended well.
    ///
    /// # Errors
    ///
    /// Whatever made it end early.
    ///
    /// # Cancel safety
    ///
    /// When the context says `cancelled`, it should end soon, by returning anything at all. If it does not, the future may be
    /// dropped.
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
