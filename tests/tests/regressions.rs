//! What was wrong once. Each of these failed with the first event-core, which used an `event_listener::Event` for producers
//! that wait for watchers.

extern crate alloc;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;
use core::time::Duration;
use std::panic::panic_any;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use event_core::{MemoryValue, MemoryWatcher};
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

/// The same for the waker of a `set_sync` that nobody had to see: its stored clone was dropped with the lock of sync mode held.
#[test]
fn the_waker_of_a_set_sync_that_has_ended_may_watch_when_it_is_dropped() {
    assert_does_not_hang(|| {
        let value = MemoryValue::<u64>::new();
        let task = Task::new();
        let same = value.clone();
        task.on(Act::Drop, move || drop(same.watch()));
        assert!(task.poll(core::pin::pin!(value.set_sync(1))).is_ready());
        task.remove_hooks();
        assert_eq!(value.load(), Some(1));
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

type Hook = Box<dyn FnOnce() + Send>;

/// Data that runs a hook when it is cloned. The original panics when it is dropped.
struct Original {
    is_clone: bool,
    alive: Arc<AtomicUsize>,
    when_cloned: Arc<Mutex<Option<Hook>>>,
}

impl Original {
    fn new(alive: &Arc<AtomicUsize>, is_clone: bool) -> Self {
        alive.fetch_add(1, Ordering::Relaxed);
        Self { is_clone, alive: Arc::clone(alive), when_cloned: Arc::default() }
    }
}

impl Clone for Original {
    fn clone(&self) -> Self {
        let hook = self.when_cloned.lock().unwrap().take();
        if let Some(hook) = hook {
            hook();
        }
        Self::new(&self.alive, true)
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::Relaxed);
        assert!(self.is_clone || std::thread::panicking(), "the original is dropped");
    }
}

/// Return values that were complete before the panic were leaked.
#[test]
fn a_clone_is_dropped_if_the_drop_of_the_original_panics() {
    type Read = fn(&MemoryValue<Original>, &mut MemoryWatcher<Original>) -> Option<Original>;
    let reads: [(&str, Read); 7] = [
        ("load", |value, _| value.load()),
        ("MemoryReader::load", |value, _| value.reader().load()),
        ("try_get", |_, watcher| watcher.try_get().ok()),
        ("get", |_, watcher| ready(Task::new().poll(watcher.get()))),
        ("poll_get_if", |_, watcher| ready(Task::new().poll(watcher.get().filter(|_| true)))),
        ("poll_backlog", |_, watcher| ready(Task::new().poll(watcher.get().backlog_only()))),
        ("poll_backlog_if", |_, watcher| ready(Task::new().poll(watcher.get().filter(|_| true).backlog_only()))),
    ];
    for (name, read) in reads {
        let alive = Arc::new(AtomicUsize::new(0));
        let value = MemoryValue::new();
        let original = Original::new(&alive, false);
        let hook = Arc::clone(&original.when_cloned);
        value.set(original);
        let mut watcher = value.watch();
        let (same, counter) = (value.clone(), Arc::clone(&alive));
        *hook.lock().unwrap() = Some(Box::new(move || _ = same.set(Original::new(&counter, true))));
        assert!(panics(|| read(&value, &mut watcher)), "{name}");
        assert_eq!(alive.load(Ordering::Relaxed), 1, "{name}: the current data, and nothing else");
    }
}

fn ready<T>(polled: Poll<Result<T, event_core::GetError>>) -> Option<T> {
    match polled {
        Poll::Ready(Ok(data)) => Some(data),
        _ => None,
    }
}

/// The same for `replace`, which clones if somebody reads what it replaces, and may then be the last to let go of it.
#[test]
fn a_clone_that_replace_makes_is_dropped_if_the_drop_of_the_original_panics() {
    let alive = Arc::new(AtomicUsize::new(0));
    let value = MemoryValue::new();
    let original = Original::new(&alive, false);
    let hook = Arc::clone(&original.when_cloned);
    value.set(original);
    let borrowed = value.borrow().unwrap().detach();
    *hook.lock().unwrap() = Some(Box::new(move || drop(borrowed)));
    assert!(panics(|| value.replace(Original::new(&alive, true))));
    assert_eq!(alive.load(Ordering::Relaxed), 1, "the current data, and nothing else");
}

/// Data whose comparison goes on with the next comparison, as if an interrupt handler came in between.
struct Nested(u32);

static NESTED: MemoryValue<Nested> = MemoryValue::new();
/// The one that is interrupted goes again, and is not interrupted then.
static NEXT: AtomicUsize = AtomicUsize::new(1);

impl PartialEq for Nested {
    fn eq(&self, other: &Self) -> bool {
        // Four edits at the same time, each with its own version, and before that four sets at most.
        if other.0 < 4 && NEXT.fetch_max(other.0 as usize + 1, Ordering::Relaxed) <= other.0 as usize {
            NESTED.set(Nested(0));
            NESTED.set_if_not_eq(Nested(other.0 + 1));
        }
        false
    }
}

/// An edit has a slot that it fills, and pins what it wants to replace: two versions, and one was counted.
#[test]
fn reserve_covers_edits_that_interrupt_each_other() {
    NESTED.set(Nested(0));
    NESTED.reserve(0, 0);
    assert_eq!(allocations_of(|| NESTED.set_if_not_eq(Nested(1))), 0);
}

/// Data that fits a register, whose clone sets what [`MEANWHILE`] holds: what it is cloned of is replaced while it is read.
struct Replaced(Arc<()>);

std::thread_local! {
    static MEANWHILE: core::cell::RefCell<Option<(MemoryValue<Replaced>, Replaced)>> = const { core::cell::RefCell::new(None) };
}

impl Clone for Replaced {
    fn clone(&self) -> Self {
        if let Some((value, data)) = MEANWHILE.take() {
            value.set(data);
        }
        Self(Arc::clone(&self.0))
    }
}

/// The setter leaves it to the reader to drop what was replaced. A reader that did not was found by changing the code on purpose: no test
/// had data that is replaced while a get in few steps clones it.
#[test]
fn the_last_reader_of_what_its_own_clone_has_replaced_drops_it() {
    type Way = fn(&MemoryValue<Replaced>, &mut MemoryWatcher<Replaced>) -> Replaced;
    let ways: [Way; 4] = [
        |_, watcher| match Task::new().poll(watcher.get()) {
            Poll::Ready(data) => data.expect("the value is open"),
            Poll::Pending => panic!("there is data"),
        },
        |_, watcher| watcher.try_get().expect("there is data"),
        |value, _| value.load().expect("there is data"),
        |value, _| value.borrow().map(|data| data.clone()).expect("there is data"),
    ];
    for way in ways {
        let (old, new) = (Arc::new(()), Arc::new(()));
        let value = MemoryValue::with_value(Replaced(Arc::clone(&old)));
        let mut watcher = value.watch();
        MEANWHILE.set(Some((value.clone(), Replaced(Arc::clone(&new)))));
        let got = way(&value, &mut watcher);
        assert!(Arc::ptr_eq(&got.0, &old), "what was in force when it began to clone");
        drop(got);
        assert_eq!(Arc::strong_count(&old), 1, "the replaced data is dropped");
        assert_eq!(Arc::strong_count(&new), 2, "what is in force is not");
    }
}
