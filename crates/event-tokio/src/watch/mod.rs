//! tokio's watch channel, on a value in memory.

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
