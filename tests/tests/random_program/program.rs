//! The steps of a program, done to the real thing and to the model.

use alloc::collections::BTreeSet;
use alloc::rc::Rc;
use core::future::{pending, ready};
use core::task::Poll;

use event_core::{GetError, MemoryValue, MemoryWatcher, Ref, Snapshot, Version, WeakValue};
use event_tests::by_hand::Task;
use event_tests::census::{Census, Citizen};

use crate::derived::{Derived, Readers};
use crate::model::{self, Found, News};
use crate::step::{How, Step};

// By its path, since this file is a fuzz target's as well.
#[path = "program/change.rs"]
mod change;

/// How many values can be changed and watched at a time. Others are closed.
const VALUES: usize = 2;
const TASKS: usize = 3;
/// Of each kind. When there is one more, another one goes.
const MANY: usize = 24;

/// Everything there is, each thing beside what the model knows of it.
struct World {
    census: Census,
    tasks: [Task; TASKS],
    values: Vec<model::Value>,
    readers: Readers,
    weak: Vec<WeakValue<Citizen>>,
    /// Those that the steps are about.
    current: Rc<[usize]>,
    handles: Vec<(usize, MemoryValue<Citizen>)>,
    watchers: Vec<Watching>,
    derived: Derived,
    /// Of which value, the version, the data.
    snapshots: Vec<(usize, u64, u64, Snapshot<Citizen>)>,
}

struct Watching {
    value: usize,
    model: model::Watcher,
    real: MemoryWatcher<Citizen>,
    /// The task that its last get left waiting, and how often that had been woken before.
    waiting: Option<(usize, usize)>,
}

/// Does all steps. Panics where the real thing and the model differ.
pub(crate) fn run(steps: &[Step]) {
    let mut world = World::new();
    for step in steps {
        world.step(*step);
        world.check();
    }
    let census = world.census.clone();
    let tasks = world.tasks.clone();
    world.derived.end();
    drop(world);
    census.assert_each_was_dropped_once();
    assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left: {tasks:?}");
}

pub(crate) fn pick(number: u8, len: usize) -> Option<usize> {
    (number as usize).checked_rem(len)
}

/// Says what has to go for one more.
pub(crate) fn make_room<T>(list: &mut Vec<T>) -> Option<T> {
    (list.len() == MANY).then(|| list.swap_remove(0))
}

impl World {
    fn new() -> Self {
        let readers = Readers::default();
        let mut world = Self {
            census: Census::new(),
            tasks: Default::default(),
            values: Vec::new(),
            readers: Rc::clone(&readers),
            weak: Vec::new(),
            current: (0..VALUES).collect(),
            handles: Vec::new(),
            watchers: Vec::new(),
            derived: Derived::new(&readers),
            snapshots: Vec::new(),
        };
        (0..VALUES).for_each(|_| world.add_value());
        world
    }

    fn add_value(&mut self) {
        let made = MemoryValue::new();
        self.readers.borrow_mut().push(made.reader());
        self.weak.push(made.downgrade());
        self.handles.push((self.values.len(), made));
        self.values.push(model::Value::default());
    }

    fn step(&mut self, step: Step) {
        // Left out: there is nothing to do it to.
        let _: Option<()> = match step {
            Step::Get { watcher, task, how, modulus } => self.get(watcher, task, how, modulus),
            Step::Watch { handle, changes } => self.watch(handle, changes),
            Step::WatchReader { value, changes } => self.watch_reader(value, changes),
            Step::CloneWatcher { watcher } => self.clone_watcher(watcher),
            Step::DropWatcher { watcher } => {
                pick(watcher, self.watchers.len()).map(|number| drop(self.watchers.swap_remove(number)))
            }
            Step::Mark { watcher, seen } => self.mark(watcher, seen),
            Step::CloneHandle { handle } => pick(handle, self.handles.len()).map(|number| {
                let copy = self.handles[number].clone();
                self.add_handle(copy);
            }),
            Step::DropHandle { handle } => self.drop_handle(handle),
            Step::Upgrade { value } => self.upgrade(value),
            Step::Hold { handle } => self.hold(handle),
            Step::HoldFromWatcher { watcher } => self.hold_from_watcher(watcher),
            Step::LetGo { snapshot } => {
                pick(snapshot, self.snapshots.len()).map(|number| drop(self.snapshots.swap_remove(number)))
            }
            Step::CloneSnapshot { snapshot } => self.clone_snapshot(snapshot),
            Step::MoveOut { snapshot } => self.move_out(snapshot),
            Step::Renew { value } => self.renew(value),
            Step::Derive { .. }
            | Step::GetDerived { .. }
            | Step::CloneDerived { .. }
            | Step::DropDerived { .. }
            | Step::Advance { .. } => {
                self.derived.step(step, &self.current, &self.values);
                Some(())
            }
            Step::Set { handle, .. }
            | Step::Replace { handle, .. }
            | Step::SetIfNotEq { handle, .. }
            | Step::Update { handle, .. }
            | Step::CompareAndSet { handle, .. }
            | Step::Transition { handle, .. }
            | Step::UpdateOr { handle, .. }
            | Step::Swap { handle, .. }
            | Step::Clear { handle }
            | Step::Close { handle } => pick(handle, self.handles.len()).map(|number| self.change(number, step)),
        };
    }

    fn clone_snapshot(&mut self, snapshot: u8) -> Option<()> {
        let (which, version, data, real) = &self.snapshots[pick(snapshot, self.snapshots.len())?];
        let copy = (*which, *version, *data, real.clone());
        make_room(&mut self.snapshots);
        self.snapshots.push(copy);
        Some(())
    }

    fn move_out(&mut self, snapshot: u8) -> Option<()> {
        let number = pick(snapshot, self.snapshots.len())?;
        let (which, version, data, real) = self.snapshots.swap_remove(number);
        let shared = self.snapshots.iter().any(|other| (other.0, other.1) == (which, version));
        // The readers keep what is present.
        let is_present = self.values[which].version == version;
        match real.try_into_inner() {
            Ok(citizen) => assert_eq!((citizen.data(), shared, is_present), (data, false, false)),
            Err(real) => {
                assert!(shared || is_present);
                self.snapshots.push((which, version, data, real));
            }
        }
        Some(())
    }

    /// Checks that whoever waits for this value was woken, if there is news.
    fn spread(&mut self, which: usize, news: &News) {
        if *news == News::Nothing {
            return;
        }
        for watching in self.watchers.iter_mut().filter(|watching| watching.value == which) {
            if let Some((task, wakes)) = watching.waiting.take() {
                assert!(self.tasks[task].wakes() > wakes, "task {task} waits for value {which} and was not woken");
            }
        }
        self.derived.check_news(which);
    }

    fn get(&mut self, watcher: u8, task: u8, how: How, modulus: u8) -> Option<()> {
        let number = pick(watcher, self.watchers.len())?;
        let Watching { value, model, real, waiting } = &mut self.watchers[number];
        let value = &self.values[*value];
        let number = pick(task, TASKS)?;
        let task = &self.tasks[number];
        let wakes = task.wakes();

        let accept = |data: u64| data % u64::from(modulus) == 0;
        let accept_citizen = |citizen: &Citizen| accept(citizen.data());
        let (expected, polled) = match how {
            How::Plain => (model.get(value, |_| true), task.poll(real.get())),
            How::Filter => (model.get(value, accept), task.poll(real.get().filter(accept_citizen))),
            How::Backlog => (model.get(value, |_| true), task.poll(real.get().backlog_only())),
            How::FilterBacklog => {
                (model.get(value, accept), task.poll(real.get().backlog_only().filter(accept_citizen)))
            }
            How::Until { cancelled: true } => {
                let polled = task.poll(real.get().until(ready(())));
                assert!(matches!(polled, Poll::Ready(Err(GetError::Cancelled))));
                return Some(());
            }
            How::Until { cancelled: false } => {
                (model.get(value, |_| true), task.poll(real.get().until(pending::<()>())))
            }
            How::TryGet => (model.get(value, |_| true), Poll::Ready(real.try_get())),
            How::GetRef => {
                (model.get(value, |_| true), task.poll(real.get_ref()).map_ok(|reference| (*reference).clone()))
            }
            How::WaitFor => {
                let polled = task.poll(real.wait_for(accept_citizen));
                (model.wait_for(value, accept), polled.map_ok(|reference| (*reference).clone()))
            }
            How::TryGetRef => {
                let given = real.try_get_ref().map(|reference| (*reference).clone());
                (model.get(value, |_| true), Poll::Ready(given))
            }
            How::Changed => {
                let polled = task.poll(real.changed());
                // Nothing comes in between, so what it has marked is what is borrowed.
                let polled = polled.map_ok(|version| {
                    assert_eq!(version.as_u64(), value.version);
                    (*real.borrow().expect("it changed to data")).clone()
                });
                (model.get(value, |_| true), polled)
            }
            How::BorrowAndUpdate => {
                let given = real.borrow_and_update().map(|reference| reference.data());
                assert_eq!(given, model.borrow_and_update(value));
                return Some(());
            }
        };
        match (expected, polled) {
            (Found::Data(expected), Poll::Ready(Ok(citizen))) => assert_eq!(citizen.data(), expected),
            (Found::Closed, Poll::Ready(Err(GetError::Closed))) => {}
            (Found::Nothing, Poll::Ready(Err(GetError::BacklogDone))) => {
                assert!(matches!(how, How::Backlog | How::FilterBacklog | How::TryGet | How::TryGetRef));
            }
            (Found::Nothing, Poll::Pending) => *waiting = Some((number, wakes)),
            (expected, polled) => panic!("{how:?} was to find {expected:?}, but is {polled:?}"),
        }
        Some(())
    }

    fn watch(&mut self, handle: u8, changes: bool) -> Option<()> {
        let (value, handle) = &self.handles[pick(handle, self.handles.len())?];
        let real = if changes { handle.watch_changes() } else { handle.watch() };
        self.add_watcher(*value, changes, real);
        Some(())
    }

    fn watch_reader(&mut self, value: u8, changes: bool) -> Option<()> {
        let value = self.current[pick(value, VALUES)?];
        let real = {
            let reader = &self.readers.borrow()[value];
            if changes { reader.watch_changes() } else { reader.watch() }
        };
        self.add_watcher(value, changes, real);
        Some(())
    }

    fn add_watcher(&mut self, value: usize, changes: bool, real: MemoryWatcher<Citizen>) {
        let mut model = model::Watcher::new(&self.values[value]);
        if changes {
            model.mark_seen(&self.values[value]);
        }
        make_room(&mut self.watchers);
        self.watchers.push(Watching { value, model, real, waiting: None });
    }

    fn clone_watcher(&mut self, watcher: u8) -> Option<()> {
        let Watching { value, model, real, .. } = &self.watchers[pick(watcher, self.watchers.len())?];
        let copy = Watching { value: *value, model: model.clone(), real: real.clone(), waiting: None };
        make_room(&mut self.watchers);
        self.watchers.push(copy);
        Some(())
    }

    fn mark(&mut self, watcher: u8, seen: bool) -> Option<()> {
        let number = pick(watcher, self.watchers.len())?;
        let Watching { value, model, real, .. } = &mut self.watchers[number];
        if seen {
            model.mark_seen(&self.values[*value]);
            real.mark_seen();
        } else {
            model.mark_unseen(&self.values[*value]);
            real.mark_unseen();
        }
        Some(())
    }

    fn drop_handle(&mut self, handle: u8) -> Option<()> {
        let (which, real) = self.handles.swap_remove(pick(handle, self.handles.len())?);
        drop(real);
        self.close_without_handles(which);
        Some(())
    }

    fn add_handle(&mut self, handle: (usize, MemoryValue<Citizen>)) {
        if let Some((which, real)) = make_room(&mut self.handles) {
            drop(real);
            self.close_without_handles(which);
        }
        self.handles.push(handle);
    }

    fn close_without_handles(&mut self, which: usize) {
        if self.handles.iter().all(|(other, _)| *other != which) {
            let news = self.values[which].close();
            self.spread(which, &news);
        }
    }

    fn renew(&mut self, value: u8) -> Option<()> {
        let place = pick(value, VALUES)?;
        let old = self.current[place];
        if self.values[old].closed {
            self.handles.retain(|(which, _)| *which != old);
            self.current =
                self.current.iter().map(|which| if *which == old { self.values.len() } else { *which }).collect();
            self.add_value();
        }
        Some(())
    }

    fn upgrade(&mut self, value: u8) -> Option<()> {
        let value = self.current[pick(value, VALUES)?];
        let some_handle = self.handles.iter().find(|(which, _)| *which == value);
        let upgraded = self.weak[value].upgrade();
        assert_eq!(upgraded.is_some(), some_handle.is_some());
        let upgraded = upgraded?;
        assert!(some_handle.is_some_and(|(_, handle)| handle.same_value(&upgraded)));
        self.add_handle((value, upgraded));
        Some(())
    }

    fn hold(&mut self, handle: u8) -> Option<()> {
        let (which, handle) = &self.handles[pick(handle, self.handles.len())?];
        let snapshot = handle.borrow().map(Ref::detach);
        self.keep(*which, snapshot)
    }

    fn hold_from_watcher(&mut self, watcher: u8) -> Option<()> {
        let Watching { value, real, .. } = &self.watchers[pick(watcher, self.watchers.len())?];
        let snapshot = real.borrow().map(Ref::detach);
        self.keep(*value, snapshot)
    }

    fn keep(&mut self, which: usize, snapshot: Option<Snapshot<Citizen>>) -> Option<()> {
        let value = &self.values[which];
        assert_eq!(snapshot.is_some(), value.data.is_some());
        let snapshot = (which, value.version, value.data?, snapshot?);
        make_room(&mut self.snapshots);
        self.snapshots.push(snapshot);
        Some(())
    }

    /// Compares all that can be looked at.
    fn check(&self) {
        for (value, reader) in self.values.iter().zip(&*self.readers.borrow()) {
            assert_eq!(reader.version().as_u64(), value.version);
            assert_eq!(reader.version() == Version::INITIAL, value.version == 0);
            assert_eq!((reader.is_set(), reader.is_closed()), (value.data.is_some(), value.closed));
            assert_eq!(reader.borrow().map(|citizen| citizen.data()), value.data);
            assert_eq!(reader.load().map(|citizen| citizen.data()), value.data);
        }
        let mut counts = vec![0; self.values.len()];
        self.watchers.iter().for_each(|watching| counts[watching.value] += 1);
        self.derived.watched(&mut |which| counts[which] += 1);
        for (which, handle) in &self.handles {
            assert_eq!(handle.watcher_count(), counts[*which]);
            assert_eq!(handle.handle_count(), self.handles.iter().filter(|(other, _)| other == which).count());
            assert_eq!(handle.is_closed(), self.values[*which].closed);
        }
        for Watching { value, model, real, .. } in &self.watchers {
            let value = &self.values[*value];
            assert_eq!(real.missed(), model.missed(), "versions missed");
            assert_eq!(real.seen().as_u64(), model.seen());
            assert_eq!((real.has_changed(), real.is_closed()), (model.has_changed(value), value.closed));
            assert_eq!(real.borrow().map(|citizen| citizen.data()), value.data);
        }
        for (_, version, data, snapshot) in &self.snapshots {
            assert_eq!((snapshot.version().as_u64(), snapshot.data()), (*version, *data));
        }
        // V6: nothing but what is present or held is alive. The readers keep what is present.
        let present = self.values.iter().enumerate().filter(|(_, value)| value.data.is_some());
        let alive: BTreeSet<_> = present
            .map(|(which, value)| (which, value.version))
            .chain(self.snapshots.iter().map(|(which, version, ..)| (*which, *version)))
            .collect();
        assert_eq!(self.census.alive(), alive.len() as u64, "alive");
        self.derived.check(&self.values);
        // W5, W6: one waker for each watcher at most.
        assert!(self.tasks.iter().map(Task::stored_wakers).sum::<usize>() <= self.watchers.len());
    }
}
