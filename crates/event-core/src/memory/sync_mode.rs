//! Sync mode: who waits for the watchers to have seen a version, and which of them have not.
//!
//! # Roles
//!
//! A value gets a [`SyncMode`] with its first `set_sync`. *Setters* stand in line, and the first of them has its *turn*: it
//! publishes, and waits until no watcher *owes* it a look. Watchers are known by their places in the waker list.
//!
//! # Setter
//!
//! In its turn, under the lock: publish, with the word's *awaited* bit; then note the place of every watcher there is. Later
//! publications keep the bit, and when nobody owes anything any more, or the setter gives up, it takes the bit back, under the
//! lock as well.
//!
//! # Watcher
//!
//! When it has looked at a version whose word has the bit, it says which version that was: if it is not older than the
//! awaited one, it owes nothing. A watcher on a value without the bit takes no notice of any of this.
//!
//! # Collision
//!
//! *Seen too late.* A watcher that has seen the version of an earlier turn, and says so only now, names that version, which
//! is older than the awaited one. *Born meanwhile.* A new watcher takes its place, then looks for a `SyncMode`, and if there is one,
//! clears what its place may owe. The setter makes the `SyncMode`, then looks at the places: a watcher that finds none is
//! counted. One that is counted and finds it was born after, which it may say. *Gone meanwhile.* A watcher gives its place
//! back, then looks for a `SyncMode`, and if the place has no owner, clears what it owes. If the place has another owner by
//! then, that one has cleared it or will do so. On both sides a fence stands between the two: one of them sees the other.
//! *Moved meanwhile.* A watcher that moves to another place takes along what it owes before it gives the old one back.
//!
//! # Progress
//!
//! A lock, which is never held while user code runs. Watchers of a value in sync mode must therefore not be made, polled
//! or dropped by an interrupt handler that may have interrupted somebody who holds it.

use alloc::collections::{BTreeSet, VecDeque};
use core::task::Waker;

use crate::cell::{Cell, Owned, Published};
use crate::lock::Lock;
use crate::version::Version;
use crate::wakers::{Nodes, PlaceId};

pub(super) struct SyncMode {
    state: Lock<State>,
}

struct State {
    /// In order of arrival. The first one has its turn.
    line: VecDeque<InLine>,
    next: u64,
    /// What the first one in line has published, if it has.
    awaited: Option<Version>,
    /// Those who have not seen it.
    owing: BTreeSet<PlaceId>,
}

struct InLine {
    number: u64,
    waker: Option<Waker>,
}

/// A setter's place in line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(u64);

impl SyncMode {
    pub(super) fn new() -> Self {
        let state = State { line: VecDeque::new(), next: 0, awaited: None, owing: BTreeSet::new() };
        Self { state: Lock::new(state) }
    }

    /// Goes to the end of the line.
    pub(super) fn stand_in_line(&self) -> Turn {
        self.state.with(|state| {
            let number = state.next;
            state.next += 1;
            state.line.push_back(InLine { number, waker: None });
            Turn(number)
        })
    }

    /// Whether it is this one's turn. If not, `waker` will be woken when it is.
    pub(super) fn is_turn_of(&self, turn: Turn, waker: &Waker) -> bool {
        self.unless_woken(turn, waker, |state| state.line.front().is_some_and(|first| first.number == turn.0))
    }

    /// Whether all watchers have seen what this one, whose turn it is, has published. If not, `waker` will be woken when they
    /// have.
    pub(super) fn is_seen(&self, turn: Turn, waker: &Waker) -> bool {
        self.unless_woken(turn, waker, |state| state.owing.is_empty())
    }

    /// What `is_so` says. If it is not so, the waker is stored.
    fn unless_woken(&self, turn: Turn, waker: &Waker, is_so: impl FnOnce(&State) -> bool) -> bool {
        // User code, before and after the lock.
        let mut waker = Some(waker.clone());
        let so = self.state.with(|state| {
            let so = is_so(state);
            if let Some(in_line) = state.line.iter_mut().find(|in_line| in_line.number == turn.0) {
                core::mem::swap(&mut in_line.waker, &mut waker);
            }
            so
        });
        drop(waker);
        so
    }

    /// Publishes `owned`, and notes who has to see it. To be called by the one whose turn it is.
    pub(super) fn publish<'a, T>(
        &self,
        cell: &'a Cell<T>,
        wakers: &Nodes,
        owned: Owned<'a, T>,
    ) -> Result<Published<'a, T>, Owned<'a, T>> {
        self.state.with(|state| {
            let published = cell.publish_awaited(owned)?;
            state.awaited = Some(published.version);
            state.owing = wakers.owned_places().collect();
            Ok(published)
        })
    }

    /// How many watchers have not seen what was published.
    pub(super) fn missing(&self) -> usize {
        self.state.with(|state| state.owing.len())
    }

    /// Leaves the line, wherever in it. Nothing more is waited for.
    pub(super) fn leave<T>(&self, turn: Turn, cell: &Cell<T>) {
        let (own, next) = self.state.with(|state| {
            let Some(index) = state.line.iter().position(|in_line| in_line.number == turn.0) else {
                return (None, None);
            };
            let own = state.line.remove(index);
            if index != 0 {
                return (own, None);
            }
            if state.awaited.take().is_some() {
                cell.stop_awaiting();
                state.owing.clear();
            }
            (own, state.line.front_mut().and_then(|first| first.waker.take()))
        });
        // User code, after the lock.
        if let Some(next) = next {
            next.wake();
        }
        drop(own);
    }

    /// The watcher at `place` has seen `version`.
    pub(super) fn seen(&self, place: PlaceId, version: Version) {
        self.change(|state| {
            if state.awaited.is_some_and(|awaited| !version.is_older_than(awaited)) {
                state.owing.remove(&place);
            }
        });
    }

    /// There is a new watcher at `place`.
    pub(super) fn born(&self, place: PlaceId) {
        self.change(|state| _ = state.owing.remove(&place));
    }

    /// The watcher at `place` has given it back, and another one may have taken it since.
    pub(super) fn gone(&self, place: PlaceId, is_owned: impl FnOnce() -> bool) {
        self.change(|state| {
            if !is_owned() {
                state.owing.remove(&place);
            }
        });
    }

    /// A watcher has taken a second place, and is about to give back the first.
    pub(super) fn moved(&self, from: PlaceId, to: PlaceId) {
        self.change(|state| {
            if state.owing.remove(&from) {
                state.owing.insert(to);
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let waker = self.state.with(|state| {
            change(state);
            let is_seen = state.awaited.is_some() && state.owing.is_empty();
            state.line.front_mut().filter(|_| is_seen).and_then(|first| first.waker.take())
        });
        // User code, after the lock.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
