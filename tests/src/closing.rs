//! C1 to C3: how a value ends.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use event_core::{CasError, GetError, MemoryValue, MemoryWatcher};

use crate::by_hand::Task;
use crate::census::Census;
use crate::runtime::Runtime;

type End = fn(MemoryValue<u64>) -> Option<MemoryValue<u64>>;

/// The two ways. The second one gives back a handle, which does not matter any more.
const ENDS: [End; 2] = [
    |value| {
        drop(value);
        None
    },
    |value| {
        value.close();
        Some(value)
    },
];

fn assert_closed(watcher: &mut MemoryWatcher<u64>) {
    for _ in 0..2 {
        assert!(watcher.try_get().unwrap_err().is_closed());
        let polled = Task::new().poll(watcher.get());
        assert!(matches!(polled, Poll::Ready(Err(GetError::Closed))));
        let polled = Task::new().poll(watcher.wait_for(|_| false));
        assert!(matches!(polled, Poll::Ready(Err(GetError::Closed))));
    }
    assert!(watcher.is_closed() && !watcher.has_changed());
}

type Get = fn(&mut MemoryWatcher<u64>) -> Option<u64>;

fn get_now<T>(polled: Poll<Result<T, GetError>>) -> Option<T> {
    match polled {
        Poll::Ready(result) => result.ok(),
        Poll::Pending => None,
    }
}

/// Not more, not less.
pub fn c1_each_watcher_gets_the_newest_unseen_data_once_and_then_closed() {
    for end in ENDS {
        let value = MemoryValue::with_value(1);
        let mut has_seen_all = value.watch();
        let mut is_behind = value.watch();
        assert_eq!(is_behind.try_get().unwrap(), 1);
        value.set(2);
        value.set(3);
        assert_eq!(has_seen_all.try_get().unwrap(), 3);
        let mut has_seen_none = value.watch();
        let reader = value.reader();
        let _left = end(value);

        assert_closed(&mut has_seen_all);
        let mut copy = is_behind.clone();
        for watcher in [&mut is_behind, &mut has_seen_none, &mut reader.watch(), &mut copy] {
            assert!(watcher.has_changed());
            let gets: [Get; 4] = [
                |watcher| watcher.try_get().ok(),
                |watcher| get_now(Task::new().poll(watcher.get())),
                |watcher| get_now(Task::new().poll(watcher.get().filter(|n| *n > 0))),
                |watcher| get_now(Task::new().poll(watcher.get_ref())).map(|data| *data),
            ];
            for get in gets {
                let mut watcher = watcher.clone();
                assert_eq!(get(&mut watcher), Some(3));
                assert_closed(&mut watcher);
            }
        }
        assert_eq!(reader.load(), Some(3), "what was set last remains readable");
        assert_closed(&mut reader.watch_changes());
    }
}

/// There is nothing to give first.
pub fn c1_a_value_that_no_one_ever_set_goes_to_closed_directly() {
    for end in ENDS {
        let value = MemoryValue::new();
        let (mut before, mut waiting) = (value.watch(), value.watch());
        let task = Task::new();
        assert!(task.poll(waiting.get()).is_pending());
        let reader = value.reader();
        let _left = end(value);
        assert_eq!(task.wakes(), 1);
        for watcher in [&mut before, &mut waiting, &mut reader.watch()] {
            assert_closed(watcher);
        }
    }
}

/// Cleared is like never set.
pub fn c1_a_value_that_was_cleared_goes_to_closed_directly() {
    for end in ENDS {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch();
        value.clear();
        let _left = end(value);
        assert_closed(&mut watcher);
    }
}

/// A filter that rejects the last data has had it.
pub fn c1_a_filter_may_reject_the_last_data() {
    for end in ENDS {
        let value = MemoryValue::with_value(1);
        let mut watcher = value.watch();
        let _left = end(value);
        let polled = Task::new().poll(watcher.get().filter(|n| *n > 1));
        assert!(matches!(polled, Poll::Ready(Err(GetError::Closed))));
        assert_closed(&mut watcher);
    }
}

/// Tasks that wait in every form are woken by the end.
pub async fn c1_the_last_handle_dropped_ends_every_wait<R: Runtime>() {
    let value = MemoryValue::with_value(0);
    let (mut gets, mut filters, mut waits, mut refs) = (value.watch(), value.watch(), value.watch(), value.watch());
    let mut tasks: Vec<Pin<Box<dyn Future<Output = GetError>>>> = Vec::new();
    tasks.push(Box::pin(R::spawn(async move {
        loop {
            if let Err(error) = gets.get().await {
                break error;
            }
        }
    })));
    tasks.push(Box::pin(R::spawn(async move {
        loop {
            if let Err(error) = filters.get().filter(|n| n % 2 == 0).await {
                break error;
            }
        }
    })));
    tasks.push(Box::pin(R::spawn(async move {
        loop {
            if let Err(error) = refs.get_ref().await {
                break error;
            }
        }
    })));
    tasks.push(Box::pin(R::spawn(async move {
        waits.wait_for(|n| *n > 1000).await.map(|data| *data).expect_err("so much is never set")
    })));
    let handles: Vec<_> = (0..4).map(|_| value.clone()).collect();
    drop(value);
    for (n, handle) in handles.into_iter().enumerate() {
        R::yield_now().await;
        handle.set(n as u64);
    }
    for task in tasks {
        assert!(task.await.is_closed());
    }
}

/// What races with the end arrives, or was refused.
pub async fn c1_what_was_set_before_the_end_arrives<R: Runtime>() {
    for _ in 0..200 {
        let value = MemoryValue::new();
        let mut watcher = value.watch();
        let setters = [1, 2].map(|n| {
            let value = value.clone();
            R::spawn(async move { value.try_set(n).ok().map(|version| (version, n)) })
        });
        let closer = R::spawn(async move { value.close() });
        let watching = R::spawn(async move {
            let mut last = None;
            loop {
                match watcher.get().await {
                    Ok(item) => last = Some(item),
                    Err(error) => break (error.is_closed(), last),
                }
            }
        });
        closer.await;
        let mut accepted = Vec::new();
        for setter in setters {
            accepted.push(setter.await);
        }
        let newest = accepted.into_iter().flatten().max().map(|(_version, n)| n);
        assert_eq!(watching.await, (true, newest));
    }
}

/// Nothing changes, and the data comes back.
pub fn c2_set_after_close_changes_nothing_and_hands_the_data_back() {
    for used_before in [true, false] {
        let census = Census::new();
        let value = MemoryValue::new();
        if used_before {
            value.set(census.citizen(1));
        }
        let version = value.version();
        value.close();

        assert_eq!(value.try_set(census.citizen(2)).unwrap_err().into_inner().data(), 2);
        let conflict = value.compare_and_set(version, census.citizen(3)).unwrap_err();
        assert!(matches!(conflict, CasError::Closed(data) if data.data() == 3));
        assert_eq!(value.set(census.citizen(4)), version, "plain `set` drops it");
        assert!(value.replace(census.citizen(5)).is_none());
        assert!(!value.set_if_not_eq(census.citizen(6)));
        assert!(!value.update(|_| ()));
        value.clear();
        value.close();

        assert_eq!((value.version(), value.is_closed()), (version, true));
        assert_eq!(value.load().map(|data| data.data()), used_before.then_some(1));
        assert_eq!(census.alive(), u64::from(used_before));
        drop(value);
        census.assert_each_was_dropped_once();
    }
}

/// The first set is not lost on the watcher that comes later.
pub async fn c3_zero_watchers_is_not_closed<R: Runtime>() {
    let value = Arc::new(MemoryValue::new());
    drop(value.watch());
    assert_eq!(value.watcher_count(), 0);
    assert!(!value.is_closed());
    assert!(value.try_set(1).is_ok());
    value.unwatched().await;

    let producer = {
        let value = Arc::clone(&value);
        R::spawn(async move {
            value.watched().await;
            value.set(2);
            value.unwatched().await;
            value.try_set(3).is_ok()
        })
    };
    let mut watcher = value.watch();
    while watcher.get().await.unwrap() != 2 {}
    drop(watcher);
    assert!(producer.await);
    assert_eq!(value.load(), Some(3));
}

/// Producers that wait for watchers, or for their end, are woken by what they wait for, and leave nothing when they give up.
pub fn c3_producers_can_wait_for_watchers_and_give_up() {
    let value = MemoryValue::<u64>::new();
    let tasks: [Task; 10] = Default::default();
    let mut waiting: Vec<_> = tasks.iter().map(|_| Box::pin(value.watched())).collect();
    for (future, task) in waiting.iter_mut().zip(&tasks) {
        assert!(task.poll(future).is_pending());
    }
    // Half of them.
    waiting.truncate(5);
    let watcher = value.watch();
    assert_eq!(tasks.each_ref().map(Task::wakes), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    assert!(waiting.iter_mut().zip(&tasks).all(|(future, task)| task.poll(future).is_ready()));
    drop(waiting);
    assert!(tasks.iter().all(|task| task.stored_wakers() == 0));

    let (mut watched, mut unwatched) = (Box::pin(value.watched()), Box::pin(value.unwatched()));
    assert!(tasks[0].poll(&mut watched).is_ready() && tasks[1].poll(&mut unwatched).is_pending());
    let copy = watcher.clone();
    drop(watcher);
    assert_eq!(tasks[1].wakes(), 1, "someone still watches");
    drop(copy);
    assert_eq!(tasks[1].wakes(), 2);
    assert!(tasks[1].poll(&mut unwatched).is_ready());
}

/// A reader keeps no value open; a weak handle makes no closed one open.
pub fn c1_only_handles_that_can_set_keep_a_value_open() {
    let value = MemoryValue::with_value(1);
    let (reader, weak, watcher, copy) = (value.reader(), value.downgrade(), value.watch(), value.clone());
    drop(value);
    assert!(!reader.is_closed());
    let upgraded = weak.upgrade().expect("a handle is left");
    assert!(upgraded.same_value(&copy));
    drop(copy);
    assert!(!watcher.is_closed());
    drop(upgraded);
    assert!(watcher.is_closed() && reader.is_closed());
    assert!(weak.upgrade().is_none());
}
