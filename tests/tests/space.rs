//! Values in a `Space`: nothing is allocated, and a full space is an error that loses nothing.

use core::panic::AssertUnwindSafe;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::panic::catch_unwind;
use std::thread;

use event_core::prelude::*;
use event_core::{Full, MemoryValue, MemoryWatcher, SetError, Space, StateValue};
use event_tests::allocator::{CountingAllocator, allocations_of, live_bytes};
use event_tests::by_hand::Task;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A space that is never given back, and the value in it.
fn in_space<T: 'static, const WATCHERS: usize, const BORROWS: usize>() -> MemoryValue<T> {
    MemoryValue::in_space(Box::leak(Box::new(Space::<T, WATCHERS, BORROWS>::new())))
}

fn message(f: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    match panic.downcast::<String>() {
        Ok(message) => *message,
        Err(panic) => panic.downcast_ref::<&str>().expect("a message").to_string(),
    }
}

#[test]
fn h1_a_value_in_a_space_allocates_nothing_whatever_is_done_with_it() {
    static SPACE: Space<u64, 8, 4> = Space::new();
    static VALUE: MemoryValue<u64> = MemoryValue::in_space(&SPACE);
    let (before, mut cx) = (live_bytes(), Context::from_waker(Waker::noop()));
    let allocations = allocations_of(|| {
        assert_eq!((VALUE.load(), VALUE.watcher_count(), VALUE.is_closed()), (None, 0, false));
        let mut watchers: [MemoryWatcher<u64>; 8] = core::array::from_fn(|_| VALUE.watch());
        for n in 1..1_000 {
            for watcher in &mut watchers {
                assert!(watcher.poll_get(&mut cx).is_pending());
            }
            assert!(VALUE.update_or(|| n, |data| *data = n) > event_core::Version::INITIAL);
            for watcher in &mut watchers {
                assert!(matches!(watcher.poll_get(&mut cx), Poll::Ready(Ok(data)) if data == n));
            }
        }
        let (borrowed, reader, weak, mut cached) =
            (VALUE.borrow().unwrap(), VALUE.reader(), VALUE.downgrade(), VALUE.cached());
        let snapshot = VALUE.swap(7).unwrap();
        assert_eq!((*borrowed, *snapshot, cached.load().copied(), reader.load()), (999, 999, Some(7), Some(7)));
        drop((borrowed, snapshot, cached, watchers));
        assert!(weak.upgrade().is_some_and(|other| other.same_value(&VALUE)));
        VALUE.clear();
        VALUE.close();
        assert_eq!(VALUE.try_set(8).unwrap_err().into_inner(), 8);
    });
    assert_eq!((allocations, live_bytes() - before), (0, 0));
}

#[test]
fn there_are_as_many_watchers_as_the_space_has_room_for() {
    let value = in_space::<u32, 2, 0>();
    let (first, second) = (value.try_watch().unwrap(), value.reader().try_watch().unwrap());
    let full = value.try_watch().unwrap_err();
    assert_eq!((full, full.to_string()), (Full, "the value's space has no room for another watcher".into()));
    assert!(message(|| drop(value.watch())).contains("WATCHERS"));
    assert!(message(|| drop(first.clone())).contains("WATCHERS"));
    assert_eq!(value.watcher_count(), 2);
    drop(second);
    assert!(value.try_watch().is_ok());
    assert!(in_space::<u32, 0, 0>().try_watch().is_err());
}

/// And one that finds no place is none.
#[test]
fn producers_are_told_of_the_first_watcher_and_of_the_last_that_goes() {
    let value = in_space::<u32, 2, 0>();
    let (waits, task) = (value.clone(), Task::new());
    let mut watched = core::pin::pin!(waits.watched());
    assert!(task.poll(watched.as_mut()).is_pending());
    let first = value.watch();
    assert_eq!(task.wakes(), 1, "the first has come");
    assert!(task.poll(watched).is_ready());
    let mut unwatched = core::pin::pin!(waits.unwatched());
    assert!(task.poll(unwatched.as_mut()).is_pending());
    let second = value.watch();
    assert!(value.try_watch().is_err());
    drop(first);
    assert_eq!(task.wakes(), 1, "it is not the last one");
    drop(second);
    assert_eq!(task.wakes(), 2, "the last has gone");
    assert!(task.poll(unwatched).is_ready());
}

#[test]
fn watchers_that_have_no_bit_in_the_root_are_woken_as_well() {
    let value = in_space::<u32, 20, 0>();
    let mut all: Vec<_> = (0..20).map(|_| (value.watch(), Task::new())).collect();
    for round in 0..5 {
        for (watcher, task) in &mut all {
            assert!(task.poll(watcher.get()).is_pending());
        }
        value.set(round);
        for (watcher, task) in &mut all {
            assert_eq!(task.wakes(), round as usize + 1);
            assert!(matches!(task.poll(watcher.get()), Poll::Ready(Ok(data)) if data == round));
        }
    }
}

#[test]
fn a_set_without_a_free_slot_hands_its_data_back_and_the_next_one_succeeds() {
    let value = in_space::<Box<u32>, 1, 2>();
    let mut borrowed = Vec::new();
    for n in 0.. {
        match value.try_set(Box::new(n)) {
            Ok(_) => borrowed.push(value.borrow().unwrap()),
            Err(error) => {
                assert!(error.is_full() && !error.is_closed());
                assert_eq!(*error.into_inner(), n);
                break;
            }
        }
        assert!(n < 100);
    }
    // Three slots, and two for borrows; the current version needs no second one.
    assert_eq!(borrowed.len(), 5);
    assert_eq!(value.load().as_deref(), Some(&4));
    assert!(message(|| _ = value.set(Box::new(9))).contains("BORROWS"));
    assert!(message(|| _ = value.update(|data| **data += 1)).contains("BORROWS"));
    assert_eq!(value.load().as_deref(), Some(&4), "nothing has changed");
    assert_eq!(borrowed.iter().map(|data| ***data).collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    borrowed.remove(1);
    assert!(value.try_set(Box::new(10)).is_ok());
    assert!(matches!(value.try_set(Box::new(11)), Err(SetError::Full(data)) if *data == 11));
    value.close();
    drop(borrowed);
    assert!(matches!(value.try_set(Box::new(12)), Err(SetError::Closed(_))));
}

#[test]
fn the_only_producer_gets_its_data_back_as_well() {
    let mut writer = in_space::<u32, 1, 0>().into_writer().unwrap();
    let reader = writer.reader();
    let mut borrowed = Vec::new();
    let full = (0..10).find(|&n| {
        let error = writer.try_set(n).map(|_| borrowed.push(reader.borrow().unwrap())).err();
        error.is_some_and(|error| error.is_full() && !error.is_closed() && error.into_inner() == n)
    });
    assert_eq!(full, Some(3));
    assert_eq!((writer.load(), borrowed.len()), (Some(2), 3));
    assert!(message(|| _ = writer.set(9)).contains("BORROWS"));
    assert!(message(|| _ = writer.replace(9)).contains("BORROWS"));
    borrowed.clear();
    writer.set(4);
    let value = writer.into_value();
    let closed = MemoryValue::new();
    closed.close();
    let error = closed.try_set(1).unwrap_err();
    assert!(error.is_closed() && !error.is_full());
    value.set(5);
    assert_eq!(reader.load(), Some(5));
}

#[test]
fn what_would_need_more_room_says_so() {
    let value = in_space::<u32, 4, 8>();
    assert!(message(|| drop(value.set_sync(1))).contains("set_sync"));
    value.reserve(2, 2);
    assert!(message(|| value.reserve(100, 2)).contains("WATCHERS"));
    assert!(message(|| value.reserve(2, 100)).contains("BORROWS"));
    let waits: Vec<_> = (0..4).map(|_| value.watched()).collect();
    let task = Task::new();
    let message = message(|| {
        waits.into_iter().for_each(|mut wait| {
            assert!(task.poll(&mut wait).is_pending());
            core::mem::forget(wait);
        })
    });
    assert!(message.contains("room for 3 futures"), "{message}");
}

#[test]
fn a_space_has_one_value_and_each_use_of_it_one_handle() {
    static SPACE: Space<u32, 1, 0> = Space::new();
    static FIRST: MemoryValue<u32> = MemoryValue::in_space(&SPACE);
    let (second, unused) = (MemoryValue::in_space(&SPACE), MemoryValue::in_space(&SPACE));
    assert_eq!(second.load(), None, "looking at it is not using it");
    FIRST.set(1);
    assert_eq!((FIRST.handle_count(), second.load()), (1, None));
    second.set(2);
    assert!(FIRST.same_value(&second));
    assert_eq!((FIRST.handle_count(), FIRST.load()), (2, Some(2)));
    drop(second);
    assert_eq!((FIRST.handle_count(), FIRST.is_closed()), (1, false));
    drop(unused);
    assert!(!FIRST.is_closed());
}

#[test]
fn the_last_handle_closes_it_and_no_other_one_can_be_made() {
    let space: &'static Space<u32, 1, 0> = Box::leak(Box::default());
    let value = MemoryValue::in_space(space);
    let mut watcher = value.watch();
    value.set(1);
    drop(value);
    assert_eq!(watcher.try_get().unwrap(), 1);
    assert!(watcher.try_get().unwrap_err().is_closed());
    assert!(message(|| _ = MemoryValue::in_space(space).set(2)).contains("no handle"));
    let space: &'static Space<u32, 1, 0> = Box::leak(Box::default());
    let writer = MemoryValue::in_space(space).into_writer().unwrap();
    assert!(message(|| _ = MemoryValue::in_space(space).set(2)).contains("MemoryWriter"));
    let value = writer.into_value();
    assert_eq!(MemoryValue::in_space(space).set(2), value.version());
    assert_eq!(format!("{space:?}"), "Space { watchers: 1, borrows: 0, .. }");
}

#[test]
fn watchers_that_are_woken_have_three_places_to_spare() {
    struct Shared {
        value: MemoryValue<u32>,
        watchers: std::sync::Mutex<Vec<MemoryWatcher<u32>>>,
    }
    // The first one's waker, when it is called, drops those that are to be woken next, and makes others.
    let shared: &'static Shared =
        Box::leak(Box::new(Shared { value: in_space::<u32, 4, 0>(), watchers: Default::default() }));
    let task = Task::new();
    let mut first = shared.value.watch();
    assert!(task.poll(first.get()).is_pending());
    let others = Task::new();
    for _ in 0..3 {
        let mut watcher = shared.value.watch();
        assert!(others.poll(watcher.get()).is_pending());
        shared.watchers.lock().unwrap().push(watcher);
    }
    task.on(event_tests::by_hand::Act::Wake, move || {
        let mut watchers = shared.watchers.lock().unwrap();
        watchers.clear();
        for _ in 0..3 {
            watchers.push(shared.value.try_watch().expect("there is room"));
        }
    });
    shared.value.set(1);
    assert_eq!((task.wakes(), shared.value.watcher_count()), (1, 4));
    assert_eq!(others.stored_wakers(), 0);
    for watcher in shared.watchers.lock().unwrap().iter_mut() {
        assert_eq!(watcher.try_get().unwrap(), 1);
    }
}

/// Threads set and borrow in a space that is often full: no set is lost without a word, none is torn, and each piece of data is dropped.
#[test]
fn threads_in_a_space_that_is_too_small() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    struct Counted(u64, u64);
    impl Counted {
        fn new(n: u64) -> Self {
            ALIVE.fetch_add(1, Ordering::Relaxed);
            Self(n, !n)
        }
    }
    impl Drop for Counted {
        fn drop(&mut self) {
            ALIVE.fetch_sub(1, Ordering::Relaxed);
        }
    }
    static SPACE: Space<Counted, 2, 1> = Space::new();
    static VALUE: MemoryValue<Counted> = MemoryValue::in_space(&SPACE);
    static OVER: AtomicBool = AtomicBool::new(false);
    let full = thread::scope(|scope| {
        let setters: [_; 2] = core::array::from_fn(|_| {
            scope.spawn(|| {
                let mut full = 0;
                let mut set = 0;
                for n in 0..20_000 {
                    match VALUE.try_set(Counted::new(n)) {
                        Ok(_) => set += 1,
                        Err(SetError::Full(data)) => full += u64::from(data.0 == n),
                        Err(error) => panic!("{error}"),
                    }
                }
                assert_eq!(set + full, 20_000);
                full
            })
        });
        for _ in 0..3 {
            scope.spawn(|| {
                let mut kept = [None, None];
                for round in 0.. {
                    let borrowed = VALUE.borrow();
                    assert!(borrowed.as_ref().is_none_or(|data| data.0 == !data.1));
                    kept[round % 2] = borrowed;
                    if OVER.load(Ordering::Relaxed) {
                        break;
                    }
                    thread::yield_now();
                }
            });
        }
        // All of them, before one that panicked is told of: the readers have to end.
        let full = setters.map(thread::ScopedJoinHandle::join);
        OVER.store(true, Ordering::Relaxed);
        full.map(Result::unwrap).iter().sum::<u64>()
    });
    println!("{full} of 40,000 sets found the space full");
    assert_eq!(ALIVE.load(Ordering::Relaxed), 1, "what is current");
    VALUE.clear();
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}

#[test]
fn a_state_can_be_made_of_a_value_in_a_space() {
    static SPACE: Space<u32, 1, 0> = Space::new();
    let state = StateValue::in_space(&SPACE, 7);
    let mut watcher = state.watch();
    assert_eq!((state.load(), watcher.try_get().unwrap()), (7, 7));
    assert_eq!(state.try_watch().unwrap_err(), Full);
}

/// Data whose clone is interrupted by a handler that sets.
struct Interrupted(u32, &'static MemoryValue<Self>);

impl Interrupted {
    /// As many handlers, one after the other.
    fn set_by_handlers(value: &'static MemoryValue<Self>) -> Result<(), ()> {
        (0..5).try_for_each(|n| value.try_set(Self(n, value)).map(drop).map_err(drop))
    }
}

impl Clone for Interrupted {
    fn clone(&self) -> Self {
        Self::set_by_handlers(self.1).expect("there is room while a get clones");
        Self(self.0, self.1)
    }
}

#[test]
fn handlers_of_one_priority_find_a_slot_whatever_the_thread_is_doing() {
    fn with_room<const BORROWS: usize>() -> &'static MemoryValue<Interrupted> {
        let value = Box::leak(Box::new(in_space::<Interrupted, 1, BORROWS>()));
        value.set(Interrupted(9, value));
        value
    }
    let value = with_room::<0>();
    assert!(value.load().is_some());
    let task = Task::new();
    let mut watcher = value.watch();
    watcher.mark_seen();
    assert!(task.poll(watcher.get()).is_pending());
    task.on(event_tests::by_hand::Act::Wake, || {
        Interrupted::set_by_handlers(value).expect("there is room while a set wakes");
    });
    value.set(Interrupted(1, value));
    assert_eq!(task.wakes(), 1);
    // An edit borrows what it edits, and then fills a slot as well, so it has one more.
    let value = in_space::<u32, 1, 1>();
    value.set(1);
    let mut sets = None;
    value.update_if(|_| {
        sets.get_or_insert_with(|| (0..5).all(|n| value.try_set(n).is_ok()));
        false
    });
    assert_eq!(sets, Some(true));
}
