//! What all handles of one value share.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::{self, ManuallyDrop};
use core::ptr::{self, NonNull};

use super::error::Full;
use super::holder::{Counts, Holder};
use super::reference::Ref;
use super::sync_mode::SyncMode;
use super::watcher::{MemoryWatcher, too_many_watchers};
use crate::cell::{Cell, Owned, Published, Word, loaded};
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{Handshake, handshake, is_kept};
use crate::trace;
use crate::version::Version;
use crate::wakers::{Nodes, PlaceId, Record, WakerList};

/// How many handles a value in a space has before the first one.
pub(super) const NEVER_USED: usize = usize::MAX;

/// In this order, and aligned: see `Cell`. Without an operating system there is seldom a cache, and never memory to spare.
#[repr(C)]
#[cfg_attr(not(target_os = "none"), repr(align(64)))]
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
    /// How many watchers there can be at the same time.
    pub(super) max_watchers: usize,
    /// They outlast the rest.
    pub(super) counts: ManuallyDrop<Counts>,
}

impl<T> Shared<T> {
    const_unless_loom! {
        /// For one handle.
        #[cfg(feature = "alloc")]
        pub(super) fn new() -> Self {
            Self::of(Cell::new(false), false, 1)
        }
    }

    /// For one handle, with these slots.
    #[cfg(feature = "alloc")]
    pub(super) fn with_cell(cell: Cell<T>) -> Self {
        Self::of(cell, false, 1)
    }

    const_unless_loom! {
        /// For a space, before there is a handle.
        pub(super) fn lent(max_watchers: usize) -> Self {
            let mut this = Self::of(Cell::new(true), true, NEVER_USED);
            this.max_watchers = max_watchers;
            this
        }
    }

    const_unless_loom! {
    fn of(cell: Cell<T>, is_lent: bool, handles: usize) -> Self {
        Self {
            cell,
            wakers: Nodes::new(is_lent),
            handles: AtomicUsize::new(handles),
            watchers: AtomicUsize::new(0),
            readers: AtomicUsize::new(0),
            cached_readers: AtomicUsize::new(0),
            sync_mode: AtomicPtr::new(ptr::null_mut()),
            producers: WakerList::new(is_lent),
            counts: ManuallyDrop::new(Counts::new()),
            max_watchers: usize::MAX,
        }
    }
    }

    /// Makes room, see [`MemoryValue::reserve`](super::MemoryValue::reserve).
    pub(super) fn reserve(&self, watchers: usize, readers: usize) {
        const AT_ONCE: usize = 4;
        // Twice, for edits: each has a slot to fill, and pins the version that it expects. Then for those that move away from a set that
        // has their tickets.
        let has_room = self.cell.reserve(readers, AT_ONCE * 2)
            && self.wakers.reserve(watchers.saturating_mul(2))
            && watchers <= self.max_watchers;
        assert!(
            has_room,
            "the `Space` of a value has not as much room as is to be reserved: WATCHERS or BORROWS has to be larger"
        );
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

    /// Whether it is in a space.
    #[inline]
    pub(super) fn is_lent(&self) -> bool {
        // Without a heap there is nothing else.
        cfg!(not(feature = "alloc")) || self.max_watchers != usize::MAX
    }

    pub(super) fn is_closed(&self) -> bool {
        self.cell.word().is_closed()
    }

    /// The present version, with its word.
    #[inline]
    pub(super) fn present(&self) -> Option<(Version, Word)> {
        // One that was read without a pin might be that of a publication that never comes.
        self.cell.pin_with_word().map(|(pinned, word)| (pinned.version(), word))
    }

    pub(super) fn version(&self) -> Version {
        self.present().map_or(Version::INITIAL, |(version, _)| version)
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
        loaded(self.cell.pin()?)
    }
}

/// Sync mode. All of it costs a value without it nothing but a look where watchers come and go.
impl<T> Shared<T> {
    /// Puts the value into sync mode, if it is not.
    #[cfg(feature = "alloc")]
    pub(super) fn sync_mode(&self) -> &SyncMode {
        if self.known_sync_mode().is_none() {
            let made = Box::into_raw(Box::new(SyncMode::new()));
            // Ordering: Release, partner: `known_sync_mode`. Relaxed on failure: what is there is loaded again below.
            if self.sync_mode.compare_exchange(ptr::null_mut(), made, Ordering::Release, Ordering::Relaxed).is_err() {
                // SAFETY: from `Box::into_raw` above, and nobody else has seen it.
                drop(unsafe { Box::from_raw(made) });
            }
        }
        if is_kept(Handshake::SyncThenLook) {
            self.touch_watchers();
        }
        self.known_sync_mode().expect("it was made above, here or elsewhere")
    }

    /// A read-modify-write of the count of watchers that changes nothing: it finds what came before every earlier change, and every later
    /// one finds what came before it. See [`coming`](super::coming).
    fn touch_watchers(&self) {
        // Ordering: AcqRel, partners: `watcher_comes`, `watcher_goes` and itself.
        self.watchers.fetch_add(0, Ordering::AcqRel);
    }

    #[inline]
    pub(super) fn known_sync_mode(&self) -> Option<&SyncMode> {
        // Ordering: Acquire, partner: `sync_mode`. Weaker, the contents might not be there yet.
        let mode = self.sync_mode.load(Ordering::Acquire);
        // SAFETY: null, or what `sync_mode` made, which lives as long as this.
        unsafe { mode.as_ref() }
    }

    /// For a watcher that has just taken a second place.
    fn sync_mode_after_move(&self) -> Option<&SyncMode> {
        handshake(Handshake::PlaceThenLook);
        if is_kept(Handshake::CountThenLook) {
            self.touch_watchers();
        }
        self.known_sync_mode()
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
        if let Some(mode) = self.sync_mode_after_move() {
            mode.moved(self, from, to);
            return;
        }
        // Whoever makes the sync mode after that look finds the new place.
        // SAFETY: the places of watchers are of this list, and this is called for their owner.
        unsafe { self.wakers.leave_place(from) };
        if let Some(mode) = self.sync_mode_after_move() {
            mode.moved(self, from, to);
        }
    }
}

#[cfg(feature = "alloc")]
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

/// A pointer to a `Shared`, which is kept usable by whatever the lifetime says.
pub(super) struct SharedRef<'a, T> {
    shared: NonNull<Shared<T>>,
    marker: PhantomData<&'a Shared<T>>,
}

impl<T> Clone for SharedRef<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for SharedRef<'_, T> {}

// SAFETY: like `&'a Holder<T>`.
unsafe impl<T: Send + Sync> Send for SharedRef<'_, T> {}
// SAFETY: like `&'a Holder<T>`.
unsafe impl<T: Send + Sync> Sync for SharedRef<'_, T> {}

impl<'a, T> SharedRef<'a, T> {
    /// # Safety
    ///
    /// 1. `shared` came from a `Holder`.
    /// 2. A count of it is held for all of `'a`.
    #[inline]
    pub(super) unsafe fn new(shared: NonNull<Shared<T>>) -> Self {
        Self { shared, marker: PhantomData }
    }

    #[inline]
    pub(super) fn of(holder: &'a Holder<T>) -> Self {
        // SAFETY: `holder` is borrowed for `'a`.
        unsafe { Self::new(holder.pointer()) }
    }

    #[inline]
    pub(super) fn get(self) -> &'a Shared<T> {
        // SAFETY: `new` was told that it is usable for `'a`.
        unsafe { self.shared.as_ref() }
    }

    #[inline]
    pub(super) fn pointer(self) -> NonNull<Shared<T>> {
        self.shared
    }

    pub(super) fn to_holder(self) -> Holder<T> {
        Holder::of(self)
    }

    pub(super) fn same(self, other: Self) -> bool {
        self.shared == other.shared
    }

    // A call returns what does not fit registers in memory, in pieces: see `Cell::pin_now`.
    #[inline(always)]
    pub(super) fn borrow(self) -> Option<Ref<'a, T>> {
        self.get().cell.pin_now().and_then(|(pinned, _)| Ref::new(pinned, self))
    }

    /// # Errors
    ///
    /// [`Full`] if the value's space has no room for it.
    pub(super) fn try_watch(self, present_is_seen: bool) -> Result<MemoryWatcher<T>, Full> {
        MemoryWatcher::new(self.to_holder(), present_is_seen).ok_or(Full)
    }

    #[inline(always)]
    pub(super) fn watch(self) -> MemoryWatcher<T> {
        MemoryWatcher::new(self.to_holder(), false).unwrap_or_else(|| too_many_watchers())
    }

    pub(super) fn watch_changes(self) -> MemoryWatcher<T> {
        MemoryWatcher::new(self.to_holder(), true).unwrap_or_else(|| too_many_watchers())
    }
}
