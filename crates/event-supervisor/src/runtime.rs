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
    /// Starts a task. The task panics only if a waker, a subscriber or another hook of the program does.
    ///
    /// A runtime that cannot start a task, because it is full or has ended, should drop it. The supervisor notices that, as
    /// it notices a panic of this method, and treats it as the death of what the task was to run.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static);

    /// Waits for `duration`, from this call on. Dropping the future ends the wait.
    ///
    /// Not every sleep is polled to its end: the supervisor may only ask, by a single poll, whether one is over already.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static;

    /// What the runtime's clock shows: the time since any moment that stays the same. It is only used to report when
    /// something happened.
    ///
    /// The provided method reads the clock of the operating system; without the feature `std`, or where the standard library has
    /// no clock, it returns zero. A runtime whose
    /// time is another one should have its own.
    fn now(&self) -> Duration {
        #[cfg(all(feature = "std", not(all(target_family = "wasm", target_os = "unknown"))))]
        {
            use std::sync::OnceLock;
            use std::time::Instant;

            static FIRST: OnceLock<Instant> = OnceLock::new();
            FIRST.get_or_init(Instant::now).elapsed()
        }
        #[cfg(any(not(feature = "std"), all(target_family = "wasm", target_os = "unknown")))]
        Duration::ZERO
    }
}

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A `Runtime` of any kind.
pub(crate) trait AnyRuntime: Send + Sync {
    fn spawn_boxed(&self, task: BoxFuture<'static, ()>);
    fn sleep_boxed(&self, duration: Duration) -> BoxFuture<'static, ()>;
    fn now(&self) -> Duration;
}

impl<R: Runtime> AnyRuntime for R {
    fn spawn_boxed(&self, task: BoxFuture<'static, ()>) {
        self.spawn(task);
    }

    fn sleep_boxed(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.sleep(duration))
    }
    fn now(&self) -> Duration {
        Runtime::now(self)
    }
}
