//! A value, forwarded into a channel of async-std's.

mod channel;

use event_core::Watch;

/// The adapter's own type in [`event_core::PipeTo`].
#[derive(Debug)]
pub enum AsyncStd {}

/// The end of a pipe: one of async-std's channels, or whatever [`event_core::PipeTo`] is implemented for.
pub trait PipeTo<T>: event_core::PipeTo<AsyncStd, T> {}

impl<T, S: event_core::PipeTo<AsyncStd, T>> PipeTo<T> for S {}

/// A value and where it is to be forwarded to. Made by [`pipe()`].
pub type Pipe<V, S, P = fn(&<V as Watch>::Item) -> bool> = event_core::Pipe<V, S, P, AsyncStd>;

/// Forwards the current data of `value`, and everything newer, into the channel of `to`.
///
/// For code that receives from a channel, for instance to `race` several of them. The pipe does nothing until it is
/// [run](event_core::Pipe::run_until), by hand or by a supervisor.
///
/// The pipe has no queue: while the channel is full, it watches further and replaces what it was about to send by newer data. Items
/// that are in the channel already cannot be replaced, so a small channel is best, and an unbounded one defeats the purpose.
///
/// An item that replaces another one waits for room again, behind all other senders. So a pipe that shares a full channel with busy
/// senders may wait for as long as its value is set more often than an item is received. Give such a value a channel of its own.
///
/// A pipe that has nothing to send does not notice that the channel is closed: see the [crate's page](crate#closed-channels).
///
/// A [`MemoryValue`](event_core::MemoryValue) inside the pipe keeps the value open. Give it a
/// [`reader`](event_core::MemoryValue::reader) if the pipe should end with the producers.
///
/// # Examples
///
/// ```
/// use async_std::{channel, task};
/// use event_async_std::StopSource;
/// use event_core::MemoryValue;
///
/// # task::block_on(async {
/// let address = MemoryValue::with_value("192.0.2.10");
/// let (sender, addresses) = channel::bounded(1);
/// let mut pipe = event_async_std::pipe(address.reader(), sender);
/// let shutdown = StopSource::new();
/// let token = shutdown.token();
/// let running = task::spawn(async move { pipe.run_until(token).await });
///
/// assert_eq!(addresses.recv().await, Ok("192.0.2.10"));
/// address.set("192.0.2.77");
/// assert_eq!(addresses.recv().await, Ok("192.0.2.77"));
///
/// drop(address);
/// assert!(running.await.unwrap_err().is_value_closed());
/// # });
/// ```
pub fn pipe<V: Watch, S: PipeTo<V::Item>>(value: V, to: S) -> Pipe<V, S> {
    Pipe::new(value, to)
}
