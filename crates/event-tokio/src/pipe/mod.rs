//! A value, forwarded into a channel of tokio's.

mod broadcast;
mod mpsc;
mod unbounded;
mod watch;

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use event_core::Watch;

/// The adapter's own type in [`event_core::PipeTo`].
#[derive(Debug)]
pub enum Tokio {}

/// The end of a pipe: one of tokio's channels, or whatever [`event_core::PipeTo`] is implemented for.
pub trait PipeTo<T>: event_core::PipeTo<Tokio, T> {}

impl<T, S: event_core::PipeTo<Tokio, T>> PipeTo<T> for S {}

/// A future of a channel's, kept from poll to poll.
type Waiting<'a, R> = Pin<Box<dyn Future<Output = R> + Send + 'a>>;

/// A value and where it is to be forwarded to. Made by [`pipe()`].
pub type Pipe<V, S, P = fn(&<V as Watch>::Item) -> bool> = event_core::Pipe<V, S, P, Tokio>;

/// Forwards the current data of `value`, and everything newer, into the channel of `to`.
///
/// For code that receives from a channel, for instance to `select!` over many of them. The pipe does nothing until it is
/// [run](event_core::Pipe::run_until), by hand or by a supervisor.
///
/// The pipe has no queue: while the channel is full, it watches further and replaces what it was about to send by newer data. Items
/// that are in the channel already cannot be replaced, so a small channel is best.
///
/// | into | waits for room | ends with [`ChannelClosed`] | without a receiver, an item is |
/// |---|---|---|---|
/// | [`mpsc::Sender`] | yes | immediately when the receiver is dropped | |
/// | [`mpsc::UnboundedSender`] | no, there always is | immediately when the receiver is dropped | |
/// | [`broadcast::Sender`] | no, the oldest item is dropped | never | dropped |
/// | [`watch::Sender`] | no, the item is replaced | never | stored |
/// | [`MemoryValue`] | no, the item is replaced | immediately when it is closed | stored |
///
/// - An unbounded channel defeats the purpose: if its receiver is slower than the producers, it grows without a bound, and its items
///   are old.
/// - Broadcast and watch channels are not closed while they have no receiver, since one can [subscribe] at any time. A
///   pipe into them ends with its value or its token.
/// - A new subscriber of a broadcast channel receives only what is sent later, not the current data. Give such a consumer a watcher, or
///   a watch channel.
/// - A watch channel holds data from the start. While a receiver [borrows] from it, tokio blocks the thread that sends, which is that of
///   the pipe.
///
/// [`WatchReceiver`](crate::WatchReceiver) goes the other way, from a watch channel to a value.
///
/// A [`MemoryValue`] inside the pipe keeps the value open. Give it a
/// [`reader`](event_core::MemoryValue::reader) if the pipe should end with the producers.
///
/// [`ChannelClosed`]: event_core::PipeError::ChannelClosed
/// [`MemoryValue`]: event_core::MemoryValue
/// [`broadcast::Sender`]: tokio::sync::broadcast::Sender
/// [`mpsc::Sender`]: tokio::sync::mpsc::Sender
/// [`mpsc::UnboundedSender`]: tokio::sync::mpsc::UnboundedSender
/// [`watch::Sender`]: tokio::sync::watch::Sender
/// [borrows]: tokio::sync::watch::Receiver::borrow
/// [subscribe]: tokio::sync::broadcast::Sender::subscribe
///
/// # Examples
///
/// ```
/// use event_core::MemoryValue;
/// use event_tokio::CancellationToken;
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let address = MemoryValue::with_value("192.0.2.10");
/// let (sender, mut addresses) = mpsc::channel(1);
/// let mut pipe = event_tokio::pipe(address.reader(), sender);
/// let token = CancellationToken::new();
/// let running = tokio::spawn(async move { pipe.run_until(token.cancelled()).await });
///
/// assert_eq!(addresses.recv().await, Some("192.0.2.10"));
/// address.set("192.0.2.77");
/// assert_eq!(addresses.recv().await, Some("192.0.2.77"));
///
/// drop(address);
/// assert!(running.await.unwrap().unwrap_err().is_value_closed());
/// # }
/// ```
pub fn pipe<V: Watch, S: PipeTo<V::Item>>(value: V, to: S) -> Pipe<V, S> {
    Pipe::new(value, to)
}
