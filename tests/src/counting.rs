//! C3: how many handles, readers and watchers there are, and producers and consumers that wait for the others to go.

use core::pin::Pin;

use event_core::{MemoryValue, ValueState};

use crate::by_hand::{Act, Task, panics};
use crate::runtime::Runtime;

fn is_ready<T>(task: &Task, state: &mut ValueState<'_, T>) -> bool {
    task.poll(Pin::new(state)).is_ready()
}

/// Each kind has a count of its own, which every kind can ask for.
pub fn c3_handles_readers_and_watchers_are_counted() {
    let unused = MemoryValue::<u64>::new();
    assert_eq!((unused.handle_count(), unused.reader_count(), unused.watcher_count()), (1, 0, 0));
    let value = MemoryValue::with_value(1);
    let (copy, reader, watcher) = (value.clone(), value.reader(), value.watch());
    let (second_reader, third_reader, second_watcher) = (reader.clone(), copy.reader(), watcher.clone());
    let upgraded = value.downgrade().upgrade();
    assert_eq!((value.handle_count(), value.reader_count(), value.watcher_count()), (3, 3, 2));
    assert_eq!((reader.handle_count(), reader.reader_count(), reader.watcher_count()), (3, 3, 2));
    assert_eq!((watcher.handle_count(), watcher.reader_count(), watcher.watcher_count()), (3, 3, 2));
    drop((copy, upgraded, second_reader, third_reader, second_watcher));
    assert_eq!((value.handle_count(), value.reader_count(), value.watcher_count()), (1, 1, 1));
    let borrowed = value.borrow().map(|data| data.detach());
    drop(value);
    assert_eq!((reader.handle_count(), reader.reader_count(), watcher.watcher_count()), (0, 1, 1));
    drop(borrowed);
}

/// Two are of the same value or they are not, whatever they are.
pub fn handles_of_every_kind_know_whether_they_are_of_one_value() {
    let (one, other) = (MemoryValue::with_value(1), MemoryValue::with_value(1));
    assert!(one.same_value(&one.clone()) && !one.same_value(&other));
    assert!(one.reader().same_value(&one.clone().reader()) && !one.reader().same_value(&other.reader()));
    assert!(one.watch().same_value(&one.reader().watch()) && !one.watch().same_value(&other.watch()));
    assert!(one.downgrade().same_value(&one.clone().downgrade()) && !one.downgrade().same_value(&other.downgrade()));
}

/// Woken when the last one goes, not before.
pub fn c3_a_producer_can_wait_for_the_last_reader_to_go() {
    let (value, task) = (MemoryValue::with_value(1), Task::new());
    assert!(is_ready(&task, &mut value.unread()));
    let (first, second) = (value.reader(), value.reader());
    let mut unread = value.unread();
    assert!(!is_ready(&task, &mut unread));
    drop(first);
    assert!(task.wakes() == 0 && !is_ready(&task, &mut unread));
    drop(second);
    assert!(task.wakes() == 1 && is_ready(&task, &mut unread));
    drop(unread);
    assert_eq!(task.stored_wakers(), 0);
}

/// In every order in which the others can go.
pub fn c3_a_producer_can_wait_until_nobody_else_is_left() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let (value, task) = (MemoryValue::with_value(1), Task::new());
        assert!(is_ready(&task, &mut value.abandoned()));
        let (mut handle, mut reader, mut watcher) = (Some(value.clone()), Some(value.reader()), Some(value.watch()));
        let mut abandoned = value.abandoned();
        assert!(!is_ready(&task, &mut abandoned));
        let mut wakes = 0;
        for (number, kind) in order.into_iter().enumerate() {
            wakes = task.wakes();
            match kind {
                0 => drop(handle.take()),
                1 => drop(reader.take()),
                _ => drop(watcher.take()),
            }
            if number < 2 {
                assert!(!is_ready(&task, &mut abandoned), "{order:?}");
            }
        }
        assert!(task.wakes() > wakes && is_ready(&task, &mut abandoned), "{order:?}");
        assert!(!value.is_closed());
    }
}

/// Whoever can read can wait for the end.
pub fn c1_readers_and_watchers_can_wait_for_the_end() {
    let ends: [fn(MemoryValue<u64>); 2] = [drop, |value| {
        value.close();
        drop(value);
    }];
    for end in ends {
        let (value, task) = (MemoryValue::with_value(1), Task::new());
        let (reader, watcher) = (value.reader(), value.watch());
        let (mut by_reader, mut by_watcher) = (reader.closed(), watcher.closed());
        assert!(!is_ready(&task, &mut by_reader) && !is_ready(&task, &mut by_watcher));
        value.set(2);
        assert_eq!(task.wakes(), 0, "that is not the end");
        end(value);
        assert!(task.wakes() >= 2 && is_ready(&task, &mut by_reader) && is_ready(&task, &mut by_watcher));
        drop((by_reader, by_watcher));
        assert_eq!((task.stored_wakers(), reader.load()), (0, Some(2)));
        assert!(watcher.has_changed(), "to wait for the end marks nothing");
    }
}

/// The handle, reader or watcher is gone all the same, and so is its memory.
pub fn p1_a_waker_that_panics_when_the_last_one_goes_harms_nothing() {
    type Go = fn(&MemoryValue<u64>) -> Box<dyn FnOnce()>;
    let going: [Go; 3] = [
        |value| {
            let reader = value.reader();
            Box::new(move || drop(reader))
        },
        |value| {
            let handle = value.clone();
            Box::new(move || drop(handle))
        },
        |value| {
            let watcher = value.watch();
            Box::new(move || drop(watcher))
        },
    ];
    for go in going {
        let (value, task) = (MemoryValue::with_value(1), Task::new());
        let other = go(&value);
        let mut abandoned = value.abandoned();
        assert!(!is_ready(&task, &mut abandoned));
        task.panic_in(Act::Wake);
        assert!(panics(other));
        assert!(is_ready(&task, &mut abandoned));
        drop(abandoned);
        assert_eq!((value.handle_count(), value.reader_count(), value.watcher_count()), (1, 0, 0));
        assert_eq!((task.stored_wakers(), value.set(2) > event_core::Version::INITIAL), (0, true));
    }
}

/// Consumers that are made by each other and go in any order leave the producer neither early nor never.
pub async fn c3_a_producer_is_told_when_the_last_of_many_consumers_has_gone<R: Runtime>() {
    for _ in 0..50 {
        let value = MemoryValue::with_value(0);
        let consumers: Vec<_> = (0..3)
            .map(|number| {
                let (handle, reader) = (value.clone(), value.reader());
                R::spawn(async move {
                    let later = handle.reader();
                    drop(handle);
                    R::yield_now().await;
                    let mut watcher = later.watch();
                    drop(later);
                    drop(reader);
                    R::yield_now().await;
                    assert!(watcher.try_get().is_ok());
                    number
                })
            })
            .collect();
        value.abandoned().await;
        assert_eq!((value.handle_count(), value.reader_count(), value.watcher_count()), (1, 0, 0));
        for consumer in consumers {
            consumer.await;
        }
    }
}
