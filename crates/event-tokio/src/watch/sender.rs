//! The sending half.

use alloc::sync::Arc;
use core::fmt;
use core::mem;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use event_core::MemoryValue;
use tokio::task::coop::cooperative;

use super::error::SendError;
use super::receiver::{Receiver, always};
use super::reference::Ref;
use super::shared::{Modifications, Stored};
use super::without_clone::SenderWithoutClone;

/// Sends values to the [`Receiver`]s of its channel.
///
/// Made by [`channel`](super::channel) and [`Sender::new`]. A clone sends into the same channel. When the last sender is dropped,
/// the channel is closed for its receivers.
pub struct Sender<T> {
    inner: SenderWithoutClone<T>,
}

impl<T> Sender<T> {
    /// The sender of a channel that holds `init` and has no receiver yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch::Sender;
    ///
    /// let sender = Sender::new(1);
    /// assert!(sender.send(2).is_err(), "nobody receives");
    /// let receiver = sender.subscribe();
    /// sender.send(3).unwrap();
    /// assert_eq!(*receiver.borrow(), 3);
    /// ```
    pub fn new(init: T) -> Self {
        let value = MemoryValue::with_value(Stored::new(init));
        Self { inner: SenderWithoutClone { value, modifications: Arc::default() } }
    }

    #[inline]
    fn value(&self) -> &MemoryValue<Stored<T>> {
        &self.inner.value
    }

    /// Sends a value and notifies all receivers. Lock-free: it waits for no borrow, and for no modification.
    ///
    /// # Errors
    ///
    /// [`SendError`] with the value if there is no receiver. The channel keeps what it held.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// let before = receiver.borrow();
    /// sender.send(2).unwrap();
    /// assert_eq!((*before, *receiver.borrow()), (1, 2));
    /// drop(before);
    /// drop(receiver);
    /// assert_eq!(sender.send(3).unwrap_err().0, 3);
    /// ```
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.receiver_count() == 0 {
            return Err(SendError(value));
        }
        self.value().set(Stored::new(value));
        Ok(())
    }

    /// Borrows the current value.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch::Sender;
    ///
    /// let sender = Sender::new("hello");
    /// assert_eq!(*sender.borrow(), "hello");
    /// ```
    #[inline]
    pub fn borrow(&self) -> Ref<'_, T> {
        Ref::new(always(self.value().borrow()), false)
    }

    /// Whether there is no receiver. [`subscribe`](Self::subscribe) makes one at any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// assert!(!sender.is_closed());
    /// drop(receiver);
    /// assert!(sender.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver. If a receiver is made again at the same time, this may or may not notice that there was
    /// none for a moment.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, receiver) = watch::channel(1);
    /// tokio::spawn(async move { drop(receiver) });
    /// sender.closed().await;
    /// # }
    /// ```
    pub async fn closed(&self) {
        cooperative(self.value().unwatched()).await;
    }

    /// A new receiver. It has seen the current value, and receives what is sent after this call.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch::Sender;
    ///
    /// let sender = Sender::new(1);
    /// let receiver = sender.subscribe();
    /// assert_eq!(*receiver.borrow(), 1);
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::new(self.value(), &self.inner.modifications)
    }

    /// How many receivers there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// let _other = receiver.clone();
    /// assert_eq!(sender.receiver_count(), 2);
    /// ```
    #[inline]
    pub fn receiver_count(&self) -> usize {
        self.value().watcher_count()
    }

    /// How many senders there are, this one included.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch::Sender;
    ///
    /// let sender = Sender::new(1);
    /// let other = sender.clone();
    /// assert_eq!((sender.sender_count(), other.sender_count()), (2, 2));
    /// ```
    pub fn sender_count(&self) -> usize {
        self.value().handle_count()
    }

    /// Whether both send into the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch::Sender;
    ///
    /// let sender = Sender::new(1);
    /// assert!(sender.same_channel(&sender.clone()));
    /// assert!(!sender.same_channel(&Sender::new(1)));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        self.value().same_value(other.value())
    }
}

impl<T: Clone> Sender<T> {
    /// Modifies the value and notifies all receivers, whether or not there are any.
    ///
    /// `modify` works on a clone, which replaces the current value. It waits for modifications by other threads, but not for
    /// borrows. A value that is sent while `modify` runs replaces what it has modified.
    ///
    /// # Panics
    ///
    /// If `modify` panics. No receiver is notified; what `modify` has changed until then is in the channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(vec![1]);
    /// sender.send_modify(|list| list.push(2));
    /// assert_eq!(*receiver.borrow(), [1, 2]);
    /// ```
    pub fn send_modify<F>(&self, modify: F)
    where
        F: FnOnce(&mut T),
    {
        self.send_if_modified(|data| {
            modify(data);
            true
        });
    }

    /// Modifies the value and notifies all receivers if `modify` returns `true`. Returns what `modify` returned.
    ///
    /// If `modify` returns `false` but has changed the value, the modification is silent: it is in the channel and can be borrowed,
    /// but counts as no change. Otherwise this is [`send_modify`](Self::send_modify). Unlike in tokio, `false` costs a clone of the value
    /// as well.
    ///
    /// # Panics
    ///
    /// As [`send_modify`](Self::send_modify).
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// let make_even = |n: &mut u32| {
    ///     let is_odd = *n % 2 == 1;
    ///     *n += u32::from(is_odd);
    ///     is_odd
    /// };
    /// assert!(sender.send_if_modified(make_even));
    /// assert!(!sender.send_if_modified(make_even));
    /// assert_eq!(*receiver.borrow(), 2);
    /// ```
    pub fn send_if_modified<F>(&self, modify: F) -> bool
    where
        F: FnOnce(&mut T) -> bool,
    {
        let modifications = &self.inner.modifications;
        let mut turn = Some(modifications.turn());
        let mut modified = false;
        let modify_stored = |stored: &mut Stored<T>, version| {
            // What it has changed is kept if it panics, too: then silently.
            stored.silent_since = Some(stored.taken_for(version));
            let silent = Silent(modifications);
            modified = modify(&mut stored.data);
            if modified {
                mem::forget(silent);
                stored.silent_since = None;
            }
            modified
        };
        // Wakers and drops may modify as well.
        self.value().modify_once(modify_stored, || turn = None);
        modified
    }

    /// Replaces the value, notifies all receivers, whether or not there are any, and returns the old value: moved out of the channel,
    /// or a clone if it is borrowed.
    ///
    /// It waits for modifications by other threads, but not for borrows. A sender whose values cannot be cloned has this method,
    /// too: it then waits until no borrow of the old value is left, as tokio's does, since there is only one to return.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// let before = receiver.borrow();
    /// assert_eq!(sender.send_replace(2), 1);
    /// assert_eq!((*before, *receiver.borrow()), (1, 2));
    ///
    /// struct NotClone(u32);
    ///
    /// let (sender, receiver) = watch::channel(NotClone(1));
    /// assert_eq!(sender.send_replace(NotClone(2)).0, 1);
    /// assert_eq!(receiver.borrow().0, 2);
    /// ```
    pub fn send_replace(&self, value: T) -> T {
        match self.inner.replace(value) {
            Ok(old) => old,
            Err(old) => old.data.clone(),
        }
    }
}

/// Dropped: there is a silent modification.
struct Silent<'a>(&'a Modifications);

impl Drop for Silent<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.note_silent();
    }
}

/// What needs no `Clone`; not to be used by name.
#[doc(hidden)]
impl<T> Deref for Sender<T> {
    type Target = SenderWithoutClone<T>;

    fn deref(&self) -> &SenderWithoutClone<T> {
        &self.inner
    }
}

/// Another sender of the same channel.
impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        let SenderWithoutClone { value, modifications } = &self.inner;
        Self { inner: SenderWithoutClone { value: value.clone(), modifications: Arc::clone(modifications) } }
    }
}

/// The sender of a channel that holds the default.
impl<T: Default> Default for Sender<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

/// Shows the value.
impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("value", &*self.borrow())
            .field("receivers", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

// What panics in the middle of a call leaves the channel usable.
impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}
