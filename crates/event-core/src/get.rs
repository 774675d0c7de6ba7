//! The future that waits for data, and its options.

use core::fmt;
use core::future::{Future, Pending};
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::error::GetError;
use crate::trace::Wait;
use crate::traits::Watcher;

pin_project! {
    /// A future that waits for data that the watcher has not returned yet. Made by [`WatcherExt::get`](crate::WatcherExt::get).
    ///
    /// Options are methods, in any order:
    ///
    /// | option | the get returns |
    /// |---|---|
    /// | [`filter`](Self::filter) | only data that a predicate accepts |
    /// | [`backlog_only`](Self::backlog_only) | immediately, with an error if nothing is unseen |
    /// | [`until`](Self::until) | an error when a future is ready |
    ///
    /// The crates for the runtimes add deadlines and tokens.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future consumes nothing, except what a filter has rejected. The next get returns what this one would have returned.
    ///
    /// # Panics
    ///
    /// Polling the future again after it was ready is another get, and does not panic. A panic of the item's `Clone` or of a
    /// predicate passes through; that version is not consumed.
    #[must_use = "futures do nothing unless awaited or polled"]
    pub struct Get<'a, W: ?Sized, P = Everything, B = Waiting, C = Pending<()>> {
        watcher: &'a mut W,
        accept: P,
        backlog: B,
        #[pin]
        cancel: C,
        wait: Wait,
    }
}

impl<'a, W: ?Sized> Get<'a, W> {
    pub(crate) fn new(watcher: &'a mut W) -> Self {
        Get {
            watcher,
            accept: Everything(()),
            backlog: Waiting(()),
            cancel: core::future::pending(),
            wait: Wait::default(),
        }
    }
}

impl<'a, W: Watcher + ?Sized, B, C> Get<'a, W, Everything, B, C> {
    /// Returns only data that `accept` accepts. What it rejects is consumed, and the get continues.
    ///
    /// On a value in memory, `accept` runs on a borrow, before anything is cloned. Nobody waits for it, however long it runs.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(3);
    /// let mut watcher = value.watch();
    /// let even = watcher.get().filter(|n| n % 2 == 0).backlog_only().await;
    /// assert!(even.unwrap_err().is_backlog_done());
    /// value.set(4);
    /// assert_eq!(watcher.get().filter(|n| n % 2 == 0).await.unwrap(), 4);
    /// # });
    /// ```
    pub fn filter<P: FnMut(&W::Item) -> bool>(self, accept: P) -> Get<'a, W, P, B, C> {
        let Get { watcher, backlog, cancel, wait, .. } = self;
        Get { watcher, accept, backlog, cancel, wait }
    }
}

impl<'a, W: ?Sized, P, C> Get<'a, W, P, Waiting, C> {
    /// Does not wait for new data: returns [`GetError::BacklogDone`] if the watcher has seen everything.
    ///
    /// On a value in memory this never waits. A value that is kept elsewhere may have to be fetched first.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value("present");
    /// let mut watcher = value.watch();
    /// assert_eq!(watcher.get().backlog_only().await.unwrap(), "present");
    /// assert!(watcher.get().backlog_only().await.unwrap_err().is_backlog_done());
    /// # });
    /// ```
    pub fn backlog_only(self) -> Get<'a, W, P, BacklogOnly, C> {
        let Get { watcher, accept, cancel, wait, .. } = self;
        Get { watcher, accept, backlog: BacklogOnly(()), cancel, wait }
    }
}

impl<'a, W: ?Sized, P, B> Get<'a, W, P, B> {
    /// Ends the get with [`GetError::Cancelled`] when `cancel` is ready.
    ///
    /// If there is data and `cancel` is ready as well, the get is cancelled and consumes nothing. So a producer that sets all the time
    /// cannot delay a shutdown.
    ///
    /// # Panics
    ///
    /// If a get that was cancelled is polled again, it polls `cancel` again, which may panic.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// let cancelled = watcher.get().until(async {}).await;
    /// assert!(cancelled.unwrap_err().is_cancelled());
    /// assert_eq!(watcher.get().await.unwrap(), 1);
    /// # });
    /// ```
    pub fn until<C: Future>(self, cancel: C) -> Get<'a, W, P, B, C> {
        let Get { watcher, accept, backlog, wait, .. } = self;
        Get { watcher, accept, backlog, cancel, wait }
    }
}

impl<W, P, B, C> Future for Get<'_, W, P, B, C>
where
    W: Watcher + ?Sized,
    P: Accept<W::Item>,
    B: Backlog,
    C: Future,
{
    type Output = Result<W::Item, GetError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let polled = if this.cancel.poll(cx).is_ready() {
            Poll::Ready(Err(GetError::Cancelled))
        } else {
            this.accept.poll::<_, B>(*this.watcher, cx)
        };
        if polled.is_pending() {
            this.wait.begins::<W::Item>()
        } else {
            this.wait.ends()
        }
        polled
    }
}

impl<W: fmt::Debug + ?Sized, P, B: fmt::Debug, C> fmt::Debug for Get<'_, W, P, B, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("watcher", &&*self.watcher).field("backlog", &self.backlog).finish_non_exhaustive()
    }
}

/// A get without a filter.
#[derive(Debug)]
pub struct Everything(());

/// A get that waits.
#[derive(Debug)]
pub struct Waiting(());

/// A get that does not wait for anything new.
#[derive(Debug)]
pub struct BacklogOnly(());

/// `Everything` or a predicate.
pub trait Accept<T>: sealed::Accept<T> {}
impl<T, P: sealed::Accept<T>> Accept<T> for P {}

/// `Waiting` or `BacklogOnly`.
pub trait Backlog: sealed::Backlog {}
impl<B: sealed::Backlog> Backlog for B {}

mod sealed {
    use super::{BacklogOnly, Context, Everything, GetError, Poll, Waiting, Watcher};

    pub trait Accept<T> {
        fn poll<W, B>(&mut self, watcher: &mut W, cx: &mut Context<'_>) -> Poll<Result<T, GetError>>
        where
            W: Watcher<Item = T> + ?Sized,
            B: Backlog;
    }

    impl<T> Accept<T> for Everything {
        #[inline]
        fn poll<W, B>(&mut self, watcher: &mut W, cx: &mut Context<'_>) -> Poll<Result<T, GetError>>
        where
            W: Watcher<Item = T> + ?Sized,
            B: Backlog,
        {
            if B::ONLY { watcher.poll_backlog(cx) } else { watcher.poll_get(cx) }
        }
    }

    impl<T, P: FnMut(&T) -> bool> Accept<T> for P {
        #[inline]
        fn poll<W, B>(&mut self, watcher: &mut W, cx: &mut Context<'_>) -> Poll<Result<T, GetError>>
        where
            W: Watcher<Item = T> + ?Sized,
            B: Backlog,
        {
            if B::ONLY { watcher.poll_backlog_if(cx, self) } else { watcher.poll_get_if(cx, self) }
        }
    }

    pub trait Backlog {
        const ONLY: bool;
    }

    impl Backlog for Waiting {
        const ONLY: bool = false;
    }

    impl Backlog for BacklogOnly {
        const ONLY: bool = true;
    }
}
