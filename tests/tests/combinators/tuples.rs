//! Tuples of every length, the last to go, what is kept open, and what is looked at in place.

use core::task::Poll;

use event_core::prelude::*;
use event_core::{MemoryReader, MemoryValue, MemoryWatcher, combine, select, watch_fn};
use event_tests::by_hand::Task;
use event_tests::census::Census;

/// For a tuple of that many: every part is heard, and the end comes with the last one.
macro_rules! every_length {
    ($($name:ident: $($n:literal)+;)+) => { $(
        #[test]
        fn $name() {
            let count = [$($n),+].len();
            let task = Task::new();
            let values: Vec<MemoryValue<usize>> = (0..count).map(|_| MemoryValue::new()).collect();
            let mut all = combine(($(values[$n].watch(),)+));
            let mut any = select(($(values[$n].watch(),)+));

            for n in 0..count {
                assert!(task.poll(all.get()).is_pending(), "some have no data");
                assert!(task.poll(any.get()).is_pending());
                let wakes = task.wakes();
                values[n].set(n);
                assert!(task.wakes() > wakes, "part {n}");
                assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n));
            }
            assert!(matches!(task.poll(all.get()), Poll::Ready(Ok(given)) if given == ($($n,)+)));
            for n in 0..count {
                assert!(task.poll(all.get()).is_pending() && task.poll(any.get()).is_pending());
                let wakes = task.wakes();
                values[n].set(n + 100);
                assert_eq!(task.wakes(), wakes + 2, "both wait for part {n}");
                assert!(matches!(task.poll(any.get()), Poll::Ready(Ok(given)) if given == n + 100));
                let expected = ($(if $n == n { n + 100 } else { $n },)+);
                assert!(matches!(task.poll(all.get()), Poll::Ready(Ok(given)) if given == expected));
                values[n].set(n);
                assert!(task.poll(all.get()).is_ready() && task.poll(any.get()).is_ready());
            }
            for value in values {
                assert!(task.poll(all.get()).is_pending() && task.poll(any.get()).is_pending());
                value.close();
            }
            let closed = [task.poll(all.get()).map_ok(drop), task.poll(any.get()).map_ok(drop)];
            assert!(closed.iter().all(|poll| matches!(poll, Poll::Ready(Err(error)) if error.is_closed())));
        }
    )+ };
}

every_length! {
    two_are_all_heard: 0 1;
    three_are_all_heard: 0 1 2;
    four_are_all_heard: 0 1 2 3;
    five_are_all_heard: 0 1 2 3 4;
    six_are_all_heard: 0 1 2 3 4 5;
    seven_are_all_heard: 0 1 2 3 4 5 6;
    eight_are_all_heard: 0 1 2 3 4 5 6 7;
}

fn try_get<W: Watcher>(watcher: &mut W) -> Option<W::Item> {
    match Task::new().poll(watcher.get().backlog_only()) {
        Poll::Ready(given) => given.ok(),
        Poll::Pending => panic!("a backlog does not wait"),
    }
}

fn is_closed<W: Watcher>(watcher: &mut W) -> bool {
    matches!(Task::new().poll(watcher.get()), Poll::Ready(Err(error)) if error.is_closed())
}

#[test]
fn a_combined_watcher_is_closed_as_soon_as_a_part_without_data_is() {
    let (one, other) = (MemoryValue::with_value(1), MemoryValue::<u64>::new());
    let mut both = combine((one.watch(), other.watch()));
    assert_eq!(try_get(&mut both), None);
    drop(other);
    assert!(is_closed(&mut both));
    assert_eq!(one.watcher_count(), 0, "the other one is let go");
    one.set(2);
    assert!(is_closed(&mut both), "from then on");
}

#[test]
fn a_combined_watcher_goes_on_when_a_part_with_data_is_closed() {
    let (one, other) = (MemoryValue::with_value(1), MemoryValue::with_value(2));
    let mut both = combine((one.watch(), other.watch()));
    drop(one);
    assert_eq!(try_get(&mut both), Some((1, 2)));
    other.set(3);
    assert_eq!(try_get(&mut both), Some((1, 3)));
    drop(other);
    assert!(is_closed(&mut both));
}

#[test]
fn a_combined_watcher_gives_the_last_data_of_all_before_the_end() {
    let (one, other) = (MemoryValue::with_value(1), MemoryValue::with_value(2));
    let mut both = combine((one.watch(), other.watch()));
    drop((one, other));
    assert_eq!(try_get(&mut both), Some((1, 2)));
    assert!(is_closed(&mut both));
}

/// Or it would hold up who waits until all have seen what it sets.
#[test]
fn a_combined_watcher_keeps_up_with_one_value_while_another_has_no_data() {
    let (task, producer) = (Task::new(), Task::new());
    let (one, other) = (MemoryValue::new(), MemoryValue::<u64>::new());
    let mut both = combine((one.watch(), other.watch()));
    assert!(task.poll(both.get()).is_pending());
    for n in 1..4 {
        let mut set = one.set_sync(n);
        assert!(producer.poll(&mut set).is_pending());
        assert_eq!(task.wakes(), n);
        assert!(task.poll(both.get()).is_pending());
        assert!(producer.poll(&mut set).is_ready());
    }
}

#[test]
fn what_a_switch_returns_is_dropped_once_it_is_watched() {
    let outer = MemoryValue::with_value(1);
    let mut watcher = outer.watch().switch_map(MemoryValue::with_value);
    assert_eq!(try_get(&mut watcher), Some(1), "the last data of a value that nobody can set any more");
    assert_eq!(try_get(&mut watcher), None);
    outer.set(2);
    assert_eq!(try_get(&mut watcher), Some(2));
    drop(outer);
    assert!(is_closed(&mut watcher));
}

#[test]
fn a_switch_outlives_the_value_that_leads_there() {
    let inner = MemoryValue::with_value(1);
    let outer = MemoryValue::with_value(inner.reader());
    let mut watcher = outer.watch().switch_map(|inner| inner);
    drop(outer);
    assert_eq!(try_get(&mut watcher), Some(1));
    inner.set(2);
    assert_eq!(try_get(&mut watcher), Some(2));
    drop(inner);
    assert!(is_closed(&mut watcher));
}

#[test]
fn a_switch_watches_one_value_at_a_time() {
    let inner = [MemoryValue::<u64>::new(), MemoryValue::new()];
    let outer = MemoryValue::with_value(0);
    let readers: [MemoryReader<u64>; 2] = inner.each_ref().map(MemoryValue::reader);
    let mut watcher = outer.watch().switch_map(|n: usize| readers[n % 2].clone());
    for n in 0..10 {
        outer.set(n);
        assert_eq!(try_get(&mut watcher), None);
        assert_eq!((inner[n % 2].watcher_count(), inner[(n + 1) % 2].watcher_count()), (1, 0));
    }
}

#[test]
fn a_closure_can_be_watched_again_and_again() {
    let value = MemoryValue::with_value(1);
    let (one, other) = (value.reader(), value.reader());
    let both = watch_fn(move || combine((one.watch(), other.watch())).map(|(a, b)| a + b));
    let copy = both.clone();
    let (mut first, mut second) = (both.watch(), copy.watch());
    assert_eq!((try_get(&mut first), try_get(&mut second)), (Some(2), Some(2)));
    value.set(2);
    assert_eq!((try_get(&mut first), try_get(&mut both.watch())), (Some(4), Some(4)));
    drop(value);
    assert!(is_closed(&mut first));
    assert_eq!(try_get(&mut second), Some(4));
}

#[test]
fn what_is_rejected_on_any_level_is_never_cloned() {
    let census = Census::new();
    let value = MemoryValue::new();
    let watch = || value.watch();
    let even =
        |watcher: MemoryWatcher<_>| watcher.filter(|citizen: &event_tests::census::Citizen| citizen.data() % 2 == 0);
    let mut watcher =
        select((even(watch()).inspect(drop_nothing), even(watch()).dedup_by_key(|citizen| citizen.data() / 4)));
    for n in 0..40 {
        value.set(census.citizen(2 * n + 1));
        assert!(Task::new().poll(watcher.get()).is_pending());
    }
    assert_eq!(census.made(), 40, "odd ones were cloned");
    value.set(census.citizen(2));
    let rejected = Task::new().poll(watcher.get().filter(|citizen| citizen.data() > 2));
    assert!(rejected.is_pending());
    assert_eq!(census.made(), 41);
    value.set(census.citizen(4));
    assert!(Task::new().poll(watcher.get()).is_ready());
    assert_eq!(census.made(), 43, "the one that is given");
}

fn drop_nothing<T>(_: &T) {}

#[test]
fn a_driver_that_is_dropped_closes_the_value() {
    let value = MemoryValue::with_value(1);
    let (shared, driver) = value.watch().share();
    let mut watcher = shared.watch();
    drop(driver);
    assert!(is_closed(&mut watcher));
    assert_eq!(value.watcher_count(), 0);
}

#[test]
fn a_driver_ends_as_soon_as_somebody_else_has_closed_the_value() {
    let task = Task::new();
    let value = MemoryValue::with_value(1);
    let (shared, mut driver) = value.watch().share();
    assert!(task.poll(&mut driver).is_pending());
    let wakes = task.wakes();
    shared.close();
    assert!(task.wakes() > wakes, "the driver is told");
    assert!(matches!(task.poll(&mut driver), Poll::Ready(Ok(()))));
    assert_eq!((shared.load(), value.watcher_count()), (Some(1), 1));
    drop(driver);
    assert_eq!((value.watcher_count(), task.stored_wakers()), (0, 0));
}

/// In every order in which they can go.
#[test]
fn a_driver_ends_as_soon_as_the_last_one_who_could_watch_has_gone() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let task = Task::new();
        let value = MemoryValue::with_value(1);
        let (shared, mut driver) = value.watch().share();
        let weak = shared.downgrade();
        let (mut reader, mut watcher) = (Some(shared.reader()), Some(shared.watch()));
        let mut shared = Some(shared);
        let mut wakes = 0;
        for kind in order {
            assert!(task.poll(&mut driver).is_pending(), "{order:?}");
            wakes = task.wakes();
            match kind {
                0 => drop(shared.take()),
                1 => drop(reader.take()),
                _ => drop(watcher.take()),
            }
        }
        assert!(task.wakes() > wakes, "{order:?}: the driver is told");
        assert!(matches!(task.poll(&mut driver), Poll::Ready(Ok(()))));
        assert!(weak.upgrade().is_some_and(|late| late.is_closed()), "who comes too late is told so");
        drop(driver);
        assert_eq!((value.watcher_count(), task.stored_wakers()), (0, 0));
    }
}
