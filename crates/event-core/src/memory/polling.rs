//! What all ways to wait for a memory value have in common.

use core::task::{Context, Poll};

use super::at_once;
use super::cursor::Cursor;
use super::own_place::OwnPlace;
use super::reference::Ref;
use super::shared::SharedRef;
use crate::cell::{Pinned, Word};
use crate::error::GetError;
use crate::version::Version;

/// The parts of a watcher, borrowed separately, so that what is given can outlive the poll that found it.
pub(super) struct Polling<'a, T> {
    place: OwnPlace<'a, T>,
    cursor: &'a mut Cursor,
}

/// So many rejected versions end a poll: the task shall see to its other business before it goes on.
const REJECTIONS_PER_POLL: usize = 32;

impl<'a, T> Polling<'a, T> {
    #[inline]
    pub(super) fn new(place: OwnPlace<'a, T>, cursor: &'a mut Cursor) -> Self {
        Self { place, cursor }
    }

    /// Hands what is unseen and accepted to `give`. `Pending`: there is nothing; if there is a context, its waker will be woken.
    /// Nothing: closed.
    ///
    /// The pin stays where it is: to move it about on the stack costs more than anything else here.
    #[inline(always)]
    fn look<R>(
        &mut self,
        mut cx: Option<&mut Context<'_>>,
        mut accept: impl FnMut(&T, Version) -> bool,
        give: impl FnOnce(&Pinned<'a, T>, &mut Cursor, SharedRef<'a, T>) -> R,
    ) -> Poll<Option<R>> {
        let shared = self.place.shared();
        let cell = &shared.get().cell;
        let mut rejections = 0;
        let mut word = cell.first_look();
        loop {
            // The word's own tag comes first: without a pin, the version in the slot may be that of a writer which has claimed
            // the slot since, and which may have expected something older than what this watcher has seen.
            if word.may_be_of(self.cursor.seen()) && self.cursor.has_seen(cell.version_of(word)) {
                if word.is_closed() {
                    return Poll::Ready(None);
                }
                let Some(cx) = cx.as_mut() else { return Poll::Pending };
                match self.place.arm(cx.waker(), word) {
                    // If the slot has another version by now, something was published after `arm`, and it wakes.
                    Ok(()) if self.cursor.has_seen(cell.version_of(word)) => return Poll::Pending,
                    // The tag has wrapped since `word` was loaded.
                    Ok(()) => word = cell.first_look(),
                    Err(now) => word = now,
                }
                continue;
            }
            let Some((pinned, now)) = cell.pin_from(word) else {
                word = cell.first_look();
                continue;
            };
            word = now;
            let version = pinned.version();
            if !self.cursor.has_seen(version) {
                // User code runs while the slot is pinned; the guard unpins it whatever happens.
                if pinned.data().is_some_and(|data| accept(data, version)) {
                    let given = give(&pinned, self.cursor, shared);
                    self.place.saw(version, word);
                    // User code, if it was replaced. If its `Drop` panics, what would be given is dropped.
                    drop(pinned);
                    return Poll::Ready(Some(given));
                }
                self.cursor.pass(version);
                self.place.saw(version, word);
            }
            rejections += 1;
            if rejections == REJECTIONS_PER_POLL {
                if let Some(cx) = cx {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
            drop(pinned);
            word = cell.first_look();
        }
    }

    /// [`poll_clone`](Self::poll_clone) of everything, in the fewest instructions: see `at_once`.
    #[inline]
    pub(super) fn poll_any(self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>>
    where
        T: Clone,
    {
        at_once::poll(self.place, self.cursor, cx)
    }

    #[inline]
    pub(super) fn poll_clone<P: FnMut(&T) -> bool + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut P,
    ) -> Poll<Result<T, GetError>>
    where
        T: Clone,
    {
        self.look(Some(cx), |data, _| accept(data), give_clone).map(or_closed)
    }

    pub(super) fn poll_ref(
        &mut self,
        cx: &mut Context<'_>,
        accept: impl FnMut(&T, Version) -> bool,
    ) -> Poll<Result<Ref<'a, T>, GetError>> {
        self.poll_ref_with(Some(cx), accept)
    }

    pub(super) fn poll_ref_with(
        &mut self,
        cx: Option<&mut Context<'_>>,
        accept: impl FnMut(&T, Version) -> bool,
    ) -> Poll<Result<Ref<'a, T>, GetError>> {
        self.look(cx, accept, |pinned, cursor, shared| {
            // First what may panic: then nothing was consumed.
            let again = pinned.again();
            cursor.give(pinned.version());
            Ref::new(again, shared).expect("`look` gives only data that is present")
        })
        .map(or_closed)
    }

    /// Marks what comes next and is accepted as seen, and returns its version.
    pub(super) fn poll_version(
        &mut self,
        cx: &mut Context<'_>,
        accept: impl FnMut(&T, Version) -> bool,
    ) -> Poll<Result<Version, GetError>> {
        self.look(Some(cx), accept, |pinned, cursor, _| {
            cursor.give(pinned.version());
            pinned.version()
        })
        .map(or_closed)
    }

    #[inline]
    pub(super) fn backlog<P: FnMut(&T) -> bool + ?Sized>(&mut self, accept: &mut P) -> Result<T, GetError>
    where
        T: Clone,
    {
        match self.look(None, |data, _| accept(data), give_clone) {
            Poll::Ready(given) => or_closed(given),
            // Everything that was there when this began has been looked at.
            Poll::Pending => Err(GetError::BacklogDone),
        }
    }

    /// Gives what is present if `accept` accepts it, seen or not. Else marks it as seen.
    pub(super) fn present(&mut self, accept: impl FnOnce(&T, Version) -> bool) -> Option<Ref<'a, T>> {
        let shared = self.place.shared();
        let (pinned, word) = shared.get().cell.pin_with_word()?;
        let present = Ref::new(pinned, shared)?;
        let version = present.version();
        let accepted = accept(&present, version);
        self.mark(version, word, accepted);
        accepted.then_some(present)
    }

    /// Marks `version`, which came with `word`, as seen. `given`: it is what this get returns.
    #[inline]
    fn mark(&mut self, version: Version, word: Word, given: bool) {
        self.mark_in_cursor(version, given);
        self.place.saw(version, word);
    }

    #[inline]
    fn mark_in_cursor(&mut self, version: Version, given: bool) {
        match (given, self.cursor.has_seen(version)) {
            (true, true) => self.cursor.give_again(),
            (true, false) => self.cursor.give(version),
            (false, true) => {}
            (false, false) => self.cursor.pass(version),
        }
    }

    /// Marks what is `pinned`, which is of `version` and came with `word`, as seen and, if there is data, given.
    ///
    /// A guard that user code may unwind through is kept in memory. So the caller has none while sync mode is told, and has the pin in
    /// registers.
    #[inline]
    pub(super) fn mark_pinned(&mut self, pinned: Pinned<'a, T>, version: Version, word: Word) -> Pinned<'a, T> {
        self.mark_in_cursor(version, pinned.data().is_some());
        if !word.is_awaited() {
            return pinned;
        }
        let cell = pinned.cell();
        // SAFETY: the guard is given up for this.
        let index = unsafe { self.tell_pinned(pinned.into_index(), version) };
        // SAFETY: still pinned, and the guard was given up in `tell_pinned`.
        unsafe { Pinned::from_index(cell, index) }
    }

    /// Tells sync mode that `version`, which is pinned at `index`, was seen. Without the guard, before and after; if user code
    /// panics, it is unpinned.
    ///
    /// # Safety
    ///
    /// As for [`Pinned::from_index`].
    #[cold]
    #[inline(never)]
    unsafe fn tell_pinned(&self, index: usize, version: Version) -> usize {
        let shared = self.place.shared().get();
        // SAFETY: the caller vouches for it.
        let pinned = unsafe { Pinned::from_index(&shared.cell, index) };
        shared.watcher_saw(self.place.id(), version);
        pinned.into_index()
    }

    #[inline]
    pub(super) fn shared(&self) -> SharedRef<'a, T> {
        self.place.shared()
    }

    /// What comes next, whatever it is, for a poll that was not over at once.
    pub(super) fn poll_step_by_step(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>>
    where
        T: Clone,
    {
        self.look(Some(cx), |_, _| true, give_clone)
    }
}

/// Nothing: the value is closed, and its newest data was given.
fn or_closed<R>(given: Option<R>) -> Result<R, GetError> {
    given.ok_or(GetError::Closed)
}

/// Clones, and only if that succeeds marks as seen.
#[inline(always)]
fn give_clone<T: Clone>(pinned: &Pinned<'_, T>, cursor: &mut Cursor, _: SharedRef<'_, T>) -> T {
    let data = pinned.data().expect("`look` gives only data that is present").clone();
    cursor.give(pinned.version());
    data
}
