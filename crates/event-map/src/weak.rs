//! A handle that does not keep a map open, except under loom, which knows no weak pointers: models there close no map.

use event_core::MemoryValue;

#[cfg(not(event_core_loom))]
pub(crate) type WeakValue<T> = event_core::WeakValue<T>;

/// A handle in its place.
#[cfg(event_core_loom)]
pub(crate) struct WeakValue<T>(MemoryValue<T>);

#[cfg(event_core_loom)]
impl<T> WeakValue<T> {
    pub(crate) fn upgrade(&self) -> Option<MemoryValue<T>> {
        Some(self.0.clone())
    }
}

#[cfg(event_core_loom)]
impl<T> Clone for WeakValue<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(not(event_core_loom))]
pub(crate) fn downgrade<T>(value: &MemoryValue<T>) -> WeakValue<T> {
    value.downgrade()
}

#[cfg(event_core_loom)]
pub(crate) fn downgrade<T>(value: &MemoryValue<T>) -> WeakValue<T> {
    WeakValue(value.clone())
}
