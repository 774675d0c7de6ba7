//! What all handles of one value share.

use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem;
use core::ptr::{self, NonNull};

use super::reference::Ref;
use super::sync_mode::SyncMode;
use super::watcher::MemoryWatcher;
use crate::cell::{Cell, Owned, Published, Word, cloned_and_unpinned};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Handshake, handshake_by_fence};
use crate::trace;
use crate::version::Version;
use crate::wakers::{Nodes, Place, PlaceId, Record, WakerList};

/// In this order, and aligned: see `Cell`.
#[repr(C, align(64))]
pub(crate) struct Shared<T> {
    pub(super) cell: Cell<T>,
    /// Those of the watchers. The root is in the cell's word.
    pub(super) wakers: Nodes,
    /// How many `MemoryValue`s there are. Closed when the last one goes. 0 as well while a `MemoryWriter` is the producer.
    pub(super) handles: AtomicUsize,
    pub(super) watchers: AtomicUsize,
    /// How many `MemoryReader`s there are.
    pub(super) readers: AtomicUsize,
    /// How many `CachedReader`s there are.
    pub(super) cached_readers: AtomicUsize,
    /// Null before the first `set_sync`.
    sync_mode: AtomicPtr<SyncMode>,
    /// Those who wait for a change of the counts, or for the end.
    pub(super) producers: WakerList,
}

impl<T> Shared<T> {
    /// For one handle.
    pub(super) fn new() -> Self {
        Self::of(Cell::new())
    }

    pub(super) fn of(cell: Cell<T>) -> Self {
        Self {
            cell,
            wakers: Nodes::new(),
            handles: AtomicUsize::new(1),
            watchers: AtomicUsize::new(0),
            readers: AtomicUsize::new(0),
            cached_readers: AtomicUsize::new(0),
            sync_mode: AtomicPtr::new(ptr::null_mut()),
            producers: WakerList::new(),
        }
    }

    /// Makes room, see [`MemoryValue::reserve`](super::MemoryValue::reserve).
    pub(super) fn reserve(&self, watchers: usize, readers: usize) {
        const AT_ONCE: usize = 4;
        // Twice, for edits: each has a slot to fill, and pins the version that it expects.
        self.cell.reserve(readers, AT_ONCE * 2);
        // Twice, for those that move away from a set that has their tickets.
        self.wakers.reserve(watchers.saturating_mul(2));
    }

    /// Wakes the watchers, then gives up what was replaced: in this order, so that nobody waits for a `Drop`. If a waker
    /// panics, the rest is done all the same.
    #[inline]
    pub(super) fn announce(&self, published: Published<'_, T>) -> Version {
        let version = if published.armed() == 0 {
            published.retire()
        } else {
            let (version, replaced, by) = published.into_parts();
            // SAFETY: taken up once, and this value's.
            unsafe { self.announce_to_those_who_wait(version, replaced, by) }
        };
        trace::set::<T>(version);
        version
    }

    /// Apart, so that the way without watchers keeps nothing on the stack for a waker's panic.
    ///
    /// # Safety
    ///
    /// As for [`Published::from_parts`].
    #[inline(never)]
    unsafe fn announce_to_those_who_wait(&self, version: Version, replaced: Word, by: u32) -> Version {
        // SAFETY: the caller vouches for it.
        let published = unsafe { Published::from_parts(&self.cell, version, replaced, by) };
        if mem::needs_drop::<T>() {
            self.wakers.wake(published.armed(), ());
            published.version
        } else {
            // Nobody can notice the order, and there is nothing left to do when the wakers have been called.
            self.wakers.wake(replaced.armed(), published.retire())
        }
    }

    /// Puts the owned slot at `index` in force, or gives it back if the value is closed.
    ///
    /// # Safety
    ///
    /// As for [`Owned::from_index`].
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn publish_step_by_step(&self, index: usize) -> Version {
        // SAFETY: the caller vouches for it.
        let owned = unsafe { Owned::from_index(&self.cell, index) };
        match self.cell.publish_again(owned) {
            Ok(published) => self.announce(published),
            Err(owned) => {
                drop(owned);
                self.version()
            }
        }
    }

    pub(super) fn close(&self) {
        struct WakeProducers<'a>(&'a WakerList);
        impl Drop for WakeProducers<'_> {
            fn drop(&mut self) {
                self.0.wake_all();
            }
        }
        if let Some(word) = self.cell.close() {
            {
                // A watcher's waker may panic.
                let _wake_producers = WakeProducers(&self.producers);
                self.wakers.wake(word.armed(), ());
            }
            trace::closed::<T>();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.cell.word().is_closed()
    }

    pub(super) fn version(&self) -> Version {
        self.cell.pin().map_or(Version::INITIAL, |pinned| pinned.version())
    }

    pub(super) fn is_set(&self) -> bool {
        self.cell.pin().is_some_and(|pinned| pinned.data().is_some())
    }

    /// Clones what is present.
    #[inline]
    pub(super) fn load(&self) -> Option<T>
    where
        T: Clone,
    {
        cloned_and_unpinned(self.cell.pin()?)
    }
}

/// Sync mode. All of it costs a value without it nothing but a fence and a look where watchers come and go.
impl<T> Shared<T> {
    /// Puts the value into sync mode, if it is not.
    pub(super) fn sync_mode(&self) -> &SyncMode {
        if self.known_sync_mode().is_none() {
            let made = Box::into_raw(Box::new(SyncMode::new()));
            // Ordering: Release, partner: `known_sync_mode`. Relaxed on failure: what is there is loaded again below.
            if self.sync_mode.compare_exchange(ptr::null_mut(), made, Ordering::Release, Ordering::Relaxed).is_err() {
                // SAFETY: from `Box::into_raw` above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
            }
        }
        handshake_by_fence(Handshake::SyncThenLook);
        self.known_sync_mode().expect("it was made above, here or elsewhere")
    }

    fn known_sync_mode(&self) -> Option<&SyncMode> {
        // Ordering: Acquire, partner: `sync_mode`. Weaker, the contents might not be there yet.
        let mode = self.sync_mode.load(Ordering::Acquire);
        // SAFETY: null, or what `sync_mode` made, which lives as long as this.
        unsafe { mode.as_ref() }
    }

    /// For a watcher that has just taken a place or is about to give one back.
    fn sync_mode_after_change(&self) -> Option<&SyncMode> {
        handshake_by_fence(Handshake::PlaceThenLook);
        self.known_sync_mode()
    }

    /// A watcher was made at `place`.
    pub(super) fn watcher_born(&self, place: PlaceId) {
        if let Some(mode) = self.sync_mode_after_change() {
            mode.owes_nothing(self, place);
        }
    }

    /// The watcher at `place` is dropped, and gives its place back next.
    pub(super) fn watcher_leaves(&self, place: &Place) {
        // SAFETY: the places of watchers are of this list.
        unsafe { self.wakers.leave(place) };
        if let Some(mode) = self.sync_mode_after_change() {
            mode.owes_nothing(self, place.id());
        }
    }

    /// The watcher at `place` has looked at `version`, whose word is awaited.
    #[cold]
    #[inline(never)]
    pub(super) fn watcher_saw(&self, place: PlaceId, version: Version) {
        if let Some(mode) = self.known_sync_mode() {
            mode.seen(self, place, version);
        }
    }
}

impl<T> Record for Shared<T> {
    fn moved(&self, from: PlaceId, to: PlaceId) {
        if let Some(mode) = self.sync_mode_after_change() {
            mode.moved(self, from, to);
            return;
        }
        // Whoever makes the sync mode after that look finds the new place.
        // SAFETY: the places of watchers are of this list, and this is called for their owner.
        unsafe { self.wakers.leave_place(from) };
        if let Some(mode) = self.sync_mode_after_change() {
            mode.moved(self, from, to);
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // Ordering: Relaxed. `&mut self`: whoever gave it saw to it that everything happened before.
        let mode = self.sync_mode.load(Ordering::Relaxed);
        if !mode.is_null() {
            // SAFETY: from `Box::into_raw` in `sync_mode`, and nobody looks at it any more.
            drop(unsafe { Box::from_raw(mode) });
        }
    }
}

/// A pointer to a `Shared` that came from an `Arc`, which is kept alive by whatever the lifetime says.
pub(super) struct SharedRef<'a, T> {
    arc: NonNull<Shared<T>>,
    marker: PhantomData<&'a Shared<T>>,
}

impl<T> Clone for SharedRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedRef<'_, T> {}

// SAFETY: like `&'a Arc<Shared<T>>`.
unsafe impl<T: Send + Sync> Send for SharedRef<'_, T> {}
// SAFETY: like `&'a Arc<Shared<T>>`.
unsafe impl<T: Send + Sync> Sync for SharedRef<'_, T> {}

impl<'a, T> SharedRef<'a, T> {
    /// # Safety
    ///
    /// 1. `arc` came from `Arc::into_raw` or `Arc::as_ptr`.
    /// 2. A count of that `Arc` is held for all of `'a`.
    #[inline]
    pub(super) unsafe fn new(arc: NonNull<Shared<T>>) -> Self {
        Self { arc, marker: PhantomData }
    }

    #[inline]
    pub(super) fn of(arc: &'a Arc<Shared<T>>) -> Self {
        // SAFETY: an `Arc`'s pointer is not null.
        let pointer = unsafe { NonNull::new_unchecked(Arc::as_ptr(arc).cast_mut()) };
        // SAFETY: from `as_ptr`, and `arc` is borrowed for `'a`.
        unsafe { Self::new(pointer) }
    }

    #[inline]
    pub(super) fn get(self) -> &'a Shared<T> {
        // SAFETY: `new` was told that it is alive for `'a`.
        unsafe { self.arc.as_ref() }
    }

    pub(super) fn arc(self) -> NonNull<Shared<T>> {
        self.arc
    }

    pub(super) fn to_arc(self) -> Arc<Shared<T>> {
        let arc = self.arc.as_ptr().cast_const();
        // SAFETY: from an `Arc`, a count of which is held.
        unsafe { Arc::increment_strong_count(arc) };
        // SAFETY: the count that this takes over was added above.
        unsafe { Arc::from_raw(arc) }
    }

    pub(super) fn same(self, other: Self) -> bool {
        self.arc == other.arc
    }

    // A call returns what does not fit registers in memory, in pieces: see `Cell::pin_now`.
    #[inline(always)]
    pub(super) fn borrow(self) -> Option<Ref<'a, T>> {
        self.get().cell.pin_now().and_then(|(pinned, _)| Ref::new(pinned, self))
    }

    pub(super) fn watch(self) -> MemoryWatcher<T> {
        MemoryWatcher::new(self.to_arc(), false)
    }

    pub(super) fn watch_changes(self) -> MemoryWatcher<T> {
        MemoryWatcher::new(self.to_arc(), true)
    }
}
