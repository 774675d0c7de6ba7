//! Runnables of any kind.

use alloc::boxed::Box;
use core::fmt;

use event_core::{BoxError, Runnable};

use crate::context::Context;
use crate::runtime::BoxFuture;

/// A runnable of any kind, for groups whose members are of different kinds. Made by [`boxed`].
pub struct BoxRunnable(Box<dyn AnyRunnable>);

/// Puts a runnable into a box.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, pipe};
/// use event_supervisor::{BoxError, Context, boxed};
///
/// async fn group(cx: Context) -> Result<(), BoxError> {
///     let (celsius, copy) = (MemoryValue::with_value(21), MemoryValue::new());
///     let mut receiver = copy.watch();
///     cx.run_group([
///         ("pipe", boxed(pipe(celsius, copy))),
///         ("receiver", boxed(async |cx: Context| {
///             cx.cancelled().await;
///             Ok::<(), BoxError>(())
///         })),
///     ])?;
///     receiver.get().until(cx.cancelled()).await?;
///     Ok(())
/// }
/// ```
pub fn boxed(runnable: impl Runnable<Context> + 'static) -> BoxRunnable {
    BoxRunnable(Box::new(runnable))
}

trait AnyRunnable: Send {
    fn run_boxed(&mut self, cx: Context) -> BoxFuture<'_, Result<(), BoxError>>;
}

impl<R: Runnable<Context>> AnyRunnable for R {
    fn run_boxed(&mut self, cx: Context) -> BoxFuture<'_, Result<(), BoxError>> {
        // Whatever `run` does before it returns its future is done by the first poll, where panics are caught.
        Box::pin(async move { self.run(cx).await })
    }
}

impl BoxRunnable {
    pub(crate) fn run_boxed(&mut self, cx: Context) -> BoxFuture<'_, Result<(), BoxError>> {
        self.0.run_boxed(cx)
    }
}

impl Runnable<Context> for BoxRunnable {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        self.run_boxed(cx).await
    }
}

impl fmt::Debug for BoxRunnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxRunnable").finish_non_exhaustive()
    }
}
