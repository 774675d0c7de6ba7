//! What changed, as long as somebody may still have to be told.
//!
//! # Roles
//!
//! Every change of a key has a number, one more than the change before. A *position* is the number of the newest change that is in
//! a state; a watcher that has looked at that state stands there, and so does a snapshot of it. The *log* of a state has, for every
//! key that changed since somebody's position, a *turn*: the number of the first of those changes. A watcher reads the turns after
//! its position, which are in the order in which keys first changed since it looked, and goes to the position of the state it
//! reads. So a watcher that is not polled costs nothing per change, and is not even known by anything but its position.
//!
//! # Which turns there are
//!
//! A turn is *of concern* to a position before it at which the key was as the turn found it: for a key that was inserted, any; for
//! one that was changed or removed, one since it was inserted ([`Turn::low`]). A position needs the first turn after it that is of
//! concern to it, and no other. When a key changes, it gets a turn, and those of its earlier turns that no position needs are
//! dropped; two more turns are examined on every change, in rotation, since a key may never change again. And a key that is not in
//! the map now needs no turn for those who never saw it. So per key there are at most as many turns as there are positions, if
//! everybody looked between two of its changes; with nobody behind there is one turn in the whole log.
//!
//! # Who stands where
//!
//! A state carries a [`Mark`] for its position, which is a reference count: watchers clone it while they borrow the state. The
//! states after it keep the mark as long as it is counted more than once. No lock, no list of watchers.
//!
//! # Collision
//!
//! *Somebody takes a mark while it is found to be held by nobody.* A watcher borrows state A. A writer makes B of A; the watcher has
//! not cloned A's mark yet. Therefore B keeps the mark of the state before it in any case ([`Log::before`]), and turns for its
//! position. When a writer makes C of B, it asks for the count. Either A still exists, since it is borrowed, and has a count itself;
//! or it was dropped after the watcher had returned it, thus after the watcher's clone. Whoever finds neither count finds nobody.
//!
//! *A mark that nobody holds, counted twice*, because an old state is still borrowed: then turns are kept for longer than needed,
//! until the next time.

use alloc::sync::Arc;
use core::ops::Bound;

use smallvec::SmallVec;

use crate::tree::Tree;

/// A position at which somebody may stand, who holds a clone.
#[derive(Clone)]
pub(crate) struct Mark(Arc<()>);

impl Mark {
    fn new() -> Self {
        Self(Arc::new(()))
    }

    /// Whether there is another clone than this.
    fn is_held(&self) -> bool {
        crate::scheduling_point();
        Arc::strong_count(&self.0) > 1
    }

    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Where a watcher stands: what it has looked at.
#[derive(Clone)]
pub(crate) struct Position {
    pub(crate) number: u64,
    /// Held so that the states after it keep the turns that this position needs.
    mark: Mark,
}

/// The first change of a key since some position.
pub(crate) struct Turn<K> {
    pub(crate) key: Arc<K>,
    /// The turn is of concern to positions from here on: 0 if the key was not there, else the number of its insertion.
    low: u64,
}

impl<K> Turn<K> {
    /// Whether it is of concern to a position before it.
    pub(crate) fn concerns(&self, position: u64) -> bool {
        self.low <= position
    }

    /// Whether the key was there before.
    pub(crate) fn was_present(&self) -> bool {
        self.low > 0
    }
}

/// The number and the low of each turn of a key.
type Turns = SmallVec<[(u64, u64); 1]>;

/// A change of a key that is to be logged.
pub(crate) struct Touched<K> {
    pub(crate) number: u64,
    pub(crate) key: Arc<K>,
    /// The number of its insertion, if it was there.
    pub(crate) created: Option<u64>,
}

/// The changes of a state that somebody may have to be told. See the module.
pub(crate) struct Log<K> {
    /// The number of the newest change.
    end: u64,
    here: Mark,
    /// The position of the state before this one.
    before: Option<Position>,
    /// Positions before that, held by somebody when they were last examined.
    marks: Tree<u64, Mark>,
    turns: Tree<u64, Turn<K>>,
    /// The turns of each key that has any.
    keys: Tree<Arc<K>, Turns>,
    /// How far the turns, and the marks, were examined in this round.
    examined: (u64, u64),
}

/// So many turns, and marks, are examined per change beside those of its key.
const EXAMINED_PER_CHANGE: usize = 2;

impl<K: Ord> Log<K> {
    /// Of the first state, or of one before it.
    pub(crate) fn new(end: u64) -> Self {
        Self {
            end,
            here: Mark::new(),
            before: None,
            marks: Tree::new_sync(),
            turns: Tree::new_sync(),
            keys: Tree::new_sync(),
            examined: (0, 0),
        }
    }

    /// The number of the newest change.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Where those stand who have looked at this state.
    pub(crate) fn position(&self) -> Position {
        crate::scheduling_point();
        Position { number: self.end, mark: self.here.clone() }
    }

    /// Whether nothing has changed since the log that ends at `position`, though keys were touched.
    pub(crate) fn is_idle_since(&self, position: u64) -> bool {
        self.turns.last().is_none_or(|(last, _)| *last <= position)
    }

    /// Whether `key` has changed since the log that ends at `position`, which is the one before this one.
    pub(crate) fn has_changed(&self, key: &K, position: u64) -> bool {
        self.keys.get(key).and_then(|turns| turns.last()).is_some_and(|(last, _)| *last > position)
    }

    /// How many turns and positions it holds.
    #[cfg(all(test, not(event_core_shuttle)))]
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.turns.size(), self.marks.size())
    }

    /// The turns after `position`, with their numbers. Those that are not of concern to it are among them, and later ones of
    /// the same key.
    pub(crate) fn turns_after(&self, position: u64) -> impl Iterator<Item = (u64, &Turn<K>)> {
        // rpds allocates to find the first one, and mostly there is none before it.
        let from = match self.turns.first() {
            Some((first, _)) if *first > position => Bound::Unbounded,
            _ => Bound::Excluded(position),
        };
        self.turns.range((from, Bound::Unbounded)).map(|(number, turn)| (*number, turn))
    }

    /// Whether this turn of `key` is the one that `position` needs.
    pub(crate) fn is_needed_at(&self, position: u64, key: &K, number: u64) -> bool {
        let turns = self.keys.get(key).map_or(&[][..], |turns| turns);
        turns.iter().find(|(turn, low)| *low <= position && position < *turn).is_some_and(|(turn, _)| *turn == number)
    }

    /// Whether it has all turns that `position`, which belongs to this map or another one, needs.
    pub(crate) fn reaches(&self, position: &Position) -> bool {
        let at = position.number;
        let known = if at == self.end {
            Some(&self.here)
        } else {
            let before = self.before.as_ref().filter(|before| before.number == at).map(|before| &before.mark);
            before.or_else(|| self.marks.get(&at))
        };
        known.is_some_and(|mark| mark.is(&position.mark))
    }

    /// The log of the state that comes after this one. `end`: the number of its newest change. `is_present`: whether a key is in the
    /// map then.
    pub(crate) fn after(&self, changes: &[Touched<K>], end: u64, is_present: impl Fn(&K) -> bool) -> Self {
        let mut next = Self {
            end,
            here: Mark::new(),
            before: Some(Position { number: self.end, mark: self.here.clone() }),
            marks: self.marks.clone(),
            turns: Tree::new_sync(),
            keys: Tree::new_sync(),
            examined: self.examined,
        };
        if let Some(before) = self.before.as_ref().filter(|before| before.mark.is_held()) {
            next.marks.insert_mut(before.number, before.mark.clone());
        }
        next.examine_marks(EXAMINED_PER_CHANGE);
        // With nobody behind, what happened before is no concern of anybody.
        if !next.marks.is_empty() {
            next.turns = self.turns.clone();
            next.keys = self.keys.clone();
        }
        for change in changes {
            next.note(change, self.end, &is_present);
        }
        if !next.marks.is_empty() {
            next.examine_turns(EXAMINED_PER_CHANGE * changes.len(), &is_present);
        }
        next
    }

    fn note(&mut self, change: &Touched<K>, begin: u64, is_present: &impl Fn(&K) -> bool) {
        let Touched { number, key, created } = change;
        if self.has_changed(key, begin) {
            // Noted already: the transaction came back to this key.
            return;
        }
        let present = is_present(key);
        if created.is_none() && !present {
            // The transaction has removed again what it inserted.
            return;
        }
        let mut turns = self.keys.get(key).cloned().unwrap_or_default();
        turns.push((*number, created.unwrap_or(0)));
        self.turns.insert_mut(*number, Turn { key: Arc::clone(key), low: created.unwrap_or(0) });
        self.drop_needless(&mut turns, present);
        // The turn that was pushed is needed by the position before, so the list is not empty.
        self.keys.insert_mut(Arc::clone(key), turns);
    }

    /// Drops those of the turns of one key that nobody needs.
    fn drop_needless(&mut self, turns: &mut Turns, is_present: bool) {
        let mut index = 0;
        while index < turns.len() {
            if self.is_needed(turns, index, is_present) {
                index += 1;
            } else {
                let (number, _) = turns.remove(index);
                self.turns.remove_mut(&number);
            }
        }
    }

    /// Whether any position needs `turns[index]`, of a key that is present or not.
    fn is_needed(&self, turns: &Turns, index: usize, is_present: bool) -> bool {
        let (number, low) = turns[index];
        if low == 0 && !is_present {
            return false;
        }
        let mut below = number;
        // Every step goes below one of the earlier turns.
        while let Some(position) = self.position_below(below).filter(|position| *position >= low) {
            let earlier = turns[..index].iter().find(|(number, low)| (*low..*number).contains(&position));
            match earlier {
                Some((_, low)) => below = *low,
                None => return true,
            }
        }
        false
    }

    /// The last position before `number` at which somebody may stand.
    fn position_below(&self, number: u64) -> Option<u64> {
        match &self.before {
            Some(before) if before.number < number => Some(before.number),
            _ if self.marks.is_empty() => None,
            _ => self.marks.range(..number).next_back().map(|(position, _)| *position),
        }
    }

    fn examine_marks(&mut self, count: usize) {
        for _ in 0..count.min(self.marks.size()) {
            let next = self.marks.range((Bound::Excluded(self.examined.1), Bound::Unbounded)).next();
            let Some((position, mark)) = next.or_else(|| self.marks.first()) else { return };
            let (position, held) = (*position, mark.is_held());
            self.examined.1 = position;
            if !held {
                self.marks.remove_mut(&position);
            }
        }
    }

    fn examine_turns(&mut self, count: usize, is_present: &impl Fn(&K) -> bool) {
        for _ in 0..count.min(self.turns.size()) {
            let next = self.turns.range((Bound::Excluded(self.examined.0), Bound::Unbounded)).next();
            let Some((number, turn)) = next.or_else(|| self.turns.first()) else { return };
            let (number, key) = (*number, Arc::clone(&turn.key));
            self.examined.0 = number;
            let Some(old) = self.keys.get(&*key) else { continue };
            let mut turns = old.clone();
            let before = turns.len();
            self.drop_needless(&mut turns, is_present(&key));
            if turns.is_empty() {
                self.keys.remove_mut(&*key);
            } else if turns.len() != before {
                self.keys.insert_mut(key, turns);
            }
        }
    }
}
