//! One state of a map.

use alloc::sync::Arc;
use core::ops::Deref;

use crate::bells::Bells;
use crate::log::Log;
use crate::notes::Lists;
use crate::spare::Spare;
use crate::tree::Tree;

/// What a key holds.
pub(crate) struct Item<V> {
    pub(crate) value: triomphe::Arc<V>,
    /// The number of the change that inserted the key.
    pub(crate) created: u64,
    /// The number of the newest change of the key.
    pub(crate) changed: u64,
}

/// Shares the data.
impl<V> Clone for Item<V> {
    fn clone(&self) -> Self {
        Self { value: triomphe::Arc::clone(&self.value), ..*self }
    }
}

/// What a state shares with its snapshots, which thereby stand at its position. Immutable while anybody but a writer has it.
pub(crate) struct Picture<K, V> {
    pub(crate) items: Tree<K, Item<V>>,
    pub(crate) log: Log<K>,
}

impl<K: Ord, V> Picture<K, V> {
    pub(crate) fn new() -> Self {
        Self { items: Tree::new(), log: Log::new(0) }
    }
}

/// What is published.
pub(crate) struct State<K, V> {
    pub(crate) picture: triomphe::Arc<Picture<K, V>>,
    pub(crate) bells: Bells<K>,
    /// That of the state before.
    pub(crate) common: Arc<Common<K, V>>,
}

/// What all states of a map have in common.
pub(crate) struct Common<K, V> {
    /// Lists that watchers share.
    pub(crate) lists: Lists<K>,
    pub(crate) spare: Spare<K, V>,
}

impl<K: Ord, V> State<K, V> {
    pub(crate) fn new() -> Self {
        Self::of(triomphe::Arc::new(Picture::new()))
    }

    /// The first state.
    pub(crate) fn of(picture: triomphe::Arc<Picture<K, V>>) -> Self {
        let common = Common { lists: Lists::new(), spare: Spare::new() };
        Self { picture, bells: Bells::new(), common: Arc::new(common) }
    }

    /// This state with other bells.
    pub(crate) fn with_bells(&self, bells: Bells<K>) -> Self {
        Self { picture: triomphe::Arc::clone(&self.picture), bells, common: Arc::clone(&self.common) }
    }
}

impl<K, V> Deref for State<K, V> {
    type Target = Picture<K, V>;

    fn deref(&self) -> &Picture<K, V> {
        &self.picture
    }
}
