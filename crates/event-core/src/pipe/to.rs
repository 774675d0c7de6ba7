//! What a pipe leads to.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use crate::memory::{MemoryValue, ValueState};

/// The end of a pipe: the sending end of a channel, or another value.
///
/// The crates for the runtimes implement it for the channels of these runtimes. It is implemented here for [`MemoryValue`].
///
/// `A` is a type of the crate that implements it. It has no other purpose: a crate may implement this trait for the channel of a
/// third crate only if a type of its own comes first. It is `()` for [`pipe`](crate::pipe()); implement the trait for your own
/// channels for every `A`.
///
/// # Examples
///
/// ```
/// use core::task::{Context, Poll};
/// use event_core::{ChannelClosed, MemoryValue, PipeSink, PipeTo, pipe};
///
/// /// Prints what it is sent.
/// struct Printer;
///
/// impl<A, T: core::fmt::Display> PipeTo<A, T> for Printer {
///     fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
///     where
///         T: 'a,
///     {
///         Box::new(Printer)
///     }
/// }
///
/// impl<T: core::fmt::Display> PipeSink<T> for Printer {
///     fn poll_send(&mut self, _: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
///         newest.take().into_iter().for_each(|item| println!("{item}"));
///         Poll::Ready(Ok(()))
///     }
///
///     fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
///         Poll::Pending
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// let value = MemoryValue::with_value("hello");
/// pipe(value, Printer).backlog_only().run_until(core::future::pending::<()>()).await?;
/// # Ok::<(), event_core::PipeError>(()) }).unwrap();
/// ```
pub trait PipeTo<A, T> {
    /// Begins a run: returns the channel in the form that a run uses, with what it keeps between two polls. This neither closes nor
    /// changes the channel.
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a;
}

/// A channel, as one run of a [`Pipe`](crate::Pipe) uses it.
pub trait PipeSink<T> {
    /// Sends one item as soon as the channel has room for it. After `Pending`, the task is woken when there is room.
    ///
    /// The pipe puts the item into `newest`, and polls until this is ready. The sink takes the item, either immediately or when there
    /// is room. If `newest` holds an item again after the sink has taken one, then the one that it took is obsolete: the sink
    /// replaces it and never sends it. `newest` is empty after `Ok`.
    ///
    /// # Errors
    ///
    /// [`ChannelClosed`] when nobody can receive any more.
    fn poll_send(&mut self, cx: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>>;

    /// Ready when nobody can receive any more. The task is woken then, if the channel reports it without something being sent.
    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// Nobody can receive from the channel any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelClosed;

impl fmt::Display for ChannelClosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nobody can receive from the channel any more")
    }
}

impl Error for ChannelClosed {}

/// One run of a pipe into a memory value, which always has a place.
struct ValueSink<'a, T> {
    value: &'a MemoryValue<T>,
    closed: ValueState<'a, T>,
}

impl<A, T: Send + Sync> PipeTo<A, T> for MemoryValue<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(ValueSink { value: self, closed: self.closed() })
    }
}

impl<T> PipeSink<T> for ValueSink<'_, T> {
    fn poll_send(&mut self, _: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        Poll::Ready(match newest.take().map(|item| self.value.try_set(item)) {
            Some(Err(_)) => Err(ChannelClosed),
            Some(Ok(_)) | None => Ok(()),
        })
    }

    fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.closed).poll(cx)
    }
}
