//! How watchers come and go: their places, and how many they are.
//!
//! A watcher that comes takes a place, counts itself in, and then looks whether the value is in sync mode. One that goes declares that it
//! leaves, counts itself out, looks likewise, and gives its place back. A setter puts the value into sync mode, touches that count by
//! a read-modify-write that changes nothing, and then looks which places are taken. Of two read-modify-writes of one count, the later one
//! finds the earlier one's, and what came before it: so one of the two sees the other, and no fence is needed.
//!
//! In a [`Space`](crate::Space), where there is no sync mode, the count comes first and goes last: whoever is counted in has room.

use core::mem::{self, ManuallyDrop};

use super::shared::Shared;
use super::sync_mode::SyncMode;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Handshake, handshake, is_kept};
use crate::wakers::Place;

impl<T> Shared<T> {
    /// A watcher comes. `None` if there is no room for another one.
    #[inline(never)]
    pub(super) fn watcher_comes(&self) -> Option<Coming<'_, T>> {
        if self.is_lent() {
            return self.watcher_comes_to_space();
        }
        let place = self.wakers.try_claim()?;
        handshake(Handshake::PlaceThenLook);
        // Ordering: SeqCst, partner: `watcher_count`. As AcqRel, partner: `touch_watchers`; see the module.
        let (before, mode) = self.count_then_look(|watchers| watchers.fetch_add(1, Ordering::SeqCst));
        let coming = Coming { shared: self, place: ManuallyDrop::new(place) };
        if before == 0 {
            self.producers.wake_all();
        }
        if let Some(mode) = mode {
            mode.owes_nothing(self, coming.place().id());
        }
        Some(coming)
    }

    #[cfg_attr(feature = "alloc", cold)]
    fn watcher_comes_to_space(&self) -> Option<Coming<'_, T>> {
        let another = |watchers: usize| (watchers < self.max_watchers).then(|| watchers + 1);
        // Ordering: SeqCst, as above. Relaxed on failure and for the first look: it is only tried again.
        let before = self.watchers.fetch_update(Ordering::SeqCst, Ordering::Relaxed, another).ok()?;
        let counted = CountedIn(self);
        let place = self.wakers.try_claim()?;
        mem::forget(counted);
        let coming = Coming { shared: self, place: ManuallyDrop::new(place) };
        if before == 0 {
            self.producers.wake_all();
        }
        Some(coming)
    }

    /// A watcher goes that had this place. Drops its waker and wakes producers, which is user code: each step is done whatever the others
    /// do.
    ///
    /// # Safety
    ///
    /// The place came from [`watcher_comes`](Self::watcher_comes), and is not used again.
    #[inline]
    pub(super) unsafe fn watcher_goes(&self, place: Place) {
        if self.is_lent() {
            let _count_out = CountedIn(self);
            return drop(Left { shared: self, place: Some(place) });
        }
        // SAFETY: the caller vouches for it.
        unsafe { self.wakers.leave(&place) };
        let id = place.id();
        // Ordering: SeqCst, as in `watcher_comes`.
        let (before, mode) = self.count_then_look(|watchers| watchers.fetch_sub(1, Ordering::SeqCst));
        let _wake = WakeProducers(self, before == 1);
        let _left = Left { shared: self, place: Some(place) };
        if let Some(mode) = mode {
            mode.owes_nothing(self, id);
        }
    }

    /// Changes the count of watchers, then looks whether the value is in sync mode.
    #[inline]
    fn count_then_look(&self, count: impl FnOnce(&AtomicUsize) -> usize) -> (usize, Option<&SyncMode>) {
        if !is_kept(Handshake::CountThenLook) {
            // What a mutation test does instead, to see that it is wrong.
            let mode = self.known_sync_mode();
            return (count(&self.watchers), mode);
        }
        (count(&self.watchers), self.known_sync_mode())
    }
}

/// A watcher that is being made. Dropped: it goes.
pub(super) struct Coming<'a, T> {
    shared: &'a Shared<T>,
    place: ManuallyDrop<Place>,
}

impl<T> Coming<'_, T> {
    #[inline]
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// It has come.
    #[inline]
    pub(super) fn into_place(self) -> ManuallyDrop<Place> {
        // SAFETY: not used again, `self` is forgotten.
        let place = unsafe { ManuallyDrop::take(&mut ManuallyDrop::new(self).place) };
        ManuallyDrop::new(place)
    }
}

impl<T> Drop for Coming<'_, T> {
    #[cold]
    fn drop(&mut self) {
        // SAFETY: not used again, `self` goes.
        let place = unsafe { ManuallyDrop::take(&mut self.place) };
        // SAFETY: from `watcher_comes`.
        unsafe { self.shared.watcher_goes(place) };
    }
}

/// A place that is about to be given back. Dropped: it is.
struct Left<'a, T> {
    shared: &'a Shared<T>,
    place: Option<Place>,
}

impl<T> Drop for Left<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            // SAFETY: the place was claimed from these wakers.
            unsafe { self.shared.wakers.release(place, &self.shared.cell) };
        }
    }
}

/// A watcher of a value in a space is counted in. Dropped: out.
struct CountedIn<'a, T>(&'a Shared<T>);

impl<T> Drop for CountedIn<'_, T> {
    fn drop(&mut self) {
        // Ordering: SeqCst, partner: `watcher_count`.
        let is_last = self.0.watchers.fetch_sub(1, Ordering::SeqCst) == 1;
        drop(WakeProducers(self.0, is_last));
    }
}

/// Dropped: wakes those who wait for the count, if this says that they may be waiting for this.
struct WakeProducers<'a, T>(&'a Shared<T>, bool);

impl<T> Drop for WakeProducers<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.1 {
            self.0.producers.wake_all();
        }
    }
}
