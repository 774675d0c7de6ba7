//! A watcher that nobody has to wait for.

use core::task::{Context, Poll};

use super::{How, debug_with_watcher, watcher_methods};
use crate::error::GetError;
use crate::traits::{Watcher, until_some};

/// Wraps the items of `watcher` in `Some`, and returns `None` first if there is no data yet.
///
/// So a [`combine`](crate::combine) with it does not wait for that value, and keeps working if the value is closed before it had
/// data. `None` is returned once at most, and only as the first item: a value that is [cleared](crate::MemoryValue::clear)
/// later has nothing newer.
///
/// A get never waits for the first item, even if the backend does not know yet whether there is data: then `None` is first.
/// [`backlog_only`](crate::Get::backlog_only) waits for the backend to know.
///
/// # Errors
///
/// [`GetError::Closed`] once `watcher` is closed and its newest data was returned; if it had none, after `None`.
/// [`GetError::Backend`] as `watcher` says.
///
/// # Cancel safety
///
/// A get that is dropped consumes nothing, not even the `None`.
///
/// # Panics
///
/// A panic of a filter of a get passes through. It consumes data that the filter was asked about, but not the `None`.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, combine, optional, prelude::*};
///
/// # futures_lite::future::block_on(async {
/// let (address, name) = (MemoryValue::with_value("192.0.2.10"), MemoryValue::new());
/// let mut both = combine((address.watch(), optional(name.watch())));
/// assert_eq!(both.get().await?, ("192.0.2.10", None));
/// name.set("printer");
/// assert_eq!(both.get().await?, ("192.0.2.10", Some("printer")));
/// # Ok::<(), event_core::GetError>(()) }).unwrap();
/// ```
#[doc(alias("startWith", "onStart", "defaultIfEmpty"))]
pub fn optional<W: Watcher>(watcher: W) -> Optional<W> {
    Optional { watcher, has_begun: false }
}

/// A watcher that does not wait for its first item. Made by [`optional`].
#[derive(Clone)]
pub struct Optional<W> {
    watcher: W,
    /// Something was returned, or rejected: `None` is not to come any more.
    has_begun: bool,
}

impl<W: Watcher> Optional<W> {
    fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&Option<W::Item>) -> bool,
    ) -> Poll<Result<Option<W::Item>, GetError>> {
        until_some(cx, |cx| {
            let polled = how.poll(&mut self.watcher, cx);
            let nothing_yet = match polled {
                Poll::Ready(Ok(item)) => {
                    self.has_begun = true;
                    return Poll::Ready(Ok(Some(Some(item)).filter(&mut *accept)));
                }
                Poll::Ready(Err(GetError::Closed | GetError::BacklogDone)) => true,
                Poll::Ready(Err(_)) => false,
                // Whether there is data is not known to the backlog.
                Poll::Pending => how == How::Waiting,
            };
            if nothing_yet && !self.has_begun {
                let accepted = accept(&None);
                self.has_begun = true;
                if accepted {
                    return Poll::Ready(Ok(Some(None)));
                }
            }
            polled.map_ok(|_| unreachable!("an item has returned above"))
        })
    }
}

impl<W: Watcher> Watcher for Optional<W> {
    type Item = Option<W::Item>;

    watcher_methods!();

    fn supersedes(&self) -> bool {
        self.watcher.supersedes()
    }
}

debug_with_watcher!(Optional<W>);
