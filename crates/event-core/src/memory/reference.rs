//! Borrowed data of a memory value.

use core::fmt;
use core::ops::Deref;

use super::shared::SharedRef;
use super::snapshot::Snapshot;
use crate::cell::Pinned;
use crate::version::Version;

/// Borrowed data: what was current when it was borrowed.
///
/// It does not change when newer data is set. It blocks neither producers nor other readers, and may be held for any length of time,
/// also across `.await`. It costs memory: this version is kept until its last `Ref` is dropped. Data that was replaced is dropped by
/// its last borrower.
#[doc(alias("ObservableReadGuard", "Guard"))]
pub struct Ref<'a, T> {
    /// Its data is not `None`.
    pinned: Pinned<'a, T>,
    shared: SharedRef<'a, T>,
}

impl<'a, T> Ref<'a, T> {
    #[inline]
    pub(super) fn new(pinned: Pinned<'a, T>, shared: SharedRef<'a, T>) -> Option<Self> {
        if pinned.data().is_some() { Some(Self { pinned, shared }) } else { None }
    }

    /// Which version this is.
    #[inline]
    #[must_use]
    pub fn version(&self) -> Version {
        self.pinned.version()
    }

    /// The same data without the lifetime. Nothing is cloned. It keeps the memory of the value alive, but not the value open.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, Snapshot};
    ///
    /// struct NotClone(u32);
    ///
    /// let value = MemoryValue::with_value(NotClone(1));
    /// let snapshot: Snapshot<NotClone> = value.borrow().unwrap().detach();
    /// value.set(NotClone(2));
    /// drop(value);
    /// assert_eq!(snapshot.0, 1);
    /// ```
    #[must_use]
    pub fn detach(self) -> Snapshot<T> {
        let shared = self.shared.to_holder();
        Snapshot::new(self.pinned, shared)
    }

    /// The data: moved out if it was replaced and nobody else reads it, else cloned.
    pub(super) fn take_or_clone(self) -> T
    where
        T: Clone,
    {
        match self.try_take() {
            Ok(data) => data,
            Err(this) => {
                let clone = (*this).clone();
                // By name: it may drop the data, and if that panics, the clone is dropped as well.
                drop(this);
                clone
            }
        }
    }

    /// The data, if it was replaced and nobody else reads it.
    pub(super) fn try_take(self) -> Result<T, Self> {
        let Self { pinned, shared } = self;
        pinned.try_take().map(present).map_err(|pinned| Self { pinned, shared })
    }

    pub(super) fn into_pinned(self) -> Pinned<'a, T> {
        self.pinned
    }
}

#[inline]
pub(super) fn present<D>(data: Option<D>) -> D {
    data.expect("a reference is only made of data that is present")
}

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: `new` has made sure that there is data, and pinned it does not change. A panic here, which cannot come, would make
        // every caller keep the reference in memory instead of registers.
        unsafe { self.pinned.data().unwrap_unchecked() }
    }
}

/// Shows the data.
impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
