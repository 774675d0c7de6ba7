//! A value, forwarded into a channel.

mod error;
mod forward;

use core::fmt;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, ready};

use event_core::Watch;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use error::PipeError;
use forward::Forward;

/// Forwards what is present in `value`, and everything newer, into the channel of `to`.
///
/// For code that wants to receive from a channel, for instance to `select!` over many of them. The pipe does nothing
/// until it is [run](Pipe::run).
///
/// The data stays conflated: while the channel is full, the pipe goes on watching and replaces what it was about to
/// send by anything newer. What the channel itself holds is out of its hands, so a small channel is a good one.
///
/// A [`MemoryValue`](event_core::MemoryValue) inside the pipe keeps the value open. Give it a
/// [`reader`](event_core::MemoryValue::reader) if the pipe should end with the producers.
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
/// use tokio::sync::mpsc;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let address = MemoryValue::with_value("192.0.2.10");
/// let (sender, mut addresses) = mpsc::channel(1);
/// let mut pipe = event_tokio::pipe(address.reader(), sender);
/// let running = tokio::spawn(async move { pipe.run(&CancellationToken::new()).await });
///
/// assert_eq!(addresses.recv().await, Some("192.0.2.10"));
/// address.set("192.0.2.77");
/// assert_eq!(addresses.recv().await, Some("192.0.2.77"));
///
/// drop(address);
/// assert!(running.await.unwrap().unwrap_err().is_value_closed());
/// # }
/// ```
pub fn pipe<V: Watch>(value: V, to: mpsc::Sender<V::Item>) -> Pipe<V, mpsc::Sender<V::Item>> {
    Pipe { value, to, accept: |_| true, backlog_only: false }
}

/// A value and the channel it is to be forwarded into. Made by [`pipe()`].
#[must_use = "a pipe does nothing unless it is run"]
pub struct Pipe<V: Watch, S, P = fn(&<V as Watch>::Item) -> bool> {
    value: V,
    to: S,
    accept: P,
    backlog_only: bool,
}

impl<V: Watch, S, P: FnMut(&V::Item) -> bool> Pipe<V, S, P> {
    /// Only data that `accept` accepts. Of several filters, all have to.
    ///
    /// What is rejected counts as seen and replaces nothing: if the channel has no place for accepted data yet, that
    /// remains what is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::MemoryValue;
    /// use tokio::sync::mpsc;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let value = MemoryValue::with_value(3);
    /// let (sender, mut even) = mpsc::channel(1);
    /// let mut pipe = event_tokio::pipe(value.clone(), sender).filter(|n| n % 2 == 0);
    /// tokio::spawn(async move { pipe.run(&CancellationToken::new()).await });
    /// tokio::task::yield_now().await;
    ///
    /// value.set(4);
    /// assert_eq!(even.recv().await, Some(4));
    /// # }
    /// ```
    pub fn filter<Q: FnMut(&V::Item) -> bool>(self, mut accept: Q) -> Pipe<V, S, impl FnMut(&V::Item) -> bool> {
        let Pipe { value, to, accept: mut before, backlog_only } = self;
        Pipe { value, to, accept: move |item: &V::Item| before(item) && accept(item), backlog_only }
    }

    /// Only what is there when the pipe runs: a run ends with `Ok` as soon as that is in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::MemoryValue;
    /// use tokio::sync::mpsc;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), event_tokio::PipeError> {
    /// let value = MemoryValue::with_value("present");
    /// let (sender, mut receiver) = mpsc::channel(1);
    /// event_tokio::pipe(value, sender).backlog_only().run(&CancellationToken::new()).await?;
    /// assert_eq!(receiver.recv().await, Some("present"));
    /// # Ok(()) }
    /// ```
    pub fn backlog_only(self) -> Self {
        Self { backlog_only: true, ..self }
    }
}

impl<V: Watch, P: FnMut(&V::Item) -> bool> Pipe<V, mpsc::Sender<V::Item>, P> {
    /// Forwards until `token` is cancelled, or until the value or the channel is closed.
    ///
    /// Each run watches anew, and so begins with what is present then, whatever an earlier one has sent. Whoever
    /// receives should be restarted together with the pipe: then both begin with the present data.
    ///
    /// The channel is never closed by a run. (The pipe has a sender of it, which goes when the pipe is dropped.)
    ///
    /// # Errors
    ///
    /// - [`PipeError::Cancelled`] when `token` is cancelled, whatever else there is to do.
    /// - [`PipeError::ChannelClosed`] as soon as nobody can receive any more.
    /// - [`PipeError::ValueClosed`] when the value is closed and its newest data is in the channel.
    /// - [`PipeError::Get`] when the watcher gave another error, and what it gave before is in the channel.
    ///
    /// It is `Ok` only for [`backlog_only`](Self::backlog_only).
    ///
    /// # Cancel safety
    ///
    /// When it is dropped or cancelled, an item that has no place in the channel yet is dropped. No data is lost by that:
    /// the value has the newest, and the next run gets it.
    ///
    /// # Panics
    ///
    /// A panic of the item's `Clone` or of a filter passes through. The pipe can be run again.
    pub async fn run(&mut self, token: &CancellationToken) -> Result<(), PipeError> {
        let Pipe { value, to, accept, backlog_only } = self;
        let to = &*to;
        let mut forward = Forward::new(value.watch(), *backlog_only);
        let mut cancelled = pin!(token.cancelled());
        let mut closed = pin!(to.closed());
        // Kept from poll to poll, since it stands in line with the other senders.
        let mut reserve = pin!(None);
        let mut send = |cx: &mut Context<'_>, item: &mut Option<V::Item>| {
            if reserve.is_none() {
                reserve.set(Some(to.reserve()));
            }
            let waiting = reserve.as_mut().as_pin_mut().expect("it was set above");
            let place = ready!(waiting.poll(cx));
            reserve.set(None);
            let place = place.map_err(|_| PipeError::ChannelClosed)?;
            if let Some(item) = item.take() {
                place.send(item);
            }
            Poll::Ready(Ok(()))
        };
        poll_fn(|cx| {
            if cancelled.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(PipeError::Cancelled));
            }
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(PipeError::ChannelClosed));
            }
            forward.poll(cx, accept, &mut send)
        })
        .await
    }
}

impl<V: Watch, S: fmt::Debug, P> fmt::Debug for Pipe<V, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("to", &self.to).field("backlog_only", &self.backlog_only).finish_non_exhaustive()
    }
}
