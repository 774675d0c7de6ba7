//! What every backend offers: values that are set and watched, and the watchers.

use alloc::boxed::Box;
use core::task::{Context, Poll, ready};

use crate::error::GetError;

/// The read side of a value: something that can be watched.
pub trait Watch {
    /// What a watcher gets.
    type Item;
    /// What watches.
    type Watcher: Watcher<Item = Self::Item>;

    /// A new watcher, whose first `get` gives what is present then, or waits for it.
    fn watch(&self) -> Self::Watcher;
}

/// A value that can be set as well as watched.
pub trait Value: Watch {
    /// Replaces the data and wakes all watchers, even if the new data equals the old.
    fn set(&self, value: Self::Item);
}

/// Keeps track of the newest data of a value that one consumer has had.
///
/// This is what a backend implements; use it through [`WatcherExt`](crate::WatcherExt). The trait is dyn-safe.
///
/// # Cancel safety
///
/// Polling consumes data only when it returns it: between a `Pending` and the next call anything may happen, and
/// nothing is lost.
pub trait Watcher {
    /// What a get gives.
    type Item;

    /// Gives what is present and unseen, else waits for something newer.
    ///
    /// After `Pending`, the waker of `cx` is woken when there is something new or the value is closed. At most the
    /// waker of the last call is kept.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] when nothing new can come any more; [`GetError::Backend`] as the backend says.
    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>>;

    /// Gives what is present and unseen, else an error. Waits only for the backend to know what is present, which in
    /// memory it always does.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] when nothing is unseen, else as [`poll_get`](Self::poll_get).
    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>>;

    /// [`poll_get`](Self::poll_get) for what `accept` accepts. What it rejects is consumed.
    ///
    /// The provided form asks `accept` about an item that was got already; a backend that can ask before it clones
    /// should. Many rejections in a row may end in `Pending` with the task woken, so that it can see to its other business.
    ///
    /// # Errors
    ///
    /// As [`poll_get`](Self::poll_get).
    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Self::Item) -> bool,
    ) -> Poll<Result<Self::Item, GetError>> {
        until_some(cx, |cx| self.poll_get(cx).map_ok(|item| Some(item).filter(&mut *accept)))
    }

    /// [`poll_backlog`](Self::poll_backlog) for what `accept` accepts. What it rejects is consumed.
    ///
    /// # Errors
    ///
    /// As [`poll_backlog`](Self::poll_backlog).
    fn poll_backlog_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Self::Item) -> bool,
    ) -> Poll<Result<Self::Item, GetError>> {
        until_some(cx, |cx| self.poll_backlog(cx).map_ok(|item| Some(item).filter(&mut *accept)))
    }

    /// Whether every item makes those before it obsolete, as the newest data of a value do. It is so unless a watcher says
    /// otherwise: one that follows several keys, whose items are each about one of them.
    ///
    /// Whoever holds an item back, such as a [`Pipe`](crate::Pipe) whose channel is full, may replace it by a newer one
    /// only then.
    fn supersedes(&self) -> bool {
        true
    }
}

/// So many times a poll looks for something that it can return. Then the task yields to the executor before it goes on.
const LOOKS_PER_POLL: usize = 32;

/// Polls `look` until it returns something, but only so often: if it has returned `None` 32 times, the task is woken and the poll is
/// pending, so that other tasks have their turn.
///
/// For polls of watchers that may find many things which they do not return, such as those that a filter rejects.
///
/// # Errors
///
/// Those of `look`.
///
/// # Examples
///
/// ```
/// use core::task::{Context, Poll, Waker};
/// use event_core::adapter::until_some;
///
/// let mut cx = Context::from_waker(Waker::noop());
/// let mut numbers = 0..;
/// let mut number_from = |first| until_some(&mut cx, |_| Poll::Ready(Ok(numbers.next().filter(|n| *n >= first))));
/// assert!(matches!(number_from(6), Poll::Ready(Ok(6))));
/// assert!(number_from(1_000).is_pending());
/// ```
pub fn until_some<T>(
    cx: &mut Context<'_>,
    mut look: impl FnMut(&mut Context<'_>) -> Poll<Result<Option<T>, GetError>>,
) -> Poll<Result<T, GetError>> {
    for _ in 0..LOOKS_PER_POLL {
        if let Some(item) = ready!(look(cx))? {
            return Poll::Ready(Ok(item));
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

macro_rules! forward_watcher {
    () => {
        type Item = W::Item;

        fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>> {
            (**self).poll_get(cx)
        }

        fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>> {
            (**self).poll_backlog(cx)
        }

        fn poll_get_if(
            &mut self,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&Self::Item) -> bool,
        ) -> Poll<Result<Self::Item, GetError>> {
            (**self).poll_get_if(cx, accept)
        }

        fn poll_backlog_if(
            &mut self,
            cx: &mut Context<'_>,
            accept: &mut dyn FnMut(&Self::Item) -> bool,
        ) -> Poll<Result<Self::Item, GetError>> {
            (**self).poll_backlog_if(cx, accept)
        }

        fn supersedes(&self) -> bool {
            (**self).supersedes()
        }
    };
}

impl<W: Watcher + ?Sized> Watcher for &mut W {
    forward_watcher!();
}

impl<W: Watcher + ?Sized> Watcher for Box<W> {
    forward_watcher!();
}
