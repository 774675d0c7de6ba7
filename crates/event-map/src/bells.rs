//! Who waits for one key.
//!
//! A *bell* is a value without data that is set after every change of one key. It is in the state itself: a writer that makes a
//! state of another one finds in it the bells of everybody who registered before, so a change and a registration cannot miss each
//! other. A change looks for the bells of its keys and of no others, in O(log n) of the keys that are watched.
//!
//! A registration is therefore a publication, of a state with the same keys. It wakes the watchers of the map, who find nothing; but
//! only the first watcher of a key registers.
//!
//! Nobody unregisters. A bell that nobody listens to is taken out by the next change of its key, and all of them are looked through
//! when their number has doubled. Then it is closed, being dropped, and a watcher that has come meanwhile registers again.

use alloc::vec::Vec;

use event_core::MemoryValue;

use crate::tree::Tree;

/// What is rung for one key.
pub(crate) type Bell = MemoryValue<()>;

pub(crate) struct Bells<K> {
    bells: Tree<K, Bell>,
    /// So many there were after all of them were looked through.
    live: usize,
}

impl<K: Ord> Bells<K> {
    pub(crate) fn new() -> Self {
        Self { bells: Tree::new(), live: 0 }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&Bell> {
        self.bells.get(key)
    }

    /// How many keys have one.
    #[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
    pub(crate) fn len(&self) -> usize {
        self.bells.len()
    }

    /// These bells and one more.
    pub(crate) fn with(&self, key: K, bell: Bell) -> Self
    where
        K: Clone,
    {
        let mut next = Self { bells: self.bells.clone(), live: self.live };
        if next.bells.len() >= 2 * self.live + 8 {
            for (key, bell) in self.bells.iter() {
                if bell.watcher_count() == 0 {
                    next.bells.remove(key);
                }
            }
            next.live = next.bells.len();
        }
        next.bells.insert(key, bell);
        next
    }

    /// Notes the bells of `keys`. Returns those that are left: without the ones among them that nobody listens to.
    pub(crate) fn rung<'a>(&self, keys: impl Iterator<Item = &'a K>, rings: &mut Rings) -> Self
    where
        K: Clone + 'a,
    {
        if self.bells.is_empty() {
            return Self { bells: Tree::new(), live: self.live };
        }
        let mut next = Self { bells: self.bells.clone(), live: self.live };
        for key in keys {
            if let Some(bell) = self.bells.get(key) {
                if bell.watcher_count() == 0 {
                    next.bells.remove(key);
                } else {
                    rings.0.push(bell.clone());
                }
            }
        }
        next
    }
}

/// The bells that are rung when this is dropped, after the publication. All of them are, even if a waker panics.
#[derive(Default)]
pub(crate) struct Rings(Vec<Bell>);

impl Rings {
    /// Forgets them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    fn ring_all(&mut self) {
        while let Some(bell) = self.0.pop() {
            bell.set(());
        }
    }
}

impl Drop for Rings {
    fn drop(&mut self) {
        struct Rest<'a>(&'a mut Rings);
        impl Drop for Rest<'_> {
            fn drop(&mut self) {
                self.0.ring_all();
            }
        }
        if !self.0.is_empty() {
            let rest = Rest(self);
            rest.0.ring_all();
        }
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use event_core::Watcher;

    use crate::MemoryMap;

    /// Keys that never change: their bells go when others come.
    #[test]
    fn bells_that_nobody_listens_to_are_taken_out() {
        let map = MemoryMap::from([(0, 0)]);
        let mut cx = core::task::Context::from_waker(core::task::Waker::noop());
        for key in 0..1_000 {
            let mut watcher = map.watch_key(key);
            while watcher.poll_get(&mut cx).is_ready() {}
            assert!(map.bells() <= 9, "{} bells for one listener", map.bells());
        }
        let mut watcher = map.watch_key(0);
        while watcher.poll_get(&mut cx).is_ready() {}
        drop(watcher);
        let before = map.bells();
        map.insert(0, 1);
        assert_eq!(map.bells(), before - 1, "a change of its key takes it out");
    }
}
