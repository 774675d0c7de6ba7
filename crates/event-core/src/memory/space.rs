//! Storage that is lent to a value, instead of being allocated.

use core::fmt;
use core::ptr::NonNull;

use super::holder::Holder;
use super::shared::Shared;
use super::value::MemoryValue;
use crate::cell::LentSlots;
use crate::wakers::{LentFirst, LentNodes};

/// Storage for a [`MemoryValue`] that allocates nothing, ever: [`MemoryValue::in_space`].
///
/// `WATCHERS` is the number of watchers that can exist at the same time. `BORROWS` is the number of replaced versions that can be borrowed
/// while two sets are in progress.
///
/// # Choosing the numbers
///
/// *Watchers.* There is one place for each, and three to spare. A watcher needs another place when a set has begun to wake the tasks that
/// wait and has not come to this watcher yet, and the watcher is dropped, or polled with another waker than before. In a program on one
/// processor that can happen only in an interrupt handler, or a task that preempts, which interrupted the set. If more than three of
/// them may do that during one set, make `WATCHERS` larger by the rest. At most 32 on 32-bit targets, 64 on others.
///
/// *Borrows.* There are `3 + BORROWS` slots for data. Each of these takes one for as long as it exists:
///
/// - the current data;
/// - each replaced version that is still borrowed, by a [`Ref`](crate::Ref), a [`Snapshot`](crate::Snapshot), a
///   [`CachedReader`](crate::CachedReader), or a get or load that is cloning the data; however many borrow that version;
/// - each set or edit in progress: one that was interrupted by another one, or runs on another processor. An edit, such as
///   [`update`](MemoryValue::update), borrows what it edits as well;
/// - a [`MemoryWriter`](crate::MemoryWriter), for what it sets next.
///
/// So `BORROWS` can be 0 if a thread sets or gets, and handlers of one priority set. An edit in the thread makes it 1, and each further
/// priority that sets, and each version that is borrowed across an `.await`, adds 1.
///
/// Beside that, three futures can wait at the same time for the value to be closed, or for watchers or readers to come or go, as
/// [`watched`](MemoryValue::watched) does.
///
/// # When it is full
///
/// Nothing waits and nothing is lost. [`try_watch`](MemoryValue::try_watch) returns [`Full`](crate::Full), and
/// [`try_set`](MemoryValue::try_set) hands the data back in [`SetError::Full`](crate::SetError::Full). All other methods panic, and say which
/// number has to be larger.
///
/// # Examples
///
/// ```
/// use event_core::{MemoryValue, Space};
///
/// static SPACE: Space<f32, 2, 0> = Space::new();
/// static TEMPERATURE: MemoryValue<f32> = MemoryValue::in_space(&SPACE);
///
/// let mut watcher = TEMPERATURE.try_watch().unwrap();
/// TEMPERATURE.set(20.5);
/// assert_eq!(watcher.try_get().unwrap(), 20.5);
///
/// let _second = TEMPERATURE.watch();
/// assert!(TEMPERATURE.try_watch().is_err());
/// ```
#[repr(C)]
pub struct Space<T, const WATCHERS: usize, const BORROWS: usize> {
    /// First: a value's pointer is to it.
    lent: Lent<T>,
    slots: LentSlots<T, BORROWS>,
    nodes: LentNodes<WATCHERS>,
    /// For those who wait for something else than the next version.
    producers: LentFirst,
}

/// The part of a space that is the same for all numbers.
#[repr(C)]
pub(super) struct Lent<T> {
    /// First: it is what is shared.
    pub(super) shared: Shared<T>,
    /// Links the rest of the space to it. May be called again.
    ///
    /// # Safety
    ///
    /// It is called with the pointer to the space that this is in, for all of it, which is lent for ever.
    lend: unsafe fn(NonNull<Lent<T>>),
}

impl<T: 'static, const WATCHERS: usize, const BORROWS: usize> Space<T, WATCHERS, BORROWS> {
    const_unless_loom! {
        /// Storage for one value. It is made for a `static`.
        #[must_use]
        pub fn new() -> Self {
            const {
                assert!(WATCHERS <= usize::BITS as usize, "a `Space` has room for 32 watchers at most (64 on 64-bit targets)");
                assert!(BORROWS < 256, "a `Space` has room for 255 borrows at most");
            }
            Self {
                lent: Lent { shared: Shared::lent(WATCHERS), lend: Self::lend },
                slots: LentSlots::new(),
                nodes: LentNodes::new(),
                producers: LentFirst::new(),
            }
        }
    }

    /// # Safety
    ///
    /// As for [`Lent::lend`], of such a space.
    unsafe fn lend(lent: NonNull<Lent<T>>) {
        // SAFETY: the caller vouches for it.
        let this: &'static Self = unsafe { lent.cast().as_ref() };
        let shared = &this.lent.shared;
        shared.cell.lend(&this.slots);
        shared.wakers.lend(&this.nodes);
        shared.producers.lend(&this.producers);
    }

    /// The pointer for a value, to the whole space.
    pub(super) const fn pointer(&'static self) -> NonNull<Lent<T>> {
        // SAFETY: from a reference.
        unsafe { NonNull::new_unchecked(core::ptr::from_ref(self).cast_mut().cast()) }
    }
}

impl<T> Lent<T> {
    /// A further handle's count, and what is shared, for the first use of a handle that was made of a space.
    ///
    /// # Safety
    ///
    /// `lent` came from [`Space::pointer`].
    pub(super) unsafe fn open(lent: NonNull<Self>) -> Holder<T> {
        // SAFETY: it is lent for ever.
        let this = unsafe { lent.as_ref() };
        // SAFETY: the pointer to the space that it is in.
        unsafe { (this.lend)(lent) };
        assert!(
            this.shared.count_handle_in_by_space(),
            "the value in this `Space` has no handle any more, or belongs to a `MemoryWriter`: a handle has to be used before that"
        );
        // SAFETY: `shared` comes first. Its own count is the space's, which is never given up.
        let space = core::mem::ManuallyDrop::new(unsafe { Holder::from_raw(lent.cast()) });
        Holder::clone(&space)
    }
}

impl<T: 'static, const WATCHERS: usize, const BORROWS: usize> Default for Space<T, WATCHERS, BORROWS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, const WATCHERS: usize, const BORROWS: usize> fmt::Debug for Space<T, WATCHERS, BORROWS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Space").field("watchers", &WATCHERS).field("borrows", &BORROWS).finish_non_exhaustive()
    }
}

impl<T: 'static> MemoryValue<T> {
    const_unless_loom! {
        /// A value without data that lives in `space`, for ever, and allocates nothing. It can be a `static`. All handles, watchers and
        /// readers made of it are of the same types as those of other values.
        ///
        /// A space has one value. A further call for the same space makes a further handle to that value, which counts as such when it
        /// is first used. When the last handle that was used is dropped, the value is closed, and stays so.
        ///
        /// [`set_sync`](Self::set_sync) is not available for it.
        ///
        /// # Panics
        ///
        /// Never; but the first use of a further handle panics if the value has no handle any more, or has become a
        /// [`MemoryWriter`](crate::MemoryWriter).
        ///
        /// # Examples
        ///
        /// ```
        /// use event_core::{MemoryValue, Space};
        ///
        /// static SPACE: Space<u32, 4, 1> = Space::new();
        /// static COUNTER: MemoryValue<u32> = MemoryValue::in_space(&SPACE);
        ///
        /// COUNTER.set(1);
        /// assert_eq!(COUNTER.load(), Some(1));
        /// ```
        #[must_use]
        pub fn in_space<const WATCHERS: usize, const BORROWS: usize>(space: &'static Space<T, WATCHERS, BORROWS>) -> Self {
            Self::unused_in(space.pointer())
        }
    }
}
