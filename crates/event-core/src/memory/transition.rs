//! Changes that read, set and return something in one step, without a clone.

use super::edit::{present, taken};
use super::reference::Ref;
use super::snapshot::Snapshot;
use super::value::MemoryValue;
use crate::cell::{Pinned, give_way};
use crate::version::Version;

impl<T> MemoryValue<T> {
    /// Replaces the data by what `f` makes of it, and returns something, in one step: no other set comes in between. This is
    /// [`fetch_update`] of the standard library, for any data.
    ///
    /// `f` is passed the current data, or `None` if there is none. It returns what to set, and what this method returns beside the
    /// new version. If it returns `None` for what to set, nothing is set, nobody is woken and the version is `None`. That costs no
    /// clone, so this is also the cheapest way to change data only in some cases.
    ///
    /// `f` runs again if another set came first; only the result of its last run counts. On a closed value, what it wants to set is
    /// dropped and the version is `None`. Lock-free.
    ///
    /// [`fetch_update`]: core::sync::atomic::AtomicUsize::fetch_update
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `f` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// Handing out tickets while there are any:
    ///
    /// ```
    /// use event_core::MemoryValue;
    ///
    /// let left = MemoryValue::with_value(2);
    /// let take = || {
    ///     left.transition(|left| match left {
    ///         Some(0) | None => (None, None),
    ///         Some(left) => (Some(left - 1), Some(*left)),
    ///     })
    /// };
    /// let (ticket, version) = take();
    /// assert_eq!((ticket, version), (Some(2), Some(left.version())));
    /// assert_eq!(take().0, Some(1));
    /// assert_eq!(take(), (None, None));
    /// ```
    #[doc(alias(
        "send_if_modified",
        "send_modify",
        "getAndUpdate",
        "updateAndGet",
        "fetch_update",
        "rcu",
        "write",
        "upgradable_read"
    ))]
    pub fn transition<R>(&self, mut f: impl FnMut(Option<&T>) -> (Option<T>, R)) -> (R, Option<Version>) {
        let shared = self.shared().get();
        loop {
            let (pinned, expected) = present(&shared.cell);
            // User code, while the current slot is pinned.
            let (next, returned) = f(pinned.as_ref().and_then(Pinned::data));
            let Some(next) = next.filter(|_| !expected.is_closed()) else {
                // Before what is returned leaves this function's care: it may drop the old data, which may panic.
                drop(pinned);
                return (returned, None);
            };
            let mut owned = shared.cell.claim();
            owned.fill(next);
            if let Ok(published) = shared.cell.publish_over(expected, owned) {
                drop(pinned);
                let version = shared.announce(published);
                return (returned, Some(version));
            }
            give_way(pinned);
        }
    }

    /// Changes a clone of the data and sets it or, if there is no data, sets `initial()`; all in one step. Returns the new version,
    /// or the current one if the value is closed.
    ///
    /// `f` runs again, on a fresh clone, if another set came first. It does not run on what `initial` returned. On a closed
    /// value neither of them runs. Lock-free.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `initial`, `f` or `Clone` panics, nothing is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let visits = event_core::MemoryValue::new();
    /// for _ in 0..3 {
    ///     visits.update_or(|| 1, |n| *n += 1);
    /// }
    /// assert_eq!(visits.load(), Some(3));
    /// ```
    #[doc(alias("send_modify", "get_or_init", "get_or_insert_with"))]
    pub fn update_or(&self, initial: impl FnOnce() -> T, mut f: impl FnMut(&mut T)) -> Version
    where
        T: Clone,
    {
        let shared = self.shared().get();
        let mut initial = Some(initial);
        // What attempts left over: that of `initial`, which runs only once, and a clone whose allocations can be used again.
        let (mut first, mut clone): (Option<T>, Option<T>) = (None, None);
        loop {
            let (pinned, expected) = present(&shared.cell);
            if expected.is_closed() {
                return pinned.map_or(Version::INITIAL, |pinned| pinned.version());
            }
            let current = pinned.as_ref().and_then(Pinned::data);
            // User code, while the current slot is pinned.
            let data = match current {
                Some(current) => {
                    let mut data = clone.take().map_or_else(
                        || current.clone(),
                        |mut data| {
                            data.clone_from(current);
                            data
                        },
                    );
                    f(&mut data);
                    data
                }
                None => first.take().unwrap_or_else(|| initial.take().expect("what it returned is kept")()),
            };
            let is_first = current.is_none();
            let mut owned = shared.cell.claim();
            owned.fill(data);
            match shared.cell.publish_over(expected, owned) {
                Ok(published) => {
                    drop(pinned);
                    return shared.announce(published);
                }
                Err((_, mut owned)) => {
                    *(if is_first { &mut first } else { &mut clone }) = owned.take();
                    drop(owned);
                    give_way(pinned);
                }
            }
        }
    }

    /// Sets the data and returns what it replaced, if anything, without a clone: [`Snapshot::try_into_inner`] moves it out if
    /// nobody else reads it. On a closed value this drops `value` and returns `None`.
    ///
    /// Lock-free. The old data is dropped by the last reader of the snapshot, its clones and other borrows.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If a waker panics, the new data is set.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = event_core::MemoryValue::with_value(String::from("old"));
    /// let old = value.swap(String::from("new")).unwrap();
    /// assert_eq!(*old, "old");
    /// assert_eq!(old.try_into_inner().unwrap(), "old");
    /// ```
    #[doc(alias("send_replace", "getAndUpdate"))]
    pub fn swap(&self, value: T) -> Option<Snapshot<T>> {
        self.exchange(value).ok().flatten().map(Ref::detach)
    }

    /// [`swap`](Self::swap), with a borrow of what was replaced. Hands the data back if the value is closed.
    pub(super) fn exchange(&self, value: T) -> Result<Option<Ref<'_, T>>, T> {
        let shared = self.shared();
        let cell = &shared.get().cell;
        let mut owned = cell.claim();
        owned.fill(value);
        loop {
            let (pinned, expected) = present(cell);
            match cell.publish_over(expected, owned) {
                Ok(published) => {
                    // Whoever waits is woken while this reads the old data; if a waker panics, the pin lets go of it.
                    shared.get().announce(published);
                    return Ok(pinned.and_then(|pinned| Ref::new(pinned, shared)));
                }
                Err((now, back)) if now.is_closed() => return Err(taken(back)),
                Err((_, back)) => {
                    owned = back;
                    give_way(pinned);
                }
            }
        }
    }
}
