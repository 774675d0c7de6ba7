//! A value, forwarded into a channel or into another value.

mod error;
mod forward;
mod to;

use core::fmt;
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::pin::pin;
use core::task::Poll;

pub use error::PipeError;
use forward::Forward;
pub use to::{ChannelClosed, PipeSink, PipeTo};

use crate::runnable::{BoxError, RunContext, Runnable, Signal};
use crate::traits::Watch;

/// Forwards the current data of `value`, and everything newer, to `to`.
///
/// For code that receives from a channel, for instance to `select!` over many of them. Each crate for a runtime has a `pipe` for the
/// channels of that runtime. The pipe does nothing until it is [run](Pipe::run_until), by hand or by a supervisor: it is a
/// [`Runnable`].
///
/// The pipe has no queue: while the channel is full, it watches further and replaces what it was about to send by newer data. (An
/// item about something else, such as another key of a range, replaces nothing; it is sent after it.) Items that are in the
/// channel already cannot be replaced, so a small channel is best.
///
/// A [`MemoryValue`](crate::MemoryValue) inside the pipe keeps the value open. Give it a
/// [`reader`](crate::MemoryValue::reader) if the pipe should end with the producers.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, pipe};
///
/// # futures_lite::future::block_on(async {
/// let celsius = MemoryValue::with_value(21);
/// let copy = MemoryValue::new();
/// let mut pipe = pipe(celsius.reader(), copy.clone());
///
/// drop(celsius);
/// let ended = pipe.run_until(core::future::pending::<()>()).await;
/// assert!(ended.unwrap_err().is_value_closed());
/// assert_eq!(copy.load(), Some(21));
/// # });
/// ```
pub fn pipe<V: Watch, S: PipeTo<(), V::Item>>(value: V, to: S) -> Pipe<V, S> {
    Pipe::new(value, to)
}

/// A value and where it is to be forwarded to. Made by [`pipe()`].
///
/// `P` is its filter; for `A` see [`PipeTo`].
#[must_use = "a pipe does nothing unless it is run"]
pub struct Pipe<V: Watch, S, P = fn(&<V as Watch>::Item) -> bool, A = ()> {
    value: V,
    to: S,
    accept: P,
    backlog_only: bool,
    adapter: PhantomData<fn() -> A>,
}

impl<V: Watch, S: PipeTo<A, V::Item>, A> Pipe<V, S, fn(&V::Item) -> bool, A> {
    /// For the `pipe` functions of adapters.
    pub fn new(value: V, to: S) -> Self {
        Self { value, to, accept: |_| true, backlog_only: false, adapter: PhantomData }
    }
}

impl<V: Watch, S, P: FnMut(&V::Item) -> bool, A> Pipe<V, S, P, A> {
    /// Only data that `accept` accepts. Several filters all have to accept it.
    ///
    /// Data that is rejected counts as seen and replaces nothing: data that was accepted, and for which the channel has no room yet, is
    /// still sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, pipe};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (value, even) = (MemoryValue::with_value(3), MemoryValue::new());
    /// let mut pipe = pipe(value.clone(), even.clone()).filter(|n| n % 2 == 0).backlog_only();
    /// pipe.run_until(core::future::pending::<()>()).await?;
    /// assert_eq!(even.load(), None);
    /// value.set(4);
    /// pipe.run_until(core::future::pending::<()>()).await?;
    /// assert_eq!(even.load(), Some(4));
    /// # Ok::<(), event_core::PipeError>(()) }).unwrap();
    /// ```
    pub fn filter<Q: FnMut(&V::Item) -> bool>(self, mut accept: Q) -> Pipe<V, S, impl FnMut(&V::Item) -> bool, A> {
        let Pipe { value, to, accept: mut before, backlog_only, adapter } = self;
        Pipe { value, to, accept: move |item: &V::Item| before(item) && accept(item), backlog_only, adapter }
    }

    /// Only the current data: a run ends with `Ok` as soon as that is in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, pipe};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (value, copy) = (MemoryValue::with_value("current"), MemoryValue::new());
    /// pipe(value, copy.clone()).backlog_only().run_until(core::future::pending::<()>()).await?;
    /// assert_eq!(copy.load(), Some("current"));
    /// # Ok::<(), event_core::PipeError>(()) }).unwrap();
    /// ```
    pub fn backlog_only(self) -> Self {
        Self { backlog_only: true, ..self }
    }
}

impl<V: Watch, S: PipeTo<A, V::Item>, P: FnMut(&V::Item) -> bool, A> Pipe<V, S, P, A> {
    /// Forwards until `cancel` is ready, or until the value or the channel is closed.
    ///
    /// Each run has a new watcher, so it begins with the current data, whatever an earlier run has sent. Restart the receiver together
    /// with the pipe: then both begin with the current data.
    ///
    /// A run never closes the channel. (The pipe has a sender, which is dropped with the pipe.)
    ///
    /// # Errors
    ///
    /// - [`PipeError::Cancelled`] when `cancel` is ready, whatever else there is to do.
    /// - [`PipeError::ChannelClosed`] when nobody can receive any more: immediately, if the channel reports it, else when the next item
    ///   is sent.
    /// - [`PipeError::ValueClosed`] when the value is closed and its newest data is in the channel.
    /// - [`PipeError::Get`] when the watcher returned another error, and what it returned before is in the channel.
    ///
    /// It is `Ok` only for [`backlog_only`](Self::backlog_only).
    ///
    /// # Cancel safety
    ///
    /// When it is dropped or cancelled, an item for which the channel has no room yet is dropped. No data is lost by that: the value
    /// has the newest data, and the next run sends it.
    ///
    /// # Panics
    ///
    /// A panic of the item's `Clone` or of a filter passes through. The pipe can be run again.
    pub async fn run_until(&mut self, cancel: impl Future) -> Result<(), PipeError> {
        let Pipe { value, to, accept, backlog_only, .. } = self;
        let mut forward = Forward::new(value.watch(), to.sink(), *backlog_only);
        let mut cancel = pin!(cancel);
        poll_fn(|cx| {
            if cancel.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(PipeError::Cancelled));
            }
            forward.poll(cx, accept)
        })
        .await
    }
}

/// Signals healthy and [forwards](Pipe::run_until) until it is cancelled. A pipe for
/// [`backlog_only`](Pipe::backlog_only) signals that it is done before it returns.
impl<C, V, S, P, A> Runnable<C> for Pipe<V, S, P, A>
where
    C: RunContext,
    V: Watch<Item: Send, Watcher: Send> + Send,
    S: PipeTo<A, V::Item> + Send + Sync,
    P: FnMut(&V::Item) -> bool + Send,
{
    async fn run(&mut self, cx: C) -> Result<(), BoxError> {
        cx.signal(Signal::Healthy);
        self.run_until(cx.cancelled()).await?;
        cx.signal(Signal::Done);
        Ok(())
    }
}

impl<V: Watch, S: fmt::Debug, P, A> fmt::Debug for Pipe<V, S, P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipe").field("to", &self.to).field("backlog_only", &self.backlog_only).finish_non_exhaustive()
    }
}
