//! A watcher as a stream.

use core::pin::Pin;
use core::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};

use crate::error::GetError;
use crate::traits::Watcher;

/// The items of a watcher, one `get` after the other. Made by [`WatcherExt::into_stream`](crate::WatcherExt::into_stream).
///
/// The stream ends with the first error. If that was not [`GetError::Closed`], [`take_error`](Self::take_error) returns it. The watcher
/// can be used further: [`into_inner`](Self::into_inner) returns it.
///
/// # Cancel safety
///
/// An item is consumed when it is returned, not before: dropping a future of the stream's next item loses nothing.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct WatcherStream<W> {
    watcher: W,
    end: Option<GetError>,
}

impl<W> WatcherStream<W> {
    pub(crate) fn new(watcher: W) -> Self {
        Self { watcher, end: None }
    }

    /// The error that ended the stream. `None` if the stream has not ended, or if the value was closed. The stream remains ended.
    pub fn take_error(&mut self) -> Option<GetError> {
        match self.end {
            None | Some(GetError::Closed) => None,
            _ => self.end.replace(GetError::Closed),
        }
    }

    /// The watcher. What the stream has returned counts as seen.
    pub fn into_inner(self) -> W {
        self.watcher
    }
}

impl<W: Watcher + Unpin> Stream for WatcherStream<W> {
    type Item = W::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<W::Item>> {
        if self.is_terminated() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.watcher.poll_get(cx)) {
            Ok(item) => Some(item),
            Err(error) => {
                self.end = Some(error);
                None
            }
        })
    }
}

impl<W: Watcher + Unpin> FusedStream for WatcherStream<W> {
    fn is_terminated(&self) -> bool {
        self.end.is_some()
    }
}
