//! What all ways to wait for a memory value have in common.

use core::task::{Context, Poll};

use super::cursor::Cursor;
use super::reference::Ref;
use super::shared::SharedRef;
use crate::cell::Pinned;
use crate::error::GetError;
use crate::wakers::Place;

/// The parts of a watcher, borrowed separately, so that what is given can outlive the poll that found it.
pub(super) struct Polling<'a, T> {
    shared: SharedRef<'a, T>,
    cursor: &'a mut Cursor,
    place: &'a mut Place,
}

/// What there is for a watcher now.
enum Next<'a, T> {
    /// Unseen and accepted. Not yet marked as seen.
    Data(Pinned<'a, T>),
    Nothing,
    /// Nothing, and there never will be.
    Closed,
    /// The predicate went on rejecting data that arrived meanwhile.
    TooMany,
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

    #[inline]
    fn next(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Next<'a, T> {
        let cell = &self.shared.get().cell;
        for _ in 0..REJECTIONS_PER_POLL {
            let word = cell.word();
            // Without a pin this is the version of `word` or a newer one, which need not have been published. Since we have
            // seen `seen`, `word` is no older; so if they are equal, `word` is what we have seen.
            if self.cursor.has_seen(cell.version_of(word)) {
                return if word.is_closed() { Next::Closed } else { Next::Nothing };
            }
            let Some(pinned) = cell.pin() else { return Next::Nothing };
            let version = pinned.version();
            // User code runs while the slot is pinned; the guard unpins it whatever happens.
            match pinned.data() {
                _ if self.cursor.has_seen(version) => {}
                Some(data) if accept(data) => return Next::Data(pinned),
                _ => self.cursor.pass(version),
            }
        }
        Next::TooMany
    }

    #[inline]
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&T) -> bool,
    ) -> Poll<Result<Pinned<'a, T>, GetError>> {
        let mut next = self.next(accept);
        if let Next::Nothing = next {
            // SAFETY: `new` was told that the place is from these wakers.
            unsafe { self.shared.get().wakers.arm(self.place, cx.waker()) };
            // Whoever publishes after this look finds the node armed.
            next = self.next(accept);
        }
        match next {
            Next::Data(pinned) => Poll::Ready(Ok(pinned)),
            Next::Closed => Poll::Ready(Err(GetError::Closed)),
            Next::Nothing => Poll::Pending,
            Next::TooMany => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    #[inline]
    pub(super) fn poll_clone(
        &mut self,
        cx: &mut Context<'_>,
        accept: &mut dyn FnMut(&T) -> bool,
    ) -> Poll<Result<T, GetError>>
    where
        T: Clone,
    {
        self.poll(cx, accept).map_ok(|pinned| self.clone_out(&pinned))
    }

    #[inline]
    pub(super) fn backlog(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Result<T, GetError>
    where
        T: Clone,
    {
        match self.next(accept) {
            Next::Data(pinned) => Ok(self.clone_out(&pinned)),
            Next::Closed => Err(GetError::Closed),
            // Everything that was there when this began has been looked at.
            Next::Nothing | Next::TooMany => Err(GetError::BacklogDone),
        }
    }

    #[inline]
    fn clone_out(&mut self, pinned: &Pinned<'a, T>) -> T
    where
        T: Clone,
    {
        // User code. Only if it succeeds the version is consumed.
        let data = pinned.data().expect("`next` gives only data that is present").clone();
        self.cursor.give(pinned.version());
        data
    }

    /// Gives what was polled by reference.
    pub(super) fn give_ref(&mut self, pinned: Pinned<'a, T>) -> Ref<'a, T> {
        self.cursor.give(pinned.version());
        Ref::new(pinned, self.shared).expect("`next` gives only data that is present")
    }

    /// Gives what is present if `accept` accepts it, seen or not. Else marks it as seen.
    pub(super) fn present(&mut self, accept: &mut dyn FnMut(&T) -> bool) -> Option<Ref<'a, T>> {
        let present = self.shared.borrow()?;
        let accepted = accept(&present);
        match (accepted, self.cursor.has_seen(present.version())) {
            (true, true) => self.cursor.give_again(),
            (true, false) => self.cursor.give(present.version()),
            (false, true) => {}
            (false, false) => self.cursor.pass(present.version()),
        }
        accepted.then_some(present)
    }
}
