//! The receiving half.

use alloc::sync::Arc;
use core::fmt;
use core::future::poll_fn;
use core::mem;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::task::{Context, Poll};

use event_core::{MemoryValue, MemoryWatcher, Version};
use tokio::task::coop::cooperative;

use super::error::RecvError;
use super::reference::Ref;
use super::shared::{Modifications, Stored};

/// Receives values from the [`Sender`](super::Sender)s of its channel.
///
/// Made by [`channel`](super::channel) and [`Sender::subscribe`](super::Sender::subscribe). A clone has seen the same and goes its
/// own way.
pub struct Receiver<T> {
    watcher: MemoryWatcher<Stored<T>>,
    /// What the newest version that was seen is [taken for](Stored::taken_for).
    seen: Version,
    /// The watcher has not seen that version, since a predicate that was called with it has panicked.
    is_ahead: bool,
    /// The current value counts as changed, whatever was seen.
    marked_changed: bool,
    modifications: Arc<Modifications>,
}

impl<T> Receiver<T> {
    /// A receiver that has seen what is current.
    pub(super) fn new(value: &MemoryValue<Stored<T>>, modifications: &Arc<Modifications>) -> Self {
        let mut watcher = value.watch_changes();
        let seen = {
            let current = always(watcher.borrow_and_update());
            current.taken_for(current.version())
        };
        Self { watcher, seen, is_ahead: false, marked_changed: false, modifications: Arc::clone(modifications) }
    }

    /// Borrows the current value. It is not marked as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (_sender, receiver) = watch::channel("hello");
    /// assert_eq!(*receiver.borrow(), "hello");
    /// ```
    #[inline]
    pub fn borrow(&self) -> Ref<'_, T> {
        let current = always(self.watcher.borrow());
        let version = current.taken_for(current.version());
        Ref::new(current, self.marked_changed | (version != self.seen))
    }

    /// Borrows the current value and marks it as seen, in one step: [`changed`](Self::changed) then waits for a newer one.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert_eq!(*receiver.borrow_and_update(), 2);
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    #[inline]
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        let current = always(self.watcher.borrow_and_update());
        let version = current.taken_for(current.version());
        let has_changed = mem::take(&mut self.marked_changed) | (version != self.seen);
        self.seen = version;
        Ref::new(current, has_changed)
    }

    /// Whether the current value has not been seen. It is not marked.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed, whether or not the last value was seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// assert!(!receiver.has_changed().unwrap());
    /// sender.send(1).unwrap();
    /// assert!(receiver.has_changed().unwrap());
    /// drop(sender);
    /// assert!(receiver.has_changed().is_err());
    /// ```
    #[inline]
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let (is_current, is_closed) = self.watcher.is_current_and_closed();
        if is_closed {
            return Err(RecvError(()));
        }
        match is_current {
            Some(true) => Ok(self.marked_changed),
            Some(false) if !self.is_ahead && !self.modifications.any_silent() => Ok(true),
            // What is current may be a silent modification of what was seen.
            _ => self.has_changed_by_borrow(),
        }
    }

    #[inline(never)]
    fn has_changed_by_borrow(&self) -> Result<bool, RecvError> {
        Ok(self.borrow().has_changed())
    }

    /// Whether the channel is closed: all senders were dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// assert!(!receiver.is_closed());
    /// drop(sender);
    /// assert!(receiver.is_closed());
    /// ```
    pub fn is_closed(&self) -> bool {
        self.watcher.is_closed()
    }

    /// Makes the current value count as changed: [`has_changed`](Self::has_changed) returns `true`, and
    /// [`changed`](Self::changed) returns immediately.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (_sender, mut receiver) = watch::channel(1);
    /// receiver.mark_changed();
    /// assert!(receiver.has_changed().unwrap());
    /// ```
    pub fn mark_changed(&mut self) {
        self.marked_changed = true;
    }

    /// Makes the current value count as seen.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// sender.send(2).unwrap();
    /// receiver.mark_unchanged();
    /// assert!(!receiver.has_changed().unwrap());
    /// ```
    #[inline]
    pub fn mark_unchanged(&mut self) {
        if self.watcher.is_current_and_closed().0 == Some(true) {
            self.marked_changed = false;
        } else {
            self.borrow_and_update();
        }
    }

    /// Waits until the current value is one that was not seen, and marks it as seen.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed *and* the last value was seen.
    ///
    /// # Cancel safety
    ///
    /// A dropped future marked nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, mut receiver) = watch::channel("hello");
    /// tokio::spawn(async move { sender.send("goodbye").unwrap() });
    /// assert!(receiver.changed().await.is_ok());
    /// assert_eq!(*receiver.borrow_and_update(), "goodbye");
    /// assert!(receiver.changed().await.is_err(), "the sender was dropped");
    /// # }
    /// ```
    pub async fn changed(&mut self) -> Result<(), RecvError> {
        cooperative(poll_fn(|cx| self.poll_changed(cx))).await
    }

    fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        if self.marked_changed {
            self.mark_unchanged();
            return Poll::Ready(Ok(()));
        }
        let seen = &mut self.seen;
        let is_new = |stored: &Stored<T>, version| {
            let before = mem::replace(seen, stored.taken_for(version));
            before != *seen
        };
        self.watcher.poll_version_if(cx, is_new).map(|polled| match polled {
            Ok(_) => Ok(()),
            Err(_) => Err(RecvError(())),
        })
    }

    /// Waits for a value for which `f` returns `true`, and returns a borrow of it, marked as seen.
    ///
    /// `f` is called with the current value first, even if that was seen, and then with newer ones. What it was called with counts
    /// as seen.
    ///
    /// # Errors
    ///
    /// [`RecvError`] if the channel is closed and `f` returned `false` for the last value.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, `f` has returned `false` for each value that counts as seen because of it.
    ///
    /// # Panics
    ///
    /// If `f` panics. The value that it was called with is marked as seen; receiver and channel remain usable.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let (sender, mut receiver) = watch::channel("hello");
    /// tokio::spawn(async move { sender.send("goodbye").unwrap() });
    /// let value = receiver.wait_for(|value| value.starts_with("good")).await.unwrap();
    /// assert_eq!(*value, "goodbye");
    /// # }
    /// ```
    pub async fn wait_for(&mut self, mut f: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
        let Self { watcher, seen, is_ahead, marked_changed, .. } = self;
        // What the value that `f` was called with last was for this receiver.
        let mut has_changed = false;
        let mut has_begun = false;
        let accept = |stored: &Stored<T>, version| {
            let before = mem::replace(seen, stored.taken_for(version));
            let is_new = before != *seen;
            let is_marked = mem::take(marked_changed);
            // As in tokio, what comes after a wait was marked by the wait.
            has_changed = !has_begun && (is_marked || is_new);
            if mem::replace(&mut has_begun, true) && !is_new {
                return false;
            }
            // If this panics, the watcher is not told that the version was seen.
            *is_ahead = true;
            let accepts = f(&stored.data);
            *is_ahead = false;
            accepts
        };
        match cooperative(watcher.wait_for_version(accept)).await {
            Ok(accepted) => Ok(Ref::new(accepted, has_changed)),
            Err(_) => Err(RecvError(())),
        }
    }

    /// Whether both receive from the same channel.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, receiver) = watch::channel(1);
    /// assert!(receiver.same_channel(&sender.subscribe()));
    /// let (_sender, other) = watch::channel(1);
    /// assert!(!receiver.same_channel(&other));
    /// ```
    pub fn same_channel(&self, other: &Self) -> bool {
        self.watcher.same_value(&other.watcher)
    }
}

#[inline]
pub(super) fn always<D>(current: Option<D>) -> D {
    current.expect("a channel always holds a value")
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            watcher: self.watcher.clone(),
            seen: self.seen,
            is_ahead: self.is_ahead,
            marked_changed: self.marked_changed,
            modifications: Arc::clone(&self.modifications),
        }
    }
}

/// Shows the value.
impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let current = self.borrow();
        f.debug_struct("Receiver")
            .field("value", &*current)
            .field("has_changed", &current.has_changed())
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

// What panics in the middle of a call leaves the receiver usable.
impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}
