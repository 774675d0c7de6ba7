//! The picture that was current before, brought up to date, for the next change to use.
//!
//! # Roles
//!
//! A *picture* is what a state and its snapshots share: the tree and the log. If nobody has the one that a change has replaced, the
//! writer makes the same change in it, without a comparison of keys, and leaves it here: the *spare*. It equals the current picture
//! then, and shares with it what neither has changed. The next change takes the spare, changes it in place, and publishes it. So,
//! while nobody keeps old pictures, a change copies no node and allocates nothing but the data.
//!
//! # Without a spare
//!
//! A change that finds none, or one that is not like the current picture, makes a picture that shares the nodes of the current one, and
//! copies those on its way. That is so after somebody kept the picture that was replaced, after a panic, and while another writer
//! has the spare. So nobody waits: the lock here is only tried, and what it protects is moved in or out.
//!
//! # Collision
//!
//! *A late writer leaves a spare that is not like the current picture any more*, which would keep data that was replaced. Therefore a
//! writer that has left a spare then reads the version of the map, and takes the spare back if that is newer. If it reads no newer version,
//! the next publication comes later; and its writer, which replaces or drops the spare after that, finds the lock open. (Each writes,
//! one of them the lock and the other the map, before it reads what the other has written. The lock is not part of the total order of
//! `SeqCst` operations, so by the language's memory model both may miss the other. Then data that was replaced is dropped by the next
//! change: no state is wrong, since a spare is used only if it is like the current picture.)
//!
//! *Whoever finds the lock taken* drops its own spare. The one that has the lock takes the spare out, or replaces it and then reads the version.
//!
//! # What it costs
//!
//! Two trees that are changed in turn share less and less: up to twice the nodes, though not the keys and the data. When one of them is
//! lost, because a reader was in it, its last reader frees the nodes that were its own. Each of them was copied by one change before.

use spin::Mutex;
use triomphe::UniqueArc;

use crate::state::Picture;

pub(crate) struct Spare<K, V>(Mutex<Option<UniqueArc<Picture<K, V>>>>);

impl<K, V> Spare<K, V> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Takes the spare out, if there is one that is like the picture after the change `end`.
    pub(crate) fn take(&self, end: u64) -> Option<UniqueArc<Picture<K, V>>> {
        self.exchange(None).filter(|spare| spare.log.end() == end)
    }

    /// Leaves a spare, if it is like the current picture: `is_current` says so.
    pub(crate) fn put(&self, spare: UniqueArc<Picture<K, V>>, is_current: impl FnOnce() -> bool) {
        drop(self.exchange(Some(spare)));
        crate::scheduling_point();
        if !is_current() {
            self.clear();
        }
    }

    /// Drops what is here.
    pub(crate) fn clear(&self) {
        drop(self.exchange(None));
    }

    /// Returns what was here. User code runs only when that is dropped. Whoever finds the lock taken drops `spare`, and goes on
    /// without.
    fn exchange(&self, spare: Option<UniqueArc<Picture<K, V>>>) -> Option<UniqueArc<Picture<K, V>>> {
        crate::scheduling_point();
        let mut place = self.0.try_lock()?;
        crate::scheduling_point();
        core::mem::replace(&mut *place, spare)
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::sync::{Arc, Weak};
    use alloc::vec::Vec;

    use crate::MemoryMap;

    #[test]
    fn data_that_was_replaced_is_dropped_though_there_is_a_spare() {
        let map = MemoryMap::new();
        let data: Vec<Arc<u32>> = (0..200).map(Arc::new).collect();
        let weak: Vec<Weak<u32>> = data.iter().map(Arc::downgrade).collect();
        for (key, data) in (0..).zip(data) {
            map.insert(key, data);
        }
        let is_kept = |key: u32| weak[key as usize].strong_count();
        map.insert(1, Arc::new(0));
        map.insert(1, Arc::new(0));
        assert_eq!((is_kept(1), is_kept(0)), (0, 1));
        map.remove(&2);
        assert_eq!(is_kept(2), 0);
        map.update(&3, |data| *data = Arc::new(0));
        assert_eq!(is_kept(3), 0);
        map.transaction(|edit| {
            edit.insert(4, Arc::new(0));
            edit.remove(&5);
            edit.insert(1_000, Arc::new(0));
        });
        assert_eq!((is_kept(4), is_kept(5)), (0, 0));
        map.transaction(|edit| (6..100).for_each(|key| _ = edit.insert(key, Arc::new(0))));
        assert!((6..100).all(|key| is_kept(key) == 0));
        let before = map.snapshot();
        map.insert(100, Arc::new(0));
        assert_eq!(is_kept(100), 1, "the snapshot has it");
        drop(before);
        assert_eq!(is_kept(100), 0, "and nobody else");
    }
}
