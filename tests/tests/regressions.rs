//! What was wrong once. Each of these failed with the first event-core, which used an `event_listener::Event` for producers
//! that wait for watchers.

extern crate alloc;

use alloc::sync::Arc;
use core::task::Poll;
use core::time::Duration;
use std::panic::panic_any;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use event_core::MemoryValue;
use event_tests::allocator::{CountingAllocator, allocations_of};
use event_tests::by_hand::{Act, Task, panics};
use event_tests::census::Census;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// To count the first watcher in was to notify an `Event`, which allocates even if nobody listens.
#[test]
fn reserve_covers_the_first_watcher() {
    let value = MemoryValue::<u64>::new();
    value.reserve(1, 1);
    assert_eq!(allocations_of(|| value.watch()), 0);
}

/// A set that is half-way through waking holds on to the wakers of up to 64 watchers whom it will wake next. If they are
/// polled meanwhile with other wakers, all of them move, and `reserve` made room for four.
#[test]
fn reserve_covers_watchers_that_are_polled_with_another_waker_while_they_are_woken() {
    // With the four spare places that there were, these fill a group of 64.
    const WATCHERS: usize = 4 + 8 + 16 + 32 + 60;
    let value = MemoryValue::<u64>::new();
    value.reserve(WATCHERS, 1);
    let watchers: Arc<[_]> = (0..WATCHERS).map(|_| Mutex::new(value.watch())).collect();
    let (old, new) = ([(); WATCHERS].map(|()| Task::new()), [(); WATCHERS].map(|()| Task::new()));
    for (watcher, task) in watchers.iter().zip(&old) {
        assert!(task.poll(watcher.lock().unwrap().get()).is_pending());
    }
    let allocated = Arc::new(Mutex::new(0));
    let (all, sum) = (Arc::clone(&watchers), Arc::clone(&allocated));
    old[WATCHERS - 60].on(Act::Wake, move || {
        for (watcher, task) in all.iter().zip(&new).skip(WATCHERS - 60) {
            let mut watcher = watcher.lock().unwrap();
            watcher.mark_seen();
            *sum.lock().unwrap() += allocations_of(|| assert!(task.poll(watcher.get()).is_pending()));
        }
    });
    value.set(1);
    old.iter().for_each(Task::remove_hooks);
    assert_eq!(*allocated.lock().unwrap(), 0);
}

/// What the second of two wakers panicked with was forgotten, so as not to drop what might panic again.
#[test]
fn what_a_second_waker_panics_with_is_dropped() {
    let census = Census::new();
    let value = MemoryValue::<u64>::new();
    let (mut one, mut other) = (value.watch(), value.watch());
    let tasks = [Task::new(), Task::new()];
    for task in &tasks {
        let census = census.clone();
        task.on(Act::Wake, move || panic_any(census.citizen(1)));
    }
    assert!(tasks[0].poll(one.get()).is_pending() && tasks[1].poll(other.get()).is_pending());
    assert!(panics(|| value.set(1)));
    census.assert_each_was_dropped_once();
}

/// Fails if `f` does not come to its end.
#[track_caller]
fn assert_does_not_hang(f: impl FnOnce() + Send + 'static) {
    let (ended, end) = channel();
    let thread = std::thread::spawn(move || {
        f();
        let _ = ended.send(());
    });
    // Nothing here takes a millisecond; the rest is for machines that are busy.
    assert!(end.recv_timeout(Duration::from_secs(180)).is_ok(), "it hangs, or it panics");
    thread.join().unwrap();
}

/// A waker that watches the value which has just woken it: the producers' wakers were called with a lock held.
#[test]
fn who_is_woken_by_the_last_watchers_drop_may_watch_at_once() {
    assert_does_not_hang(|| {
        let value = MemoryValue::<u64>::new();
        let watcher = value.watch();
        let task = Task::new();
        let mut unwatched = core::pin::pin!(value.unwatched());
        assert!(task.poll(unwatched.as_mut()).is_pending());
        let same = value.clone();
        task.on(Act::Wake, move || drop(same.watch()));
        drop(watcher);
        task.remove_hooks();
        assert_eq!(task.poll(unwatched), Poll::Ready(()));
    });
}

/// The same for an executor that polls in `wake`: the future that is ready gave its listener up, which locked.
#[test]
fn who_waits_for_watchers_may_be_polled_by_its_waker() {
    assert_does_not_hang(|| {
        let value = Arc::new(MemoryValue::<u64>::new());
        let task = Task::new();
        let waiting = {
            let value = Arc::clone(&value);
            Arc::new(Mutex::new(Some(Box::pin(async move { value.watched().await }))))
        };
        assert!(task.poll(waiting.lock().unwrap().as_mut().unwrap().as_mut()).is_pending());
        let same = Arc::clone(&waiting);
        task.on(Act::Wake, move || {
            if Task::new().poll(same.lock().unwrap().as_mut().unwrap().as_mut()).is_ready() {
                same.lock().unwrap().take();
            }
        });
        let _watcher = value.watch();
        task.remove_hooks();
        assert!(waiting.lock().unwrap().is_none());
    });
}

/// P1, for producers: one whose waker panics, another one who waits behind it.
#[test]
fn a_producers_waker_that_panics_keeps_no_other_producer_from_being_woken() {
    let value = MemoryValue::<u64>::new();
    let tasks = [Task::new(), Task::new()];
    let (mut one, mut other) = (Box::pin(value.watched()), Box::pin(value.watched()));
    assert!(tasks[0].poll(one.as_mut()).is_pending() && tasks[1].poll(other.as_mut()).is_pending());
    tasks[0].panic_in(Act::Wake);
    let mut watcher = None;
    let panicked = panics(|| watcher = Some(value.watch()));
    assert_eq!((panicked, tasks[0].wakes(), tasks[1].wakes()), (true, 1, 1));
}

/// P1, for producers: what the panic leaves behind is in order.
#[test]
fn a_producers_waker_that_panics_leaves_the_value_usable() {
    let value = MemoryValue::<u64>::new();
    let task = Task::new();
    {
        let mut watched = Box::pin(value.watched());
        assert!(task.poll(watched.as_mut()).is_pending());
        task.panic_in(Act::Wake);
        assert!(panics(|| value.watch()));
        assert_eq!(value.watcher_count(), 0, "the watch that panicked has given no watcher");
    }
    let mut watched = Box::pin(value.watched());
    assert!(task.poll(watched.as_mut()).is_pending());
    let wakes = task.wakes();
    let watcher = value.watch();
    assert_eq!(task.wakes(), wakes + 1);
    assert_eq!((task.poll(watched), value.watcher_count()), (Poll::Ready(()), 1));
    drop(watcher);
}
