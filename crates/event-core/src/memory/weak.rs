//! A handle that keeps nothing alive.

use core::fmt;

use super::holder::WeakHolder;
use super::value::MemoryValue;
use crate::sync::atomic::Ordering;

/// A handle to a [`MemoryValue`] that keeps neither the value open nor its data alive. Made by
/// [`MemoryValue::downgrade`].
///
/// # Examples
///
/// ```
/// let value = event_core::MemoryValue::with_value(1);
/// let weak = value.downgrade();
/// assert_eq!(weak.upgrade().and_then(|value| value.load()), Some(1));
/// drop(value);
/// assert!(weak.upgrade().is_none());
/// ```
#[doc(alias("WeakSender", "WeakObservable"))]
pub struct WeakValue<T> {
    shared: WeakHolder<T>,
}

impl<T> WeakValue<T> {
    /// A handle to the value. `None` if all handles were dropped, or if the last one became a
    /// [`MemoryWriter`](crate::MemoryWriter). (A value that was closed by [`close`](MemoryValue::close) still has handles.)
    #[must_use]
    pub fn upgrade(&self) -> Option<MemoryValue<T>> {
        let shared = self.shared.upgrade()?;
        // Ordering: Acquire, partner: `count_first_handle_in`. The handles that exist order what was done through them, but the
        // writer that was the producer before is not one of them. Relaxed on failure: nothing is done.
        shared
            .handles
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |handles| (handles != 0).then(|| handles + 1))
            .ok()?;
        Some(MemoryValue::from_counted(shared))
    }

    /// Whether both are of the same value.
    #[must_use]
    pub fn same_value(&self, other: &Self) -> bool {
        self.shared.is_same(&other.shared)
    }
}

impl<T> MemoryValue<T> {
    /// A handle that keeps nothing alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakValue<T> {
        WeakValue { shared: WeakHolder::of(self.shared()) }
    }
}

impl<T> Clone for WeakValue<T> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone() }
    }
}

impl<T> fmt::Debug for WeakValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakValue").finish_non_exhaustive()
    }
}
