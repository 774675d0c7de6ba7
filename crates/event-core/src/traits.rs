//! What every backend offers: values that are set and watched, and the watchers.

use alloc::boxed::Box;
use core::task::{Context, Poll};

use crate::error::GetError;
use crate::get::Get;
use crate::stream::WatcherStream;

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
/// This is what a backend implements; use it through [`WatcherExt`]. The trait is dyn-safe.
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
    /// should.
    ///
    /// # Errors
    ///
    /// As [`poll_get`](Self::poll_get).
    fn poll_get_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Self::Item) -> bool,
    ) -> Poll<Result<Self::Item, GetError>> {
        until_accepted(accept, || self.poll_get(cx))
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
        until_accepted(accept, || self.poll_backlog(cx))
    }
}

fn until_accepted<T>(
    accept: &mut dyn FnMut(&T) -> bool,
    mut poll: impl FnMut() -> Poll<Result<T, GetError>>,
) -> Poll<Result<T, GetError>> {
    loop {
        match poll() {
            Poll::Ready(Ok(item)) if !accept(&item) => {}
            other => return other,
        }
    }
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
    };
}

impl<W: Watcher + ?Sized> Watcher for &mut W {
    forward_watcher!();
}

impl<W: Watcher + ?Sized> Watcher for Box<W> {
    forward_watcher!();
}

/// A watcher of any backend. See [`WatcherExt::boxed`].
pub type BoxWatcher<'a, T> = Box<dyn Watcher<Item = T> + Send + 'a>;

/// What can be done with every [`Watcher`].
pub trait WatcherExt: Watcher {
    /// A future for the present data, or for something newer than what the last `get` gave.
    ///
    /// The first `get` gives what is present; every later one waits for a newer version. It is always the newest that
    /// is given; what came and went between two gets is skipped. See [`Get`] for the options.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was given; what the options add.
    ///
    /// # Cancel safety
    ///
    /// A dropped future consumed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::prelude::*;
    ///
    /// async fn consume<W: Watcher<Item = u32>>(mut watcher: W) -> u32 {
    ///     let mut sum = 0;
    ///     while let Ok(item) = watcher.get().await {
    ///         sum += item;
    ///     }
    ///     sum
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(7);
    /// let watcher = value.watch();
    /// drop(value);
    /// assert_eq!(consume(watcher).await, 7);
    /// # });
    /// ```
    fn get(&mut self) -> Get<'_, Self> {
        Get::new(self)
    }

    /// A stream of what `get` would give, conflated in the same way.
    ///
    /// It ends with the first error, which is [`GetError::Closed`] for memory values. See [`WatcherStream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    /// use futures_lite::StreamExt;
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value("first");
    /// let mut stream = value.watch().into_stream();
    /// assert_eq!(stream.next().await, Some("first"));
    /// value.set("skipped");
    /// value.set("second");
    /// drop(value);
    /// assert_eq!(stream.next().await, Some("second"));
    /// assert_eq!(stream.next().await, None);
    /// # });
    /// ```
    fn into_stream(self) -> WatcherStream<Self>
    where
        Self: Sized,
    {
        WatcherStream::new(self)
    }

    /// The same watcher behind a pointer, to store watchers of different kinds together.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{BoxWatcher, MemoryValue, prelude::*};
    ///
    /// let (a, b) = (MemoryValue::with_value(1), MemoryValue::with_value(2));
    /// let watchers: Vec<BoxWatcher<'_, i32>> = vec![a.watch().boxed(), b.watch().boxed()];
    /// # drop(watchers);
    /// ```
    fn boxed<'a>(self) -> BoxWatcher<'a, Self::Item>
    where
        Self: Sized + Send + 'a,
    {
        Box::new(self)
    }
}

impl<W: Watcher + ?Sized> WatcherExt for W {}
