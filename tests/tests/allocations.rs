//! What memory is asked for: not at all in the steady state, within bounds otherwise.
//!
//! The allocator counts for each thread apart, so the tests do not disturb each other. With `--nocapture` they print
//! what they measured.

extern crate alloc;

#[path = "combinators/allocations.rs"]
mod combinators;

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::{Future, pending};
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::panic::resume_unwind;

use event_core::{MemoryValue, MemoryWatcher, MemoryWriter, Snapshot, StateValue};
use event_tests::allocator::{CountingAllocator, allocations, allocations_of, live_bytes};
use event_tests::by_hand::{Act, Task, panics};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A waker whose clones and wakes cost no memory.
struct Quiet;

impl Wake for Quiet {
    fn wake(self: Arc<Self>) {}
    fn wake_by_ref(self: &Arc<Self>) {}
}

/// A waker that no other one wakes the same task as.
fn another_waker() -> Waker {
    // Not zero-sized: every task needs an address of its own.
    struct Own(#[expect(dead_code, reason = "only its address matters")] u8);
    impl Wake for Own {
        fn wake(self: Arc<Self>) {}
        fn wake_by_ref(self: &Arc<Self>) {}
    }
    Waker::from(Arc::new(Own(0)))
}

fn poll<F: Future>(future: F, waker: &Waker) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(waker))
}

/// Leaves the watcher waiting.
fn wait(watcher: &mut MemoryWatcher<u64>, waker: &Waker) {
    let polls = (0..100).take_while(|_| poll(watcher.get(), waker).is_ready()).count();
    assert!(polls < 100, "it never waits");
}

/// A value, a watcher that waits, and a waker.
struct Steady {
    value: MemoryValue<u64>,
    watcher: MemoryWatcher<u64>,
    waker: Waker,
}

impl Steady {
    fn new() -> Self {
        let value = MemoryValue::with_value(0);
        let (mut watcher, waker) = (value.watch(), Waker::from(Arc::new(Quiet)));
        wait(&mut watcher, &waker);
        Self { value, watcher, waker }
    }

    /// Checks that `step`, which is done once before, allocates nothing when it is done again and again.
    #[track_caller]
    fn assert_never_allocates(mut self, what: &str, mut step: impl FnMut(&mut Self)) {
        step(&mut self);
        let live = live_bytes();
        let allocations = allocations_of(|| (0..1000).for_each(|_| step(&mut self)));
        assert_eq!((allocations, live_bytes() - live), (0, 0), "{what}: allocations and bytes in 1000 rounds");
    }
}

#[test]
fn set_never_allocates() {
    Steady::new().assert_never_allocates("set", |it| _ = black_box(it.value.set(1)));
    Steady::new().assert_never_allocates("set, with a watcher that waits", |it| {
        wait(&mut it.watcher, &it.waker);
        it.value.set(1);
    });
    Steady::new().assert_never_allocates("set, beside a borrow of what it replaces", |it| {
        let before = it.value.borrow();
        it.value.set(1);
        assert!(before.is_some());
    });
}

#[test]
fn getting_never_allocates() {
    Steady::new().assert_never_allocates("get", |it| {
        it.value.set(1);
        assert!(matches!(poll(it.watcher.get(), &it.waker), Poll::Ready(Ok(1))));
    });
    Steady::new().assert_never_allocates("get, filtered", |it| {
        it.value.set(2);
        assert!(poll(it.watcher.get().filter(|n| *n == 1), &it.waker).is_pending());
        it.value.set(1);
        assert!(poll(it.watcher.get().filter(|n| *n == 1), &it.waker).is_ready());
    });
    Steady::new().assert_never_allocates("get, of the backlog", |it| {
        it.value.set(1);
        assert!(matches!(poll(it.watcher.get().backlog_only(), &it.waker), Poll::Ready(Ok(1))));
        assert!(matches!(poll(it.watcher.get().backlog_only(), &it.waker), Poll::Ready(Err(_))));
    });
    Steady::new().assert_never_allocates("get, cancelled", |it| {
        it.value.set(1);
        assert!(matches!(poll(it.watcher.get().until(async {}), &it.waker), Poll::Ready(Err(_))));
        assert!(poll(it.watcher.get().until(pending::<()>()), &it.waker).is_ready());
    });
    Steady::new().assert_never_allocates("try_get", |it| {
        it.value.set(1);
        assert!(it.watcher.try_get().is_ok());
        assert!(it.watcher.try_get().is_err());
    });
    Steady::new().assert_never_allocates("get_ref and wait_for", |it| {
        it.value.set(1);
        assert!(poll(it.watcher.get_ref(), &it.waker).is_ready());
        assert!(poll(it.watcher.wait_for(|n| *n == 1), &it.waker).is_ready());
        assert!(poll(it.watcher.wait_for(|n| *n == 2), &it.waker).is_pending());
    });
    Steady::new().assert_never_allocates("changed, borrow_and_update and try_get_ref", |it| {
        it.value.set(1);
        assert!(poll(it.watcher.changed(), &it.waker).is_ready());
        assert!(poll(it.watcher.changed(), &it.waker).is_pending());
        it.value.set(2);
        assert!(it.watcher.borrow_and_update().is_some() && it.watcher.try_get_ref().is_err());
        it.value.set(3);
        assert!(it.watcher.try_get_ref().is_ok() && it.watcher.load() == Some(3));
    });
}

#[test]
fn waiting_never_allocates() {
    Steady::new().assert_never_allocates("wait, set, get", |it| {
        assert!(poll(it.watcher.get(), &it.waker).is_pending());
        it.value.set(1);
        assert!(poll(it.watcher.get(), &it.waker).is_ready());
    });
    let wakers = [another_waker(), another_waker()];
    Steady::new().assert_never_allocates("wait, with a waker that changes", |it| {
        for waker in &wakers {
            assert!(poll(it.watcher.get(), waker).is_pending());
            assert!(poll(it.watcher.get(), waker).is_pending());
            it.value.set(1);
            assert!(poll(it.watcher.get(), waker).is_ready());
        }
    });
}

#[test]
fn reading_never_allocates() {
    Steady::new().assert_never_allocates("borrow, load and what can be asked", |it| {
        assert_eq!((it.value.borrow().map(|n| *n), it.value.load()), (Some(0), Some(0)));
        assert!(it.watcher.borrow().is_some() && !it.watcher.has_changed() && it.value.is_set());
        black_box((it.value.version(), it.value.watcher_count(), it.watcher.missed(), it.value.is_closed()));
    });
    Steady::new().assert_never_allocates("snapshots", |it| {
        let snapshots = [it.value.borrow().map(|data| data.detach()), it.value.borrow().map(|data| data.detach())];
        it.value.set(1);
        assert!(snapshots.iter().all(Option::is_some));
    });
    Steady::new().assert_never_allocates("parts, and snapshots that are shared and moved out of", |it| {
        let part = it.value.borrow().map(|data| data.map(|n| n));
        let old = it.value.swap(1).expect("there is data");
        assert_eq!(part.as_deref(), Some(&*old.clone()));
        drop(part);
        assert!(old.try_into_inner().is_ok());
    });
}

#[test]
fn cached_reads_never_allocate() {
    let mut cached = None;
    Steady::new().assert_never_allocates("a cached read of what is unchanged", move |it| {
        let cached = cached.get_or_insert_with(|| it.value.cached());
        assert!(cached.load() == Some(&0) && !cached.has_changed());
    });
    let mut cached = None;
    Steady::new().assert_never_allocates("a cached read of what has changed", move |it| {
        let cached = cached.get_or_insert_with(|| it.value.cached());
        it.value.set(1);
        assert!(cached.has_changed() && cached.load() == Some(&1));
        assert!(cached.clone().peek() == Some(&1));
    });
}

fn an_only_producer_of<T: From<u64> + Clone + PartialEq>() {
    let mut writer = MemoryWriter::with_value(T::from(0));
    let (mut watcher, mut cached) = (writer.watch(), writer.cached());
    let waker = Waker::from(Arc::new(Quiet));
    let mut round = || {
        for n in 0..3 {
            watcher.mark_seen();
            assert!(poll(watcher.get(), &waker).is_pending());
            writer.set(T::from(n));
            assert!(poll(watcher.get(), &waker).is_ready() && cached.load() == Some(&T::from(n)));
            writer.set(T::from(n));
            writer.set(T::from(n));
        }
        assert!(writer.modify(|n| *n = T::from(5)).is_some() && writer.modify_if(|_| true));
        assert!(writer.set_if_not_eq(T::from(9)) && writer.replace(T::from(1)) == Some(T::from(9)));
        let borrowed = writer.reader().borrow().map(|data| data.detach());
        assert!(writer.replace(T::from(2)) == Some(T::from(1)) && borrowed.is_some());
        writer.replace_with(|old| T::from(u64::from(old == Some(&T::from(2)))));
        assert!(writer.current() == Some(&T::from(1)));
    };
    round();
    let live = live_bytes();
    assert_eq!((allocations_of(|| (0..1000).for_each(|_| round())), live_bytes() - live), (0, 0));
}

/// Nothing is lost on the way from a value to a writer and back.
#[test]
fn becoming_an_only_producer_never_allocates() {
    let mut value = Some(MemoryValue::with_value(0));
    let mut there_and_back = || {
        let mut writer = value.take().and_then(|value| value.into_writer().ok()).expect("it is the only handle");
        (0..3).for_each(|n| _ = writer.set(n));
        value = Some(writer.into_value());
    };
    there_and_back();
    assert_eq!(allocations_of(|| (0..1000).for_each(|_| there_and_back())), 0);
}

#[test]
fn an_only_producer_never_allocates() {
    #[derive(Clone, PartialEq)]
    struct WithDrop(u64);
    impl From<u64> for WithDrop {
        fn from(n: u64) -> Self {
            Self(n)
        }
    }
    impl Drop for WithDrop {
        fn drop(&mut self) {
            black_box(self.0);
        }
    }
    an_only_producer_of::<u64>();
    an_only_producer_of::<WithDrop>();
}

#[test]
fn other_ways_to_set_never_allocate() {
    Steady::new().assert_never_allocates("update and update_if", |it| {
        assert!(it.value.update(|n| *n += 1));
        assert!(!it.value.update_if(|_| false));
    });
    Steady::new().assert_never_allocates("transition, update_or and swap", |it| {
        assert!(it.value.transition(|n| (n.map(|n| n + 1), ())).1.is_some());
        assert!(it.value.transition(|n| (None, n.is_some())).0);
        it.value.update_or(|| 0, |n| *n += 1);
        it.value.clear();
        it.value.update_or(|| 0, |n| *n += 1);
        assert!(it.value.swap(1).is_some());
    });
    Steady::new().assert_never_allocates("replace, compare_and_set, set_if_not_eq, clear", |it| {
        assert!(it.value.replace(1).is_some());
        assert!(it.value.compare_and_set(it.value.version(), 2).is_ok());
        assert!(it.value.set_if_not_eq(3) && !it.value.set_if_not_eq(3));
        it.value.clear();
        it.value.set(4);
    });
}

#[test]
fn sets_that_wait_to_be_seen_never_allocate() {
    Steady::new().assert_never_allocates("set_sync", |it| {
        let (mut first, mut second) = (it.value.set_sync(1), it.value.set_sync(2));
        assert!(poll(&mut first, &it.waker).is_pending() && poll(&mut second, &it.waker).is_pending());
        assert_eq!(it.watcher.try_get().unwrap(), 1);
        assert!(poll(&mut first, &it.waker).is_ready() && poll(&mut second, &it.waker).is_pending());
        assert_eq!(it.watcher.try_get().unwrap(), 2);
        assert!(poll(&mut second, &it.waker).is_ready());
    });
}

#[test]
fn states_never_allocate() {
    let state = StateValue::new(0_u64);
    Steady::new().assert_never_allocates("a state", |it| {
        state.set(1);
        assert!(state.update(|n| *n += 1) && state.transition(|n| (Some(n + 1), ())).1.is_some());
        assert_eq!((state.replace(4), state.load(), *state.borrow()), (3, 4, 4));
        it.value.set(state.load());
    });
}

#[test]
fn a_watch_channel_never_allocates() {
    let (sender, mut receiver) = event_tokio::watch::channel(0_u64);
    Steady::new().assert_never_allocates("a watch channel", |it| {
        assert!(poll(receiver.changed(), &it.waker).is_pending());
        sender.send(1).unwrap();
        assert!(poll(receiver.changed(), &it.waker).is_ready());
        sender.send_modify(|n| *n += 1);
        assert!(!sender.send_if_modified(|n| {
            *n += 1;
            false
        }));
        assert_eq!((sender.send_replace(4), *receiver.borrow(), *sender.borrow()), (3, 4, 4));
        assert!(poll(receiver.wait_for(|n| *n == 4), &it.waker).is_ready());
        assert!(!receiver.borrow_and_update().has_changed() && !receiver.has_changed().unwrap());
        drop((receiver.clone(), sender.subscribe(), sender.clone()));
    });
}

#[test]
fn coming_and_going_never_allocates() {
    Steady::new().assert_never_allocates("watch, wait, drop", |it| {
        let mut watcher = it.value.watch();
        wait(&mut watcher, &it.waker);
        drop((watcher, it.watcher.clone(), it.value.watch_changes()));
    });
    Steady::new().assert_never_allocates("handles", |it| {
        drop((it.value.clone(), it.value.reader(), it.value.downgrade(), it.value.downgrade().upgrade()));
    });
}

#[test]
fn after_reserve_that_many_watchers_and_readers_never_allocate() {
    let wakers: Vec<_> = (0..300).map(|_| another_waker()).collect();
    for (watchers, readers) in [(0, 0), (1, 1), (4, 2), (5, 3), (10, 10), (64, 31), (300, 300)] {
        let value = MemoryValue::new();
        value.reserve(watchers, readers);
        let mut waiting = Vec::with_capacity(watchers);
        let mut held = Vec::with_capacity(readers);
        let allocated = allocations_of(|| {
            for round in 0..3 {
                waiting.extend((0..watchers).map(|_| value.watch()));
                for n in 0..readers {
                    value.set(n as u64);
                    held.push(value.borrow().expect("it was just set").detach());
                }
                for (number, watcher) in waiting.iter_mut().enumerate() {
                    wait(watcher, &wakers[(number + round) % wakers.len()]);
                }
                value.set(0);
                for watcher in &mut waiting {
                    assert!(poll(watcher.get(), &wakers[0]).is_ready());
                }
                held.clear();
                waiting.clear();
            }
        });
        assert_eq!(allocated, 0, "{watchers} watchers and {readers} readers were reserved");
    }
}

#[test]
fn after_reserve_other_kinds_of_values_never_allocate() {
    const ROOM: usize = 10;
    let reserved =
        |what: &str, watch: &dyn Fn() -> MemoryWatcher<u64>, set_and_borrow: &mut dyn FnMut(u64) -> Snapshot<u64>| {
            let (mut watchers, mut held) = (Vec::with_capacity(ROOM), Vec::with_capacity(ROOM));
            let allocated = allocations_of(|| {
                watchers.extend((0..ROOM).map(|_| watch()));
                held.extend((0..ROOM as u64).map(set_and_borrow));
            });
            assert_eq!(allocated, 0, "{what}");
        };
    let state = StateValue::new(0);
    state.reserve(ROOM, ROOM);
    reserved("a state", &|| state.watch(), &mut |n| {
        state.set(n);
        state.borrow().detach()
    });
    let value = MemoryValue::with_reader_shards(2);
    value.reserve(ROOM, ROOM);
    reserved("a value with shards", &|| value.watch(), &mut |n| {
        value.set(n);
        value.borrow().expect("it was just set").detach()
    });
    let mut writer = MemoryWriter::new();
    writer.reserve(ROOM, ROOM);
    let reader = writer.reader();
    reserved("a writer", &|| reader.watch(), &mut |n| {
        writer.set(n);
        reader.borrow().expect("it was just set").detach()
    });
}

#[test]
fn after_reserve_four_threads_setting_and_two_reading_never_allocate() {
    let value = MemoryValue::with_value(0);
    value.reserve(2, 2);
    let mut watchers = [value.watch(), value.watch()];
    std::thread::scope(|scope| {
        let mut threads = Vec::new();
        for setter in 0..4_u64 {
            let value = &value;
            threads.push(scope.spawn(move || allocations_of(|| (0..20_000).for_each(|n| _ = value.set(n + setter)))));
        }
        for watcher in &mut watchers {
            let waker = another_waker();
            let mut get = move || _ = poll(watcher.get(), &waker);
            threads.push(scope.spawn(move || allocations_of(|| (0..20_000).for_each(|_| get()))));
        }
        for thread in threads {
            assert_eq!(thread.join().expect("nothing panics"), 0);
        }
    });
}

#[test]
fn w5_a_thousand_cancelled_waits_hold_no_more_memory_than_one() {
    let value = MemoryValue::<u64>::new();
    let mut watcher = value.watch();
    let mut cancelled_wait = || {
        let waker = another_waker();
        assert!(poll(watcher.get(), &waker).is_pending());
        assert!(poll(watcher.get().until(async {}), &waker).is_ready());
    };
    cancelled_wait();
    let one = live_bytes();
    (0..1000).for_each(|_| cancelled_wait());
    assert_eq!(live_bytes() - one, 0);
}

#[test]
fn w6_ten_thousand_watchers_that_come_and_go_beside_a_hundred_do_not_grow_memory() {
    let waker = another_waker();
    for waiting in [false, true] {
        let value = MemoryValue::<u64>::new();
        let mut living: Vec<_> = (0..100).map(|_| value.watch()).collect();
        if waiting {
            living.iter_mut().for_each(|watcher| wait(watcher, &waker));
        }
        let mut round = |number: u64| {
            let mut watcher = value.watch();
            if number % 2 == 0 {
                wait(&mut watcher, &another_waker());
            }
            let copy = watcher.clone();
            drop(watcher);
            drop(copy);
        };
        round(0);
        let (bytes, allocated) = (live_bytes(), allocations());
        (0..10_000).for_each(&mut round);
        assert_eq!(live_bytes() - bytes, 0, "the others wait: {waiting}");
        assert_eq!(allocations() - allocated, 5_000, "those of the wakers; the others wait: {waiting}");
    }
}

#[test]
fn producers_that_wait_for_watchers_and_give_up_do_not_grow_memory() {
    let value = MemoryValue::<u64>::new();
    let give_up = || {
        let waker = another_waker();
        assert!(poll(value.watched(), &waker).is_pending());
        let watcher = value.watch();
        assert!(poll(value.unwatched(), &waker).is_pending());
        assert!(poll(value.abandoned(), &waker).is_pending());
        assert!(poll(watcher.closed(), &waker).is_pending());
        drop(watcher);
        let reader = value.reader();
        assert!(poll(value.unread(), &waker).is_pending());
        assert!(poll(reader.closed(), &waker).is_pending());
    };
    give_up();
    let live = live_bytes();
    (0..1000).for_each(|_| give_up());
    assert_eq!(live_bytes() - live, 0);
}

#[test]
fn p1_panics_of_the_users_code_do_not_grow_memory() {
    /// The message of a panic would be kept, in memory, for whoever reads the test's output.
    fn panic_silently() -> ! {
        resume_unwind(Box::new(()));
    }
    struct Touchy(bool);
    impl Drop for Touchy {
        fn drop(&mut self) {
            if self.0 {
                panic_silently();
            }
        }
    }
    impl Clone for Touchy {
        fn clone(&self) -> Self {
            panic_silently();
        }
    }
    let value = MemoryValue::with_value(Touchy(false));
    let mut watcher = value.watch();
    let task = Task::new();
    assert!(task.poll(watcher.get_ref()).is_ready());
    let mut round = || {
        value.set(Touchy(true));
        assert!(panics(|| value.set(Touchy(false))));
        assert!(panics(|| watcher.try_get()));
        assert!(panics(|| task.poll(watcher.wait_for(|_| panic_silently()))));
        assert!(task.poll(watcher.get_ref()).is_ready() && task.poll(watcher.get_ref()).is_pending());
        task.panic_in(Act::Wake);
        assert!(panics(|| value.set(Touchy(false))));
        let other = Task::new();
        other.panic_in(Act::Clone);
        let mut third = value.watch_changes();
        assert!(panics(|| drop(other.poll(third.get_ref()))));
        assert!(panics(|| value.update(|_| ())));
        assert!(panics(|| value.load()));
    };
    round();
    let live = live_bytes();
    (0..300).for_each(|_| round());
    assert_eq!(live_bytes() - live, 0);
}

#[test]
fn nothing_is_left_when_everything_has_gone() {
    let before = live_bytes();
    let value = MemoryValue::new();
    let waker = another_waker();
    let mut watchers: Vec<_> = (0..1000).map(|_| value.watch()).collect();
    watchers.iter_mut().for_each(|watcher| wait(watcher, &waker));
    let mut held = Vec::new();
    for n in 0..100 {
        value.set(n);
        held.push(value.borrow().expect("it was just set").detach());
    }
    assert!(poll(value.unwatched(), &waker).is_pending());
    let (reader, weak) = (value.reader(), value.downgrade());
    drop((value, watchers, held, reader, weak, waker));
    assert_eq!(live_bytes() - before, 0);
}

/// By a set, by a reader that lets go last, and by an only producer.
#[test]
fn p1_panics_in_drop_cost_no_room() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                resume_unwind(Box::new(()));
            }
        }
    }
    let value = MemoryValue::with_value(Panics);
    let mut writer = MemoryWriter::with_value(Panics);
    let round = || {
        assert!(panics(|| _ = value.set(Panics)));
        let borrowed = value.borrow();
        value.set(Panics);
        assert!(panics(|| drop(borrowed)));
    };
    let mut write = || assert!(panics(|| _ = writer.set(Panics)));
    let mut both = || {
        round();
        write();
    };
    both();
    let before = live_bytes();
    (0..1000).for_each(|_| both());
    assert_eq!(live_bytes() - before, 0, "slots were lost");
    assert!(panics(|| drop(value)) && panics(|| drop(writer)));
}

#[test]
fn data_that_owns_memory_is_freed() {
    let before = live_bytes();
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    for n in 0..100 {
        value.set(format!("number {n} of a hundred"));
        assert!(watcher.try_get().is_ok());
        value.update(|text| text.push('!'));
    }
    assert!(live_bytes() - before < 1024);
    drop((value, watcher));
    assert_eq!(live_bytes() - before, 0);
}

#[cfg(target_pointer_width = "64")]
mod sizes {
    use super::*;

    fn bytes<T>(count: usize) -> i64 {
        i64::try_from(size_of::<T>() * count).expect("a size fits")
    }

    #[test]
    fn an_unused_value_is_sixteen_bytes_at_most() {
        let before = allocations();
        let unused = MemoryValue::<u64>::new();
        let size = size_of_val(&unused);
        let _ = (unused.load(), unused.version(), unused.is_closed(), unused.watcher_count(), unused.borrow());
        drop(unused);
        assert_eq!(allocations() - before, 0, "looking at it is not using it");
        println!("an unused MemoryValue<u64>: {size} bytes");
        assert!(size <= 16);
    }

    #[test]
    fn a_value_in_use_with_a_watcher_is_512_bytes_at_most() {
        let waker = Waker::from(Arc::new(Quiet));
        let before = live_bytes();
        let value = MemoryValue::with_value(1_u64);
        let mut watcher = value.watch();
        wait(&mut watcher, &waker);
        value.set(2);
        wait(&mut watcher, &waker);
        let (heap, inline) = (live_bytes() - before, bytes::<MemoryValue<u64>>(1) + bytes::<MemoryWatcher<u64>>(1));
        println!("a MemoryValue<u64> with a watcher: {heap} bytes on the heap and {inline} in place");
        assert!(heap + inline <= 512);
        drop((value, watcher));
    }

    #[test]
    fn a_reader_shard_is_128_bytes() {
        let heap = |shards| {
            let before = live_bytes();
            let value = MemoryValue::with_reader_shards(shards);
            value.set(1_u64);
            (live_bytes() - before, value)
        };
        let ((one, _first), (nine, _second)) = (heap(1), heap(9));
        println!("a value with one reader shard: {one} bytes on the heap, with nine {nine}");
        assert_eq!(nine - one, 8 * 128);
        assert!(one <= 1024);
    }

    #[test]
    fn a_watcher_is_64_bytes_at_most_waiting_or_not() {
        let waker = Waker::from(Arc::new(Quiet));
        for count in [1_000, 10_000, 100_000] {
            let value = MemoryValue::with_value(1_u64);
            let without = live_bytes();
            let mut watchers = Vec::with_capacity(count);
            watchers.extend((0..count).map(|_| value.watch()));
            let idle = live_bytes() - without;
            watchers.iter_mut().for_each(|watcher| wait(watcher, &waker));
            let waiting = live_bytes() - without;
            let per_watcher = |bytes: i64| bytes as f64 / count as f64;
            println!("{count} watchers: {:.2} bytes each, waiting {:.2}", per_watcher(idle), per_watcher(waiting));
            assert!(per_watcher(idle) <= 64.0 && per_watcher(waiting) <= 64.0);
            assert!(idle >= bytes::<MemoryWatcher<u64>>(count), "the watchers themselves are counted in");
        }
    }
}
