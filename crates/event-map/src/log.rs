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
//! concern to it, and no other. When a key changes, it gets a turn, and those of its earlier turns in the trees that no position needs are
//! dropped; two more turns are examined on every change, in rotation, since a key may never change again. And a key that is not in
//! the map now needs no turn for those who never saw it. So per key there are at most as many turns as there are positions, if
//! everybody looked between two of its changes.
//!
//! The turns of the newest publication are a plain list, since those who have looked at the state before need all of them. If nobody
//! is behind, the next publication forgets them. Otherwise it copies them to the *recent* ones, a short list of the turns of several
//! publications, unless an earlier turn of the same key does for everybody. When that list is full, all of it is moved into two trees. So
//! a watcher that is behind by few changes costs no tree. A recent turn that nobody needs may stay until then.
//!
//! # Who stands where
//!
//! A state carries a [`Mark`] for its position, which is a reference count: watchers clone it while they borrow the state. The
//! states after it keep the mark as long as it is counted more than once. No lock, no list of watchers.
//!
//! # Collision
//!
//! *Somebody takes a mark while it is found to be held by nobody.* A watcher borrows state A. A writer makes B of A; the watcher has
//! not cloned A's mark yet. Therefore B keeps the mark of the state before it in any case (`before`), and turns for its
//! position (`newest`). When a writer makes C of B, it asks for the count. Either A still exists, since it is borrowed, and has a count itself;
//! or it was dropped after the watcher had returned it, thus after the watcher's clone. Whoever finds neither count finds nobody.
//!
//! *A mark that nobody holds, counted twice*, because an old state is still borrowed: then turns are kept for longer than needed,
//! until the next time.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::ops::Bound;

use smallvec::SmallVec;

use crate::tree::Tree;

/// A position at which somebody may stand, who holds a clone.
#[derive(Clone)]
pub(crate) struct Mark(triomphe::Arc<()>);

impl Mark {
    fn new() -> Self {
        Self(triomphe::Arc::new(()))
    }

    /// Whether there is another clone than this.
    fn is_held(&self) -> bool {
        crate::scheduling_point();
        !self.0.is_unique()
    }

    fn is(&self, other: &Self) -> bool {
        triomphe::Arc::ptr_eq(&self.0, &other.0)
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
#[derive(Clone)]
pub(crate) struct Turn<P> {
    /// The key, or a pointer to it.
    key: P,
    /// The turn is of concern to positions from here on: 0 if the key was not there, else the number of its insertion.
    low: u64,
}

/// A turn, wherever it is.
pub(crate) struct Found<'a, K> {
    pub(crate) number: u64,
    pub(crate) key: &'a K,
    low: u64,
}

impl<K> Found<'_, K> {
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

/// A key that was changed.
pub(crate) struct Touched<K> {
    /// The number of its first change.
    pub(crate) number: u64,
    pub(crate) key: K,
    /// The number of its insertion, if it was there.
    pub(crate) created: Option<u64>,
    /// Whether it was there after that change.
    pub(crate) is_present: bool,
}

impl<K> Touched<K> {
    fn into_turn(self) -> (u64, Turn<K>) {
        (self.number, Turn { key: self.key, low: self.created.unwrap_or(0) })
    }
}

/// The changes of a state that somebody may have to be told. See the module.
pub(crate) struct Log<K> {
    /// The number of the newest change.
    end: u64,
    here: Mark,
    /// The position of the state before this one.
    before: Option<Position>,
    /// Positions before that, held by somebody when they were last examined. Behind pointers, since nodes of the tree are copied, and a
    /// copy must not look like somebody who holds the mark.
    marks: Tree<u64, triomphe::Arc<Mark>>,
    /// The turns of the newest publication.
    newest: SmallVec<[(u64, Turn<K>); 1]>,
    /// The turns of the publications before that one, if somebody is behind: up to [`RECENT`].
    recent: Vec<(u64, Turn<Arc<K>>)>,
    /// The turns before those.
    turns: Tree<u64, Turn<Arc<K>>>,
    /// The turns of each key that has any among those.
    keys: Tree<Arc<K>, Turns>,
    /// How far the turns, and the marks, were examined in this round.
    examined: (u64, u64),
}

/// So many turns are kept in a list, which is copied by each change, before they are moved into the trees together: a watcher or
/// snapshot that is behind by fewer changes costs no tree. Fewer in tests, whose random programs have a dozen keys.
const RECENT: usize = if cfg!(all(test, not(any(event_core_loom, event_core_shuttle)))) { 2 } else { 16 };

/// So many turns, and marks, are examined per change beside those of its key.
const EXAMINED_PER_CHANGE: usize = 2;

impl<K> Log<K> {
    /// The number of the newest change.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }
}

impl<K: Ord> Log<K> {
    /// Of the first state, or of one before it.
    pub(crate) fn new(end: u64) -> Self {
        Self {
            end,
            here: Mark::new(),
            before: None,
            marks: Tree::new(),
            newest: SmallVec::new(),
            recent: Vec::new(),
            turns: Tree::new(),
            keys: Tree::new(),
            examined: (0, 0),
        }
    }

    /// Forgets everything, for a state that does not exist any more, and is used for one after the change `end`.
    pub(crate) fn clear(&mut self, end: u64) {
        let unused = self.before.take().map(|before| before.mark).filter(|mark| !mark.is_held());
        self.here = unused.unwrap_or_else(Mark::new);
        self.end = end;
        self.newest.clear();
        // After a large transaction.
        self.newest.shrink_to_fit();
        if self.marks.is_empty() {
            // The room for more is kept only while somebody is behind.
            self.recent = Vec::new();
        } else {
            self.recent.clear();
            (self.marks, self.turns, self.keys) = (Tree::new(), Tree::new(), Tree::new());
        }
    }

    /// Where those stand who have looked at this state.
    pub(crate) fn position(&self) -> Position {
        crate::scheduling_point();
        Position { number: self.end, mark: self.here.clone() }
    }

    /// The keys that the newest publication has changed.
    pub(crate) fn newest(&self) -> impl Iterator<Item = &K> {
        self.newest.iter().map(|(_, turn)| &turn.key)
    }

    /// How many turns it holds.
    pub(crate) fn len(&self) -> usize {
        self.turns.len() + self.recent.len() + self.newest.len()
    }

    /// How many turns and positions it holds.
    #[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
    pub(crate) fn sizes(&self) -> (usize, usize) {
        (self.len(), self.marks.len())
    }

    /// The turns after `position`, with their numbers. Those that are not of concern to it are among them, and later ones of
    /// the same key.
    pub(crate) fn turns_after(&self, position: u64) -> impl Iterator<Item = Found<'_, K>> {
        let older = match (self.turns.first(), self.turns.last()) {
            (Some((first, _)), _) if *first > position => Some(Bound::Unbounded),
            (_, Some((last, _))) if *last > position => Some(Bound::Excluded(position)),
            _ => None,
        };
        // In a box: it is large, and mostly there is none.
        let older = older.map(|from| Box::new(self.turns.range((from, Bound::Unbounded))));
        let older = older.into_iter().flatten();
        let older = older.map(|(number, turn)| Found { number: *number, key: &*turn.key, low: turn.low });
        let recent = self.recent.iter().filter(move |(number, _)| *number > position);
        let recent = recent.map(|(number, turn)| Found { number: *number, key: &*turn.key, low: turn.low });
        let newest = self.newest.iter().filter(move |(number, _)| *number > position);
        older.chain(recent).chain(newest.map(|(number, turn)| Found { number: *number, key: &turn.key, low: turn.low }))
    }

    /// Whether this turn is the one of its key that `position` needs.
    pub(crate) fn is_needed_at(&self, position: u64, found: &Found<'_, K>) -> bool {
        let concerns = |number: u64, low: u64| low <= position && position < number;
        let older = self.keys.get(found.key).map_or(&[][..], |turns| turns);
        let older = older.iter().find(|(number, low)| concerns(*number, *low)).map(|(number, _)| *number);
        let is_first_recent =
            |(number, turn): &&(u64, Turn<Arc<K>>)| concerns(*number, turn.low) && *turn.key == *found.key;
        let first = older.or_else(|| self.recent.iter().find(is_first_recent).map(|(number, _)| *number));
        // If there is none, it is the newest one.
        found.concerns(position) && first.is_none_or(|number| number == found.number)
    }

    /// Whether it has all turns that `position`, which belongs to this map or another one, needs.
    pub(crate) fn reaches(&self, position: &Position) -> bool {
        let at = position.number;
        let known = if at == self.end {
            Some(&self.here)
        } else {
            let before = self.before.as_ref().filter(|before| before.number == at).map(|before| &before.mark);
            before.or_else(|| self.marks.get(&at).map(|mark| &**mark))
        };
        known.is_some_and(|mark| mark.is(&position.mark))
    }
}

impl<K: Ord + Clone> Log<K> {
    /// Becomes the log of the state that comes after `before`, if that differs; and returns whether it does. Before, it is as
    /// [`clear`](Self::clear) leaves it.
    ///
    /// `touched`: the keys, in the order of their first changes. `end`: the number of the newest change. `is_present`: whether a key is
    /// in the map then.
    pub(crate) fn follow(
        &mut self,
        before: &Self,
        touched: &mut SmallVec<[Touched<K>; 1]>,
        end: u64,
        is_present: impl Fn(&K) -> bool,
    ) -> bool {
        self.note_turns(before, touched, end, &is_present);
        if self.newest.is_empty() {
            return false;
        }
        self.end = end;
        self.before = Some(Position { number: before.end, mark: before.here.clone() });
        self.examined = before.examined;
        if !before.marks.is_empty() {
            self.marks = before.marks.clone();
        }
        if let Some(held) = before.before.as_ref().filter(|before| before.mark.is_held()) {
            self.marks.insert(held.number, triomphe::Arc::new(held.mark.clone()));
        }
        if !self.marks.is_empty() {
            self.examine_marks();
        }
        // With nobody behind, what happened before is no concern of anybody.
        if !self.marks.is_empty() {
            self.turns = before.turns.clone();
            self.keys = before.keys.clone();
            self.keep_turns(before, &is_present);
        }
        true
    }

    /// Keeps the turns of the state before, as far as anybody needs them.
    fn keep_turns(&mut self, before: &Self, is_present: &impl Fn(&K) -> bool) {
        self.recent.reserve(before.recent.len() + before.newest.len());
        let last = self.marks.first().map_or(0, |(position, _)| *position);
        self.recent.extend(before.recent.iter().filter(|(number, _)| *number > last).cloned());
        let count = self.recent.len();
        for (number, turn) in &before.newest {
            if !self.is_covered(count, *number, turn) {
                self.recent.push((*number, Turn { key: Arc::new(turn.key.clone()), low: turn.low }));
            }
        }
        if self.recent.len() > RECENT {
            for (number, turn) in mem::take(&mut self.recent) {
                self.move_turn(number, turn, is_present);
            }
        }
        // The keys that changed may have earlier turns that this change makes needless.
        for at in 0..self.newest.len() {
            let key = &self.newest[at].1.key;
            if !self.recent.is_empty() && !is_present(key) {
                self.recent.retain(|(_, turn)| turn.low > 0 || *turn.key != *key);
            }
            if let Some((key, _)) = self.keys.get_key_value(key) {
                self.examine(Arc::clone(key), is_present);
            }
        }
        if !self.turns.is_empty() {
            self.examine_turns(EXAMINED_PER_CHANGE * before.newest.len(), is_present);
        }
    }

    /// Notes the turns of what was touched: of each key one, unless it came and went.
    fn note_turns(
        &mut self,
        before: &Self,
        touched: &mut SmallVec<[Touched<K>; 1]>,
        end: u64,
        is_present: &impl Fn(&K) -> bool,
    ) {
        if end == before.end + 1 {
            // One change, of a key that came, or was there.
            if let Some(touched) = touched.pop() {
                self.newest.push(touched.into_turn());
            }
            return;
        }
        // Then nothing was touched twice, and what was noted of each is how it is: a key that was changed twice is noted twice only if
        // it was removed and inserted again, in this order or the other one.
        let are_alike = touched.iter().all(|key| key.is_present == touched[0].is_present);
        let is_simple = are_alike && end - before.end == touched.len() as u64;
        let mut seen = BTreeSet::new();
        for touched in touched.drain(..) {
            let is_present = if is_simple { touched.is_present } else { is_present(&touched.key) };
            if (touched.created.is_some() || is_present) && (is_simple || seen.insert(touched.key.clone())) {
                self.newest.push(touched.into_turn());
            }
        }
    }

    /// Whether an earlier turn, one of the first `count` recent ones or in the trees, is of the same key and of concern to whoever this
    /// one is of concern to.
    fn is_covered(&self, count: usize, number: u64, turn: &Turn<K>) -> bool {
        let recent = self.recent[..count].iter().filter(|(_, other)| *other.key == turn.key);
        let recent = recent.map(|(number, other)| (*number, other.low));
        let older = self.keys.get(&turn.key).map_or(&[][..], |turns| turns);
        let latest = older.iter().copied().chain(recent).filter(|(_, low)| *low <= turn.low).last();
        // Nobody stands between them.
        latest.is_some_and(|(latest, _)| self.position_below(number).is_none_or(|position| position < latest))
    }

    /// Moves a turn into the trees, if anybody needs it.
    fn move_turn(&mut self, number: u64, turn: Turn<Arc<K>>, is_present: &impl Fn(&K) -> bool) {
        let (key, mut turns) = match self.keys.get_key_value(&*turn.key) {
            Some((key, turns)) => (Arc::clone(key), turns.clone()),
            None => (turn.key, Turns::new()),
        };
        turns.push((number, turn.low));
        // Whether the key is there only matters to who never saw it.
        if self.is_needed(&turns, turns.len() - 1, turn.low > 0 || is_present(&key)) {
            self.turns.insert(number, Turn { key: Arc::clone(&key), low: turn.low });
            self.keys.insert(key, turns);
        }
    }

    /// Examines the turns of a key that are in the trees.
    fn examine(&mut self, key: Arc<K>, is_present: &impl Fn(&K) -> bool) {
        let Some(turns) = self.keys.get(&*key) else { return };
        let is_present = is_present(&key);
        if (0..turns.len()).all(|index| self.is_needed(turns, index, is_present)) {
            return;
        }
        let mut turns = turns.clone();
        self.drop_needless(&mut turns, is_present);
        if turns.is_empty() {
            self.keys.remove(&*key);
        } else {
            self.keys.insert(key, turns);
        }
    }

    /// Drops those of the turns of one key that nobody needs.
    fn drop_needless(&mut self, turns: &mut Turns, is_present: bool) {
        let mut index = 0;
        while index < turns.len() {
            if self.is_needed(turns, index, is_present) {
                index += 1;
            } else {
                let (number, _) = turns.remove(index);
                self.turns.remove(&number);
            }
        }
    }

    /// Whether any position needs `turns[index]`, of a key that is present or not.
    fn is_needed(&self, turns: &Turns, index: usize, is_present: bool) -> bool {
        let (number, low) = turns[index];
        if low == 0 && !is_present {
            return false;
        }
        // Mostly it is the only one, and needed by the one who is furthest behind.
        if index == 0 && self.marks.first().is_some_and(|(position, _)| (low..number).contains(position)) {
            return true;
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
            _ => self.marks.below(&number).map(|(position, _)| *position),
        }
    }

    fn examine_marks(&mut self) {
        for _ in 0..EXAMINED_PER_CHANGE.min(self.marks.len()) {
            let Some((position, mark)) = next_in_rotation(&self.marks, self.examined.1) else { return };
            let is_held = mark.is_held();
            self.examined.1 = position;
            if !is_held {
                self.marks.remove(&position);
            }
        }
    }

    fn examine_turns(&mut self, count: usize, is_present: &impl Fn(&K) -> bool) {
        for _ in 0..count.min(self.turns.len()) {
            let Some((number, turn)) = next_in_rotation(&self.turns, self.examined.0) else { return };
            let key = Arc::clone(&turn.key);
            self.examined.0 = number;
            self.examine(key, is_present);
        }
    }
}

/// The entry after `last`, or the first one.
fn next_in_rotation<V>(tree: &Tree<u64, V>, last: u64) -> Option<(u64, &V)> {
    tree.above(&last).or_else(|| tree.first()).map(|(number, value)| (*number, value))
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::collections::VecDeque;

    use crate::MemoryMap;

    /// Each keeps a state of its own, and so a log with the positions of its time.
    #[test]
    fn positions_are_forgotten_though_others_have_taken_over_meanwhile() {
        const KEPT: usize = 5;
        let map = MemoryMap::from([(0, 0), (1, 0)]);
        let mut kept = VecDeque::new();
        for data in 0..1000 {
            map.insert(0, data);
            kept.push_back(map.snapshot());
            if kept.len() > KEPT {
                kept.pop_front();
            }
        }
        let (turns, marks) = map.log_sizes();
        assert!(marks <= 2 * KEPT && turns <= 4 * KEPT, "{turns} turns and {marks} positions are remembered");
    }
}
