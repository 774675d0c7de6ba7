//! The stores of a client, by their ranges: watchers of the same range share one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::range::KeyRange;
use crate::store::Store;

/// Who keeps a store is its watchers; this finds it.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    stores: HashMap<KeyRange, Weak<Store>>,
    /// How many there were when those that are gone were taken out.
    live: usize,
}

impl Stores {
    /// The store of a range, which is made with this number if there is none.
    pub(crate) fn get(&self, range: KeyRange, number: impl FnOnce() -> u64) -> Arc<Store> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = table.stores.get(&range).and_then(Weak::upgrade) {
            return store;
        }
        if table.stores.len() >= 2 * table.live + 8 {
            table.stores.retain(|_, store| store.strong_count() > 0);
            table.live = table.stores.len();
        }
        let store = Arc::new(Store::new(number(), range.clone()));
        table.stores.insert(range, Arc::downgrade(&store));
        store
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_one_store_as_long_as_somebody_has_it() {
        let stores = Stores::default();
        let get = |prefix: &str, number| stores.get(KeyRange::prefix(prefix), || number);
        let (one, other) = (get("a", 1), get("b", 2));
        assert_eq!((get("a", 3).id, get("b", 4).id), (1, 2));
        drop(one);
        assert_eq!(get("a", 5).id, 5);
        drop(other);
        for number in 0..1_000 {
            get(&number.to_string(), number);
        }
        assert!(stores.0.lock().expect("nothing panics").stores.len() <= 17);
    }
}
