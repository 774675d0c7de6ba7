//! Runnables that are not `Send`, for runtimes with one thread.

use alloc::boxed::Box;
use core::fmt;
use core::future::{Future, poll_fn};
use core::mem;
use core::pin::Pin;
use core::task::{Context as TaskContext, Poll};

use event_core::{BoxError, Runnable};
use send_wrapper::SendWrapper;

use crate::context::Context;

/// Makes a runnable of something that is not `Send`, such as a closure that keeps an `Rc`, or whose future does.
///
/// It is for runtimes that run all tasks of the tree on the thread on which this is called: tokio's current-thread runtime
/// while that is blocked on, or an executor of a single thread. On another thread it does not run: it dies, with an error that
/// says so. What cannot be dropped where it may be dropped is leaked: the closure if its last owner is another thread, and the
/// future of a run if another thread ends that.
///
/// Nothing else about supervision is different: it may be the root, a child, or a member of a group beside others.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// use event_supervisor::{BoxError, Context, Signal, local};
///
/// async fn app(cx: Context, hits: Rc<Cell<u32>>) -> Result<(), BoxError> {
///     let counter = hits.clone();
///     cx.run("counter", local(move |cx| count(cx, counter.clone())))?;
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     println!("{} hits", hits.get());
///     Ok(())
/// }
///
/// async fn count(cx: Context, hits: Rc<Cell<u32>>) -> Result<(), BoxError> {
///     hits.set(hits.get() + 1);
///     cx.signal(Signal::Healthy);
///     cx.cancelled().await;
///     Ok(())
/// }
///
/// fn start(runtime: impl event_supervisor::Runtime) -> event_supervisor::Supervisor {
///     let hits = Rc::new(Cell::new(0));
///     event_supervisor::Supervisor::start(runtime, local(move |cx| app(cx, hits.clone())))
/// }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
#[doc(alias("spawn_local", "LocalSet"))]
pub fn local<F, R, E>(runnable: F) -> Local<F>
where
    F: FnMut(Context) -> R + 'static,
    R: Future<Output = Result<(), E>> + 'static,
    E: Into<BoxError>,
{
    Local(OnThread::new(runnable))
}

/// A runnable that runs on one thread only. Made by [`local`].
#[cfg_attr(docsrs, doc(cfg(feature = "std")))]
pub struct Local<F>(OnThread<F>);

impl<F, R, E> Runnable<Context> for Local<F>
where
    F: FnMut(Context) -> R + 'static,
    R: Future<Output = Result<(), E>> + 'static,
    E: Into<BoxError>,
{
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut run = OnThread::new(Box::pin(self.0.get()?(cx)));
        poll_fn(|cx: &mut TaskContext<'_>| match run.get() {
            Ok(run) => Pin::as_mut(run).poll(cx).map_err(Into::into),
            Err(error) => Poll::Ready(Err(error)),
        })
        .await
    }
}

impl<F> fmt::Debug for Local<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

/// Something that is used and dropped on the thread only on which it was made. The wrapper itself would panic elsewhere, even
/// while it is dropped.
struct OnThread<T>(Option<SendWrapper<T>>);

impl<T> OnThread<T> {
    fn new(data: T) -> Self {
        Self(Some(SendWrapper::new(data)))
    }

    fn get(&mut self) -> Result<&mut T, BoxError> {
        let here = self.0.as_mut().filter(|data| data.valid());
        here.map(|data| &mut **data).ok_or_else(|| "a local runnable can only run on the thread that made it".into())
    }
}

impl<T> Drop for OnThread<T> {
    fn drop(&mut self) {
        if let Some(data) = self.0.take_if(|data| !data.valid()) {
            mem::forget(data);
        }
    }
}
