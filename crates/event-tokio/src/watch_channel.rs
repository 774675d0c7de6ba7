//! tokio's watch channels, watched like any other value.

use core::fmt;
use core::task::{Context, Poll, ready};

use event_core::{GetError, Watch, Watcher};
use tokio::sync::watch::Receiver;
use tokio::task::coop::unconstrained;
use tokio_util::sync::ReusableBoxFuture;

/// A [`tokio::sync::watch`] channel as a value that can be watched.
///
/// Through this, gets with their options, streams, pipes and combinators work on an existing channel as they do on a value in memory:
/// the first get returns the current data, and each later one waits for something newer. When all senders were dropped, a watcher
/// still returns the newest data, if it has not yet, and then [`GetError::Closed`].
///
/// What the receiver inside has seen makes no difference, and does not change. A [`pipe`](crate::pipe()) goes the other way, from a
/// value into a watch channel.
///
/// # Limits
///
/// They are those of the channel:
///
/// - It always holds data, at least what the channel was made with.
/// - A predicate, and the item's `Clone`, run while the channel's lock is held for reading. They must not send into the
///   same channel, nor borrow from it: that can deadlock. Until they return, a sender blocks its thread.
/// - To the senders, a watcher that waits looks like two [receivers](tokio::sync::watch::Sender::receiver_count), and
///   this value like another one.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, prelude::*};
/// use event_tokio::WatchReceiver;
/// use tokio::sync::watch;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (sender, receiver) = watch::channel(1);
/// let value = WatchReceiver::from(receiver);
///
/// let mut watcher = value.watch();
/// assert_eq!(watcher.get().await.unwrap(), 1);
/// sender.send(2).unwrap();
/// sender.send(3).unwrap();
/// assert_eq!(watcher.get().filter(|n| n % 2 == 1).await.unwrap(), 3);
///
/// drop(sender);
/// assert!(watcher.get().await.unwrap_err().is_closed());
///
/// let copy = MemoryValue::new();
/// let mut pipe = event_tokio::pipe(value, copy.clone());
/// assert!(pipe.run_until(std::future::pending::<()>()).await.unwrap_err().is_value_closed());
/// assert_eq!(copy.load(), Some(3));
/// # }
/// ```
pub struct WatchReceiver<T> {
    receiver: Receiver<T>,
    begin: Begin<T>,
}

impl<T> WatchReceiver<T> {
    /// The receiver, as it came.
    #[must_use]
    pub fn into_inner(self) -> Receiver<T> {
        self.receiver
    }
}

impl<T: Clone> Watch for WatchReceiver<T> {
    type Item = T;
    type Watcher = ReceiverWatcher<T>;

    fn watch(&self) -> ReceiverWatcher<T> {
        let mut receiver = self.receiver.clone();
        receiver.mark_changed();
        ReceiverWatcher { receiver, change: Change::new(self.begin) }
    }
}

impl<T: Send + Sync + 'static> From<Receiver<T>> for WatchReceiver<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self { receiver, begin }
    }
}

impl<T> From<WatchReceiver<T>> for Receiver<T> {
    fn from(value: WatchReceiver<T>) -> Self {
        value.into_inner()
    }
}

/// Another receiver of the same channel.
impl<T> Clone for WatchReceiver<T> {
    fn clone(&self) -> Self {
        Self { receiver: self.receiver.clone(), begin: self.begin }
    }
}

/// Shows nothing of the data.
impl<T> fmt::Debug for WatchReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchReceiver").field("closed", &is_closed(&self.receiver)).finish_non_exhaustive()
    }
}

/// Watches a [`WatchReceiver`]: keeps track of the newest data in a watch channel that one consumer has had.
///
/// A clone starts where the original is, and goes its own way.
///
/// # Panics
///
/// A panic of a predicate or of the item's `Clone` passes through; that data is not consumed, and the channel remains
/// usable.
pub struct ReceiverWatcher<T> {
    /// What it has seen is what this watcher has given or rejected.
    receiver: Receiver<T>,
    change: Change<T>,
}

/// What there is in the channel.
enum Look<T> {
    NothingNew,
    Rejected,
    Accepted(T),
}

/// So many looks end a poll, however fast what is rejected comes in: the task shall see to its other business before it
/// goes on.
const LOOKS_PER_POLL: usize = 32;

impl<T: Clone> ReceiverWatcher<T> {
    /// Gives what is unseen and accepted. `Pending`: there is nothing; if there is a context, its waker will be woken.
    fn poll_newest(
        &mut self,
        mut cx: Option<&mut Context<'_>>,
        accept: &mut dyn FnMut(&T) -> bool,
    ) -> Poll<Result<T, GetError>> {
        for _ in 0..LOOKS_PER_POLL {
            match self.look(accept)? {
                Look::Accepted(item) => return Poll::Ready(Ok(item)),
                Look::Rejected => {}
                Look::NothingNew => {
                    let Some(cx) = &mut cx else { return Poll::Pending };
                    ready!(self.change.poll(&self.receiver, cx));
                }
            }
        }
        if let Some(cx) = cx {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Looks once. What it has found counts as seen, unless there is a panic.
    fn look(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Result<Look<T>, GetError> {
        if let Ok(false) = self.receiver.has_changed() {
            return Ok(Look::NothingNew);
        }
        // There is something unseen, or the channel is closed, or both. It was closed after the last item was sent.
        let mut looking = Looking { receiver: &mut self.receiver, ended_well: false };
        let present = looking.receiver.borrow_and_update();
        let look = if !present.has_changed() {
            Err(GetError::Closed)
        } else if accept(&present) {
            Ok(Look::Accepted(T::clone(&present)))
        } else {
            Ok(Look::Rejected)
        };
        drop(present);
        looking.ended_well = true;
        look
    }
}

/// Makes what was seen unseen if user code panics.
struct Looking<'a, T> {
    receiver: &'a mut Receiver<T>,
    ended_well: bool,
}

impl<T> Drop for Looking<'_, T> {
    fn drop(&mut self) {
        if !self.ended_well {
            self.receiver.mark_changed();
        }
    }
}

/// tokio's future of a change, whose own type has no name.
type Wait = ReusableBoxFuture<'static, ()>;

/// Begins a wait for something that the receiver has not seen, in the memory of one that has ended.
///
/// A function that is carried along from where the channel comes in, because only there items are known to be
/// `'static`. If [`Watch`] or [`Watcher`] were implemented for such items only, tasks could not watch `&'static str`:
/// to see that a task is `Send`, the compiler asks for these impls for text of every lifetime (rust-lang/rust#110338).
type Begin<T> = fn(&Receiver<T>, Option<Wait>) -> Wait;

/// The [`Begin`] of every channel. The wait is free of the budget, which is for what a get gives.
fn begin<T: Send + Sync + 'static>(receiver: &Receiver<T>, ended: Option<Wait>) -> Wait {
    let mut receiver = receiver.clone();
    // Whether there was a change or the end is seen by who looks next.
    let changed = unconstrained(async move { drop(receiver.changed().await) });
    match ended {
        Some(mut wait) => {
            wait.set(changed);
            wait
        }
        None => Wait::new(changed),
    }
}

/// The waits of a watcher, one after the other.
///
/// A wait is kept from get to get, so that never more than one is registered with the channel. It is made on a clone of
/// the receiver, which has then seen the same. The receiver may see more while the wait goes on, by gets that find
/// something at once; the clone does not. So a wait that has been kept for too long ends too early, and never too late.
struct Change<T> {
    begin: Begin<T>,
    going_on: Option<Wait>,
    /// Kept for its memory.
    ended: Option<Wait>,
}

impl<T> Change<T> {
    fn new(begin: Begin<T>) -> Self {
        Self { begin, going_on: None, ended: None }
    }

    /// Ready when there may be something that `receiver` has not seen, or the channel is closed. The next call waits
    /// anew.
    fn poll(&mut self, receiver: &Receiver<T>, cx: &mut Context<'_>) -> Poll<()> {
        // Taken out, since wakers may panic: then it must not be polled again.
        let mut wait = self.going_on.take().unwrap_or_else(|| (self.begin)(receiver, self.ended.take()));
        let polled = wait.poll(cx);
        let place = if polled.is_pending() { &mut self.going_on } else { &mut self.ended };
        *place = Some(wait);
        polled
    }
}

impl<T: Clone> Watcher for ReceiverWatcher<T> {
    type Item = T;

    fn poll_get(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_newest(Some(cx), &mut |_| true)
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>> {
        self.poll_backlog_if(cx, &mut |_| true)
    }

    fn poll_get_if(&mut self, cx: &mut Context<'_>, accept: &mut dyn FnMut(&T) -> bool) -> Poll<Result<T, GetError>> {
        self.poll_newest(Some(cx), accept)
    }

    fn poll_backlog_if(
        &mut self,
        _cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&T) -> bool,
    ) -> Poll<Result<T, GetError>> {
        Poll::Ready(match self.poll_newest(None, accept) {
            Poll::Ready(given) => given,
            // Everything that was there when this began has been looked at.
            Poll::Pending => Err(GetError::BacklogDone),
        })
    }
}

impl<T> Clone for ReceiverWatcher<T> {
    fn clone(&self) -> Self {
        Self { receiver: self.receiver.clone(), change: Change::new(self.change.begin) }
    }
}

/// Shows nothing of the data.
impl<T> fmt::Debug for ReceiverWatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiverWatcher").field("closed", &is_closed(&self.receiver)).finish_non_exhaustive()
    }
}

/// Whether all senders were dropped. There may still be data that was not seen. Takes no lock.
fn is_closed<T>(receiver: &Receiver<T>) -> bool {
    receiver.has_changed().is_err()
}
