//! Random programs against a `BTreeMap` with a record of what each watcher has to be told, in which order.
//!
//! The reference is told of every change, and notes for every watcher what it has to expect; the map is asked only when a watcher
//! gets. Beside that, every watcher applies what it is told to a map of its own, which has to be the map when it has had everything.

mod program;
mod reference;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::ops::Bound;
use core::pin::pin;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};

use event_core::{GetError, Watcher};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::program::{Edit, Kind, Step, steps};
use self::reference::{Expected, Reference};
use crate::{Change, KeyWatcher, MapSnapshot, MapWatcher, MemoryMap, RangeWatcher, SnapshotWatcher};

pub(super) type Key = u8;
pub(super) type Data = u32;

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

enum Any {
    All(MapWatcher<Key, Data>),
    Range(RangeWatcher<Key, Data>),
}

impl Any {
    fn watcher(&mut self) -> &mut dyn Watcher<Item = Change<Key, Data>> {
        match self {
            Self::All(watcher) => watcher,
            Self::Range(watcher) => watcher,
        }
    }

    fn mark_seen(&mut self) {
        match self {
            Self::All(watcher) => watcher.mark_seen(),
            Self::Range(watcher) => watcher.mark_seen(),
        }
    }
}

struct Watching {
    watcher: Any,
    bounds: (Bound<Key>, Bound<Key>),
    expected: Expected,
    /// What it was told, applied to what it was told before; unless it skipped something.
    replica: BTreeMap<Key, Data>,
    skipped: bool,
    /// Where it waits, and how often it had been woken then.
    waits: Option<usize>,
    count: Arc<Count>,
}

struct KeyWatching {
    watcher: KeyWatcher<Key, Data>,
    key: Key,
    /// The number of the change that was returned last.
    seen: Option<Option<u64>>,
    waits: Option<usize>,
    count: Arc<Count>,
}

struct Run {
    map: MemoryMap<Key, Data>,
    reference: Reference,
    watching: Vec<Watching>,
    keys: Vec<KeyWatching>,
    snapshots: Vec<(MapSnapshot<Key, Data>, Reference)>,
    states: SnapshotWatcher<Key, Data>,
    states_seen: Option<BTreeMap<Key, Data>>,
}

/// Whether a program fails is only of interest with what it takes to see it again.
macro_rules! ensure {
    ($($t:tt)*) => { prop_assert!($($t)*) };
}
macro_rules! ensure_eq {
    ($($t:tt)*) => { prop_assert_eq!($($t)*) };
}

type Checked = Result<(), TestCaseError>;

impl Run {
    fn new() -> Self {
        let map = MemoryMap::new();
        let states = map.watch_snapshots();
        let reference = Reference::default();
        Self {
            map,
            reference,
            watching: Vec::new(),
            keys: Vec::new(),
            snapshots: Vec::new(),
            states,
            states_seen: None,
        }
    }

    fn add(&mut self, watcher: Any, bounds: (Bound<Key>, Bound<Key>), changes_only: bool) {
        let mut expected = Expected::new(&self.reference, bounds);
        if changes_only {
            expected.skip_to(&self.reference);
        }
        let replica = if changes_only { self.reference.within(bounds) } else { BTreeMap::new() };
        self.watching.push(Watching {
            watcher,
            bounds,
            expected,
            replica,
            skipped: false,
            waits: None,
            count: Arc::default(),
        });
    }

    fn write(&mut self, edits: &[Edit]) -> Checked {
        match edits {
            [Edit::Insert(key, data)] => {
                ensure_eq!(self.map.insert(*key, *data), self.reference.get(*key));
            }
            [Edit::Remove(key)] => {
                ensure_eq!(self.map.remove(key), self.reference.get(*key));
            }
            [Edit::Update(key, data)] => {
                ensure_eq!(self.map.update(key, |old| *old ^= data), self.reference.get(*key).is_some());
            }
            edits => self.map.transaction(|edit| {
                for each in edits {
                    match each {
                        Edit::Insert(key, data) => _ = edit.insert(*key, *data),
                        Edit::Remove(key) => _ = edit.remove(key),
                        Edit::Update(key, data) => _ = edit.update(key, |old| *old ^= data),
                    }
                }
            }),
        }
        self.note(edits)
    }

    /// Notes in the reference what the map was asked to do.
    fn note(&mut self, edits: &[Edit]) -> Checked {
        let noted = self.reference.apply(edits);
        for watching in &mut self.watching {
            watching.expected.note(&noted, &self.reference);
            // Whoever waits is woken if there is something for it.
            if let Some(before) = watching.waits.filter(|_| watching.expected.peek(&self.reference).is_some()) {
                ensure!(watching.count.0.load(Ordering::Relaxed) > before, "a watcher that waits was not woken");
                watching.waits = None;
            }
        }
        for keys in &mut self.keys {
            let Some(before) = keys.waits else { continue };
            let is_woken = keys.count.0.load(Ordering::Relaxed) > before;
            ensure_eq!(
                is_woken,
                noted.iter().any(|noted| noted.key == keys.key),
                "watchers of a key are woken by it alone"
            );
            if is_woken {
                keys.waits = None;
            }
        }
        self.check()
    }

    fn check(&mut self) -> Checked {
        ensure_eq!(self.map.len(), self.reference.len());
        ensure!(self.map.snapshot().iter().map(|(key, data)| (*key, *data)).eq(self.reference.iter()));
        for (snapshot, reference) in &self.snapshots {
            ensure!(snapshot.iter().map(|(key, data)| (*key, *data)).eq(reference.iter()), "a snapshot changes");
        }
        Ok(())
    }

    /// One get, with everything that it can be: whatever comes is what was expected.
    fn get(&mut self, index: usize, accept: Option<Data>, backlog: bool) -> Result<bool, TestCaseError> {
        let Some(count) = self.watching.len().checked_sub(1) else { return Ok(false) };
        let watching = &mut self.watching[index % (count + 1)];
        let waker = Waker::from(Arc::clone(&watching.count));
        let mut cx = Context::from_waker(&waker);
        let mut rejected = Vec::new();
        let mut accepts = |change: &Change<Key, Data>| {
            let accepted = accept.is_none_or(|odd| change.value.is_none_or(|data| data % 2 == odd % 2));
            if !accepted {
                rejected.push(*change);
            }
            accepted
        };
        watching.expected.look(&self.reference);
        let before = watching.count.0.load(Ordering::Relaxed);
        let watcher = watching.watcher.watcher();
        let got = if backlog {
            watcher.poll_backlog_if(&mut cx, &mut accepts)
        } else {
            watcher.poll_get_if(&mut cx, &mut accepts)
        };
        for change in rejected {
            ensure_eq!(watching.expected.take(&self.reference), Some(change), "rejected");
            apply(&mut watching.replica, change);
        }
        match got {
            Poll::Ready(Ok(change)) => {
                ensure_eq!(watching.expected.take(&self.reference), Some(change));
                apply(&mut watching.replica, change);
                watching.waits = None;
                Ok(true)
            }
            Poll::Ready(Err(GetError::BacklogDone)) if backlog => {
                ensure_eq!(watching.expected.take(&self.reference), None, "not everything was told");
                Self::check_replica(watching, &self.reference)?;
                Ok(false)
            }
            Poll::Pending if watching.count.0.load(Ordering::Relaxed) > before => {
                // It has yielded to the executor.
                Ok(true)
            }
            Poll::Pending if !backlog => {
                ensure_eq!(watching.expected.take(&self.reference), None, "not everything was told");
                Self::check_replica(watching, &self.reference)?;
                watching.waits = Some(before);
                Ok(false)
            }
            other => Err(TestCaseError::fail(alloc::format!("{other:?}"))),
        }
    }

    fn check_replica(watching: &Watching, reference: &Reference) -> Checked {
        if !watching.skipped {
            ensure_eq!(&watching.replica, &reference.within(watching.bounds), "who was told everything has the map");
        }
        Ok(())
    }

    fn drain(&mut self, index: usize) -> Checked {
        while self.get(index, None, true)? {}
        Ok(())
    }

    fn get_key(&mut self, index: usize) -> Checked {
        let Some(count) = self.keys.len().checked_sub(1) else { return Ok(()) };
        let keys = &mut self.keys[index % (count + 1)];
        let waker = Waker::from(Arc::clone(&keys.count));
        let now = self.reference.changed(keys.key);
        let expected = (keys.seen != Some(now)).then(|| self.reference.get(keys.key));
        let before = keys.count.0.load(Ordering::Relaxed);
        match keys.watcher.poll_get(&mut Context::from_waker(&waker)) {
            Poll::Ready(got) => {
                ensure_eq!(got.ok(), expected);
                keys.waits = None;
            }
            Poll::Pending => {
                ensure_eq!(None, expected);
                keys.waits = Some(before);
            }
        }
        keys.seen = Some(now);
        Ok(())
    }

    fn get_state(&mut self) -> Checked {
        let now = self.reference.map();
        match self.states.try_get() {
            Ok(snapshot) => {
                ensure_eq!(&snapshot.iter().map(|(key, data)| (*key, *data)).collect::<BTreeMap<_, _>>(), &now);
            }
            Err(_) => ensure_eq!(self.states_seen.as_ref(), Some(&now), "a state was not told"),
        }
        self.states_seen = Some(now);
        Ok(())
    }

    fn since(&self, index: usize) -> Checked {
        let Some(count) = self.snapshots.len().checked_sub(1) else { return Ok(()) };
        let (old, old_reference) = &self.snapshots[index % (count + 1)];
        let new = self.map.snapshot();
        let changes: Vec<_> =
            new.since(old).map(|change| Change { key: *change.key, value: change.value.copied() }).collect();
        let keys: Vec<_> = changes.iter().map(|change| change.key).collect();
        let mut differ = self.reference.keys_that_differ(old_reference);
        ensure_eq!(differ.len(), keys.len(), "{:?} {:?}", &differ, &keys);
        differ.retain(|key| !keys.contains(key));
        ensure!(differ.is_empty(), "{differ:?} differ, and were not iterated");
        let mut replica = old_reference.map();
        changes.into_iter().for_each(|change| apply(&mut replica, change));
        ensure_eq!(replica, self.reference.map());
        // The other way round it compares both.
        let mut replica = self.reference.map();
        for change in old.since(&new) {
            apply(&mut replica, Change { key: *change.key, value: change.value.copied() });
        }
        ensure_eq!(replica, old_reference.map());
        Ok(())
    }

    /// When nobody is behind, next to nothing is remembered.
    fn settle(&mut self) -> Checked {
        for index in 0..self.watching.len() {
            self.drain(index)?;
        }
        self.snapshots.clear();
        for data in 0..200 {
            self.write(&[Edit::Insert(0, data)])?;
        }
        let (turns, marks) = self.map.log_sizes();
        ensure!(turns <= 2 && marks <= 1, "{turns} turns and {marks} positions are remembered");
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Checked {
        match step {
            Step::Write(edits) => self.write(edits)?,
            Step::Retain(odd) => {
                let gone: Vec<_> = self.reference.iter().filter(|(_, data)| data % 2 != odd % 2).collect();
                ensure_eq!(self.map.retain(|_, data| data % 2 == odd % 2), gone.len());
                let edits: Vec<_> = gone.iter().map(|(key, _)| Edit::Remove(*key)).collect();
                self.note(&edits)?;
            }
            Step::ReplaceAll(all) => {
                let last: BTreeMap<_, _> = all.iter().copied().collect();
                let mut edits: Vec<_> = all
                    .iter()
                    .enumerate()
                    .filter(|(at, (key, _))| all[at + 1..].iter().all(|(later, _)| later != key))
                    .filter(|(_, (key, data))| self.reference.get(*key) != Some(*data))
                    .map(|(_, (key, data))| Edit::Insert(*key, *data))
                    .collect();
                edits.extend(
                    self.reference.iter().filter(|(key, _)| !last.contains_key(key)).map(|(key, _)| Edit::Remove(key)),
                );
                ensure_eq!(self.map.replace_all(all.iter().copied()), edits.len());
                self.note(&edits)?;
            }
            Step::Watch(Kind::All) => self.add(Any::All(self.map.watch()), (Bound::Unbounded, Bound::Unbounded), false),
            Step::Watch(Kind::Changes) => {
                self.add(Any::All(self.map.watch_changes()), (Bound::Unbounded, Bound::Unbounded), true);
            }
            Step::Watch(Kind::Range(start, end)) => {
                let bounds = (Bound::Included(*start), Bound::Excluded(*end));
                self.add(Any::Range(self.map.reader().watch_range(bounds)), bounds, false);
            }
            Step::WatchKey(key) => self.keys.push(KeyWatching {
                watcher: self.map.watch_key(*key),
                key: *key,
                seen: None,
                waits: None,
                count: Arc::default(),
            }),
            Step::Clone(index) => {
                let Some(count) = self.watching.len().checked_sub(1) else { return Ok(()) };
                let original = &self.watching[index % (count + 1)];
                let watcher = match &original.watcher {
                    Any::All(watcher) => Any::All(watcher.clone()),
                    Any::Range(watcher) => Any::Range(watcher.clone()),
                };
                let clone = Watching {
                    watcher,
                    bounds: original.bounds,
                    expected: original.expected.clone(),
                    replica: original.replica.clone(),
                    skipped: original.skipped,
                    waits: None,
                    count: Arc::default(),
                };
                self.watching.push(clone);
            }
            Step::Drop(index) => {
                if !self.watching.is_empty() {
                    self.watching.swap_remove(index % self.watching.len());
                }
            }
            Step::DropKey(index) => {
                if !self.keys.is_empty() {
                    self.keys.swap_remove(index % self.keys.len());
                }
            }
            Step::MarkSeen(index) => {
                if let Some(count) = self.watching.len().checked_sub(1) {
                    let watching = &mut self.watching[index % (count + 1)];
                    watching.watcher.mark_seen();
                    watching.expected.skip_to(&self.reference);
                    watching.replica = self.reference.within(watching.bounds);
                    watching.skipped = false;
                }
            }
            Step::Get { index, accept, backlog } => _ = self.get(*index, *accept, *backlog)?,
            Step::Drain(index) => self.drain(*index)?,
            Step::GetKey(index) => self.get_key(*index)?,
            Step::GetState => self.get_state()?,
            Step::Snapshot => self.snapshots.push((self.map.snapshot(), self.reference.clone())),
            Step::DropSnapshot(index) => {
                if !self.snapshots.is_empty() {
                    self.snapshots.swap_remove(index % self.snapshots.len());
                }
            }
            Step::Since(index) => self.since(*index)?,
            Step::Settle => self.settle()?,
        }
        Ok(())
    }

    /// After close everybody still gets the rest, and then learns of the end.
    fn close(mut self) -> Checked {
        self.map.close();
        for mut watching in self.watching {
            if let Some(before) = watching.waits {
                ensure!(watching.count.0.load(Ordering::Relaxed) > before, "closing wakes");
            }
            watching.expected.look(&self.reference);
            let mut cx = Context::from_waker(Waker::noop());
            loop {
                match watching.watcher.watcher().poll_get(&mut cx) {
                    Poll::Ready(Ok(change)) => {
                        ensure_eq!(watching.expected.take(&self.reference), Some(change));
                        apply(&mut watching.replica, change);
                    }
                    Poll::Ready(Err(GetError::Closed)) => break,
                    other => return Err(TestCaseError::fail(alloc::format!("{other:?}"))),
                }
            }
            ensure_eq!(watching.expected.take(&self.reference), None);
            Self::check_replica(&watching, &self.reference)?;
        }
        for mut keys in self.keys {
            if let Some(before) = keys.waits {
                ensure!(keys.count.0.load(Ordering::Relaxed) > before, "closing wakes");
            }
            let now = self.reference.changed(keys.key);
            if keys.seen != Some(now) {
                ensure_eq!(keys.watcher.try_get().ok(), Some(self.reference.get(keys.key)));
            }
            ensure!(keys.watcher.try_get().is_err_and(|error| error.is_closed()));
        }
        _ = pin!(self.states.get()).poll(&mut Context::from_waker(Waker::noop()));
        ensure!(self.states.try_get().is_err_and(|error| error.is_closed()));
        Ok(())
    }
}

fn apply(replica: &mut BTreeMap<Key, Data>, change: Change<Key, Data>) {
    match change.value {
        Some(data) => _ = replica.insert(change.key, data),
        None => _ = replica.remove(&change.key),
    }
}

fn run(program: &[Step]) -> Checked {
    let mut run = Run::new();
    program.iter().try_for_each(|step| run.step(step))?;
    run.close()
}

/// 10,000 steps at least; `EVENT_CASES` for more.
#[test]
fn random_programs_do_what_a_btree_map_with_a_record_per_watcher_does() {
    let cases = std::env::var("EVENT_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    // It prints the program, made smaller; that is what is replayed, as a regression test.
    let result = TestRunner::new(config).run(&steps(), |program| run(&program));
    if let Err(error) = result {
        match error {
            proptest::test_runner::TestError::Fail(why, program) => panic!("{why}\nthe program:\n{program:?}"),
            error => panic!("{error}"),
        }
    }
}
