//! A part of borrowed data.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

use super::reference::Ref;
use crate::cell::{Cell, Pinned};
use crate::version::Version;

/// A part of the data that was current when it was borrowed. Made by [`Ref::map`].
///
/// It keeps the whole version, as the [`Ref`] does.
pub struct MappedRef<'a, U: ?Sized> {
    /// In the data of the slot.
    part: NonNull<U>,
    version: Version,
    pin: ErasedPin<'a>,
    marker: PhantomData<&'a U>,
}

// SAFETY: shared references to the part are given out (`Sync`), as with `Ref`. The thread that drops it may drop the data that
// the part belongs to: `Ref::map` has checked that this is `Send` and `Sync`.
unsafe impl<U: ?Sized + Send + Sync> Send for MappedRef<'_, U> {}
// SAFETY: as above.
unsafe impl<U: ?Sized + Send + Sync> Sync for MappedRef<'_, U> {}

impl<U: ?Sized> Unpin for MappedRef<'_, U> {}

impl<'a, T> Ref<'a, T> {
    /// A part of the data, borrowed on its own.
    ///
    /// The last borrower of a replaced version drops its data, on its own thread. The type of a part does not say what it belongs
    /// to. Therefore `T` has to be `Send` and `Sync` here; for a `Ref` that is required only when it is sent.
    ///
    /// # Panics
    ///
    /// A panic of `f` passes through; the data is no longer borrowed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MappedRef, MemoryValue};
    ///
    /// struct Config {
    ///     hosts: Vec<String>,
    /// }
    ///
    /// let config = MemoryValue::with_value(Config { hosts: vec!["a".into()] });
    /// let hosts: MappedRef<'_, [String]> = config.borrow().unwrap().map(|config| &config.hosts[..]);
    /// config.set(Config { hosts: vec![] });
    /// assert_eq!(*hosts, ["a"]);
    /// let first = hosts.map(|hosts| &hosts[0]);
    /// assert_eq!(*first, "a");
    /// ```
    pub fn map<U: ?Sized>(self, f: impl FnOnce(&T) -> &U) -> MappedRef<'a, U>
    where
        T: Send + Sync,
    {
        // User code, while the slot is pinned.
        let part = NonNull::from(f(&self));
        let version = self.version();
        MappedRef { part, version, pin: ErasedPin::new(self.into_pinned()), marker: PhantomData }
    }
}

impl<'a, U: ?Sized> MappedRef<'a, U> {
    /// Which version this is a part of.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// A part of the part.
    ///
    /// # Panics
    ///
    /// As [`Ref::map`].
    pub fn map<V: ?Sized>(self, f: impl FnOnce(&U) -> &V) -> MappedRef<'a, V> {
        // User code, while the slot is pinned.
        let part = NonNull::from(f(&self));
        let Self { version, pin, .. } = self;
        MappedRef { part, version, pin, marker: PhantomData }
    }
}

impl<U: ?Sized> Deref for MappedRef<'_, U> {
    type Target = U;

    fn deref(&self) -> &U {
        // SAFETY: `f` made it from a reference to the data of the slot, which `self.pin` pins: it stays where and as it is.
        unsafe { self.part.as_ref() }
    }
}

/// Shows the part.
impl<U: ?Sized + fmt::Debug> fmt::Debug for MappedRef<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<U: ?Sized + fmt::Display> fmt::Display for MappedRef<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// A `Pinned` of data of any type.
struct ErasedPin<'a> {
    /// That of a `Cell<T>`, borrowed for `'a`, with the index of a slot that is pinned in it.
    cell: NonNull<()>,
    index: usize,
    /// `unpin::<T>`.
    unpin: unsafe fn(NonNull<()>, usize),
    marker: PhantomData<&'a ()>,
}

impl<'a> ErasedPin<'a> {
    fn new<T>(pinned: Pinned<'a, T>) -> Self {
        let cell = NonNull::from(pinned.cell()).cast();
        Self { cell, index: pinned.into_index(), unpin: unpin::<T>, marker: PhantomData }
    }
}

impl Drop for ErasedPin<'_> {
    fn drop(&mut self) {
        // SAFETY: `new` took all three from one pin, whose guard it gave up, and this is the only place that takes it up.
        unsafe { (self.unpin)(self.cell, self.index) };
    }
}

/// Lets go of a slot.
///
/// # Safety
///
/// 1. `cell` is that of a `Cell<T>` which is alive.
/// 2. As for [`Pinned::from_index`].
unsafe fn unpin<T>(cell: NonNull<()>, index: usize) {
    // SAFETY: the caller vouches for it.
    let cell: &Cell<T> = unsafe { cell.cast().as_ref() };
    // SAFETY: the caller vouches for it.
    drop(unsafe { Pinned::from_index(cell, index) });
}
