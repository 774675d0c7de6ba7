//! A counted pointer to what all handles of one value share: an `Arc` that does not mind where it points to.
//!
//! # Roles
//!
//! *Holders* keep what is shared usable, and *weak* ones keep only its memory. Both are counted in what they point to. All holders
//! together are one weak one, so the memory goes last.
//!
//! A value in a [`Space`](crate::Space) has one holder more than there are handles: the space itself, which never goes. So its counts are
//! changed like all others, never become 0, and nothing is freed.
//!
//! # Collision
//!
//! *Two that go.* Each decrement is a Release; the one that finds it was the last looks at the count once more, and has acquired all
//! others. So what they did happened before it is dropped, or freed.
//!
//! *Upgrade and the last holder.* An upgrade counts in by an exchange, and never from 0.
//!
//! *The only one.* A holder that finds that it [is alone](Holder::is_alone) may be joined by an upgrade at any time. The upgrade of a
//! [`WeakValue`](crate::WeakValue) then finds that there are no handles, and goes; it looks at nothing else.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::shared::{Shared, SharedRef};
use crate::sync::atomic::{AtomicUsize, Ordering};

/// How many there are.
pub(super) struct Counts {
    holders: AtomicUsize,
    /// Weak ones, and one for all holders.
    weak: AtomicUsize,
}

/// More than this can only be leaked ones. Half of the counter's range, so that threads which pass the limit at the same time cannot
/// wrap it.
const MAX_HOLDERS: usize = usize::MAX / 2;

impl Counts {
    const_unless_loom! {
        /// For one holder.
        pub(super) fn new() -> Self {
            Self { holders: AtomicUsize::new(1), weak: AtomicUsize::new(1) }
        }
    }

    #[inline]
    fn count_in(&self) {
        // Ordering: Relaxed. There is a holder, so nobody frees anything meanwhile.
        if self.holders.fetch_add(1, Ordering::Relaxed) > MAX_HOLDERS {
            too_many();
        }
    }
}

/// A handle that was forgotten too often. Going on would free what is in use, and so would a panic that is caught.
#[cold]
fn too_many() -> ! {
    struct EndTheProcess;
    impl Drop for EndTheProcess {
        fn drop(&mut self) {
            panic!("a panic in a destructor, while another panic unwinds, ends the process");
        }
    }
    let _end = EndTheProcess;
    panic!("a value has more than {MAX_HOLDERS} handles: they were forgotten");
}

/// Keeps a `Shared` usable.
pub(super) struct Holder<T> {
    shared: NonNull<Shared<T>>,
    /// It drops one, perhaps.
    marker: PhantomData<Shared<T>>,
}

// SAFETY: like `Arc<Shared<T>>`: any thread may use what is shared (`Sync`), and the last one drops it (`Send`).
unsafe impl<T: Send + Sync> Send for Holder<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Holder<T> {}
// Like an `Arc`, it is a pointer: to move it moves nothing that is shared.
impl<T> Unpin for Holder<T> {}

impl<T> Holder<T> {
    #[cfg(feature = "alloc")]
    pub(super) fn new(shared: Shared<T>) -> Self {
        let shared = NonNull::from(Box::leak(Box::new(shared)));
        Self { shared, marker: PhantomData }
    }

    /// The pointer, whose count is not given up.
    #[inline]
    pub(super) fn into_raw(self) -> NonNull<Shared<T>> {
        ManuallyDrop::new(self).shared
    }

    /// # Safety
    ///
    /// `shared` came from [`into_raw`](Self::into_raw), and the count is taken up once.
    #[inline]
    pub(super) unsafe fn from_raw(shared: NonNull<Shared<T>>) -> Self {
        Self { shared, marker: PhantomData }
    }

    /// Another one.
    #[inline]
    pub(super) fn of(shared: SharedRef<'_, T>) -> Self {
        shared.get().counts.count_in();
        Self { shared: shared.pointer(), marker: PhantomData }
    }

    #[inline]
    pub(super) fn pointer(&self) -> NonNull<Shared<T>> {
        self.shared
    }

    /// Whether this is the only holder, and there are no handles from which others could be made. If so, nobody else looks at anything
    /// but the counts from here on.
    pub(super) fn is_alone(&self) -> bool {
        // Ordering: Acquire, partner: the decrement in `drop`. What the others did happened before.
        self.counts.holders.load(Ordering::Acquire) == 1
    }
}

impl<T> Deref for Holder<T> {
    type Target = Shared<T>;

    #[inline]
    fn deref(&self) -> &Shared<T> {
        // SAFETY: it is counted in.
        unsafe { self.shared.as_ref() }
    }
}

impl<T> Clone for Holder<T> {
    fn clone(&self) -> Self {
        Self::of(SharedRef::of(self))
    }
}

impl<T> Drop for Holder<T> {
    #[inline]
    fn drop(&mut self) {
        // Ordering: Release, partner: the load in `end`. What we did happens before it is dropped.
        let _before = self.counts.holders.fetch_sub(1, Ordering::Release);
        #[cfg(feature = "alloc")]
        if _before == 1 {
            // SAFETY: this was the last holder.
            unsafe { end(self.shared) };
        }
        // Without a heap all values are in spaces, which are holders for ever.
    }
}

/// Drops what is shared, and frees its memory unless there are weak ones.
///
/// # Safety
///
/// The last holder was counted out, once.
#[cfg(feature = "alloc")]
#[cold]
#[inline(never)]
unsafe fn end<T>(shared: NonNull<Shared<T>>) {
    // What is dropped next has user code. If that panics, the memory is freed all the same.
    let weak = WeakHolder { shared, marker: PhantomData };
    // Ordering: Acquire, partner: the decrements in `drop`, of which this finds the last. No fence: ThreadSanitizer knows nothing of them.
    weak.counts().holders.load(Ordering::Acquire);
    // SAFETY: nobody else looks at anything but the counts, which this does not drop.
    unsafe { shared.drop_in_place() };
}

/// Keeps the memory of a `Shared`.
pub(super) struct WeakHolder<T> {
    shared: NonNull<Shared<T>>,
    marker: PhantomData<Shared<T>>,
}

// SAFETY: as for `Holder`, which it may become.
unsafe impl<T: Send + Sync> Send for WeakHolder<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for WeakHolder<T> {}
// Likewise a pointer.
impl<T> Unpin for WeakHolder<T> {}

impl<T> WeakHolder<T> {
    pub(super) fn of(shared: SharedRef<'_, T>) -> Self {
        let this = Self { shared: shared.pointer(), marker: PhantomData };
        this.count_in();
        this
    }

    fn counts(&self) -> &Counts {
        // SAFETY: the memory stays as long as this.
        let counts = unsafe { &raw const (*self.shared.as_ptr()).counts };
        // SAFETY: the counts are not dropped before it goes.
        unsafe { &*counts }
    }

    fn count_in(&self) {
        // Ordering: Relaxed. There is a weak one, or a holder, so nobody frees the memory meanwhile.
        if self.counts().weak.fetch_add(1, Ordering::Relaxed) > MAX_HOLDERS {
            too_many();
        }
    }

    pub(super) fn upgrade(&self) -> Option<Holder<T>> {
        let counts = self.counts();
        let from = |holders: usize| (holders != 0).then(|| holders + 1);
        // Ordering: Relaxed, both. What is shared was made before this; what the holders have done with it is ordered by what it is.
        let holders = counts.holders.fetch_update(Ordering::Relaxed, Ordering::Relaxed, from).ok()?;
        if holders > MAX_HOLDERS {
            too_many();
        }
        Some(Holder { shared: self.shared, marker: PhantomData })
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.shared == other.shared
    }
}

impl<T> Clone for WeakHolder<T> {
    fn clone(&self) -> Self {
        self.count_in();
        Self { shared: self.shared, marker: PhantomData }
    }
}

impl<T> Drop for WeakHolder<T> {
    fn drop(&mut self) {
        // Ordering: Release, partner: the load below. Our use of the counts happens before they are freed.
        let _before = self.counts().weak.fetch_sub(1, Ordering::Release);
        #[cfg(feature = "alloc")]
        if _before == 1 {
            // Ordering: Acquire, partner: the decrements above, as in `end`.
            self.counts().weak.load(Ordering::Acquire);
            let memory: *mut ManuallyDrop<Shared<T>> = self.shared.as_ptr().cast();
            // SAFETY: from `Box::leak` in `new`, with this layout, since only what is on the heap is counted down to here. What was in
            // it is dropped.
            drop(unsafe { Box::from_raw(memory) });
        }
    }
}
