//! What differs between two snapshots.

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::fmt;
use core::iter::Peekable;

use crate::change::Change;
use crate::log::Found;
use crate::snapshot::MapSnapshot;
use crate::state::Item;

/// What differs between two snapshots. Made by [`MapSnapshot::since`].
pub struct Since<'a, K, V> {
    differences: Differences<'a, K, V>,
}

enum Differences<'a, K, V> {
    /// The turns after the older one, and what else is asked about them.
    Logged { new: &'a MapSnapshot<K, V>, old: u64, turns: Boxed<'a, Found<'a, K>> },
    /// Both, in the order of keys.
    Compared { new: Peekable<Items<'a, K, V>>, old: Peekable<Items<'a, K, V>> },
}

type Boxed<'a, T> = Box<dyn Iterator<Item = T> + 'a>;
type Items<'a, K, V> = Boxed<'a, (&'a K, &'a Item<V>)>;

impl<'a, K: Ord, V> Since<'a, K, V> {
    pub(crate) fn new(new: &'a MapSnapshot<K, V>, old: &'a MapSnapshot<K, V>) -> Self {
        let position = old.picture.log.position();
        let differences = if new.picture.log.reaches(&position) {
            let old = position.number;
            Differences::Logged { new, old, turns: Box::new(new.picture.log.turns_after(old)) }
        } else {
            let items =
                |snapshot: &'a MapSnapshot<K, V>| -> Items<'a, K, V> { Box::new(snapshot.picture.items.iter()) };
            Differences::Compared { new: items(new).peekable(), old: items(old).peekable() }
        };
        Self { differences }
    }
}

impl<'a, K: Ord, V> Iterator for Since<'a, K, V> {
    type Item = Change<&'a K, &'a V>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.differences {
            Differences::Logged { new, old, turns } => loop {
                let turn = turns.next()?;
                let key = turn.key;
                if !new.picture.log.is_needed_at(*old, &turn) {
                    continue;
                }
                let value = new.get(key);
                if value.is_some() || turn.was_present() {
                    return Some(Change { key, value });
                }
            },
            Differences::Compared { new, old } => loop {
                let order = match (new.peek(), old.peek()) {
                    (None, None) => return None,
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (Some((new, _)), Some((old, _))) => new.cmp(old),
                };
                match order {
                    Ordering::Less => return new.next().map(|(key, item)| Change::inserted(key, &*item.value)),
                    Ordering::Greater => return old.next().map(|(key, _)| Change::removed(key)),
                    Ordering::Equal => {
                        let (Some((key, new)), Some((_, old))) = (new.next(), old.next()) else { return None };
                        if !triomphe::Arc::ptr_eq(&new.value, &old.value) {
                            return Some(Change::inserted(key, &*new.value));
                        }
                    }
                }
            },
        }
    }
}

/// Asks keys and data for nothing.
impl<K, V> fmt::Debug for Since<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_logged = matches!(self.differences, Differences::Logged { .. });
        f.debug_struct("Since").field("logged", &is_logged).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::vec::Vec;

    use crate::{Change, MemoryMap};

    #[test]
    fn a_key_that_is_removed_and_inserted_in_one_transaction_differs_once() {
        let map = MemoryMap::from([(7, 0)]);
        let (mut watcher, before) = (map.watch_changes(), map.snapshot());
        map.transaction(|edit| {
            edit.remove(&7);
            edit.insert(7, 1);
        });
        assert_eq!(map.snapshot().since(&before).collect::<Vec<_>>(), [Change::inserted(&7, &1)]);
        assert_eq!(watcher.try_get().unwrap(), Change::inserted(7, 1));
        assert!(watcher.try_get().unwrap_err().is_backlog_done());
    }
}
