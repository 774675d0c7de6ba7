//! A get without options, in the fewest instructions.
//!
//! These are the steps of `Polling::look`, each tried once, in a function that calls nothing, and whatever is not the rule is left
//! to the end of another function. On a usual machine such a function keeps everything in registers, which the compiler can
//! only do where both return alike and in a register: hence [`Polled`], and the place for the data as an argument. (Handing on
//! a whole `Poll` in memory costs more than that: it is read there in other pieces than it was written in, for which
//! processors wait.)
//!
//! Data that does not fit a register is in memory anyway. There it counts how often it is copied, and the steps of `Polling::look`, as
//! one function, clone it straight into what they return.

use core::mem::{self, MaybeUninit};
use core::task::{Context, Poll};

use super::cursor::Cursor;
use super::own_place::OwnPlace;
use super::polling::Polling;
use crate::cell::{Cell, Counted, PinnedAtOnce, Word};
use crate::error::GetError;

/// Data of more bytes is in memory. Models have data that has a `Drop` and is larger, and have to know these steps with it; those of
/// `Polling::look` they know from gets with a filter.
const IN_A_REGISTER: usize = if cfg!(any(event_core_loom, event_core_shuttle)) { 64 } else { size_of::<u64>() };

/// What a poll has come to.
enum Polled {
    Pending,
    /// The data was written.
    Given,
    Closed,
}

#[inline]
pub(super) fn poll<T: Clone>(
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
) -> Poll<Result<T, GetError>> {
    if const { size_of::<T>() > IN_A_REGISTER } {
        return Polling::new(place, cursor).poll_clone(cx, &mut |_| true);
    }
    let word = place.shared().get().cell.first_look();
    let mut data = MaybeUninit::uninit();
    let polled = if word.may_be_of(cursor.seen()) {
        poll_seen(&mut data, place, cursor, cx, word)
    } else {
        poll_unseen(&mut data, place, cursor, cx, word)
    };
    match polled {
        Polled::Pending => Poll::Pending,
        // SAFETY: `Given` says so.
        Polled::Given => Poll::Ready(Ok(unsafe { data.assume_init() })),
        Polled::Closed => Poll::Ready(Err(GetError::Closed)),
    }
}

/// Nothing newer than what was seen seems to be in force: waits.
#[inline(never)]
fn poll_seen<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    word: Word,
) -> Polled {
    if place.is_below() {
        return poll_seen_below(data, place, cursor, cx, word);
    }
    // The tag may have wrapped since the version was seen, so the whole version is compared.
    if !word.is_closed() && place.arm_at_once(cx.waker(), word) {
        if place.shared().get().cell.is_version_of(word, cursor.seen()) {
            return Polled::Pending;
        }
        return poll_armed(data, place, cursor, cx, word);
    }
    poll_step_by_step(data, place, cursor, cx)
}

/// [`poll_seen`] for those who have no bit of their own in the root.
#[inline(never)]
fn poll_seen_below<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    word: Word,
) -> Polled {
    if !word.is_closed() && place.arm_below_at_once(cx.waker(), word) {
        if place.shared().get().cell.is_version_of(word, cursor.seen()) {
            return Polled::Pending;
        }
        return poll_armed(data, place, cursor, cx, word);
    }
    poll_step_by_step(data, place, cursor, cx)
}

/// [`poll_seen`] of a watcher that is armed in `word`, which names a slot that is not inline, or is of another version.
#[inline(never)]
fn poll_armed<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    word: Word,
) -> Polled {
    if place.shared().get().cell.is_version_of_elsewhere(word, cursor.seen()) {
        return Polled::Pending;
    }
    poll_step_by_step(data, place, cursor, cx)
}

/// Something newer than what was seen is in force: gives it.
#[inline(never)]
fn poll_unseen<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    word: Word,
) -> Polled {
    let cell = &place.shared().get().cell;
    let counted = match cell.pin_at_once(word) {
        PinnedAtOnce::Pinned(pinned, word) => match pinned.data().filter(|_| !word.is_awaited()) {
            Some(present) => {
                // User code runs while the slot is pinned; the guard unpins it if it panics.
                data.write(present.clone());
                let version = pinned.version();
                let retired = pinned.count_out();
                cursor.give(version);
                return match retired {
                    None => Polled::Given,
                    // SAFETY: the data was written.
                    Some(retired) => unsafe { given_and_reclaim(data, cell, retired) },
                };
            }
            None => Counted::of(pinned),
        },
        PinnedAtOnce::Counted(counted) => counted,
        PinnedAtOnce::Untried => return poll_unseen_elsewhere(data, place, cursor, cx, word),
    };
    // SAFETY: the guard is given up for this.
    unsafe { poll_after_count_out(data, place, cursor, cx, counted.into_index()) }
}

/// [`poll_unseen`] where the slot in force is not inline.
#[inline(never)]
fn poll_unseen_elsewhere<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    word: Word,
) -> Polled {
    if let Some((pinned, word)) = place.shared().get().cell.pin_from(word) {
        if let Some(present) = pinned.data().filter(|_| !word.is_awaited()) {
            // User code, before anything is marked.
            let clone = present.clone();
            cursor.give(pinned.version());
            // User code, if it was replaced. If its `Drop` panics, the clone is dropped.
            drop(pinned);
            data.write(clone);
            return Polled::Given;
        }
    }
    poll_step_by_step(data, place, cursor, cx)
}

/// What was given is of a version that was replaced meanwhile, and nobody else reads it any more.
///
/// # Safety
///
/// The data was written.
#[cold]
#[inline(never)]
unsafe fn given_and_reclaim<T>(data: &mut MaybeUninit<T>, cell: &Cell<T>, retired: usize) -> Polled {
    struct TakeBack<'a, T>(&'a mut MaybeUninit<T>);
    impl<T> Drop for TakeBack<'_, T> {
        fn drop(&mut self) {
            // SAFETY: written, and nobody else will drop it: this happens only if the reclaim panics.
            unsafe { self.0.assume_init_drop() };
        }
    }
    let take_back = TakeBack(data);
    // User code: the replaced data's `Drop`.
    cell.reclaim_at(retired);
    mem::forget(take_back);
    Polled::Given
}

/// # Safety
///
/// The slot at `counted` is counted in to, for this.
#[cold]
#[inline(never)]
unsafe fn poll_after_count_out<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
    counted: usize,
) -> Polled {
    // SAFETY: the caller vouches for it.
    drop(unsafe { Counted::from_index(&place.shared().get().cell, counted) });
    poll_step_by_step(data, place, cursor, cx)
}

#[cold]
#[inline(never)]
fn poll_step_by_step<T: Clone>(
    data: &mut MaybeUninit<T>,
    place: OwnPlace<'_, T>,
    cursor: &mut Cursor,
    cx: &mut Context<'_>,
) -> Polled {
    match Polling::new(place, cursor).poll_step_by_step(cx) {
        Poll::Pending => Polled::Pending,
        Poll::Ready(None) => Polled::Closed,
        Poll::Ready(Some(given)) => {
            data.write(given);
            Polled::Given
        }
    }
}
