//! A value made of a closure.

use core::fmt;

use crate::traits::{Watch, Watcher};

/// Makes a derived value: something that can be watched, from a closure that makes a watcher.
///
/// Code that makes its own watchers, and makes new ones after a restart, can so be given a combination of watchers. A
/// [`pipe`](crate::pipe()) is an example.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, pipe, prelude::*, watch_fn};
///
/// # futures_lite::future::block_on(async {
/// let celsius = MemoryValue::with_value(20.0);
/// let fahrenheit = watch_fn({
///     let celsius = celsius.reader();
///     move || celsius.watch().map(|c| c * 1.8 + 32.0)
/// });
/// let display = MemoryValue::new();
/// pipe(fahrenheit, display.clone()).backlog_only().run_until(core::future::pending::<()>()).await?;
/// assert_eq!(display.load(), Some(68.0));
/// # Ok::<(), event_core::PipeError>(()) }).unwrap();
/// ```
pub fn watch_fn<F: Fn() -> W, W: Watcher>(watch: F) -> WatchFn<F> {
    WatchFn(watch)
}

/// A value whose watchers a closure makes. Made by [`watch_fn`].
#[derive(Clone, Copy)]
pub struct WatchFn<F>(F);

impl<F: Fn() -> W, W: Watcher> Watch for WatchFn<F> {
    type Item = W::Item;
    type Watcher = W;

    fn watch(&self) -> W {
        (self.0)()
    }
}

impl<F> fmt::Debug for WatchFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchFn").finish_non_exhaustive()
    }
}
