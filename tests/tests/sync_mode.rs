//! Sync mode: sets that wait until all watchers have seen them.

extern crate alloc;

use alloc::sync::Arc;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

use event_core::{MemoryValue, MemoryWatcher, SetError, SetSync, SetSyncError, Watcher};
use event_tests::by_hand::{Act, Task, panics};
use event_tests::watchdog::Watchdog;

const LIMIT: Duration = Duration::from_secs(180);

fn poll<T>(task: &Task, set: &mut SetSync<'_, T>) -> Poll<Result<u64, SetError<T>>> {
    task.poll(Pin::new(set)).map_ok(event_core::Version::as_u64)
}

#[test]
fn every_watcher_sees_every_value_of_three_producers_in_the_same_order() {
    // A busy scheduler can make any number of sets take any time: this ends by the time as well.
    const SETS: u64 = 100_000;
    const TIME: Duration = Duration::from_secs(6);
    const PRODUCERS: u64 = 3;
    let _watchdog = Watchdog::start("every_watcher_sees_every_value", LIMIT);
    let value = MemoryValue::new();
    let begin = Instant::now();
    let consumers: Vec<_> = (0..8_u64)
        .map(|pace| {
            let mut watcher = value.watch();
            thread::spawn(move || {
                let mut log = Vec::new();
                while let Ok(item) = watcher.blocking_get() {
                    assert_eq!(watcher.missed(), 0);
                    log.push(item);
                    // Of different speed: some yield now and then, one sleeps.
                    if pace > 4 && item % (pace * 7) == 0 {
                        thread::yield_now();
                    }
                    if pace == 7 && item % 10_000 == 0 {
                        thread::sleep(Duration::from_millis(1));
                    }
                }
                log
            })
        })
        .collect();
    let last: Vec<u64> = thread::scope(|scope| {
        let produce = |producer| {
            let value = &value;
            move || {
                let numbers = (producer..SETS).step_by(PRODUCERS as usize);
                let in_time = numbers.take_while(|&n| n == producer || begin.elapsed() < TIME);
                in_time.inspect(|&n| assert!(value.blocking_set_sync(n).is_ok())).last().expect("it sets at least once")
            }
        };
        let producers: Vec<_> = (0..PRODUCERS).map(|producer| scope.spawn(produce(producer))).collect();
        producers.into_iter().map(|producer| producer.join().unwrap()).collect()
    });
    drop(value);
    let mut logs: Vec<Vec<u64>> = consumers.into_iter().map(|consumer| consumer.join().unwrap()).collect();
    let first = logs.pop().unwrap();
    assert!(logs.iter().all(|log| *log == first), "the orders differ");
    for (producer, last) in (0..PRODUCERS).zip(last) {
        let own = first.iter().copied().filter(|n| n % PRODUCERS == producer);
        let sets = (producer..=last).step_by(PRODUCERS as usize);
        assert!(own.eq(sets), "each value of a producer once, and in its order");
    }
}

#[test]
fn without_watchers_it_is_a_set() {
    let value = MemoryValue::new();
    let task = Task::new();
    assert!(matches!(poll(&task, &mut value.set_sync(1)), Poll::Ready(Ok(1))));
    assert_eq!(value.load(), Some(1));
    assert_eq!(value.blocking_set_sync(2).unwrap().as_u64(), 2);
}

#[test]
fn it_is_served_in_order_of_arrival() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let tasks: Vec<_> = (0..3).map(|_| Task::new()).collect();
    let mut sets: Vec<_> = (0..3).map(|n| value.set_sync(n)).collect();
    // The second one is the first to arrive.
    for arrival in [1, 2, 0] {
        assert!(poll(&tasks[arrival], &mut sets[arrival]).is_pending());
    }
    for served in [1, 2, 0] {
        assert_eq!(sets[served].missing(), Some(1));
        let wakes = tasks[served].wakes();
        assert_eq!(watcher.try_get().unwrap(), served);
        assert_eq!(tasks[served].wakes(), wakes + 1, "told that it was seen");
        assert!(poll(&tasks[served], &mut sets[served]).is_ready());
        for next in 0..3 {
            if next != served && sets[next].missing() != Some(0) {
                let _ = poll(&tasks[next], &mut sets[next]);
            }
        }
    }
    assert!(watcher.try_get().unwrap_err().is_backlog_done());
}

#[test]
fn dropped_before_it_has_published_nothing_is_set() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    drop(value.set_sync(0));
    let (first_task, second_task, third_task) = (Task::new(), Task::new(), Task::new());
    let (mut first, mut second, mut third) = (value.set_sync(1), value.set_sync(2), value.set_sync(3));
    assert!(poll(&first_task, &mut first).is_pending());
    assert!(poll(&second_task, &mut second).is_pending());
    assert!(poll(&third_task, &mut third).is_pending());
    drop(second);
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert!(poll(&first_task, &mut first).is_ready());
    assert!(third_task.wakes() > 0, "it is the next one's turn");
    assert!(poll(&third_task, &mut third).is_pending());
    assert_eq!(watcher.try_get().unwrap(), 3);
    assert!(poll(&third_task, &mut third).is_ready());
}

#[test]
fn dropped_after_it_has_published_it_is_set_and_the_next_one_has_its_turn() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let (first_task, second_task) = (Task::new(), Task::new());
    let (mut first, mut second) = (value.set_sync(1), value.set_sync(2));
    assert!(poll(&first_task, &mut first).is_pending());
    assert!(poll(&second_task, &mut second).is_pending());
    drop(first);
    assert_eq!(value.load(), Some(1));
    assert_eq!(second_task.wakes(), 1);
    assert!(poll(&second_task, &mut second).is_pending());
    assert_eq!(watcher.try_get().unwrap(), 2);
    assert!(poll(&second_task, &mut second).is_ready());
}

#[test]
fn a_watcher_that_goes_or_was_made_later_is_not_waited_for() {
    let value = MemoryValue::new();
    let (gone, mut stays) = (value.watch(), value.watch());
    let task = Task::new();
    let mut set = value.set_sync(1);
    assert!(poll(&task, &mut set).is_pending());
    let (_late, _clone) = (value.watch(), stays.clone());
    assert_eq!(set.missing(), Some(2));
    drop(gone);
    assert_eq!(set.missing(), Some(1));
    assert_eq!(stays.try_get().unwrap(), 1);
    assert!(task.wakes() > 0);
    assert!(poll(&task, &mut set).is_ready());
    // But from here on they are.
    let mut set = value.set_sync(2);
    assert!(poll(&task, &mut set).is_pending());
    assert_eq!(set.missing(), Some(3));
}

type Look = fn(&mut MemoryWatcher<u32>);

#[test]
fn what_a_filter_rejected_and_what_was_marked_counts_as_seen() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let ways: [(&str, Look); 9] = [
        ("rejected", |watcher| {
            let task = Task::new();
            assert!(task.poll(watcher.get().filter(|_| false)).is_pending());
        }),
        ("rejected in the backlog", |watcher| {
            let task = Task::new();
            assert!(task.poll(watcher.get().filter(|_| false).backlog_only()).is_ready());
        }),
        ("borrowed", |watcher| assert!(Task::new().poll(watcher.get_ref()).is_ready())),
        ("waited for", |watcher| assert!(Task::new().poll(watcher.wait_for(|_| true)).is_ready())),
        ("waited for in vain", |watcher| assert!(Task::new().poll(watcher.wait_for(|_| false)).is_pending())),
        ("marked", MemoryWatcher::mark_seen),
        ("read and marked", |watcher| assert!(watcher.borrow_and_update().is_some())),
        ("changed", |watcher| assert!(Task::new().poll(watcher.changed()).is_ready())),
        ("borrowed without waiting", |watcher| assert!(watcher.try_get_ref().is_ok())),
    ];
    for (how, look) in ways {
        let task = Task::new();
        let mut set = value.set_sync(1);
        assert!(poll(&task, &mut set).is_pending(), "{how}");
        drop(watcher.borrow());
        let _ = watcher.has_changed();
        assert_eq!(set.missing(), Some(1), "{how}");
        look(&mut watcher);
        assert!(poll(&task, &mut set).is_ready(), "{how}");
    }
}

#[test]
fn something_newer_counts_as_well() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let task = Task::new();
    let mut set = value.set_sync(1);
    assert!(poll(&task, &mut set).is_pending());
    value.set(2);
    value.update(|n| *n += 1);
    assert!(poll(&task, &mut set).is_pending());
    assert_eq!(watcher.try_get().unwrap(), 3);
    assert!(poll(&task, &mut set).is_ready());
}

#[test]
fn a_compare_and_set_is_not_disturbed() {
    let value = MemoryValue::with_value(0);
    let _watcher = value.watch();
    let task = Task::new();
    let mut set = value.set_sync(1);
    assert!(poll(&task, &mut set).is_pending());
    let seen = value.version();
    drop(set);
    assert!(value.compare_and_set(seen, 2).is_ok());
    assert!(matches!(value.compare_and_set(seen, 3), Err(event_core::CasError::Conflict(3))));
}

#[test]
fn a_closed_value_hands_the_data_back() {
    let value = MemoryValue::with_value(0);
    value.close();
    assert!(matches!(value.blocking_set_sync(1), Err(SetError::Closed(1))));
    assert_eq!(value.load(), Some(0));
    // Closed while it stands in line, and while it waits.
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let (first_task, second_task) = (Task::new(), Task::new());
    let (mut first, mut second) = (value.set_sync(1), value.set_sync(2));
    assert!(poll(&first_task, &mut first).is_pending());
    assert!(poll(&second_task, &mut second).is_pending());
    value.close();
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert!(matches!(poll(&first_task, &mut first), Poll::Ready(Ok(_))));
    assert!(matches!(poll(&second_task, &mut second), Poll::Ready(Err(SetError::Closed(2)))));
    assert!(watcher.try_get().unwrap_err().is_closed());
}

#[test]
fn the_error_of_a_timeout_names_how_many_are_missing() {
    let value = MemoryValue::new();
    let (_idle, mut prompt, _other) = (value.watch(), value.watch(), value.watch());
    let late = value.blocking_set_sync_timeout(1, Duration::from_millis(1)).unwrap_err();
    assert!(matches!(late, SetSyncError::NotSeen { missing: 3, .. }), "{late:?}");
    assert_eq!(late.to_string(), "the value is set, and 3 watchers have not seen it in time");
    assert_eq!(prompt.try_get().unwrap(), 1);
    let late = value.blocking_set_sync_timeout(2, Duration::ZERO).unwrap_err();
    assert!(matches!(late, SetSyncError::NotSeen { missing: 3, .. }), "{late:?}");

    // In line behind one that waits.
    let task = Task::new();
    let mut first = value.set_sync(3);
    assert!(poll(&task, &mut first).is_pending());
    let late = value.blocking_set_sync_timeout(4, Duration::from_millis(1)).unwrap_err();
    assert!(matches!(late, SetSyncError::NotPublished(4)), "{late:?}");
    let mut cx = Context::from_waker(Waker::noop());
    let cancelled = pin!(value.set_sync(5).until(async {})).poll(&mut cx);
    assert!(matches!(cancelled, Poll::Ready(Err(SetSyncError::NotPublished(5)))));
    drop(first);
    assert_eq!(value.load(), Some(3));
}

#[test]
fn in_time_a_timeout_changes_nothing() {
    let _watchdog = Watchdog::start("in_time_a_timeout_changes_nothing", LIMIT);
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let looking = thread::spawn(move || watcher.blocking_get());
    assert_eq!(value.blocking_set_sync_timeout(7, Duration::from_secs(3600)).unwrap().as_u64(), 1);
    assert_eq!(looking.join().unwrap().unwrap(), 7);
    assert_eq!(value.blocking_set_sync_timeout(8, Duration::MAX).unwrap().as_u64(), 2);
}

/// Boxed watchers, and those of derived values, are watchers like any other.
#[test]
fn a_combinator_sees_for_the_watcher_inside() {
    use event_core::prelude::*;
    let value = MemoryValue::new();
    let mut tens = value.watch().filter(|n| n % 10 == 0).map(|n| n / 10).boxed();
    let task = Task::new();
    let mut set = value.set_sync(7);
    assert!(poll(&task, &mut set).is_pending());
    assert!(task.poll(tens.get()).is_pending());
    assert!(poll(&task, &mut set).is_ready());
}

#[test]
fn a_set_from_within_a_waker_is_not_deadlocked_by_its_own_line() {
    let _watchdog = Watchdog::start("a_set_from_within_a_waker", LIMIT);
    let value = Arc::new(MemoryValue::new());
    let mut watcher = value.watch();
    let task = Task::new();
    assert!(task.poll(watcher.get()).is_pending());
    let (tell, told) = channel();
    task.on(Act::Wake, {
        let value = Arc::clone(&value);
        move || tell.send(value.blocking_set_sync_timeout(2, Duration::ZERO).is_err()).unwrap()
    });
    let setter = Task::new();
    let mut set = value.set_sync(1);
    assert!(poll(&setter, &mut set).is_pending());
    assert!(told.recv().unwrap(), "it was not its turn");
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert!(poll(&setter, &mut set).is_ready());
    task.remove_hooks();
}

/// A value in sync mode, with watchers of all kinds coming and going on other threads, is set to the end.
#[test]
fn watchers_that_come_and_go_hang_nothing() {
    const SETS: u32 = 3_000;
    let _watchdog = Watchdog::start("watchers_that_come_and_go_hang_nothing", LIMIT);
    let value = MemoryValue::<u32>::new();
    let restless: Vec<_> = (0..3)
        .map(|_| {
            let reader = value.reader();
            thread::spawn(move || {
                while !reader.is_closed() {
                    let mut watcher = reader.watch();
                    let _idle = watcher.clone();
                    let mut cx = Context::from_waker(Waker::noop());
                    for _ in 0..3 {
                        let _ = watcher.poll_get(&mut cx);
                    }
                    drop(watcher.blocking_get_timeout(Duration::from_micros(50)));
                }
            })
        })
        .collect();
    for n in 0..SETS {
        value.blocking_set_sync(n).unwrap();
    }
    drop(value);
    restless.into_iter().for_each(|thread| thread.join().unwrap());
}

/// A debt once stayed with the slot of the waker list: a watcher that moved into the slot of one that was being dropped took
/// it over, and nobody paid it.
#[test]
fn a_watcher_that_moves_into_the_slot_of_a_dropped_one_keeps_no_set_sync_waiting() {
    let value = MemoryValue::new();
    let (moves, dropped) = (Arc::new(Mutex::new(value.watch())), Mutex::new(Some(value.watch())));
    let (first_task, second_task, dropped_task) = (Task::new(), Task::new(), Task::new());
    assert!(dropped_task.poll(dropped.lock().unwrap().as_mut().unwrap().get()).is_pending());
    value.set(1);
    assert_eq!(moves.lock().unwrap().try_get().unwrap(), 1);
    assert!(first_task.poll(moves.lock().unwrap().get()).is_pending());
    dropped_task.on(Act::Drop, {
        let (moves, second_task) = (Arc::clone(&moves), second_task.clone());
        // Its first task is being woken, so it moves.
        move || assert!(second_task.poll(moves.lock().unwrap().get()).is_pending())
    });
    first_task.on(Act::Wake, {
        let moves = Arc::clone(&moves);
        move || {
            assert_eq!(moves.lock().unwrap().try_get().unwrap(), 2);
            drop(dropped.lock().unwrap().take());
        }
    });
    let setter = Task::new();
    let mut set = value.set_sync(2);
    assert!(poll(&setter, &mut set).is_ready(), "{:?} missing", set.missing());
    first_task.remove_hooks();
    dropped_task.remove_hooks();
    assert!(second_task.stored_wakers() > 0, "it has moved, and waits");
}

/// Once, the next one in line had its turn only when the one before was polled again.
#[test]
fn a_set_sync_that_was_seen_and_is_forgotten_keeps_no_other_waiting() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let (first_task, second_task) = (Task::new(), Task::new());
    let (mut first, mut second) = (value.set_sync(1), value.set_sync(2));
    assert!(poll(&first_task, &mut first).is_pending());
    assert!(poll(&second_task, &mut second).is_pending());
    core::mem::forget(first);
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert_eq!((first_task.wakes(), second_task.wakes()), (1, 1));
    assert!(poll(&second_task, &mut second).is_pending());
    assert_eq!(watcher.try_get().unwrap(), 2);
    assert!(poll(&second_task, &mut second).is_ready());
}

/// P1: the waker of one whose wait is over panics, and the next one has its turn all the same.
#[test]
fn a_waker_that_panics_when_all_have_seen_keeps_no_other_set_sync_waiting() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let (first_task, second_task) = (Task::new(), Task::new());
    let (mut first, mut second) = (value.set_sync(1), value.set_sync(2));
    assert!(poll(&first_task, &mut first).is_pending());
    assert!(poll(&second_task, &mut second).is_pending());
    first_task.panic_in(Act::Wake);
    assert!(panics(|| watcher.try_get()));
    assert_eq!(second_task.wakes(), 1);
    assert!(poll(&second_task, &mut second).is_pending());
    assert!(poll(&first_task, &mut first).is_ready());
}

/// Many stand in line, and each is served.
#[test]
fn a_long_line_is_served_in_order() {
    const SETS: u32 = 20;
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let task = Task::new();
    let mut sets: Vec<_> = (0..SETS).map(|n| value.set_sync(n)).collect();
    assert!(sets.iter_mut().all(|set| poll(&task, set).is_pending()));
    for (n, set) in (0..).zip(&mut sets) {
        let _ = poll(&task, set);
        assert_eq!(watcher.try_get().unwrap(), n);
        assert!(poll(&task, set).is_ready());
    }
}

/// Between its look and its move, while it is woken, a `set_sync` publishes: what it owes goes along.
#[test]
fn a_watcher_that_moves_takes_along_what_it_owes() {
    static VALUE: MemoryValue<u64> = MemoryValue::new();
    let (old, new, setter) = (Task::new(), Task::new(), Task::new());
    let watcher = Arc::new(Mutex::new(VALUE.watch()));
    let set: Arc<Mutex<Option<SetSync<'static, u64>>>> = Arc::default();
    assert!(old.poll(watcher.lock().unwrap().get()).is_pending());

    let (ours, by) = (Arc::clone(&set), setter.clone());
    new.on(Act::Clone, move || {
        let mut set = ours.lock().unwrap();
        if set.is_none() {
            assert!(poll(&by, set.insert(VALUE.set_sync(2))).is_pending());
        }
    });
    let (polled, by) = (Arc::clone(&watcher), new.clone());
    let (owed, asking) = (Arc::clone(&set), setter.clone());
    old.on(Act::Wake, move || {
        let mut watcher = polled.lock().unwrap();
        watcher.mark_seen();
        // It cannot change the waker that is being called, so it moves. Then it finds what was published meanwhile.
        let mut asked = false;
        let found = by.poll(watcher.wait_for(|&n| {
            // When it has moved, and is about to see this.
            asked = n == 2 && poll(&asking, owed.lock().unwrap().as_mut().unwrap()).is_pending();
            n == 2
        }));
        assert!(matches!(found, Poll::Ready(Ok(found)) if *found == 2));
        assert!(asked, "nobody has seen it before");
    });
    VALUE.set(1);
    old.remove_hooks();
    new.remove_hooks();
    let mut set = set.lock().unwrap();
    let set = set.as_mut().expect("it was made by the waker");
    assert!(poll(&setter, set).is_ready(), "{set:?}, and its only watcher has seen it");
}

/// What one has paid leaves the debts of the others alone, and those who owe nothing without any.
#[test]
fn a_watcher_that_came_later_pays_for_nobody() {
    let (value, task) = (MemoryValue::new(), Task::new());
    let (mut quick, mut slow) = (value.watch(), value.watch());
    let mut set = value.set_sync(1);
    assert!(poll(&task, &mut set).is_pending());
    assert_eq!((quick.try_get().unwrap(), set.missing()), (1, Some(1)));
    let mut late = value.watch();
    assert_eq!((late.try_get().unwrap(), set.missing()), (1, Some(1)));
    drop((quick, late));
    assert!(poll(&task, &mut set).is_pending(), "one has not seen it");
    assert_eq!(slow.try_get().unwrap(), 1);
    assert!(poll(&task, &mut set).is_ready());
}

/// Watchers that come, go and look between two turns end none of them.
#[test]
fn what_watchers_do_between_two_turns_counts_for_neither() {
    let (value, first_task, second_task) = (MemoryValue::new(), Task::new(), Task::new());
    let mut watcher = value.watch();
    let (mut first, mut second) = (value.set_sync(1), value.set_sync(2));
    assert!(poll(&first_task, &mut first).is_pending() && poll(&second_task, &mut second).is_pending());
    assert_eq!(watcher.try_get().unwrap(), 1);
    drop(value.watch());
    drop(watcher.clone());
    assert!(watcher.try_get().is_err());
    assert!(poll(&first_task, &mut first).is_ready());
    assert!(poll(&second_task, &mut second).is_pending());
    assert_eq!((watcher.try_get().unwrap(), second.missing()), (2, Some(0)));
    assert!(poll(&second_task, &mut second).is_ready());
}

/// The slot of the waker list remembers that its owner has left, until it has another one.
#[test]
fn a_watcher_in_the_slot_of_one_that_has_gone_is_waited_for() {
    let (value, task) = (MemoryValue::new(), Task::new());
    for number in 0..10 {
        let mut watcher = value.watch();
        let mut set = value.set_sync(number);
        assert!(poll(&task, &mut set).is_pending(), "its watcher has not seen it");
        assert_eq!(watcher.try_get().unwrap(), number);
        assert!(poll(&task, &mut set).is_ready());
        // Now and then it leaves while it waits.
        if number % 2 == 0 {
            assert!(task.poll(watcher.get()).is_pending());
        }
    }
}

/// What is forgotten in line goes with the value.
#[test]
fn set_syncs_that_are_forgotten_leave_nothing_when_the_value_goes() {
    let tasks = [Task::new(), Task::new(), Task::new()];
    let value = MemoryValue::new();
    let watcher = value.watch();
    for task in &tasks {
        let mut set = value.set_sync(1);
        assert!(poll(task, &mut set).is_pending());
        core::mem::forget(set);
    }
    drop((watcher, value));
    assert_eq!(tasks.map(|task| task.stored_wakers()), [0, 0, 0]);
}
