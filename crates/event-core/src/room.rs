//! Storage for several of a kind: on the heap, or lent for ever by a [`Space`](crate::Space).

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

// Not that of a model checker: who uses a room has acquired whatever leads to it.
use crate::sync::plain::AtomicPtr;
use core::sync::atomic::Ordering;

/// A slice whose length is known from the beginning. Where it is, a lent one is told [later](Room::lend): something in a `static` cannot
/// point to its neighbour before it has an address.
pub(crate) struct Room<T> {
    start: AtomicPtr<T>,
    len: usize,
    is_lent: bool,
    marker: PhantomData<T>,
}

// SAFETY: like `Box<[T]>`.
unsafe impl<T: Send> Send for Room<T> {}
// SAFETY: as above: it gives out shared references.
unsafe impl<T: Sync> Sync for Room<T> {}

impl<T> Room<T> {
    #[cfg(feature = "alloc")]
    pub(crate) fn on_heap(elements: Box<[T]>) -> Self {
        let len = elements.len();
        let start = AtomicPtr::new(Box::into_raw(elements).cast());
        Self { start, len, is_lent: false, marker: PhantomData }
    }

    /// For `len` elements that are lent before anybody looks.
    pub(crate) const fn for_lent(len: usize) -> Self {
        Self { start: AtomicPtr::new(ptr::null_mut()), len, is_lent: true, marker: PhantomData }
    }

    /// For none.
    pub(crate) const fn empty() -> Self {
        let start = AtomicPtr::new(NonNull::dangling().as_ptr());
        Self { start, len: 0, is_lent: true, marker: PhantomData }
    }

    /// Says where the elements are. May be said again.
    pub(crate) fn lend(&self, elements: &'static [T]) {
        debug_assert!(self.is_lent && elements.len() == self.len);
        // Ordering: Relaxed. Whoever looks at this has acquired what leads to it, which is linked afterwards. If it is said again, nothing
        // changes.
        self.start.store(elements.as_ptr().cast_mut(), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn get(&self) -> &[T] {
        // Ordering: Relaxed, as in `lend`.
        let start = self.start.load(Ordering::Relaxed);
        debug_assert!(!start.is_null(), "what leads here is linked when the elements are lent");
        // SAFETY: from a box of this length that goes with `self`, or a slice that is lent for ever.
        unsafe { core::slice::from_raw_parts(start, self.len) }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.len
    }
}

impl<T> Drop for Room<T> {
    fn drop(&mut self) {
        #[cfg(feature = "alloc")]
        if !self.is_lent {
            let elements = ptr::slice_from_raw_parts_mut(*self.start.get_mut(), self.len);
            // SAFETY: from `Box::into_raw` in `on_heap`.
            drop(unsafe { Box::from_raw(elements) });
        }
    }
}
