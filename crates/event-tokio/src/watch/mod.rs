//! tokio's watch channel by its own names, on a value in memory: senders never wait for receivers.
//!
//! A program switches by changing `use tokio::sync::watch` to `use event_tokio::watch`; names, signatures and behaviour are those of
//! [`tokio::sync::watch`] of tokio 1.54. The crate's tests of behaviour run on both channels.
//!
//! # What is different
//!
//! - **The two methods that modify need `T: Clone`**: [`send_modify`](Sender::send_modify) and
//!   [`send_if_modified`](Sender::send_if_modified) work on a clone, since others may be reading the original. The clone is made
//!   before the closure runs, also if it then returns `false`. Where a clone is expensive, keep the value in an
//!   [`Arc`](alloc::sync::Arc).
//! - **A [`Ref`] blocks nobody and is [`Send`].** It is a borrow of the value that was current when it was made. Newer values can be
//!   sent and read meanwhile, so a `Ref` may be held for as long as the program likes, across `.await` too. Each keeps one value
//!   alive. In tokio a sender waits until all `Ref`s are dropped.
//! - **Wake-ups come in a fixed order**: that of the receivers' slots in the channel. In tokio it is random.
//! - [`send`](Sender::send) and all reads are lock-free. Modifications take turns among themselves, so their closures run once; a
//!   value that is sent while one runs comes after it. A closure may send into its channel, which is a deadlock in tokio; a
//!   modification from within a modification is one here as well.
//! - A wait that is dropped leaves its waker in the channel. The next value wakes that task once more than tokio does, and the waker
//!   is kept until then.
//! - The limits are those of every value in memory; [`event_core`] has a page on them.
//!
//! # Method by method
//!
//! "Same" means: signature, result, panics and cancel safety.
//!
//! | tokio | here |
//! |---|---|
//! | [`channel`] | Same |
//! | [`Sender::new`], `Default`, `Clone`, `Debug` | Same. The value is printed, and other fields |
//! | [`Sender::send`] | Same, and never waits |
//! | [`Sender::send_modify`] | `T: Clone`. Waits for other modifications, not for borrows |
//! | [`Sender::send_if_modified`] | `T: Clone`. The same; a silent modification is kept and notifies nobody |
//! | [`Sender::send_replace`] | With `T: Clone` it does not wait for borrows: it returns a clone of a value that is borrowed. Without, it waits for them, as tokio does |
//! | [`Sender::borrow`], [`Receiver::borrow`], [`Receiver::borrow_and_update`] | Same, and never wait. Calling them several times in one expression cannot deadlock |
//! | [`Sender::subscribe`], [`Sender::is_closed`], [`Sender::closed`] | Same |
//! | [`Sender::receiver_count`], [`Sender::sender_count`], [`Sender::same_channel`] | Same |
//! | [`Receiver::has_changed`], [`Receiver::is_closed`] | Same |
//! | [`Receiver::mark_changed`], [`Receiver::mark_unchanged`] | Same |
//! | [`Receiver::changed`] | Same. Takes part in tokio's [cooperative budget](tokio::task::coop), as do the two others that wait |
//! | [`Receiver::wait_for`] | Same. After it has rejected 32 values in one poll it yields to the executor |
//! | [`Receiver::same_channel`], `Clone`, `Debug` | Same. The value is printed, and other fields |
//! | [`Ref::has_changed`], `Deref`, `Debug` | Same |
//! | `Ref` | `Send` where `T: Send + Sync` |
//! | [`error::SendError`], [`error::RecvError`] | Same. They are types of their own |
//! | `tokio_stream::wrappers::WatchStream` | Takes tokio's receiver only |
//!
//! [`WatchReceiver`](crate::WatchReceiver) goes the other way: it makes one of tokio's own channels a value of this project.

pub mod error;
mod receiver;
mod reference;
mod sender;
mod shared;
mod without_clone;

pub use receiver::Receiver;
pub use reference::Ref;
pub use sender::Sender;

/// A channel that holds `init`, which its receiver has seen.
///
/// # Examples
///
/// ```
/// use event_tokio::watch;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, mut receiver) = watch::channel("hello");
/// let consumer = tokio::spawn(async move {
///     let mut greetings = vec![*receiver.borrow_and_update()];
///     while receiver.changed().await.is_ok() {
///         greetings.push(*receiver.borrow_and_update());
///     }
///     greetings
/// });
/// tokio::task::yield_now().await;
/// sender.send("world")?;
/// drop(sender);
/// assert_eq!(consumer.await?, ["hello", "world"]);
/// # Ok(())
/// # }
/// ```
pub fn channel<T>(init: T) -> (Sender<T>, Receiver<T>) {
    let sender = Sender::new(init);
    let receiver = sender.subscribe();
    (sender, receiver)
}
