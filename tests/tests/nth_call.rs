//! One program, in which the n-th call of code of the user's panics, for all n.
//!
//! A clean run counts the calls: clones, drops and comparisons of data, predicates and closures, and what wakers do, which come
//! back in. Then the program runs once for each of them. Every step may fail, but the next one begins where it should: what is
//! current was set, no watcher lost its wake-up, and in the end everything was dropped once.

extern crate alloc;

use alloc::sync::Arc;
use core::panic::AssertUnwindSafe;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::task::Poll;
use core::time::Duration;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Mutex;

use event_core::prelude::*;
use event_core::{CachedReader, MemoryValue, MemoryWatcher, MemoryWriter, Snapshot, Version, WeakValue, combine};
use event_tests::by_hand::{Act, Task};
use event_tests::census::{Census, Citizen};
use event_tests::watchdog::Watchdog;

/// Counts calls, and panics in one of them.
#[derive(Debug)]
struct Fuse {
    calls: AtomicU64,
    blows_at: u64,
}

/// What it panics with.
struct Blown;

impl Fuse {
    fn call(&self) {
        if self.calls.fetch_add(1, Ordering::Relaxed) == self.blows_at {
            resume_unwind(Box::new(Blown));
        }
    }
}

/// Says whether the fuse blew in `step`. Any other panic passes through.
fn attempt(step: impl FnOnce()) -> bool {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(()) => false,
        Err(panic) if panic.is::<Blown>() => true,
        Err(panic) => resume_unwind(panic),
    }
}

struct Data {
    citizen: Citizen,
    source: Source,
}

impl Data {
    fn number(&self) -> u64 {
        self.citizen.data()
    }
}

impl Clone for Data {
    fn clone(&self) -> Self {
        self.source.call(In::Clone);
        Self { citizen: self.citizen.clone(), source: self.source.clone() }
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.source.call(In::Eq);
        self.citizen == other.citizen
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        self.source.call(In::Drop);
    }
}

/// What data comes back in from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum In {
    Clone,
    Eq,
    Drop,
}

/// Where to set a value, and which.
type Set = (In, WeakValue<Data>);

/// Makes data, with numbers that grow.
#[derive(Clone)]
struct Source {
    census: Census,
    fuse: Arc<Fuse>,
    last: Arc<AtomicU64>,
    /// Where the next one who comes by sets this value.
    sets: Arc<Mutex<Option<Set>>>,
}

impl Source {
    fn data(&self) -> Data {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        Data { citizen: self.census.citizen(number), source: self.clone() }
    }

    fn call(&self, place: In) {
        self.fuse.call();
        let sets = self.sets.lock().expect("nothing panics while it is locked").take_if(|(sets, _)| *sets == place);
        if let Some(value) = sets.and_then(|(_, value)| value.upgrade()) {
            value.set(self.data());
        }
    }

    fn task(&self) -> Task {
        let task = Task::new();
        for act in [Act::Wake, Act::Clone, Act::Drop] {
            let fuse = Arc::clone(&self.fuse);
            task.on(act, move || fuse.call());
        }
        task
    }
}

/// A watcher, and the task that polls it.
struct Watching {
    watcher: MemoryWatcher<Data>,
    task: Task,
    /// If its last get was pending: how often the task had been woken before, and what was current.
    waits: Option<(usize, Version)>,
}

impl Watching {
    /// What a get returns, if it does not wait.
    fn get(&mut self) -> Option<u64> {
        let wakes = self.task.wakes();
        self.waits = None;
        match self.task.poll(self.watcher.get()) {
            Poll::Ready(Ok(data)) => Some(data.number()),
            Poll::Ready(Err(_)) => None,
            Poll::Pending => {
                self.waits = Some((wakes, self.watcher.seen()));
                None
            }
        }
    }
}

/// How many watch. Enough for all levels of the waker list.
const WATCHERS: usize = 16;

struct World {
    value: MemoryValue<Data>,
    source: Source,
    watching: Vec<Watching>,
    snapshots: Vec<Snapshot<Data>>,
}

type Step = fn(&mut World);

impl World {
    fn new(blows_at: u64) -> Self {
        let fuse = Arc::new(Fuse { calls: AtomicU64::new(0), blows_at });
        let source = Source { census: Census::new(), fuse, last: Arc::default(), sets: Arc::default() };
        Self { value: MemoryValue::new(), source, watching: Vec::new(), snapshots: Vec::new() }
    }

    fn number(&self) -> Option<u64> {
        self.value.borrow().map(|data| data.number())
    }

    /// From here on the next one who comes to `place` sets, in the midst of it.
    fn sets_in(&self, place: In) {
        *self.source.sets.lock().expect("nothing panics while it is locked") = Some((place, self.value.downgrade()));
    }

    /// Polls all watchers, until they wait.
    fn poll_all(&mut self) {
        for watching in &mut self.watching {
            while let Some(number) = watching.get() {
                assert_eq!(Some(number), self.value.borrow().map(|data| data.number()));
            }
        }
    }

    /// What holds between any two steps, whatever has panicked.
    fn check(&self) {
        let value = &self.value;
        assert!(self.number().is_none_or(|number| number <= self.source.last.load(Ordering::Relaxed)));
        assert_eq!(self.number().is_some(), value.is_set());
        for (number, Watching { watcher, task, waits }) in self.watching.iter().enumerate() {
            assert_eq!(watcher.has_changed(), value.is_set() && watcher.seen() != value.version());
            if let Some((wakes, seen)) = waits {
                let is_due = value.is_closed() || value.is_set() && *seen != value.version();
                assert!(!is_due || task.wakes() > *wakes, "watcher {number} waits for what has come");
            }
        }
    }
}

/// A waker that comes back in when it is called: it sets once, and each time polls a watcher with another waker than before, and
/// takes another watcher away.
fn come_back_in(world: &World, task: &Task) {
    let (value, source) = (world.value.downgrade(), world.source.clone());
    let polled = Mutex::new(world.value.watch());
    let to_go = Mutex::new((0..3).map(|_| world.value.watch_changes()).collect::<Vec<_>>());
    let has_set = AtomicBool::new(false);
    task.on(Act::Wake, move || {
        // A call in a call; its lock is nobody else's.
        if let Ok(mut watcher) = polled.try_lock() {
            let _ = source.task().poll(watcher.get());
        }
        let gone = to_go.try_lock().ok().and_then(|mut to_go| to_go.pop());
        drop(gone);
        if let Some(value) = value.upgrade().filter(|_| !has_set.swap(true, Ordering::Relaxed)) {
            value.set(source.data());
        }
    });
}

/// The program.
const STEPS: &[Step] = &[
    |world| {
        for number in 0..WATCHERS {
            let task = world.source.task();
            if number % 5 == 3 {
                come_back_in(world, &task);
            }
            world.watching.push(Watching { watcher: world.value.watch(), task, waits: None });
        }
    },
    World::poll_all,
    |world| _ = world.value.set(world.source.data()),
    World::poll_all,
    |world| assert!(world.value.try_set(world.source.data()).is_ok()),
    World::poll_all,
    |world| {
        let (fuse, source) = (&world.source.fuse, &world.source);
        assert!(world.value.update(|data| {
            fuse.call();
            data.citizen = source.data().citizen.clone();
        }));
    },
    World::poll_all,
    |world| {
        let fuse = &world.source.fuse;
        assert!(!world.value.update_if(|_| {
            fuse.call();
            false
        }));
    },
    |world| {
        let (fuse, source) = (&world.source.fuse, &world.source);
        let (before, version) = world.value.transition(|data| {
            fuse.call();
            (Some(source.data()), data.cloned())
        });
        assert!(before.is_some() && version.is_some());
    },
    World::poll_all,
    |world| {
        let fuse = &world.source.fuse;
        let (fits, version) = world.value.transition(|data| {
            fuse.call();
            (None, data.is_some())
        });
        assert!(fits && version.is_none());
    },
    // Borrowed data is kept, and dropped by its last reader.
    |world| world.snapshots.extend(world.value.borrow().map(|data| data.detach())),
    |world| assert!(world.value.replace(world.source.data()).is_some()),
    World::poll_all,
    |world| world.snapshots.clear(),
    |world| world.snapshots.extend(world.value.swap(world.source.data())),
    |world| {
        if let Some(Ok(data)) = world.snapshots.pop().map(Snapshot::try_into_inner) {
            drop(data);
        }
    },
    World::poll_all,
    |world| {
        let version = world.value.version();
        assert!(world.value.compare_and_set(version, world.source.data()).is_ok());
        assert!(world.value.compare_and_set(version, world.source.data()).is_err());
    },
    |world| {
        let same = world.value.load().expect("it is set");
        assert!(!world.value.set_if_not_eq(same));
        assert!(world.value.set_if_not_eq(world.source.data()));
    },
    World::poll_all,
    // Data that sets while it is cloned, compared or dropped: what was being read is replaced then.
    |world| {
        world.sets_in(In::Clone);
        drop(world.value.load());
    },
    |world| {
        world.sets_in(In::Clone);
        drop(world.watching[0].watcher.try_get());
    },
    World::poll_all,
    |world| {
        world.value.set(world.source.data());
        world.sets_in(In::Clone);
        let _ = world.watching[1].get();
    },
    |world| {
        world.sets_in(In::Clone);
        let Watching { watcher, task, waits } = &mut world.watching[2];
        *waits = None;
        drop(task.poll(watcher.get().filter(|_| true)));
    },
    |world| {
        world.sets_in(In::Clone);
        let Watching { watcher, task, waits } = &mut world.watching[3];
        *waits = None;
        drop(task.poll(watcher.get().backlog_only()));
    },
    |world| {
        world.sets_in(In::Clone);
        drop(world.watching[4].watcher.load());
    },
    |world| {
        world.sets_in(In::Clone);
        drop(world.value.reader().load());
    },
    |world| {
        world.sets_in(In::Clone);
        assert!(world.value.update(|_| ()));
    },
    |world| {
        let _held = world.value.borrow();
        world.sets_in(In::Clone);
        assert!(world.value.replace(world.source.data()).is_some());
    },
    |world| {
        world.sets_in(In::Eq);
        assert!(world.value.set_if_not_eq(world.source.data()));
    },
    |world| {
        world.sets_in(In::Drop);
        world.value.set(world.source.data());
    },
    |world| {
        world.sets_in(In::Drop);
        assert!(world.value.transition(|_| (Some(world.source.data()), ())).1.is_some());
    },
    World::poll_all,
    |world| world.value.clear(),
    World::poll_all,
    |world| {
        let (fuse, source) = (&world.source.fuse, &world.source);
        for _ in 0..2 {
            world.value.update_or(
                || {
                    fuse.call();
                    source.data()
                },
                |data| {
                    fuse.call();
                    data.citizen = source.data().citizen.clone();
                },
            );
        }
    },
    // The forms of a get.
    |world| {
        let (fuse, Watching { watcher, task, waits }) = (&world.source.fuse, &mut world.watching[0]);
        *waits = None;
        let reject = |_: &Data| {
            fuse.call();
            false
        };
        assert!(task.poll(watcher.get().backlog_only().filter(reject)).is_ready_and_failed());
    },
    |world| {
        let (fuse, value) = (&world.source.fuse, &world.value);
        let accept = |_: &Data| {
            fuse.call();
            true
        };
        for (number, Watching { watcher, task, waits }) in world.watching.iter_mut().enumerate().skip(1).take(6) {
            *waits = None;
            // Not so if what came before has failed.
            let is_new = watcher.has_changed();
            let number = match number {
                1 => task.poll(watcher.get().filter(accept)).map_ok(|data| data.number()),
                2 => task.poll(watcher.get_ref()).map_ok(|data| data.number()),
                3 => task.poll(watcher.wait_for(accept)).map_ok(|data| data.number()),
                4 => task.poll(watcher.changed()).map_ok(|_| 0),
                5 => Poll::Ready(watcher.try_get().map(|data| data.number())),
                _ => Poll::Ready(Ok(watcher.borrow_and_update().map_or(0, |data| data.number()))),
            };
            match number {
                Poll::Ready(Ok(0)) => {}
                Poll::Ready(Ok(number)) => assert!(value.borrow().is_some_and(|data| data.number() == number)),
                _ => assert!(!is_new, "{number:?}"),
            }
        }
    },
    World::poll_all,
    // With another waker than before, each of them.
    |world| {
        for watching in &mut world.watching {
            // The old task is not woken any more, and if this fails, nobody waits.
            watching.waits = None;
            let (watcher, other) = (&mut watching.watcher, world.source.task());
            let _ = other.poll(watcher.get());
        }
    },
    World::poll_all,
    // Watchers come and go, in the order of their places and against it.
    |world| {
        let copies: Vec<_> = world.watching.iter().map(|watching| watching.watcher.clone()).collect();
        for mut watcher in copies {
            let task = world.source.task();
            let waits = None;
            let _ = task.poll(watcher.get());
            world.watching.push(Watching { watcher, task, waits });
        }
    },
    |world| drop(world.watching.remove(WATCHERS.min(world.watching.len() - 1))),
    |world| drop(world.watching.pop()),
    |world| world.watching.truncate(WATCHERS),
    |world| _ = world.value.set(world.source.data()),
    World::poll_all,
    // Combinators, each of which has user code of its own.
    |world| {
        let (fuse, value) = (&world.source.fuse, &world.value);
        let call = |data: Data| {
            fuse.call();
            data
        };
        let mut derived = combine((value.watch().map(call).dedup(), value.watch().filter(|data| data.number() > 0)));
        assert!(world.source.task().poll(derived.get()).is_ready());
        assert!(world.source.task().poll(derived.get()).is_pending());
        value.set(world.source.data());
        assert!(world.source.task().poll(derived.get()).is_ready());
    },
    World::poll_all,
    // Others than watchers wait.
    |world| {
        let (reader, task) = (world.value.reader(), world.source.task());
        let mut unread = pin!(world.value.unread());
        assert!(task.poll(unread.as_mut()).is_pending());
        let wakes = task.wakes();
        let blew = attempt(|| drop(reader));
        assert!(task.wakes() > wakes);
        assert!(task.poll(unread.as_mut()).is_ready());
        if blew {
            resume_unwind(Box::new(Blown));
        }
    },
    // Sync mode.
    |world| {
        let World { value, source, watching, .. } = world;
        let (task, other) = (source.task(), source.task());
        let (mut first, mut second) = (value.set_sync(source.data()), value.set_sync(source.data()));
        assert!(task.poll(Pin::new(&mut first)).is_pending());
        assert!(other.poll(Pin::new(&mut second)).is_pending());
        assert!(second.missing().is_none());
        while first.missing().is_some_and(|missing| missing > 0) {
            for watching in &mut *watching {
                while watching.get().is_some() {}
            }
            // Those that only wakers know have to see it as well.
            if first.missing().is_some_and(|missing| missing <= 6) {
                break;
            }
        }
        drop(first);
        assert!(other.wakes() > 0, "it is the turn of the second");
        assert!(other.poll(Pin::new(&mut second)).is_pending());
        assert!(second.missing().is_some());
    },
    World::poll_all,
    // The end.
    |world| {
        let value = world.value.clone();
        assert!(value.same_value(&world.value));
        drop(value);
        world.value.close();
    },
    |world| assert!(world.value.try_set(world.source.data()).is_err()),
];

trait IsReadyAndFailed {
    fn is_ready_and_failed(&self) -> bool;
}

impl<T, E> IsReadyAndFailed for Poll<Result<T, E>> {
    fn is_ready_and_failed(&self) -> bool {
        matches!(self, Poll::Ready(Err(_)))
    }
}

/// Runs the program. Says how many calls there were, and how often the fuse blew.
fn run(blows_at: u64) -> (u64, usize) {
    let mut world = World::new(blows_at);
    let mut blown = 0;
    for (number, step) in STEPS.iter().enumerate() {
        let closes = number + 2 == STEPS.len();
        if closes {
            // Before the end: all is as usable as ever.
            blown += usize::from(attempt(|| world.poll_all()));
            let last = world.value.version();
            blown += usize::from(attempt(|| _ = world.value.set(world.source.data())));
            assert!(world.value.version() > last);
            world.check();
        }
        blown += usize::from(attempt(|| step(&mut world)));
        drop(world.source.sets.lock().expect("nothing panics while it is locked").take());
        world.check();
    }
    blown += usize::from(attempt(|| world.poll_all()));
    world.check();
    for Watching { watcher, .. } in &mut world.watching {
        // If the fuse blew in the last get, this one returns the data instead.
        let last = watcher.try_get();
        assert!(last.is_ok_and(|data| Some(data.number()) == world_number(&world.value)) || watcher.is_closed());
        assert!(watcher.try_get().is_err_and(|error| error.is_closed()));
    }

    let World { value, source, watching, snapshots } = world;
    blown += usize::from(attempt(|| drop(snapshots)));
    let tasks: Vec<_> = watching.iter().map(|watching| watching.task.clone()).collect();
    // What a waker keeps, another watcher's waker may keep.
    for task in &tasks {
        blown += usize::from(attempt(|| task.remove_hooks()));
    }
    assert_eq!(value.watcher_count(), watching.len());
    for watching in watching {
        blown += usize::from(attempt(|| drop(watching)));
    }
    assert_eq!((value.watcher_count(), value.handle_count(), value.reader_count()), (0, 1, 0));
    assert_eq!(source.census.alive(), u64::from(value.is_set()), "nothing but the current data is left");
    blown += usize::from(attempt(|| drop(value)));
    source.census.assert_each_was_dropped_once();
    assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left: {tasks:?}");
    assert_eq!(Arc::strong_count(&source.fuse), 1, "all that could call is gone");
    (source.fuse.calls.load(Ordering::Relaxed), blown)
}

fn world_number(value: &MemoryValue<Data>) -> Option<u64> {
    value.borrow().map(|data| data.number())
}

#[test]
fn the_nth_call_of_user_code_panics_for_all_n() {
    let watchdog = Watchdog::start("the n-th call panics", Duration::from_secs(180));
    let (calls, blown) = run(u64::MAX);
    assert_eq!(blown, 0);
    assert!(calls > 500, "{calls} calls");
    println!("{calls} calls");
    for n in 0..calls {
        let run = catch_unwind(|| run(n));
        let Ok((_, blown)) = run else { panic!("with a panic in call {n}") };
        assert_eq!(blown, 1, "call {n} is in every run up to there the same");
        watchdog.progress();
    }
}

/// The same for an only producer, those who watch it, and a cached reader.
struct Alone {
    writer: MemoryWriter<Data>,
    cached: CachedReader<Data>,
    watching: Vec<Watching>,
    held: Vec<Snapshot<Data>>,
    source: Source,
}

impl Alone {
    fn new(blows_at: u64) -> Self {
        let fuse = Arc::new(Fuse { calls: AtomicU64::new(0), blows_at });
        let source = Source { census: Census::new(), fuse, last: Arc::default(), sets: Arc::default() };
        let writer = MemoryWriter::with_value(source.data());
        let cached = writer.cached();
        let watching = (0..8).map(|_| Watching { watcher: writer.watch(), task: source.task(), waits: None }).collect();
        Self { writer, cached, watching, held: Vec::new(), source }
    }

    fn poll_all(&mut self) {
        for watching in &mut self.watching {
            while let Some(number) = watching.get() {
                assert_eq!(Some(number), self.writer.current().map(Data::number));
            }
        }
    }

    /// What holds between any two steps, whatever has panicked.
    fn check(&self) {
        let Self { writer, cached, watching, held, .. } = self;
        assert_eq!(
            writer.borrow().map(|data| (data.number(), data.version())),
            writer.current().map(|data| (data.number(), writer.version()))
        );
        assert!(cached.peek().is_none_or(|data| Some(data.number()) <= writer.current().map(Data::number)));
        assert!(held.iter().all(|data| data.number() > 0));
        for (number, Watching { watcher, task, waits }) in watching.iter().enumerate() {
            if let Some((wakes, seen)) = waits {
                let is_due = watcher.is_closed() || *seen != writer.version();
                assert!(!is_due || task.wakes() > *wakes, "watcher {number} waits for what has come");
            }
        }
    }
}

const ALONE: &[fn(&mut Alone)] = &[
    Alone::poll_all,
    |it| _ = it.writer.set(it.source.data()),
    |it| assert!(it.cached.load().is_some()),
    Alone::poll_all,
    |it| assert!(it.writer.try_set(it.source.data()).is_ok()),
    |it| {
        let (fuse, source) = (&it.source.fuse, &it.source);
        let number = it.writer.modify(|data| {
            fuse.call();
            data.citizen = source.data().citizen.clone();
            data.number()
        });
        assert_eq!(number, it.writer.current().map(Data::number));
    },
    Alone::poll_all,
    |it| {
        let fuse = &it.source.fuse;
        assert!(!it.writer.modify_if(|_| {
            fuse.call();
            false
        }));
    },
    |it| {
        let (fuse, source) = (&it.source.fuse, &it.source);
        it.writer.replace_with(|old| {
            fuse.call();
            assert!(old.is_some());
            source.data()
        });
    },
    |it| assert!(it.cached.load().is_some()),
    Alone::poll_all,
    // Moved out, and cloned, since it is borrowed.
    |it| assert!(it.writer.replace(it.source.data()).is_some()),
    |it| it.held.extend(it.writer.borrow().map(|data| data.detach())),
    |it| assert!(it.writer.replace(it.source.data()).is_some()),
    Alone::poll_all,
    |it| it.held.extend(it.writer.borrow().map(|data| data.detach())),
    |it| _ = it.writer.set(it.source.data()),
    |it| it.held.clear(),
    |it| {
        let same = it.writer.load().expect("it is set");
        assert!(!it.writer.set_if_not_eq(same));
        assert!(it.writer.set_if_not_eq(it.source.data()));
    },
    |it| {
        let mut clone = it.cached.clone();
        assert!(clone.load().is_some());
        it.cached.release();
    },
    Alone::poll_all,
    |it| drop(it.watching.pop()),
    |it| _ = it.writer.set(it.source.data()),
    |it| it.writer.close(),
    |it| assert!(it.writer.try_set(it.source.data()).is_err()),
];

fn run_alone(blows_at: u64) -> (u64, usize) {
    let mut alone = Alone::new(blows_at);
    let mut blown = 0;
    for step in ALONE {
        blown += usize::from(attempt(|| step(&mut alone)));
        alone.check();
    }
    blown += usize::from(attempt(|| alone.poll_all()));
    let Alone { writer, cached, watching, held, source } = alone;
    assert!(writer.is_closed() && writer.watcher_count() == watching.len());
    for mut watching in watching {
        drop(watching.watcher.try_get());
        assert!(watching.watcher.try_get().is_err_and(|error| error.is_closed()));
        watching.task.remove_hooks();
        drop(watching.watcher);
        assert_eq!(watching.task.stored_wakers(), 0, "a waker is left");
    }
    blown += usize::from(attempt(|| drop(held)));
    blown += usize::from(attempt(|| drop(cached)));
    assert_eq!(source.census.alive(), 1, "nothing but the current data is left");
    blown += usize::from(attempt(|| drop(writer)));
    source.census.assert_each_was_dropped_once();
    (source.fuse.calls.load(Ordering::Relaxed), blown)
}

#[test]
fn the_nth_call_of_user_code_panics_around_an_only_producer_for_all_n() {
    let watchdog = Watchdog::start("the n-th call around an only producer panics", Duration::from_secs(180));
    // The first call is that of the data which it begins with.
    let (calls, blown) = run_alone(u64::MAX);
    assert_eq!(blown, 0);
    assert!(calls > 100, "{calls} calls");
    for n in 0..calls {
        let Ok((_, blown)) = catch_unwind(|| run_alone(n)) else { panic!("with a panic in call {n}") };
        assert_eq!(blown, 1, "call {n} is in every run up to there the same");
        watchdog.progress();
    }
}
