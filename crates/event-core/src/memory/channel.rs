//! What a channel with the rules of another one needs to be built on a value: modifications that run once, of which watchers are
//! not always notified, and waits that know versions. Not a public promise.
//!
//! # Quiet publications
//!
//! A quiet publication is a version like any other, but wakes nobody: the armed bits stay in the word, where the next
//! publication that is not quiet takes them. So a watcher that waits goes on waiting, and one that is polled all the same finds
//! a version that it has not seen. Whether that counts is up to its caller, who is told the data and the version.
//!
//! # Modifications that run once
//!
//! [`modify_once`](MemoryValue::modify_once) pins what is current, modifies a clone, and publishes it over what it has pinned. If
//! a plain set has come in between, the modification counts as having come right before that: what it made was replaced before
//! anybody has seen it. That is true as long as nobody else has seen that there was no modification, so its caller sees to it
//! that only one thread at a time modifies, or replaces and looks at what it has replaced.

use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::edit::{present, taken};
use super::polling::Polling;
use super::reference::Ref;
use super::shared::Shared;
use super::value::MemoryValue;
use super::watcher::MemoryWatcher;
use crate::cell::{Owned, Pinned, Word, give_way};
use crate::error::GetError;
use crate::version::Version;

impl<T> MemoryValue<T> {
    /// Modifies a clone of the current data and publishes it; quietly, unless `modify` returns `true`. `modify` is passed the
    /// version of what it modifies as well. It does not run if there is no data, or if the value is closed.
    ///
    /// `published` runs when it is settled what the value holds, and before any user code: before wakers are called, and before
    /// data is dropped.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set). If `modify` panics, what it has made until then is published quietly. If `Clone` panics, nothing is
    /// set.
    #[doc(hidden)]
    #[inline]
    pub fn modify_once(&self, modify: impl FnOnce(&mut T, Version) -> bool, mut published: impl FnMut())
    where
        T: Clone,
    {
        let shared = self.shared().get();
        let Some((pinned, expected)) = shared.cell.pin_now() else { return };
        let Some(current) = pinned.data().filter(|_| !expected.is_closed()) else { return };
        // User code, while the current slot is pinned.
        let data = current.clone();
        let version = pinned.version();
        let mut owned = shared.cell.claim();
        owned.fill(data);
        let owned = owned.into_index();
        let published = &mut published;
        let mut publish = Publish { shared, expected, pinned: pinned.into_index(), owned, notify: false, published };
        // SAFETY: owned, and taken up by `publish` when this is not used any more.
        let mut owned = ManuallyDrop::new(unsafe { Owned::from_index(&shared.cell, owned) });
        // User code again; this time a guard does more than to give both slots back.
        publish.notify = owned.data_mut().is_some_and(|data| modify(data, version));
    }

    /// Sets the data and returns a borrow of what it replaced. `published` runs as in [`modify_once`](Self::modify_once).
    ///
    /// # Errors
    ///
    /// The data, if the value is closed.
    ///
    /// # Panics
    ///
    /// As [`set`](Self::set).
    #[doc(hidden)]
    pub fn replace_then(&self, value: T, published: impl FnOnce()) -> Result<Option<Ref<'_, T>>, T> {
        let shared = self.shared();
        let cell = &shared.get().cell;
        let mut owned = cell.claim();
        owned.fill(value);
        loop {
            let (pinned, expected) = present(cell);
            match cell.publish_over(expected, owned) {
                Ok(outcome) => {
                    published();
                    // Whoever waits is woken while this reads the old data; if a waker panics, the pin lets go of it.
                    shared.get().announce(outcome);
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

/// What is left to do after a modification, whether it has returned or panicked.
///
/// Numbers instead of guards: what user code may unwind through is kept in memory, and numbers are read there as they were
/// written, for which no processor has to wait.
struct Publish<'a, T, F: FnMut()> {
    shared: &'a Shared<T>,
    /// The word of what is pinned.
    expected: Word,
    /// What was modified: the index of a slot that is pinned.
    pinned: usize,
    /// What has come of it: the index of a slot that is owned.
    owned: usize,
    notify: bool,
    published: &'a mut F,
}

impl<T, F: FnMut()> Drop for Publish<'_, T, F> {
    #[inline]
    fn drop(&mut self) {
        let cell = &self.shared.cell;
        // SAFETY: pinned, and its guard was given up for this.
        let pinned = unsafe { Pinned::from_index(cell, self.pinned) };
        // SAFETY: owned, and its guard was given up for this.
        let owned = unsafe { Owned::from_index(cell, self.owned) };
        let outcome = if self.notify {
            cell.publish_over(self.expected, owned)
        } else {
            cell.publish_quietly_over(self.expected, owned)
        };
        (self.published)();
        // This drops nothing that was replaced here: that is left to `announce`. If something else has replaced it, both it and what
        // was made of it may be dropped here.
        drop(pinned);
        if let Ok(outcome) = outcome {
            self.shared.announce(outcome);
        }
    }
}

#[cfg(all(test, event_core_loom))]
impl<T: Clone> MemoryValue<T> {
    /// What a mutation test does instead of a quiet publication.
    pub(crate) fn take_bits_and_wake_nobody(&self, modify: impl FnOnce(&mut T)) {
        let shared = self.shared().get();
        let (pinned, expected) = present(&shared.cell);
        let mut data = pinned.as_ref().and_then(Pinned::data).cloned().expect("there is data");
        modify(&mut data);
        let mut owned = shared.cell.claim();
        owned.fill(data);
        if let Ok(published) = shared.cell.publish_over(expected, owned) {
            drop(pinned);
            published.retire();
        }
    }
}

impl<T> MemoryWatcher<T> {
    /// Whether the version that this watcher has seen last is current, and whether the value is closed: as of one moment, by one
    /// load. Nothing is pinned, and nothing is called, so the former may be unknown.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn is_current_and_closed(&self) -> (Option<bool>, bool) {
        let cell = &self.shared().get().cell;
        let word = cell.word();
        let seen = self.cursor().seen();
        // The tag comes first: see `Polling::look`. If it is the same and the version is not, the word was replaced since it was
        // loaded, or the tag has wrapped, or the slot is elsewhere.
        let is_current =
            if word.may_be_of(seen) { cell.is_version_of(word, seen).then_some(true) } else { Some(false) };
        (is_current, word.is_closed())
    }

    /// Waits for a version that was not seen and that `accept` accepts. What it rejects counts as seen.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data is not accepted.
    #[doc(hidden)]
    pub fn poll_version_if(
        &mut self,
        cx: &mut Context<'_>,
        accept: impl FnMut(&T, Version) -> bool,
    ) -> Poll<Result<Version, GetError>> {
        self.polling().poll_version(cx, accept)
    }

    /// [`wait_for`](Self::wait_for) with the version as well.
    #[doc(hidden)]
    pub fn wait_for_version<P: FnMut(&T, Version) -> bool>(&mut self, accept: P) -> WaitForVersion<'_, T, P> {
        WaitForVersion { polling: Some(self.polling()), has_begun: false, accept }
    }
}

/// Made by [`MemoryWatcher::wait_for_version`].
///
/// # Panics
///
/// When it is polled again after it was ready. A panic of the predicate passes through.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct WaitForVersion<'a, T, P> {
    polling: Option<Polling<'a, T>>,
    has_begun: bool,
    accept: P,
}

/// The predicate is only called, never pinned.
impl<T, P> Unpin for WaitForVersion<'_, T, P> {}

impl<'a, T, P: FnMut(&T, Version) -> bool> Future for WaitForVersion<'a, T, P> {
    type Output = Result<Ref<'a, T>, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { polling, has_begun, accept } = &mut *self;
        let active = polling.as_mut().expect("the future was polled after it was ready");
        let found = if *has_begun { None } else { active.present(&mut *accept) };
        *has_begun = true;
        let given = match found {
            Some(present) => Ok(present),
            None => core::task::ready!(active.poll_ref(cx, accept)),
        };
        *polling = None;
        Poll::Ready(given)
    }
}

impl<T, P> fmt::Debug for WaitForVersion<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForVersion").finish_non_exhaustive()
    }
}

impl<T> Ref<'_, T> {
    /// Moves the data out if it was replaced and nobody else reads it.
    ///
    /// # Errors
    ///
    /// The borrow itself, otherwise.
    #[doc(hidden)]
    pub fn try_into_inner(self) -> Result<T, Self> {
        self.try_take()
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod tests {
    use alloc::rc::Rc;
    use alloc::sync::Arc;
    use alloc::task::Wake;
    use alloc::vec::Vec;
    use core::cell::Cell;
    use core::sync::atomic::{AtomicUsize, Ordering};
    use core::task::Waker;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            // Ordering: Relaxed. One thread.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn woken(&self) -> usize {
            // Ordering: Relaxed. One thread.
            self.0.load(Ordering::Relaxed)
        }
    }

    fn quietly(value: &MemoryValue<u32>, add: u32) {
        value.modify_once(
            |n, _| {
                *n += add;
                false
            },
            || (),
        );
    }

    #[test]
    fn a_quiet_publication_is_read_and_wakes_nobody_and_the_next_one_wakes_everybody() {
        // More than have a bit of their own in the root.
        for watchers in [1, 3, 200] {
            let value = MemoryValue::with_value(1);
            let mut all: Vec<_> = (0..watchers).map(|_| (value.watch_changes(), Arc::new(Count::default()))).collect();
            for (watcher, count) in &mut all {
                let waker = Waker::from(Arc::clone(count));
                assert!(watcher.poll_version_if(&mut Context::from_waker(&waker), |_, _| true).is_pending());
            }
            quietly(&value, 1);
            quietly(&value, 1);
            assert_eq!(value.load(), Some(3));
            assert!(all.iter().all(|(_, count)| count.woken() == 0), "{watchers} watchers");
            value.set(7);
            assert!(all.iter().all(|(_, count)| count.woken() == 1), "{watchers} watchers");
        }
    }

    #[test]
    fn a_watcher_that_is_polled_after_a_quiet_publication_waits_on_and_is_woken_once() {
        let value = MemoryValue::with_value(1);
        let (mut watcher, count) = (value.watch_changes(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        let mut looked_at = Vec::new();
        for add in [1, 10] {
            quietly(&value, add);
            let polled = watcher.poll_version_if(&mut cx, |n, version| {
                looked_at.push((*n, version));
                false
            });
            assert!(polled.is_pending());
        }
        assert_eq!(looked_at.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2, 12]);
        assert!(looked_at[0].1 < looked_at[1].1 && looked_at[1].1 == value.version());
        let newest = value.set(0);
        assert_eq!(count.woken(), 1);
        assert!(matches!(watcher.poll_version_if(&mut cx, |_, _| true), Poll::Ready(Ok(version)) if version == newest));
    }

    #[test]
    fn a_close_after_a_quiet_publication_wakes() {
        let value = MemoryValue::with_value(1);
        let (mut watcher, count) = (value.watch_changes(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let mut cx = Context::from_waker(&waker);
        assert!(watcher.poll_version_if(&mut cx, |_, _| true).is_pending());
        quietly(&value, 1);
        value.close();
        assert_eq!(count.woken(), 1);
        quietly(&value, 1);
        assert_eq!(value.load(), Some(2), "closed");
        assert!(matches!(watcher.poll_version_if(&mut cx, |_, _| false), Poll::Ready(Err(GetError::Closed))));
    }

    #[test]
    fn a_modification_that_a_set_overtakes_comes_before_it() {
        let value = MemoryValue::with_value(1);
        for notify in [true, false] {
            value.modify_once(
                |n, _| {
                    value.set(20);
                    *n += 1;
                    notify
                },
                || assert_eq!(value.load(), Some(20)),
            );
            assert_eq!(value.load(), Some(20));
        }
    }

    #[test]
    fn what_a_modification_has_made_before_it_panicked_is_published_quietly() {
        let value = MemoryValue::with_value(1);
        let (mut watcher, count) = (value.watch_changes(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        assert!(watcher.poll_version_if(&mut Context::from_waker(&waker), |_, _| true).is_pending());
        let settled = Cell::new(false);
        let modify = || {
            value.modify_once(
                |n, _| {
                    *n = 2;
                    panic!("expected");
                },
                || settled.set(true),
            );
        };
        std::panic::catch_unwind(core::panic::AssertUnwindSafe(modify)).unwrap_err();
        assert!(settled.get());
        assert_eq!((value.load(), count.woken()), (Some(2), 0));
        value.set(3);
        assert_eq!(count.woken(), 1);
    }

    #[test]
    fn it_is_settled_before_wakers_run_and_data_is_dropped() {
        struct Noisy(Rc<Cell<bool>>);
        impl Drop for Noisy {
            fn drop(&mut self) {
                assert!(self.0.get(), "not settled");
            }
        }
        impl Clone for Noisy {
            fn clone(&self) -> Self {
                Self(Rc::clone(&self.0))
            }
        }
        let settled = Rc::new(Cell::new(false));
        let value = MemoryValue::with_value(Noisy(Rc::clone(&settled)));
        value.modify_once(|_, _| true, || settled.set(true));
        settled.set(false);
        drop(value.replace_then(Noisy(Rc::clone(&settled)), || settled.set(true)).map_err(|_| "closed").unwrap());
        settled.set(false);
        let overtaken = || {
            settled.set(true);
            value.set(Noisy(Rc::clone(&settled)));
            settled.set(false);
        };
        value.modify_once(
            |_, _| {
                overtaken();
                true
            },
            || settled.set(true),
        );
    }

    #[test]
    fn what_was_replaced_is_moved_out_unless_it_is_borrowed() {
        let value = MemoryValue::with_value(1);
        let other = value.borrow().unwrap();
        let old = value.replace_then(2, || ()).unwrap().unwrap();
        let old = old.try_into_inner().expect_err("it is borrowed");
        drop(other);
        assert_eq!(old.try_into_inner().unwrap(), 1);
        let current = value.borrow().unwrap();
        assert_eq!(*current.try_into_inner().expect_err("it is current"), 2);
        value.close();
        assert_eq!(value.replace_then(3, || ()).unwrap_err(), 3);
    }

    #[test]
    fn a_watcher_knows_by_one_look_whether_what_it_has_seen_is_current() {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch_changes();
        assert_eq!(watcher.is_current_and_closed(), (Some(true), false));
        value.set(2);
        assert_eq!(watcher.is_current_and_closed(), (Some(false), false));
        watcher.mark_seen();
        value.close();
        assert_eq!(watcher.is_current_and_closed(), (Some(true), true));
        // A slot that is not inline.
        let value = MemoryValue::with_value(0);
        let mut watcher = value.watch_changes();
        let borrows: Vec<_> = (1..5).map(|n| (value.borrow(), value.set(n))).collect();
        assert_eq!(watcher.is_current_and_closed(), (Some(false), false));
        watcher.mark_seen();
        assert_eq!(watcher.is_current_and_closed(), (None, false));
        assert!(!watcher.has_changed());
        drop(borrows);
        let never_set = MemoryValue::<u32>::new();
        assert_eq!(never_set.watch().is_current_and_closed(), (Some(true), false));
    }

    #[test]
    fn a_wait_is_told_the_versions_and_begins_with_what_was_seen() {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch_changes();
        let seen = watcher.seen();
        let waker = Waker::noop();
        let mut versions = Vec::new();
        let mut wait = watcher.wait_for_version(|n, version| {
            versions.push(version);
            *n == 2
        });
        assert!(Pin::new(&mut wait).poll(&mut Context::from_waker(waker)).is_pending());
        let set = value.set(2);
        assert!(Pin::new(&mut wait).poll(&mut Context::from_waker(waker)).is_ready());
        drop(wait);
        assert_eq!(versions, [seen, set]);
    }
}
