//! A change of one key.

/// A change of one key: an item of a map's watcher.
#[doc(alias("MapDiff", "VectorDiff", "ChangeSet"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Change<K, V> {
    /// The key that changed.
    pub key: K,
    /// What it holds, or `None` if it was removed.
    pub value: Option<V>,
}

impl<K, V> Change<K, V> {
    /// A key that holds `value`.
    pub const fn inserted(key: K, value: V) -> Self {
        Self { key, value: Some(value) }
    }

    /// A key that was removed.
    pub const fn removed(key: K) -> Self {
        Self { key, value: None }
    }

    /// Whether the key was removed.
    pub const fn is_removal(&self) -> bool {
        self.value.is_none()
    }
}
