//! The one switch between the real atomics, those of loom and shuttle (`--cfg event_core_loom`, `event_core_shuttle`), and
//! those for machines without compare-and-swap (feature `portable-atomic`).

#[cfg(not(any(event_core_loom, event_core_shuttle, feature = "portable-atomic")))]
pub(crate) use core::sync::atomic;
#[cfg(event_core_loom)]
pub(crate) use loom::sync::atomic;
#[cfg(all(feature = "portable-atomic", not(any(event_core_loom, event_core_shuttle))))]
pub(crate) use portable_atomic as atomic;
#[cfg(event_core_shuttle)]
pub(crate) use shuttle::sync::atomic;

/// Atomics that no model checker controls.
pub(crate) mod plain {
    #[cfg(not(feature = "portable-atomic"))]
    pub(crate) use core::sync::atomic::AtomicPtr;
    #[cfg(feature = "portable-atomic")]
    pub(crate) use portable_atomic::AtomicPtr;
}

// Models share with it what is no business of the core.
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
pub(crate) use alloc::sync::Arc;
#[cfg(all(test, event_core_loom))]
pub(crate) use loom::sync::Arc;
#[cfg(all(test, event_core_shuttle))]
pub(crate) use shuttle::sync::Arc;

// What the model checkers leave alone: the `Arc` that a waker is made of.
#[cfg(all(feature = "alloc", not(feature = "portable-atomic")))]
pub(crate) use alloc::{sync::Arc as WakeArc, task::Wake};
#[cfg(all(feature = "alloc", feature = "portable-atomic"))]
pub(crate) use portable_atomic_util::{Arc as WakeArc, task::Wake};

#[cfg(event_core_loom)]
pub(crate) use loom::cell::UnsafeCell;

/// `core::cell::UnsafeCell` with the closure interface of loom's, which reports conflicting accesses.
#[cfg(not(event_core_loom))]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(core::cell::UnsafeCell<T>);

#[cfg(not(event_core_loom))]
impl<T> UnsafeCell<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self(core::cell::UnsafeCell::new(data))
    }

    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}

/// The store-load handshakes, each named after what its side does first. The operations around them are `SeqCst`,
/// which is all that a machine needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(event_core_loom), allow(dead_code, reason = "only a model checker looks at which handshake this is"))]
pub(crate) enum Handshake {
    /// `Cell::pin_by` counted itself in and looks whether the slot is still in force.
    PinThenLook,
    /// `Cell::exchange_as` put another slot in force and looks whether the old one is read.
    PublishThenCount,
    /// `Cell::leave_to_readers` left the old slot to its readers and looks whether they are gone already.
    RetireThenCount,
    /// `Cell::unpin` counted itself out and looks whether the slot was left to it.
    UnpinThenLook,
    /// `WakerList::arm` set the root's bit, and the caller looks whether it still has to wait.
    ArmThenLook,
    /// Something was changed for which somebody may wait, and `WakerList::wake_all` looks whether anyone is armed.
    PublishThenWake,
    /// Something was published, and `Sweep` looks which directories there are.
    PublishThenFollow,
    /// `Cell::arm` sets the root's bit by an exchange with the word that was looked at. No fence: to be [kept](is_kept).
    ArmInWord,
    /// A watcher led to the root, and `OwnPlace` looks at the word again before it relies on what is set there. Likewise.
    LeadThenLook,
    /// A watcher took a place, perhaps in a new directory, and looks later what is in force.
    PlaceThenLook,
    /// A watcher has come to a place, or is about to leave one, changed the count of watchers, and looks whether the value is in sync
    /// mode. No fence: to be [kept](is_kept).
    CountThenLook,
    /// A setter put the value into sync mode, touched the count of watchers, and looks which places are taken. Likewise.
    SyncThenLook,
    /// `CachedReader::load` keeps the slot pinned whose data it returns without another pin. No fence: to be [kept](is_kept).
    KeepPinned,
    /// `Sole::publish` takes the armed bits with the exchange that publishes. Likewise.
    TakeInWord,
    /// `MemoryValue::into_writer` counts its handle out by an exchange with the count that was found. Likewise.
    AloneByExchange,
}

/// A place between two operations that must not pass each other. Loom treats `SeqCst` accesses as `AcqRel` but knows
/// `SeqCst` fences, so it gets one; a mutation test takes it away again to see its model fail.
#[inline(always)]
pub(crate) fn handshake(_which: Handshake) {
    #[cfg(event_core_loom)]
    if is_kept(_which) {
        atomic::fence(atomic::Ordering::SeqCst);
    }
}

/// Whether a step that is more than a fence is to be done: always, but for a mutation test of it.
#[inline(always)]
pub(crate) fn is_kept(_which: Handshake) -> bool {
    #[cfg(all(test, any(event_core_loom, event_core_shuttle)))]
    return !crate::models::is_left_out(_which);
    #[cfg(not(all(test, any(event_core_loom, event_core_shuttle))))]
    true
}

/// The load with which a loop of loads and exchanges begins. To loom, which keeps only the last access of an object, the
/// exchange hides this load; so the models run once with a load here and once with a read-modify-write. Models of other crates,
/// which are not about our orderings, explore more with the latter.
#[inline(always)]
pub(crate) fn first_look(word: &atomic::AtomicUsize, ordering: atomic::Ordering) -> usize {
    #[cfg(all(test, event_core_loom))]
    let modifies = crate::models::first_look_modifies();
    #[cfg(not(all(test, event_core_loom)))]
    let modifies = cfg!(event_core_loom);
    if modifies { word.fetch_add(0, atomic::Ordering::SeqCst) } else { word.load(ordering) }
}

/// Loom's atomics have no `const` constructor.
macro_rules! const_unless_loom {
    (
        $(#[$meta:meta])*
        $visible:vis fn $name:ident $(<$(const $N:ident: usize),*>)? ($($argument:ident: $Argument:ty),*) -> $Return:ty $body:block
    ) => {
        #[cfg(not(event_core_loom))]
        $(#[$meta])*
        $visible const fn $name $(<$(const $N: usize),*>)? ($($argument: $Argument),*) -> $Return $body
        #[cfg(event_core_loom)]
        $(#[$meta])*
        $visible fn $name $(<$(const $N: usize),*>)? ($($argument: $Argument),*) -> $Return $body
    };
}

/// An array of new things, in a constructor that is `const` unless under loom.
macro_rules! array_of {
    ($new:expr; $count:expr) => {{
        #[cfg(not(event_core_loom))]
        let array = [const { $new }; $count];
        #[cfg(event_core_loom)]
        let array: [_; $count] = core::array::from_fn(|_| $new);
        array
    }};
}
