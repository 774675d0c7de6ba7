//! The many watchers of a combination.

use alloc::vec::Vec;
use core::fmt;
use core::task::{Context, Poll};

use super::How;
use super::combine::Part;
use super::ready::Ready;
use crate::error::GetError;
use crate::traits::Watcher;

/// The watchers of a [`Combine`](super::Combine) of a vector, of which only those are polled that were woken.
pub struct Many<W: Watcher> {
    parts: Vec<Part<W>>,
    counts: Counts,
    ready: Ready,
}

#[derive(Clone, Copy)]
struct Counts {
    /// How many have data.
    known: usize,
    /// How many are not closed.
    open: usize,
    /// One of them was closed without data.
    is_useless: bool,
}

/// A part that is being polled. Dropped: counted again, also if what was replaced or closed panicked in its `Drop`.
struct Counting<'a, W: Watcher> {
    part: &'a mut Part<W>,
    was_known: bool,
    was_closed: bool,
    counts: &'a mut Counts,
}

impl<'a, W: Watcher> Counting<'a, W> {
    fn new(part: &'a mut Part<W>, counts: &'a mut Counts) -> Self {
        let (was_known, was_closed) = (part.newest().is_some(), part.is_closed());
        Self { part, was_known, was_closed, counts }
    }
}

impl<W: Watcher> Drop for Counting<'_, W> {
    fn drop(&mut self) {
        let Self { part, was_known, was_closed, counts } = self;
        counts.known += usize::from(part.newest().is_some() && !*was_known);
        counts.open -= usize::from(part.is_closed() && !*was_closed);
        counts.is_useless |= part.is_useless();
    }
}

impl<W: Watcher> Many<W> {
    pub(super) fn new(watchers: Vec<W>) -> Self {
        let (open, ready) = (watchers.len(), Ready::new(watchers.len()));
        let parts = watchers.into_iter().map(Part::new).collect();
        Self { parts, counts: Counts { known: 0, open, is_useless: false }, ready }
    }

    pub(super) fn poll(
        &mut self,
        how: How,
        cx: &mut Context<'_>,
        news: &mut usize,
        is_unknown: &mut bool,
    ) -> Result<(), GetError> {
        match how {
            How::Waiting => {
                self.ready.collect();
                let mut from = 0;
                while let Some(number) = self.ready.next_in(from..self.parts.len()) {
                    from = number + 1;
                    self.poll_one(number, how, None, news, is_unknown)?;
                }
                Ok(())
            }
            How::BacklogOnly => (0..self.parts.len())
                .try_for_each(|number| self.poll_one(number, how, Some(&mut *cx), news, is_unknown)),
        }
    }

    /// Polls one with `cx`, if there is one, else with its own waker.
    fn poll_one(
        &mut self,
        number: usize,
        how: How,
        cx: Option<&mut Context<'_>>,
        news: &mut usize,
        is_unknown: &mut bool,
    ) -> Result<(), GetError> {
        let counting = Counting::new(&mut self.parts[number], &mut self.counts);
        let Some(cx) = cx else {
            let news_before = *news;
            let polled = self.ready.poll(number, |cx| match counting.part.poll(how, cx, news, is_unknown) {
                // It waits, or it is closed.
                Ok(()) if *news == news_before => Poll::Pending,
                polled => Poll::Ready(polled),
            });
            return if let Poll::Ready(polled) = polled { polled } else { Ok(()) };
        };
        // It may forget its own waker for that one.
        self.ready.is_due(number);
        counting.part.poll(how, cx, news, is_unknown)
    }

    pub(super) fn wait(&mut self, cx: &mut Context<'_>) {
        self.ready.wait(cx);
    }

    pub(super) fn items(&self) -> Option<Vec<W::Item>>
    where
        W::Item: Clone,
    {
        let all_are_known = self.counts.known == self.parts.len();
        all_are_known.then(|| self.parts.iter().filter_map(Part::newest).cloned().collect())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.counts.open == 0 || self.counts.is_useless
    }

    pub(super) fn drop_watchers(&mut self) {
        self.counts.open = 0;
        self.parts.iter_mut().for_each(Part::drop_watcher);
    }
}

impl<W: Watcher> Clone for Many<W>
where
    Part<W>: Clone,
{
    fn clone(&self) -> Self {
        Self { parts: self.parts.clone(), counts: self.counts, ready: self.ready.clone() }
    }
}

impl<W: Watcher + fmt::Debug> fmt::Debug for Many<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.fmt(f)
    }
}
