//! W1, W2, W5, P1: the current data read and marked in one step, and waiting without a clone.

use alloc::sync::Arc;
use core::task::Poll;

use event_core::{GetError, MemoryValue, MemoryWatcher, Version};

use crate::by_hand::{Act, Task, panics};
use crate::census::Census;
use crate::runtime::Runtime;

/// Data that cannot be cloned.
#[derive(Debug, PartialEq, Eq)]
struct NotClone(u64);

/// What is current comes back whether it is new or not, and is no longer new.
pub fn w1_borrow_and_update_marks_what_it_returns() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    assert!(watcher.borrow_and_update().is_none());
    assert_eq!(watcher.seen(), Version::INITIAL);
    for n in 1..=3 {
        let version = value.set(NotClone(n));
        assert!(watcher.has_changed());
        for _ in 0..2 {
            let current = watcher.borrow_and_update().unwrap();
            assert_eq!((&*current, current.version()), (&NotClone(n), version));
            drop(current);
            assert_eq!((watcher.has_changed(), watcher.seen(), watcher.version()), (false, version, version));
            assert!(watcher.try_get_ref().unwrap_err().is_backlog_done());
        }
    }
    value.clear();
    assert!(watcher.borrow_and_update().is_none());
    assert_eq!(watcher.seen(), value.version(), "no data is seen as well");
    drop(value);
    assert!(watcher.borrow_and_update().is_none());
    assert!(matches!(watcher.try_get_ref(), Err(GetError::Closed)));
}

/// It counts as a get does.
pub fn w1_borrow_and_update_counts_what_was_missed() {
    let value = MemoryValue::with_value(0);
    let mut watcher = value.watch_changes();
    (1..=5).for_each(|n| _ = value.set(n));
    assert_eq!((watcher.borrow_and_update().map(|n| *n), watcher.missed()), (Some(5), 4));
    assert_eq!((watcher.borrow_and_update().map(|n| *n), watcher.missed()), (Some(5), 0));
    value.set(6);
    assert_eq!((watcher.borrow_and_update().map(|n| *n), watcher.missed()), (Some(6), 0));
}

/// The newest unseen data, each version once, the last one even after the end.
pub fn w1_try_get_ref_obeys_the_rules_of_try_get() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    assert!(watcher.try_get_ref().unwrap_err().is_backlog_done());
    value.set(NotClone(1));
    value.set(NotClone(2));
    assert_eq!(watcher.try_get_ref().unwrap().0, 2);
    assert_eq!(watcher.missed(), 1);
    assert!(watcher.try_get_ref().unwrap_err().is_backlog_done());
    value.set(NotClone(3));
    value.clear();
    assert!(watcher.try_get_ref().unwrap_err().is_backlog_done());
    value.set(NotClone(4));
    drop(value);
    assert_eq!(watcher.try_get_ref().unwrap().0, 4);
    assert!(watcher.try_get_ref().unwrap_err().is_closed());
}

/// Ready with the version of what is new, which it marks; without data it waits.
pub fn w1_changed_is_ready_with_what_is_unseen_and_marks_it() {
    let value = MemoryValue::new();
    let (mut watcher, task) = (value.watch(), Task::new());
    assert!(task.poll(watcher.changed()).is_pending());
    value.set(NotClone(1));
    let second = value.set(NotClone(2));
    assert_eq!(task.wakes(), 1);
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(version)) if version == second));
    assert_eq!((watcher.seen(), watcher.missed()), (second, 1));
    assert!(task.poll(watcher.changed()).is_pending());
    value.clear();
    assert!(task.poll(watcher.changed()).is_pending(), "no data is nothing to return");
    let third = value.set(NotClone(3));
    drop(value);
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(version)) if version == third));
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Err(GetError::Closed))));
}

/// One future, polled further after it was ready, goes on with the next version.
pub fn w1_changed_can_be_polled_again_after_it_was_ready() {
    let value = MemoryValue::with_value(1);
    let (mut watcher, task) = (value.watch(), Task::new());
    let mut changed = watcher.changed();
    for _ in 0..3 {
        assert!(matches!(task.poll(&mut changed), Poll::Ready(Ok(version)) if version == value.version()));
        let wakes = task.wakes();
        assert!(task.poll(&mut changed).is_pending());
        value.set(2);
        assert_eq!(task.wakes(), wakes + 1);
    }
}

/// `changed`, then `borrow_and_update`: the loop that never misses the last set, whatever comes in between.
pub fn w2_what_is_set_between_reading_and_marking_is_not_lost() {
    let value = MemoryValue::with_value(1);
    let (mut watcher, task) = (value.watch(), Task::new());
    let current = watcher.borrow_and_update().unwrap();
    value.set(2);
    assert_eq!(*current, 1, "what was borrowed stays as it was");
    drop(current);
    assert!(watcher.has_changed());
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(_))));
    value.set(3);
    assert_eq!(watcher.borrow_and_update().map(|n| *n), Some(3), "newer than what `changed` has marked");
    assert!(task.poll(watcher.changed()).is_pending());
    value.set(4);
    assert_eq!(task.wakes(), 1);
}

/// A producer never waits for it, nor do other watchers.
pub fn v4_set_never_waits_for_what_borrow_and_update_returned() {
    let census = Census::new();
    let value = MemoryValue::with_value(census.citizen(1));
    let (mut one, mut other) = (value.watch(), value.watch());
    let held = one.borrow_and_update().unwrap();
    value.set(census.citizen(2));
    assert_eq!((held.data(), other.borrow_and_update().unwrap().data()), (1, 2));
    assert_eq!(census.alive(), 2);
    drop(held);
    assert_eq!(census.alive(), 1);
    assert_eq!(one.try_get_ref().unwrap().data(), 2);
    assert_eq!(census.made(), 2, "nothing was cloned");
}

/// Whether it was woken or not.
pub fn w5_a_changed_that_was_dropped_marked_nothing() {
    let value = MemoryValue::new();
    let (mut watcher, task) = (value.watch(), Task::new());
    assert!(task.poll(watcher.changed()).is_pending());
    let version = value.set(1);
    assert_eq!((task.wakes(), watcher.seen()), (1, Version::INITIAL));
    drop(watcher.changed());
    assert!(watcher.has_changed());
    assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(marked)) if marked == version));
    for _ in 0..1_000 {
        assert!(task.poll(watcher.changed()).is_pending());
    }
    assert!(task.stored_wakers() <= 1);
    drop(watcher);
    assert_eq!(task.stored_wakers(), 0);
}

/// It is known which value a watcher belongs to, and what is in it.
pub fn a_watcher_can_be_asked_about_its_value() {
    let (value, other) = (MemoryValue::with_value(1), MemoryValue::with_value(1));
    let (mut watcher, second, stranger) = (value.watch(), value.watch_changes(), other.watch());
    assert!(watcher.same_value(&second) && !watcher.same_value(&stranger));
    assert_eq!((watcher.load(), watcher.version()), (Some(1), value.version()));
    assert!(watcher.has_changed(), "to look marks nothing");
    assert_eq!(second.seen(), value.version());
    value.set(2);
    assert_eq!((watcher.load(), watcher.try_get().unwrap(), watcher.load()), (Some(2), 2, Some(2)));
    watcher.mark_unseen();
    assert!(watcher.seen() < value.version());
    value.clear();
    assert_eq!(watcher.load(), None);
}

/// A waker that cannot be cloned, and one whose `Drop` panics: nothing is marked, and the next wait works.
pub fn p1_a_panic_of_a_waker_in_changed_marks_nothing() {
    let arrange: [fn(&mut MemoryWatcher<u64>) -> Task; 2] = [
        |_| {
            let task = Task::new();
            task.panic_in(Act::Clone);
            task
        },
        |watcher| {
            let before = Task::new();
            assert!(before.poll(watcher.changed()).is_pending());
            before.panic_in(Act::Drop);
            Task::new()
        },
    ];
    for arrange in arrange {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch_changes();
        let seen = watcher.seen();
        let task = arrange(&mut watcher);
        assert!(panics(|| task.poll(watcher.changed())));
        assert_eq!(watcher.seen(), seen);
        assert!(task.poll(watcher.changed()).is_pending());
        let version = value.set(2);
        assert!(task.wakes() > 0);
        assert!(matches!(task.poll(watcher.changed()), Poll::Ready(Ok(marked)) if marked == version));
        drop(watcher);
        assert_eq!(task.stored_wakers(), 0);
    }
}

/// The last set arrives in every loop of `changed` and `borrow_and_update`, and versions only grow.
pub async fn w2_every_loop_of_changed_and_borrow_and_update_ends_with_the_last_set<R: Runtime>() {
    const LAST: u64 = 2_000;
    let value = Arc::new(MemoryValue::with_value(0));
    let watchers: Vec<_> = (1..=4)
        .map(|pace| {
            let mut watcher = value.watch();
            R::spawn(async move {
                let mut last = 0;
                while last != LAST {
                    let changed = watcher.changed().await.expect("the value is open");
                    let (data, version) = watcher.borrow_and_update().map(|data| (*data, data.version())).unwrap();
                    assert!(version >= changed && version == watcher.seen(), "{version} after {changed}");
                    assert!(data >= last, "{data} after {last}");
                    last = data;
                    if data % pace == 0 {
                        R::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for n in 1..=LAST {
        value.set(n);
        if n % 8 == 0 {
            R::yield_now().await;
        }
    }
    for watcher in watchers {
        watcher.await;
    }
}
