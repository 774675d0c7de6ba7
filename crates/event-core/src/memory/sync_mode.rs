//! Sync mode: who waits for the watchers to have seen a version, and which of them have not.
//!
//! # Roles
//!
//! A value gets a [`SyncMode`] with its first `set_sync`. *Setters* stand in line, and the first of them has its *turn*: it
//! publishes, and waits until no watcher *owes* it a look. What a watcher owes is a mark on its slot of the waker list.
//!
//! # Setter
//!
//! In its turn, under the lock: publish, with the word's *awaited* bit; then mark the slot of every watcher there is. Later
//! publications keep the bit. When the last mark goes, or the setter gives up, the bit is taken back, under the lock as
//! well, and the next one in line has its turn, whether or not the setter is polled again.
//!
//! # Watcher
//!
//! When it has looked at a version whose word has the bit, it says which version that was: if it is not older than the
//! awaited one, it owes nothing. A watcher on a value without the bit takes no notice of any of this.
//!
//! # Collision
//!
//! A debt belongs to a watcher: *a slot is marked only while it has an owner, for what this owner owes.* So:
//!
//! *Seen too late.* A watcher that has seen the version of an earlier turn, and says so only now, names that version, which
//! is older than the awaited one. *Born meanwhile.* A new watcher takes its slot, counts itself in, then looks for a `SyncMode`, and if
//! there is one, clears its mark. The setter makes the `SyncMode`, touches the count, then looks at the slots: a watcher that finds none
//! is counted. One that is counted and finds it was born after, which it may say. *Gone meanwhile.* A watcher that is dropped
//! declares that it leaves, counts itself out, then looks for a `SyncMode`, and clears its mark; only then it gives its slot back. A
//! setter marks no slot whose owner leaves. Both sides change the count before they look, see [`coming`](super::coming): one of them
//! sees the other. Nobody else can have the slot before the mark is cleared. *Moved meanwhile.* A watcher that moves takes another slot,
//! touches the count, then looks for a `SyncMode`. If there is one, it declares under the lock that it leaves the first slot, and takes
//! the mark along; so a setter finds at least one of the two. The second slot may have been marked meanwhile: two marks become one. If
//! there is none, a setter is going to find the second slot; the watcher declares that it leaves the first, touches the count and looks
//! once more.
//!
//! # Progress
//!
//! A lock, which is never held while user code runs or memory is allocated. Watchers of a value in sync mode must therefore not
//! be made, polled or dropped by an interrupt handler that may have interrupted somebody who holds it. The list of an
//! `event_listener::Event` would not do instead: it clones, calls and drops wakers, which are user code, under its lock.

use alloc::collections::VecDeque;
use core::task::Waker;

use super::shared::Shared;
use crate::cell::{Owned, Published};
use crate::lock::Lock;
use crate::version::Version;
use crate::wakers::PlaceId;

pub(super) struct SyncMode {
    state: Lock<State>,
}

struct State {
    /// In order of arrival. The first one has its turn.
    line: VecDeque<InLine>,
    next: u64,
    /// What the first one in line has published, if it has.
    awaited: Option<Version>,
    /// How many slots are marked; 0 if nothing is awaited.
    owing: usize,
}

struct InLine {
    number: u64,
    waker: Option<Waker>,
}

/// A setter's place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(u64);

/// Those who are to be woken after the lock: one whose wait is over, and the next one, whose turn it is.
#[derive(Default)]
struct ToWake {
    seen: Option<Waker>,
    next: Option<Waker>,
}

impl State {
    fn is_first(&self, turn: Turn) -> bool {
        self.line.front().is_some_and(|first| first.number == turn.0)
    }

    /// Ends the turn of the first one in line if it has published and nobody owes it anything.
    fn end_turn_if_seen<T>(&mut self, shared: &Shared<T>) -> ToWake {
        if self.awaited.is_none() || self.owing != 0 {
            return ToWake::default();
        }
        self.stop_awaiting(shared);
        let seen = self.line.pop_front().and_then(|first| first.waker);
        ToWake { seen, next: self.wake_next() }
    }

    fn stop_awaiting<T>(&mut self, shared: &Shared<T>) {
        if self.awaited.take().is_some() {
            self.owing = 0;
            shared.cell.stop_awaiting();
        }
    }

    fn wake_next(&mut self) -> Option<Waker> {
        self.line.front_mut().and_then(|first| first.waker.take())
    }

    /// Clears the mark of `place`, if anything is awaited.
    fn pay<T>(&mut self, shared: &Shared<T>, place: PlaceId) {
        // SAFETY: the places of watchers are of this list.
        if self.awaited.is_some() && unsafe { shared.wakers.set_mark(place, false) } {
            self.owing -= 1;
        }
    }
}

impl ToWake {
    /// User code, after the lock.
    fn wake(self) {
        struct WakeNext(Option<Waker>);
        impl Drop for WakeNext {
            fn drop(&mut self) {
                if let Some(next) = self.0.take() {
                    next.wake();
                }
            }
        }
        // A waker may panic: the next one is woken all the same.
        let _next = WakeNext(self.next);
        if let Some(seen) = self.seen {
            seen.wake();
        }
    }
}

impl SyncMode {
    pub(super) fn new() -> Self {
        let state = State { line: VecDeque::new(), next: 0, awaited: None, owing: 0 };
        Self { state: Lock::new(state) }
    }

    /// Goes to the end of the line.
    pub(super) fn stand_in_line(&self) -> Turn {
        let mut room = VecDeque::new();
        loop {
            let stands = self.state.with(|state| {
                if state.line.len() == state.line.capacity() {
                    if room.capacity() <= state.line.len() {
                        return Err(2 * state.line.len() + 2);
                    }
                    // There is room for all of them, so nothing is allocated; and what is replaced is freed after the lock.
                    room.append(&mut state.line);
                    core::mem::swap(&mut room, &mut state.line);
                }
                let number = state.next;
                state.next += 1;
                state.line.push_back(InLine { number, waker: None });
                Ok(Turn(number))
            });
            match stands {
                Ok(turn) => return turn,
                Err(wanted) => room = VecDeque::with_capacity(wanted),
            }
        }
    }

    /// Whether it is this one's turn. If not, `waker` will be woken when it is.
    pub(super) fn is_turn_of(&self, turn: Turn, waker: &Waker) -> bool {
        self.unless_woken(turn, waker, |state| (state.is_first(turn), ToWake::default()))
    }

    /// Whether all watchers have seen what this one, whose turn it was, has published. If not, `waker` will be woken when they
    /// have.
    pub(super) fn is_seen<T>(&self, shared: &Shared<T>, turn: Turn, waker: &Waker) -> bool {
        self.unless_woken(turn, waker, |state| {
            let mut to_wake = ToWake::default();
            if state.is_first(turn) {
                to_wake = state.end_turn_if_seen(shared);
            }
            (!state.is_first(turn), to_wake)
        })
    }

    /// What `is_so` says. If it is not so, the waker is stored.
    fn unless_woken(&self, turn: Turn, waker: &Waker, is_so: impl FnOnce(&mut State) -> (bool, ToWake)) -> bool {
        // User code, before and after the lock.
        let mut waker = Some(waker.clone());
        let (so, mut to_wake) = self.state.with(|state| {
            let (so, to_wake) = is_so(state);
            if let Some(in_line) = state.line.iter_mut().find(|in_line| in_line.number == turn.0) {
                core::mem::swap(&mut in_line.waker, &mut waker);
            }
            (so, to_wake)
        });
        // It is the one who asks. Its waker is not dropped under the lock either.
        let own = to_wake.seen.take();
        to_wake.wake();
        drop((own, waker));
        so
    }

    /// Publishes `owned`, and marks who has to see it. To be called by the one whose turn it is.
    pub(super) fn publish<'a, T>(
        &self,
        shared: &'a Shared<T>,
        owned: Owned<'a, T>,
    ) -> Result<Published<'a, T>, Owned<'a, T>> {
        self.state.with(|state| {
            let published = shared.cell.publish_awaited(owned)?;
            state.awaited = Some(published.version);
            state.owing = shared.wakers.mark_owned();
            Ok(published)
        })
    }

    /// How many watchers have not seen what this one has published.
    pub(super) fn missing(&self, turn: Turn) -> usize {
        self.state.with(|state| if state.is_first(turn) { state.owing } else { 0 })
    }

    /// Leaves the line, wherever in it. Nothing more is waited for.
    pub(super) fn leave<T>(&self, shared: &Shared<T>, turn: Turn) {
        let (own, next) = self.state.with(|state| {
            let Some(index) = state.line.iter().position(|in_line| in_line.number == turn.0) else {
                return (None, None);
            };
            let own = state.line.remove(index);
            if index != 0 {
                return (own, None);
            }
            state.stop_awaiting(shared);
            (own, state.wake_next())
        });
        ToWake { seen: None, next }.wake();
        drop(own);
    }

    /// The watcher at `place` has seen `version`.
    pub(super) fn seen<T>(&self, shared: &Shared<T>, place: PlaceId, version: Version) {
        self.change(shared, |state| {
            if state.awaited.is_some_and(|awaited| !version.is_older_than(awaited)) {
                state.pay(shared, place);
            }
        });
    }

    /// The watcher at `place` is new, or leaves.
    pub(super) fn owes_nothing<T>(&self, shared: &Shared<T>, place: PlaceId) {
        self.change(shared, |state| state.pay(shared, place));
    }

    /// A watcher has taken a second place, and leaves the first: under the lock, so that a setter that marks finds at least one of them.
    pub(super) fn moved<T>(&self, shared: &Shared<T>, from: PlaceId, to: PlaceId) {
        self.change(shared, |state| {
            let owing = state.owing;
            state.pay(shared, from);
            // SAFETY: the places of watchers are of this list.
            if state.owing != owing && !unsafe { shared.wakers.set_mark(to, true) } {
                state.owing += 1;
            }
            // SAFETY: likewise, and the owner is here.
            unsafe { shared.wakers.leave_place(from) };
        });
    }

    fn change<T>(&self, shared: &Shared<T>, change: impl FnOnce(&mut State)) {
        let to_wake = self.state.with(|state| {
            change(state);
            state.end_turn_if_seen(shared)
        });
        to_wake.wake();
    }
}
