//! A borrow of the channel's value.

use core::fmt;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};

use super::shared::Stored;

/// A borrow of the value that was current when it was made.
///
/// It blocks nobody: the value that it shows stays as it is while newer ones are sent, and is dropped when its last borrow is. It
/// is [`Send`] if the value is `Send` and `Sync`, and may be held across an `.await`.
pub struct Ref<'a, T> {
    inner: event_core::Ref<'a, Stored<T>>,
    has_changed: bool,
}

impl<'a, T> Ref<'a, T> {
    #[inline]
    pub(super) fn new(inner: event_core::Ref<'a, Stored<T>>, has_changed: bool) -> Self {
        Self { inner, has_changed }
    }

    /// Whether the receiver that made this borrow had not seen the value before. Unlike
    /// [`Receiver::has_changed`](super::Receiver::has_changed) it does not fail when the channel is closed.
    ///
    /// A borrow of a [`Sender`](super::Sender::borrow) always returns `false`. So does one that
    /// [`wait_for`](super::Receiver::wait_for) returns after it has waited.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_tokio::watch;
    ///
    /// let (sender, mut receiver) = watch::channel(1);
    /// sender.send(2).unwrap();
    /// assert!(!sender.borrow().has_changed());
    /// drop(sender);
    /// assert!(receiver.borrow().has_changed());
    /// assert!(receiver.borrow_and_update().has_changed());
    /// assert!(!receiver.borrow().has_changed());
    /// ```
    #[inline]
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.inner.data
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref").field("inner", &**self).field("has_changed", &self.has_changed).finish()
    }
}

// What panics while data is borrowed leaves it as it was.
impl<T> UnwindSafe for Ref<'_, T> {}
impl<T> RefUnwindSafe for Ref<'_, T> {}
