//! Sets that depend on the current data.

use super::error::CasError;
use super::value::MemoryValue;
use crate::cell::{Cell, Owned, Pinned, Word, cloned_and_unpinned, give_way};
use crate::trace;
use crate::version::Version;

impl<T> MemoryValue<T> {
    /// Sets the data and returns what it replaced: moved out if nobody else reads it, else cloned. On a closed value this
    /// drops `value` and returns `None`.
    ///
    /// Lock-free.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `Clone` panics, the new data is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// assert_eq!(value.replace(2), Some(1));
    /// ```
    #[doc(alias("send_replace", "getAndUpdate", "take"))]
    pub fn replace(&self, value: T) -> Option<T>
    where
        T: Clone,
    {
        let shared = self.shared().get();
        let mut owned = shared.cell.claim();
        owned.fill(value);
        loop {
            let (pinned, expected) = present(&shared.cell);
            let published = match shared.cell.publish_over(expected, owned) {
                Ok(published) => published,
                Err(_) if expected.is_closed() => return None,
                Err((_, back)) => {
                    owned = back;
                    give_way(pinned);
                    continue;
                }
            };
            shared.wakers.wake(published.armed(), ());
            trace::set::<T>(published.version);
            return match published.replaced.take(pinned?) {
                Ok(data) => data,
                Err(pinned) => cloned_and_unpinned(pinned),
            };
        }
    }

    /// Sets the data unless it equals the current data. Returns whether it did. On a closed value it does not.
    ///
    /// Comparing and setting are one step: no other set comes between them. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `PartialEq` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// assert!(!value.set_if_not_eq(1));
    /// assert!(value.set_if_not_eq(2));
    /// ```
    #[doc(alias("set_if_hash_not_eq", "distinctUntilChanged", "send_if_modified"))]
    pub fn set_if_not_eq(&self, value: T) -> bool
    where
        T: PartialEq,
    {
        let shared = self.shared().get();
        let mut owned = shared.cell.claim();
        owned.fill(value);
        loop {
            let (pinned, expected) = present(&shared.cell);
            // User code while a slot is owned and one is pinned: guards give both back.
            let equal = pinned.as_ref().and_then(Pinned::data) == owned.data();
            if equal || expected.is_closed() {
                return false;
            }
            match shared.cell.publish_over(expected, owned) {
                Ok(published) => {
                    drop(pinned);
                    shared.announce(published);
                    return true;
                }
                Err((_, back)) => {
                    owned = back;
                    give_way(pinned);
                }
            }
        }
    }

    /// Changes a clone of the data and sets it, in one step: no other set comes between reading and writing. Returns whether it
    /// did. It does not if there is no data, or if the value is closed; see [`update_or`](Self::update_or).
    ///
    /// `f` runs again, on a fresh clone, if another set came first. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `f` or `Clone` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let counter = event_core::MemoryValue::with_value(0);
    /// std::thread::scope(|scope| {
    ///     for _ in 0..4 {
    ///         scope.spawn(|| counter.update(|n| *n += 1));
    ///     }
    /// });
    /// assert_eq!(counter.load(), Some(4));
    /// ```
    #[doc(alias("send_modify", "updateAndGet"))]
    pub fn update(&self, mut f: impl FnMut(&mut T)) -> bool
    where
        T: Clone,
    {
        self.update_if(|data| {
            f(data);
            true
        })
    }

    /// Like [`update`](Self::update), but sets only if `f` returns `true`.
    ///
    /// `f` changes a clone, which is made first: a rejected update costs that clone. [`transition`](Self::transition) reads the
    /// current data before anything is made, so what it rejects costs no clone.
    ///
    /// # Panics
    ///
    /// As [`update`](Self::update).
    ///
    /// # Examples
    ///
    /// ```
    /// let stock = event_core::MemoryValue::with_value(1);
    /// let take = |n: &mut u32| match n.checked_sub(1) {
    ///     Some(rest) => { *n = rest; true }
    ///     None => false,
    /// };
    /// assert!(stock.update_if(take));
    /// assert!(!stock.update_if(take));
    /// ```
    #[doc(alias("send_if_modified"))]
    pub fn update_if(&self, mut f: impl FnMut(&mut T) -> bool) -> bool
    where
        T: Clone,
    {
        let shared = self.shared().get();
        // What an attempt left over, so that the next one can use its allocations.
        let mut left_over: Option<T> = None;
        loop {
            let Some((pinned, word)) = shared.cell.pin_with_word() else { return false };
            let Some(present) = pinned.data().filter(|_| !word.is_closed()) else { return false };
            // User code, while the present slot is pinned.
            let mut data = match left_over.take() {
                Some(mut data) => {
                    data.clone_from(present);
                    data
                }
                None => present.clone(),
            };
            if !f(&mut data) {
                return false;
            }
            let mut owned = shared.cell.claim();
            owned.fill(data);
            match shared.cell.publish_over(word, owned) {
                Ok(published) => {
                    drop(pinned);
                    shared.announce(published);
                    return true;
                }
                Err((_, mut owned)) => {
                    left_over = owned.take();
                    drop(owned);
                    give_way(Some(pinned));
                }
            }
        }
    }

    /// Sets the data if `seen` is still the current version. [`Version::INITIAL`] means: only if nothing was ever set.
    ///
    /// Lock-free.
    ///
    /// # Errors
    ///
    /// [`CasError::Conflict`] if another version is current, [`CasError::Closed`] if the value is closed; both with the data.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{CasError, MemoryValue};
    ///
    /// let value = MemoryValue::with_value(1);
    /// let seen = value.version();
    /// value.compare_and_set(seen, 2).unwrap();
    /// assert!(matches!(value.compare_and_set(seen, 3), Err(CasError::Conflict(3))));
    /// ```
    #[doc(alias("compareAndSet", "compare_exchange"))]
    pub fn compare_and_set(&self, seen: Version, value: T) -> Result<Version, CasError<T>> {
        let shared = self.shared().get();
        let (pinned, expected) = present(&shared.cell);
        let present = pinned.as_ref().map_or(Version::INITIAL, Pinned::version);
        if expected.is_closed() {
            return Err(CasError::Closed(value));
        }
        if present != seen {
            return Err(CasError::Conflict(value));
        }
        let mut owned = shared.cell.claim();
        owned.fill(value);
        match shared.cell.publish_over(expected, owned) {
            Ok(published) => {
                drop(pinned);
                Ok(shared.announce(published))
            }
            Err((now, owned)) => {
                let value = taken(owned);
                Err(if now.is_closed() { CasError::Closed(value) } else { CasError::Conflict(value) })
            }
        }
    }

    /// Removes the data. That is a new version, but nothing that a watcher returns: watchers keep waiting. If there is no data, or if the
    /// value is closed, this does nothing.
    ///
    /// Checking and clearing are one step: if two threads clear the same data, one of them does. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(1);
    /// let mut watcher = value.watch();
    /// value.clear();
    /// assert!(watcher.try_get().unwrap_err().is_backlog_done());
    /// assert!(!value.is_set());
    /// ```
    #[doc(alias("resetReplayCache"))]
    pub fn clear(&self) {
        if !self.is_set() {
            return;
        }
        let shared = self.shared().get();
        let mut owned = shared.cell.claim();
        owned.clear();
        loop {
            let (pinned, expected) = present(&shared.cell);
            if expected.is_closed() || pinned.as_ref().and_then(Pinned::data).is_none() {
                return;
            }
            match shared.cell.publish_over(expected, owned) {
                Ok(published) => {
                    drop(pinned);
                    shared.announce(published);
                    return;
                }
                Err((_, back)) => {
                    owned = back;
                    give_way(pinned);
                }
            }
        }
    }
}

/// What is present, pinned, and the word to replace.
pub(super) fn present<T>(cell: &Cell<T>) -> (Option<Pinned<'_, T>>, Word) {
    loop {
        if let Some((pinned, word)) = cell.pin_with_word() {
            return (Some(pinned), word);
        }
        // If it was set since, there is something to pin: "no data" and "closed" are of one moment.
        let word = cell.word();
        if word.slot() == 0 {
            return (None, if word.is_closed() { Word::INITIAL_CLOSED } else { Word::INITIAL });
        }
    }
}

pub(super) fn taken<T>(mut owned: Owned<'_, T>) -> T {
    owned.take().expect("it was filled before")
}
