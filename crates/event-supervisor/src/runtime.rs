//! What a supervisor needs of a runtime.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

/// A runtime that a supervisor can run on. The adapters have one each.
///
/// # Examples
///
/// A thread for every task, and for every sleep:
///
/// ```
/// use std::{future::Future, thread, time::Duration};
///
/// struct Threads;
///
/// impl event_supervisor::Runtime for Threads {
///     fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
///         thread::spawn(|| futures_lite::future::block_on(task));
///     }
///
///     fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static {
///         let over = event_core::MemoryValue::new();
///         let mut watcher = over.watch();
///         thread::spawn(move || {
///             thread::sleep(duration);
///             over.set(());
///         });
///         async move { _ = watcher.get().await }
///     }
/// }
/// ```
pub trait Runtime: Send + Sync + 'static {
    /// Starts a task. It never panics, unless the supervisor has a bug.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Waits for `duration`. Dropping the future ends the wait.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static;
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A `Runtime` of any kind.
pub(crate) trait AnyRuntime: Send + Sync {
    fn spawn_boxed(&self, task: BoxFuture<'static, ()>);
    fn sleep_boxed(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

impl<R: Runtime> AnyRuntime for R {
    fn spawn_boxed(&self, task: BoxFuture<'static, ()>) {
        self.spawn(task);
    }

    fn sleep_boxed(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.sleep(duration))
    }
}
