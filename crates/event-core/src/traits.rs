//! What every backend offers: values that are set and watched, and the watchers.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::task::{Context, Poll, ready};

use crate::error::GetError;

/// Something that can be watched: the read side of a value.
pub trait Watch {
    /// What a get returns.
    type Item;
    /// The type of the watchers.
    type Watcher: Watcher<Item = Self::Item>;

    /// A new watcher. Its first get returns the current data, or waits for it.
    fn watch(&self) -> Self::Watcher;
}

/// A value that can be set as well as watched.
pub trait Value: Watch {
    /// Replaces the data and wakes all watchers, even if the new data equals the old.
    fn set(&self, value: Self::Item);
}

/// Waits for the data of a value on behalf of one consumer, and keeps track of what this consumer has seen.
///
/// A backend implements this trait. Use it through [`WatcherExt`](crate::WatcherExt). The trait is dyn-compatible.
///
/// # Cancel safety
///
/// Polling consumes data only when it returns it: between a `Pending` and the next call anything may happen, and
/// nothing is lost.
pub trait Watcher {
    /// What a get returns.
    type Item;

    /// Returns the current data if it is unseen, else waits for something newer.
    ///
    /// After `Pending`, the waker of `cx` is woken when there is something new, or when the value is closed. Only the waker of the
    /// last call is kept.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] if everything was seen and the value is closed; [`GetError::Backend`] if the backend fails.
    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>>;

    /// Returns the current data if it is unseen, else an error. It waits only until the backend knows the current data; in memory it
    /// never waits.
    ///
    /// # Errors
    ///
    /// [`GetError::BacklogDone`] if nothing is unseen, else as [`poll_get`](Self::poll_get).
    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<Self::Item, GetError>>;

    /// [`poll_get`](Self::poll_get) for data that `accept` accepts. What it rejects is consumed.
    ///
    /// The provided form calls `poll_get` and asks `accept` about the item. A backend that can call `accept` before it clones should
    /// implement this. After many rejections in a row this may return `Pending` and wake the task, to yield to the executor.
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

    /// [`poll_backlog`](Self::poll_backlog) for data that `accept` accepts. What it rejects is consumed.
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

    /// Whether each item makes those before it obsolete, as the data of a value does; `true` by default. A watcher of several keys, whose
    /// items are about one key each, returns `false`.
    ///
    /// A consumer that holds an item back, such as a [`Pipe`](crate::Pipe) whose channel is full, replaces it by a newer one only if
    /// this returns `true`.
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

#[cfg(feature = "alloc")]
impl<W: Watcher + ?Sized> Watcher for Box<W> {
    forward_watcher!();
}
