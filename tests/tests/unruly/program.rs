//! A program whose user code does as it likes: clones, drops, predicates, closures and wakers panic, or come back in.
//!
//! A script of bytes says what is done, and what user code does meanwhile; when it is used up, user code behaves. No model could say what
//! comes out. What is checked: no watcher loses its wake-up or goes back, every `set_sync` ends, and all data is dropped once.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::Future;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::Poll;
use std::panic::{catch_unwind, resume_unwind};
use std::thread;

use event_core::{MemoryValue, MemoryWatcher, Snapshot, Version};
use event_tests::by_hand::{Act, Task};
use event_tests::census::{Census, Citizen};

const VALUES: usize = 2;
const TASKS: usize = 3;
const WATCHERS: usize = 6;
const SYNCS: usize = 3;
const SNAPSHOTS: usize = 3;
/// How deep user code comes back in.
const DEPTH: usize = 4;

/// What user code panics with.
struct Unruly;

thread_local! {
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// Ends that there is a world for user code, also if a check fails.
struct Reset;

impl Drop for Reset {
    fn drop(&mut self) {
        drop(WORLD.take());
    }
}

/// Called by all user code.
fn interfere() {
    let world = WORLD.with_borrow(Option::clone);
    if let Some(world) = world {
        world.interfere();
    }
}

struct Data(Citizen);

impl Data {
    fn number(&self) -> u64 {
        self.0.data()
    }
}

impl Clone for Data {
    fn clone(&self) -> Self {
        interfere();
        Self(self.0.clone())
    }
}

impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        interfere();
        self.0 == other.0
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        interfere();
    }
}

struct Watching {
    value: usize,
    watcher: MemoryWatcher<Data>,
    last: Version,
    /// The task that its last get left waiting, and how often that had been woken before.
    waits: Option<(usize, usize)>,
}

/// A `set_sync` under way, with the task that polled it last, and how often that had been woken before.
struct Syncing {
    future: Pin<Box<dyn Future<Output = ()>>>,
    polled: Option<(usize, usize)>,
}

struct World {
    script: RefCell<VecDeque<u8>>,
    depth: Cell<usize>,
    census: Census,
    made: Cell<u64>,
    tasks: [Task; TASKS],
    values: [MemoryValue<Data>; VALUES],
    /// While something is being done to one, it is not in its list.
    watchers: RefCell<Vec<Watching>>,
    syncs: RefCell<Vec<Syncing>>,
    snapshots: RefCell<Vec<Snapshot<Data>>>,
}

/// Puts a watcher back, whatever happens.
struct Taken<'a> {
    world: &'a World,
    watching: Option<Watching>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.world.watchers.borrow_mut().extend(self.watching.take());
    }
}

struct Depth<'a>(&'a Cell<usize>);

impl<'a> Depth<'a> {
    fn new(depth: &'a Cell<usize>) -> Self {
        depth.set(depth.get() + 1);
        Self(depth)
    }
}

impl Drop for Depth<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// Does what the script says. Panics where something is lost.
pub(crate) fn run(script: &[u8]) {
    let world = Rc::new(World::new(script));
    WORLD.set(Some(Rc::clone(&world)));
    let world_of_user_code = Reset;
    while let Some(what) = world.next() {
        attempt(|| world.act(what));
        world.check();
    }
    world.end();
    drop(world_of_user_code);
    let (census, tasks) = (world.census.clone(), world.tasks.clone());
    for task in &tasks {
        task.remove_hooks();
    }
    drop(world);
    census.assert_each_was_dropped_once();
    assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left: {tasks:?}");
}

/// User code may panic in `step`, and nothing else.
fn attempt(step: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(step)) {
        if !panic.is::<Unruly>() {
            resume_unwind(panic);
        }
    }
}

/// Takes one out of a list, whichever `number` means.
fn take<T>(list: &RefCell<Vec<T>>, number: u8) -> Option<T> {
    let mut list = list.borrow_mut();
    let index = usize::from(number).checked_rem(list.len())?;
    Some(list.swap_remove(index))
}

impl World {
    fn new(script: &[u8]) -> Self {
        let tasks: [Task; TASKS] = Default::default();
        for task in &tasks {
            for act in [Act::Wake, Act::Clone, Act::Drop] {
                task.on(act, interfere);
            }
        }
        Self {
            script: RefCell::new(script.iter().copied().collect()),
            depth: Cell::new(0),
            census: Census::new(),
            made: Cell::new(0),
            tasks,
            values: Default::default(),
            watchers: RefCell::default(),
            syncs: RefCell::default(),
            snapshots: RefCell::default(),
        }
    }

    fn next(&self) -> Option<u8> {
        self.script.borrow_mut().pop_front()
    }

    fn number(&self) -> u8 {
        self.next().unwrap_or_default()
    }

    fn interfere(&self) {
        if self.depth.get() == DEPTH {
            return;
        }
        match self.next() {
            Some(what @ 176..240) => {
                let _depth = Depth::new(&self.depth);
                self.act(what);
            }
            // A second panic would end the process, which is no news.
            Some(240..) if !thread::panicking() => resume_unwind(Box::new(Unruly)),
            _ => {}
        }
    }

    fn data(&self) -> Data {
        self.made.set(self.made.get() + 1);
        Data(self.census.citizen(self.made.get()))
    }

    fn value(&self) -> &MemoryValue<Data> {
        &self.values[usize::from(self.number()) % VALUES]
    }

    fn act(&self, what: u8) {
        match what % 22 {
            0..3 => {
                self.value().set(self.data());
            }
            3 => drop(self.value().replace(self.data())),
            4 => drop(self.value().swap(self.data())),
            5 => {
                let value = self.value();
                value.update(|data| {
                    interfere();
                    *data = self.data();
                });
            }
            6 => {
                let value = self.value();
                drop(value.compare_and_set(value.version(), self.data()));
            }
            7 => {
                self.value().set_if_not_eq(self.data());
            }
            8 => {
                self.value().transition(|data| {
                    interfere();
                    (data.is_some().then(|| self.data()), ())
                });
            }
            9 => self.value().clear(),
            10 => {
                let borrowed = self.value().borrow();
                interfere();
                drop(borrowed);
            }
            11 => {
                let held = self.value().borrow().map(|borrowed| borrowed.detach());
                let full = self.snapshots.borrow().len() == SNAPSHOTS;
                let old = full.then(|| take(&self.snapshots, 0));
                self.snapshots.borrow_mut().extend(held);
                drop(old);
            }
            12 => drop(take(&self.snapshots, self.number())),
            13 | 14 => self.watch(),
            15 => drop(take(&self.watchers, self.number())),
            16 => self.set_sync(),
            17 => drop(take(&self.syncs, self.number())),
            18 => self.poll_sync(),
            _ => self.get(),
        }
    }

    fn watch(&self) {
        if self.watchers.borrow().len() == WATCHERS {
            return;
        }
        let value = usize::from(self.number()) % VALUES;
        let watcher = self.values[value].watch();
        let last = watcher.seen();
        self.watchers.borrow_mut().push(Watching { value, watcher, last, waits: None });
    }

    fn get(&self) {
        let Some(watching) = take(&self.watchers, self.number()) else { return };
        let mut taken = Taken { world: self, watching: Some(watching) };
        let Watching { watcher, last, waits, .. } = taken.watching.as_mut().expect("until it is put back");
        *waits = None;
        let number = usize::from(self.number());
        let (form, number) = (number / TASKS % 5, number % TASKS);
        let task = &self.tasks[number];
        let wakes = task.wakes();
        let pending = match form {
            0 | 1 => task.poll(watcher.get()).is_pending(),
            2 => {
                let get = watcher.get().filter(|data| {
                    interfere();
                    data.number() % 3 != 0
                });
                task.poll(get).is_pending()
            }
            3 => task.poll(watcher.changed()).is_pending(),
            _ => {
                drop(watcher.try_get());
                false
            }
        };
        assert!(*last <= watcher.seen(), "a watcher went back from {last:?} to {:?}", watcher.seen());
        *last = watcher.seen();
        *waits = pending.then_some((number, wakes));
    }

    fn set_sync(&self) {
        if self.syncs.borrow().len() == SYNCS {
            return;
        }
        let (value, data) = (self.value().clone(), self.data());
        let future = Box::pin(async move {
            let _ = value.set_sync(data).await;
        });
        self.syncs.borrow_mut().push(Syncing { future, polled: None });
    }

    fn poll_sync(&self) {
        if let Some(syncing) = take(&self.syncs, self.number()) {
            let task = usize::from(self.number()) % TASKS;
            self.poll_this_sync(syncing, task);
        }
    }

    /// Gives it up if it panics. Says whether it is ready.
    fn poll_this_sync(&self, mut syncing: Syncing, task: usize) -> bool {
        let wakes = self.tasks[task].wakes();
        match self.tasks[task].poll(&mut syncing.future) {
            Poll::Ready(()) => true,
            Poll::Pending => {
                syncing.polled = Some((task, wakes));
                self.syncs.borrow_mut().push(syncing);
                false
            }
        }
    }

    /// Those who wait for something that has come were woken.
    fn check(&self) {
        for watching in &*self.watchers.borrow() {
            if let Some((task, wakes)) = watching.waits {
                let news = self.values[watching.value].version() != watching.watcher.seen();
                assert!(!news || self.tasks[task].wakes() > wakes, "a wake-up was lost");
            }
        }
    }

    /// Whoever is woken is polled, until nothing more happens. Nobody misbehaves any more.
    fn end(&self) {
        // Two for each. There may be more than `SYNCS`: while one is polled, user code may add another.
        let waits = self.syncs.borrow().len();
        for _ in 0..=2 * waits {
            let watchers = self.watchers.take();
            for mut watching in watchers {
                while self.tasks[0].poll(watching.watcher.get()).is_ready() {}
                self.watchers.borrow_mut().push(watching);
            }
            let syncs = self.syncs.take();
            for syncing in syncs {
                match syncing.polled {
                    Some((task, wakes)) if self.tasks[task].wakes() == wakes => self.syncs.borrow_mut().push(syncing),
                    polled => drop(self.poll_this_sync(syncing, polled.map_or(1, |(task, _)| task))),
                }
            }
        }
        assert!(self.syncs.borrow().is_empty(), "a `set_sync` waits for ever");
        self.watchers.take();
        self.snapshots.take();
        for value in &self.values {
            value.close();
        }
    }
}
