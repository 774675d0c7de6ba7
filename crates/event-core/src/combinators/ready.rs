//! Which of many watchers have to be polled.
//!
//! # Roles
//!
//! A *collector*, which is a [`select`](super::select) or a [`combine`](super::combine) over a vector, polls each of its watchers
//! with a waker of that watcher's own. What wakes a watcher is a *setter*: its waker sets the bit of the watcher and then wakes the
//! task of the collector. So the collector polls only those watchers whose bits are set.
//!
//! # Collector path
//!
//! [`collect`](Ready::collect) takes the bits; what they stand for is *due* from then on, until a poll of it is pending. A
//! watcher that returned something is due again, since it waits for nothing. When nothing is due, the collector
//! [arms](Ready::wait) and looks at the bits once more.
//!
//! # Setter path
//!
//! Set the bit. If it was clear, wake whoever is armed. If it was set, then the one who set it is about to do so, or
//! the collector has not collected since.
//!
//! # Collision
//!
//! The setter sets a bit, then looks whether the collector is armed; the collector arms, then looks at the bits. This is
//! `PublishThenWake` against `ArmThenLook`, with a bit for a version. A bit that is found then is not followed up in the same poll,
//! but the task is woken for it: a watcher that wakes itself, to leave its task to others for a while, would keep the poll from
//! coming to an end.
//!
//! # ABA, overflow and reclamation
//!
//! Bits are set and taken, nothing is counted. What they are kept in goes with the last waker. The collector takes its own waker
//! back when it is dropped, so that a waker of a watcher which somebody has kept wakes nobody.
//!
//! # Progress
//!
//! Both paths are wait-free, apart from what the wakers do. The collector looks at one word for every `usize::BITS` watchers.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use core::task::{Context, Poll, Waker};

use super::bits::Bits;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Wake, WakeArc, first_look};
use crate::wakers::{Place, WakerList};

/// The watchers of one collector, by their numbers.
pub struct Ready {
    woken: WakeArc<Woken>,
    /// One for each watcher.
    wakers: Vec<Waker>,
    /// What has to be polled. Among it may be what is closed.
    due: Bits,
    /// A place of `woken.task`, once the collector has waited.
    place: Option<Place>,
}

impl Ready {
    /// All are due.
    pub(crate) fn new(count: usize) -> Self {
        let words = (0..count.div_ceil(WIDTH)).map(|_| AtomicUsize::new(0)).collect();
        let woken = WakeArc::new(Woken { words, task: WakerList::new(false) });
        let waker = |number| Waker::from(WakeArc::new(OneOf { number, woken: WakeArc::clone(&woken) }));
        let wakers = (0..count).map(waker).collect();
        Self { woken, wakers, due: Bits::all(count), place: None }
    }

    pub(super) fn count(&self) -> usize {
        self.wakers.len()
    }

    /// What was woken since the last time becomes due.
    pub(crate) fn collect(&mut self) {
        for (number, word) in self.woken.words.iter().enumerate() {
            // Ordering: Relaxed. What comes later is found after the collector has armed.
            if first_look(word, Ordering::Relaxed) != 0 {
                // Ordering: Acquire, partner: `Woken::set`. The poll sees what the watcher was woken for. Its store may be Relaxed: it
                // tells the setters nothing but that the bits are theirs to set again.
                self.due.add_word(number, word.swap(0, Ordering::Acquire));
            }
        }
    }

    /// The first one within `range` that is due.
    pub(crate) fn next_in(&self, range: Range<usize>) -> Option<usize> {
        self.due.next_in(range)
    }

    /// Polls one, with its own waker. If it is pending, it is not due any more.
    pub(crate) fn poll<T>(&mut self, number: usize, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        let polled = poll(&mut Context::from_waker(&self.wakers[number]));
        if polled.is_pending() {
            self.due.remove(number);
        }
        polled
    }

    /// One was polled with another waker, or has lost its own.
    pub(super) fn is_due(&mut self, number: usize) {
        self.due.insert(number);
    }

    /// One is closed.
    pub(super) fn is_done(&mut self, number: usize) {
        self.due.remove(number);
    }

    /// Nothing is due: sees to it that the waker of `cx` is woken when anything is woken that was not collected.
    pub(crate) fn wait(&mut self, cx: &mut Context<'_>) {
        let place = self.place.get_or_insert_with(|| self.woken.task.claim());
        // SAFETY: the place was claimed from this list.
        unsafe { self.woken.task.arm(place, cx.waker()) };
        // Ordering: SeqCst, partner: `Woken::set`. Second half of `ArmThenLook`; weaker, a bit could be overlooked whose setter
        // has not seen that the collector is armed.
        if self.woken.words.iter().any(|word| first_look(word, Ordering::SeqCst) != 0) {
            cx.waker().wake_by_ref();
        }
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            // SAFETY: the place was claimed from this list.
            unsafe { self.woken.task.release(place) };
        }
    }
}

/// For a clone of the watchers, which have not been polled.
impl Clone for Ready {
    fn clone(&self) -> Self {
        Self::new(self.count())
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").field("count", &self.count()).finish_non_exhaustive()
    }
}

const WIDTH: usize = usize::BITS as usize;

/// What a collector and the wakers of its watchers share.
struct Woken {
    /// A bit for each watcher that was woken.
    words: Box<[AtomicUsize]>,
    /// The collector's, if it waits.
    task: WakerList,
}

impl Woken {
    fn set(&self, number: usize) {
        let bit = 1 << (number % WIDTH);
        // Ordering: SeqCst, partner: `Ready::wait`. First half of `PublishThenWake`. As a Release, partner: `Ready::collect`, also if
        // the bit was set: then the collector finds it together with this.
        if self.words[number / WIDTH].fetch_or(bit, Ordering::SeqCst) & bit == 0 {
            self.task.wake_all();
        }
    }
}

/// What the waker of a watcher is made of.
struct OneOf {
    number: usize,
    woken: WakeArc<Woken>,
}

#[cfg(not(feature = "portable-atomic"))]
impl Wake for OneOf {
    fn wake(self: WakeArc<Self>) {
        self.woken.set(self.number);
    }

    fn wake_by_ref(self: &WakeArc<Self>) {
        self.woken.set(self.number);
    }
}

/// The same, for a `Wake` that cannot have its own kind of `Arc` for `self`.
#[cfg(feature = "portable-atomic")]
impl Wake for OneOf {
    fn wake(this: WakeArc<Self>) {
        this.woken.set(this.number);
    }

    fn wake_by_ref(this: &WakeArc<Self>) {
        this.woken.set(this.number);
    }
}
