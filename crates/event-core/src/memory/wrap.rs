//! Tests of versions that begin again. On 32-bit machines the firmware's test program gets there by setting.

use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use super::{MemoryValue, MemoryWatcher};
use crate::cell::Word;
use crate::traits::Watcher;
use crate::version::Version;

/// A value whose version, and with it the tag of its word, has `left` publications to go until it wraps.
fn shortly_before_the_wrap(left: usize) -> MemoryValue<usize> {
    let value = MemoryValue::with_value(0);
    value.shared().get().cell.skip_to(Version::from_raw(usize::MAX - left));
    value
}

#[test]
fn a_watcher_gets_every_version_across_the_wrap() {
    let value = shortly_before_the_wrap(3);
    let mut watcher = value.watch_changes();
    let mut before = value.version();
    for data in 1..10 {
        let version = value.set(data);
        assert!(before.is_older_than(version) && !version.is_older_than(before), "{before} then {version}");
        assert_ne!(version, Version::INITIAL);
        assert_eq!(watcher.try_get().unwrap(), data);
        assert!(watcher.try_get().unwrap_err().is_backlog_done());
        before = version;
    }
    assert_eq!(value.version(), Version::from_raw(6));
}

#[test]
fn a_watcher_that_slept_through_the_wrap_gets_the_newest() {
    let value = shortly_before_the_wrap(2);
    let mut watcher = value.watch_changes();
    (1..=6).for_each(|data| _ = value.set(data));
    assert!(watcher.has_changed());
    assert_eq!(watcher.try_get().unwrap(), 6);
    assert!(!watcher.has_changed());
}

#[test]
fn a_borrow_across_the_wrap_keeps_its_data_and_its_slot_is_used_again() {
    let value = shortly_before_the_wrap(1);
    let borrowed = value.borrow().unwrap();
    for data in 1..10 {
        assert!(value.update(|present| *present += 1));
        assert_eq!(value.load(), Some(data));
    }
    assert_eq!(*borrowed, 0);
    drop(borrowed);
    assert_eq!(value.replace(10), Some(9));
}

struct Sleep;

impl Wake for Sleep {
    fn wake(self: Arc<Self>) {}
}

/// Of all versions that the word cannot tell from one that was seen, the next one.
fn looks_like(seen: Version) -> Version {
    Version::from_raw(seen.raw() + Word::TAGS)
}

#[test]
fn a_watcher_that_slept_until_the_tag_was_the_same_again_gets_the_newest() {
    let value = MemoryValue::with_value(1);
    let (mut first, mut filtered) = (value.watch_changes(), value.watch_changes());
    let mut below: Vec<_> = (0..8).map(|_| value.watch_changes()).collect();
    // Not `Waker::noop`, which need not be known again by `will_wake`.
    let waker = Waker::from(Arc::new(Sleep));
    let mut cx = Context::from_waker(&waker);
    let mut polls = |watcher: &mut MemoryWatcher<usize>| watcher.poll_get(&mut cx);
    assert!(polls(&mut first).is_pending() && below.iter_mut().all(|watcher| polls(watcher).is_pending()));
    value.shared().get().cell.skip_to(looks_like(value.version()));
    assert!(matches!(polls(&mut first), Poll::Ready(Ok(1))));
    assert!(below.iter_mut().all(|watcher| matches!(polls(watcher), Poll::Ready(Ok(1)))));
    assert_eq!(filtered.try_get().unwrap(), 1);
    assert!(polls(&mut first).is_pending() && below.iter_mut().all(|watcher| polls(watcher).is_pending()));
}

#[test]
fn a_version_whose_tag_is_the_same_is_another_version() {
    let value = MemoryValue::with_value(1);
    let seen = value.version();
    value.shared().get().cell.skip_to(looks_like(seen));
    assert!(value.compare_and_set(seen, 2).is_err());
    assert!(value.compare_and_set(looks_like(seen), 2).is_ok());
}

#[test]
fn what_was_seen_before_the_wrap_is_no_longer_in_force_after_it() {
    let value = shortly_before_the_wrap(0);
    let seen = value.version();
    let first = value.set(1);
    assert_eq!(first, Version::from_raw(1));
    assert!(value.compare_and_set(seen, 2).is_err());
    assert!(value.compare_and_set(first, 2).is_ok());
}
