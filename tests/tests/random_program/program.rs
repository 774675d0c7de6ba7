//! The steps of a program, done to the real thing and to the model.

use alloc::collections::BTreeSet;
use core::future::{pending, ready};
use core::task::Poll;

use event_core::{CasError, GetError, MemoryReader, MemoryValue, MemoryWatcher, Ref, Snapshot, Version, WeakValue};
use event_tests::by_hand::Task;
use event_tests::census::{Census, Citizen};

use crate::model::{self, Found, News};
use crate::step::{How, Step};

const VALUES: usize = 2;
const TASKS: usize = 3;

/// Everything there is, each thing beside what the model knows of it.
struct World {
    census: Census,
    tasks: [Task; TASKS],
    values: [model::Value; VALUES],
    readers: [MemoryReader<Citizen>; VALUES],
    weak: [WeakValue<Citizen>; VALUES],
    handles: Vec<(usize, MemoryValue<Citizen>)>,
    watchers: Vec<Watching>,
    /// Of which value, the version, the data.
    snapshots: Vec<(usize, u64, u8, Snapshot<Citizen>)>,
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
    drop(world);
    census.assert_each_was_dropped_once();
    assert!(tasks.iter().all(|task| task.stored_wakers() == 0), "a waker is left: {tasks:?}");
}

fn pick(number: u8, len: usize) -> Option<usize> {
    (number as usize).checked_rem(len)
}

impl World {
    fn new() -> Self {
        let made: [MemoryValue<Citizen>; VALUES] = Default::default();
        Self {
            census: Census::new(),
            tasks: Default::default(),
            values: Default::default(),
            readers: made.each_ref().map(MemoryValue::reader),
            weak: made.each_ref().map(MemoryValue::downgrade),
            handles: made.into_iter().enumerate().collect(),
            watchers: Vec::new(),
            snapshots: Vec::new(),
        }
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
                self.handles.push(copy);
            }),
            Step::DropHandle { handle } => self.drop_handle(handle),
            Step::Upgrade { value } => self.upgrade(value),
            Step::Hold { handle } => self.hold(handle),
            Step::HoldFromWatcher { watcher } => self.hold_from_watcher(watcher),
            Step::LetGo { snapshot } => {
                pick(snapshot, self.snapshots.len()).map(|number| drop(self.snapshots.swap_remove(number)))
            }
            Step::Set { handle, .. }
            | Step::Replace { handle, .. }
            | Step::SetIfNotEq { handle, .. }
            | Step::Update { handle, .. }
            | Step::CompareAndSet { handle, .. }
            | Step::Clear { handle }
            | Step::Close { handle } => pick(handle, self.handles.len()).map(|number| self.change(number, step)),
        };
    }

    fn change(&mut self, number: usize, step: Step) {
        let (which, handle) = &self.handles[number];
        let (which, value) = (*which, &mut self.values[*which]);
        let citizen = |data: u8| self.census.citizen(data.into());
        let before = value.data;
        let news = match step {
            Step::Set { data, .. } => {
                let news = value.set(data);
                match handle.try_set(citizen(data)) {
                    Ok(version) => assert_eq!((version.as_u64(), &news), (value.version, &News::Wakes)),
                    Err(error) => assert_eq!((error.into_inner().data(), &news), (data.into(), &News::Nothing)),
                }
                news
            }
            Step::Replace { data, .. } => {
                let news = value.set(data);
                let expected = before.filter(|_| news == News::Wakes);
                assert_eq!(handle.replace(citizen(data)).map(|old| old.data()), expected.map(u64::from));
                news
            }
            Step::SetIfNotEq { data, .. } => {
                let news = if before == Some(data) { News::Nothing } else { value.set(data) };
                assert_eq!(handle.set_if_not_eq(citizen(data)), news == News::Wakes);
                news
            }
            Step::Update { add, go, .. } => {
                let sum = before.map(|data| data.wrapping_add(add) % 8).filter(|_| go);
                let news = sum.map_or(News::Nothing, |sum| value.set(sum));
                let real = |data: &mut Citizen| {
                    *data = citizen((data.data() as u8).wrapping_add(add) % 8);
                    go
                };
                assert_eq!(handle.update_if(real), news == News::Wakes);
                news
            }
            Step::CompareAndSet { right, data, .. } => {
                let seen = handle.version();
                // A version that is not present: that of another value, unless it happens to be the same.
                let wrong = self.readers[(which + 1) % VALUES].version();
                let version = if right { seen } else { wrong };
                let right = version == seen;
                let closed = value.closed;
                let news = if right { value.set(data) } else { News::Nothing };
                match handle.compare_and_set(version, citizen(data)) {
                    Ok(version) => assert_eq!((version.as_u64(), &news), (value.version, &News::Wakes)),
                    Err(CasError::Closed(_)) => assert!(closed),
                    Err(_) => assert!(!closed && !right),
                }
                news
            }
            Step::Clear { .. } => {
                value.clear();
                handle.clear();
                News::Nothing
            }
            Step::Close { .. } => {
                let news = value.close();
                handle.close();
                news
            }
            _ => unreachable!("the caller does the others"),
        };
        self.spread(which, &news);
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
    }

    fn get(&mut self, watcher: u8, task: u8, how: How, modulus: u8) -> Option<()> {
        let number = pick(watcher, self.watchers.len())?;
        let Watching { value, model, real, waiting } = &mut self.watchers[number];
        let value = &self.values[*value];
        let number = pick(task, TASKS)?;
        let task = &self.tasks[number];
        let wakes = task.wakes();

        let accept = |data: u8| data % modulus == 0;
        let accept_citizen = |citizen: &Citizen| accept(citizen.data() as u8);
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
        };
        match (expected, polled) {
            (Found::Data(expected), Poll::Ready(Ok(citizen))) => assert_eq!(citizen.data(), u64::from(expected)),
            (Found::Closed, Poll::Ready(Err(GetError::Closed))) => {}
            (Found::Nothing, Poll::Ready(Err(GetError::BacklogDone))) => {
                assert!(matches!(how, How::Backlog | How::FilterBacklog | How::TryGet));
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
        let value = pick(value, VALUES)?;
        let reader = &self.readers[value];
        let real = if changes { reader.watch_changes() } else { reader.watch() };
        self.add_watcher(value, changes, real);
        Some(())
    }

    fn add_watcher(&mut self, value: usize, changes: bool, real: MemoryWatcher<Citizen>) {
        let mut model = model::Watcher::new(&self.values[value]);
        if changes {
            model.mark_seen(&self.values[value]);
        }
        self.watchers.push(Watching { value, model, real, waiting: None });
    }

    fn clone_watcher(&mut self, watcher: u8) -> Option<()> {
        let Watching { value, model, real, .. } = &self.watchers[pick(watcher, self.watchers.len())?];
        let copy = Watching { value: *value, model: model.clone(), real: real.clone(), waiting: None };
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
        if self.handles.iter().all(|(other, _)| *other != which) {
            let news = self.values[which].close();
            self.spread(which, &news);
        }
        Some(())
    }

    fn upgrade(&mut self, value: u8) -> Option<()> {
        let value = pick(value, VALUES)?;
        let some_handle = self.handles.iter().find(|(which, _)| *which == value);
        let upgraded = self.weak[value].upgrade();
        assert_eq!(upgraded.is_some(), some_handle.is_some());
        let upgraded = upgraded?;
        assert!(some_handle.is_some_and(|(_, handle)| handle.same_value(&upgraded)));
        self.handles.push((value, upgraded));
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
        self.snapshots.push((which, value.version, value.data?, snapshot?));
        Some(())
    }

    /// Compares all that can be looked at.
    fn check(&self) {
        for (value, reader) in self.values.iter().zip(&self.readers) {
            assert_eq!(reader.version().as_u64(), value.version);
            assert_eq!(reader.version() == Version::INITIAL, value.version == 0);
            assert_eq!((reader.is_set(), reader.is_closed()), (value.data.is_some(), value.closed));
            assert_eq!(reader.borrow().map(|citizen| citizen.data()), value.data.map(u64::from));
            assert_eq!(reader.load().map(|citizen| citizen.data()), value.data.map(u64::from));
        }
        for (which, handle) in &self.handles {
            let watchers = self.watchers.iter().filter(|watching| watching.value == *which);
            assert_eq!(handle.watcher_count(), watchers.count());
            assert_eq!(handle.is_closed(), self.values[*which].closed);
        }
        for Watching { value, model, real, .. } in &self.watchers {
            let value = &self.values[*value];
            assert_eq!(real.missed(), model.missed(), "versions missed");
            assert_eq!((real.has_changed(), real.is_closed()), (model.has_changed(value), value.closed));
            assert_eq!(real.borrow().map(|citizen| citizen.data()), value.data.map(u64::from));
        }
        for (_, version, data, snapshot) in &self.snapshots {
            assert_eq!((snapshot.version().as_u64(), snapshot.data()), (*version, u64::from(*data)));
        }
        // V6: nothing but what is present or held is alive. The readers keep what is present.
        let present = self.values.iter().enumerate().filter(|(_, value)| value.data.is_some());
        let alive: BTreeSet<_> = present
            .map(|(which, value)| (which, value.version))
            .chain(self.snapshots.iter().map(|(which, version, ..)| (*which, *version)))
            .collect();
        assert_eq!(self.census.alive(), alive.len() as u64, "alive");
        // W5, W6: one waker for each watcher at most.
        assert!(self.tasks.iter().map(Task::stored_wakers).sum::<usize>() <= self.watchers.len());
    }
}
