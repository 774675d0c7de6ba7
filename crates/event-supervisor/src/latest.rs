//! Runs something with the newest item of a watcher.

use core::fmt;
use core::future::pending;

use event_core::{BoxError, GetError, Runnable, Signal, Watcher, WatcherExt};
use futures_lite::future::{or, poll_once};

use crate::context::Context;
use crate::handle::Handle;

/// The name of the child.
const CHILD: &str = "latest";

/// Runs a runnable with the newest item of `watcher`, and starts another one in its place whenever there is a newer item.
///
/// The closure `runnable` makes a runnable of an item. This runs as a child called `latest`. When there is a newer item, the child is
/// cancelled, and the next one begins when the child and its children have ended. A child that dies is restarted like any other, with
/// the same item. Of items that come faster than that, only the newest is used.
///
/// The runnable as a whole is healthy as soon as its child is. When the watcher's value is closed, the whole is done, and the child
/// keeps running. If the value is closed before there was an item, the whole dies. After a restart, the whole begins with the newest
/// item that is known.
///
/// # Examples
///
/// A server that is restarted when its address changes:
///
/// ```
/// use event_core::MemoryValue;
/// use event_supervisor::{BoxError, Context, Signal, run_latest};
///
/// async fn app(cx: Context, address: MemoryValue<&'static str>) -> Result<(), BoxError> {
///     cx.run("server", run_latest(address.watch(), |address| move |cx| serve(cx, address)))?;
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
///
/// async fn serve(cx: Context, address: &'static str) -> Result<(), BoxError> {
///     println!("listening at {address}");
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
/// ```
pub fn run_latest<W, F, R>(watcher: W, runnable: F) -> RunLatest<W, F>
where
    W: Watcher + Send,
    W::Item: Clone + Send,
    F: FnMut(W::Item) -> R + Send,
    R: Runnable<Context> + 'static,
{
    RunLatest { watcher, runnable, newest: None }
}

/// A runnable that follows a watcher. Made by [`run_latest`].
pub struct RunLatest<W: Watcher, F> {
    watcher: W,
    runnable: F,
    /// Kept for a restart.
    newest: Option<W::Item>,
}

impl<W, F, R> Runnable<Context> for RunLatest<W, F>
where
    W: Watcher + Send,
    W::Item: Clone + Send,
    F: FnMut(W::Item) -> R + Send,
    R: Runnable<Context> + 'static,
{
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut child: Option<Handle> = None;
        let mut is_healthy = false;
        loop {
            if let Some(child) = child.take() {
                child.cancel();
                child.ended().await;
            }
            // There may be a newer one by now.
            if let Some(Ok(item)) = poll_once(self.watcher.get()).await {
                self.newest = Some(item);
            }
            if let Some(item) = &self.newest {
                child = Some(cx.run(CHILD, (self.runnable)(item.clone()))?);
            }
            let has_child = child.is_some();
            let health = async {
                if !is_healthy && has_child && cx.children_healthy().await {
                    is_healthy = true;
                    cx.signal(Signal::Healthy);
                }
                pending().await
            };
            let has_to_end = async {
                cx.cancelled().await;
                None
            };
            match or(has_to_end, or(async { Some(self.watcher.get().await) }, health)).await {
                None => return Ok(()),
                Some(Ok(item)) => self.newest = Some(item),
                Some(Err(GetError::Closed)) if has_child => break,
                Some(Err(error)) => return Err(error.into()),
            }
        }
        if !is_healthy && cx.children_healthy().await {
            cx.signal(Signal::Healthy);
        }
        cx.signal(Signal::Done);
        Ok(())
    }
}

impl<W: Watcher, F> fmt::Debug for RunLatest<W, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunLatest").finish_non_exhaustive()
    }
}
