//! What all ways to wait for a memory value have in common.

use core::task::{Context, Poll};

use super::cursor::Cursor;
use super::reference::Ref;
use super::shared::{Shared, SharedRef};
use crate::cell::Pinned;
use crate::error::GetError;
use crate::wakers::Place;

/// The parts of a watcher, borrowed separately, so that what is given can outlive the poll that found it.
pub(super) struct Polling<'a, T> {
    shared: SharedRef<'a, T>,
    cursor: &'a mut Cursor,
    place: &'a mut Place,
}

/// So many rejected versions end a poll: the task shall see to its other business before it goes on.
const REJECTIONS_PER_POLL: usize = 32;

impl<'a, T> Polling<'a, T> {
    /// # Safety
    ///
    /// `place` was claimed from `shared`'s wakers.
    pub(super) unsafe fn new(shared: SharedRef<'a, T>, cursor: &'a mut Cursor, place: &'a mut Place) -> Self {
        Self { shared, cursor, place }
    }

    /// Hands what is unseen and accepted to `give`. `Pending`: there is nothing; if there is a context, its waker will be woken.
    ///
    /// The pin stays where it is: to move it about on the stack costs more than anything else here.
    #[inline(always)]
    fn look<P: FnMut(&T) -> bool + ?Sized, R>(
        &mut self,
        mut cx: Option<&mut Context<'_>>,
        accept: &mut P,
        give: impl FnOnce(&Pinned<'a, T>, &mut Cursor, SharedRef<'a, T>) -> R,
    ) -> Poll<Result<R, GetError>> {
        let Shared { cell, wakers, .. } = self.shared.get();
        let mut armed = false;
        let mut rejections = 0;
        loop {
            let word = cell.word();
            // Without a pin this is the version of `word` or a newer one, which need not have been published. Since we have
            // seen `seen`, `word` is no older; so if they are equal, `word` is what we have seen.
            if self.cursor.has_seen(cell.version_of(word)) {
                if word.is_closed() {
                    return Poll::Ready(Err(GetError::Closed));
                }
                let Some(cx) = cx.as_mut().filter(|_| !armed) else { return Poll::Pending };
                // SAFETY: `new` was told that the place is from these wakers.
                unsafe { wakers.arm(self.place, cx.waker(), self.shared.get()) };
                // Whoever publishes after the next look finds the node armed.
                armed = true;
                continue;
            }
            let Some((pinned, word)) = cell.pin_from(word) else { continue };
            let version = pinned.version();
            if !self.cursor.has_seen(version) {
                // User code runs while the slot is pinned; the guard unpins it whatever happens.
                if pinned.data().is_some_and(&mut *accept) {
                    let given = give(&pinned, self.cursor, self.shared);
                    if word.is_awaited() {
                        self.shared.get().watcher_saw(self.place.id(), version);
                    }
                    return Poll::Ready(Ok(given));
                }
                self.cursor.pass(version);
                if word.is_awaited() {
                    self.shared.get().watcher_saw(self.place.id(), version);
                }
            }
            rejections += 1;
            if rejections == REJECTIONS_PER_POLL {
                if let Some(cx) = cx {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
    }

    /// [`poll_clone`](Self::poll_clone) of everything: the same steps, without a loop as long as none is needed.
    #[inline]
    pub(super) fn poll_any(self, cx: &mut Context<'_>) -> Poll<Result<T, GetError>>
    where
        T: Clone,
    {
        // Apart, so that they can be kept in registers.
        let Self { shared, cursor, place } = self;
        let Shared { cell, wakers, .. } = shared.get();
        let mut word = cell.word();
        if cursor.has_seen(cell.version_of(word)) {
            if word.is_closed() {
                return Poll::Ready(Err(GetError::Closed));
            }
            // SAFETY: `new` was told that the place is from these wakers.
            unsafe { wakers.arm(place, cx.waker(), shared.get()) };
            // Whoever publishes after this look finds the node armed.
            word = cell.word();
            if cursor.has_seen(cell.version_of(word)) {
                return if word.is_closed() { Poll::Ready(Err(GetError::Closed)) } else { Poll::Pending };
            }
        }
        if let Some((pinned, word)) = cell.pin_from(word) {
            if !cursor.has_seen(pinned.version()) && pinned.data().is_some() && !word.is_awaited() {
                return Poll::Ready(Ok(give_clone(&pinned, cursor, shared)));
            }
        }
        poll_step_by_step(shared, cursor, place, cx)
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
        self.look(Some(cx), accept, give_clone)
    }

    pub(super) fn poll_ref<P: FnMut(&T) -> bool>(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut P,
    ) -> Poll<Result<Ref<'a, T>, GetError>> {
        self.look(Some(cx), accept, |pinned, cursor, shared| {
            cursor.give(pinned.version());
            Ref::new(pinned.again(), shared).expect("`look` gives only data that is present")
        })
    }

    #[inline]
    pub(super) fn backlog<P: FnMut(&T) -> bool + ?Sized>(&mut self, accept: &mut P) -> Result<T, GetError>
    where
        T: Clone,
    {
        match self.look(None, accept, give_clone) {
            Poll::Ready(given) => given,
            // Everything that was there when this began has been looked at.
            Poll::Pending => Err(GetError::BacklogDone),
        }
    }

    /// Gives what is present if `accept` accepts it, seen or not. Else marks it as seen.
    pub(super) fn present<P: FnMut(&T) -> bool>(&mut self, accept: &mut P) -> Option<Ref<'a, T>> {
        let (pinned, word) = self.shared.get().cell.pin_with_word()?;
        let present = Ref::new(pinned, self.shared)?;
        let accepted = accept(&present);
        match (accepted, self.cursor.has_seen(present.version())) {
            (true, true) => self.cursor.give_again(),
            (true, false) => self.cursor.give(present.version()),
            (false, true) => {}
            (false, false) => self.cursor.pass(present.version()),
        }
        if word.is_awaited() {
            self.shared.get().watcher_saw(self.place.id(), present.version());
        }
        accepted.then_some(present)
    }
}

/// Clones, and only if that succeeds marks as seen.
#[inline(always)]
fn give_clone<T: Clone>(pinned: &Pinned<'_, T>, cursor: &mut Cursor, _: SharedRef<'_, T>) -> T {
    let data = pinned.data().expect("`look` gives only data that is present").clone();
    cursor.give(pinned.version());
    data
}

/// [`Polling::poll_any`] when what is newest is "no data", or somebody waits for it to be seen.
#[cold]
#[inline(never)]
fn poll_step_by_step<'a, T: Clone>(
    shared: SharedRef<'a, T>,
    cursor: &'a mut Cursor,
    place: &'a mut Place,
    cx: &mut Context<'_>,
) -> Poll<Result<T, GetError>> {
    Polling { shared, cursor, place }.look(Some(cx), &mut |_| true, give_clone)
}
