//! Gets from a watcher for as long as it gives something, and holds against it what it should not have given.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use event_core::GetError;
use event_etcd::EtcdWatcher;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::{Item, PATIENCE, StatusLog};

/// A watcher in a task of its own, which is in `get` at any time.
///
/// A get is followed by another one only when it has given something. So the one that waits while servers fail is the one
/// that gives what comes after, and no error comes out of it.
#[derive(Debug)]
pub(crate) struct Recorder {
    pub(crate) status: StatusLog,
    record: watch::Receiver<Record>,
    /// Dropped, it ends the task.
    stop: oneshot::Sender<()>,
    task: JoinHandle<EtcdWatcher<Item>>,
}

/// What a watcher gave.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record {
    items: Vec<Item>,
    /// What is present after all of it.
    map: BTreeMap<String, String>,
    revisions: HashMap<String, i64>,
    /// What it should not have given.
    wrong: Vec<String>,
}

/// What is expected to be present.
pub(crate) fn map_of<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.map(|(key, data)| (key.to_owned(), data.to_owned())).into()
}

impl Recorder {
    /// One that gets as fast as it can.
    pub(crate) fn start(watcher: EtcdWatcher<Item>) -> Self {
        Self::resume(watcher, Record::default(), Duration::ZERO)
    }

    /// One of a watcher that has given something before, which rests after each get.
    pub(crate) fn resume(watcher: EtcdWatcher<Item>, record: Record, rest: Duration) -> Self {
        let status = StatusLog::start(watcher.status().watch());
        let ((sender, record), (stop, stopped)) = (watch::channel(record), oneshot::channel());
        let task = tokio::spawn(follow(watcher, sender, rest, stopped));
        Self { status, record, stop, task }
    }

    /// Cancels the get, and gives the watcher back with what it gave.
    pub(crate) async fn stop(self) -> (EtcdWatcher<Item>, Record) {
        drop(self.stop);
        let watcher = self.task.await.expect("the task does not panic");
        (watcher, self.record.borrow().clone())
    }

    /// Waits until the watcher has given what makes it this, and nothing wrong.
    pub(crate) async fn reaches(&mut self, map: &BTreeMap<String, String>) {
        let mut record = self.record.clone();
        let reached = record.wait_for(|record| record.map == *map || !record.wrong.is_empty());
        let reached = tokio::time::timeout(PATIENCE, reached).await.is_ok();
        self.assert_faultless();
        assert!(reached, "after {PATIENCE:?} {:?} is not {map:?}", self.record.borrow());
    }

    /// As [`reaches`](Self::reaches), of a watcher of this one key.
    pub(crate) async fn reaches_one(&mut self, key: &str, data: &str) {
        self.reaches(&map_of([(key, data)])).await;
    }

    /// What is present by what it has given.
    pub(crate) fn map(&self) -> BTreeMap<String, String> {
        self.record.borrow().map.clone()
    }

    /// Everything it has given, in order.
    pub(crate) fn items(&self) -> Vec<Item> {
        self.record.borrow().items.clone()
    }

    /// What it has given of one key, in order.
    pub(crate) fn items_of(&self, key: &str) -> Vec<Option<String>> {
        self.items().into_iter().filter(|(other, _)| other == key).map(|(_, data)| data).collect()
    }

    /// Panics if it has given what it should not have, and shows what the watcher went through.
    pub(crate) fn assert_faultless(&self) {
        let record = self.record.borrow();
        assert!(record.wrong.is_empty(), "{:?} in {:?}, through {:?}", record.wrong, record.items, self.status.all());
        self.status.assert_growing();
    }
}

async fn follow(
    mut watcher: EtcdWatcher<Item>,
    record: watch::Sender<Record>,
    rest: Duration,
    mut stopped: oneshot::Receiver<()>,
) -> EtcdWatcher<Item> {
    loop {
        let given = tokio::select! {
            _ = &mut stopped => return watcher,
            given = watcher.get() => given,
        };
        let failed = given.is_err();
        record.send_modify(|record| record.note(given, watcher.mod_revision()));
        if failed {
            return watcher;
        }
        if !rest.is_zero() {
            tokio::time::sleep(rest).await;
        }
    }
}

impl Record {
    /// How many items it was.
    pub(crate) fn items(&self) -> usize {
        self.items.len()
    }

    fn note(&mut self, given: Result<Item, GetError>, revision: i64) {
        let (key, data) = match given {
            Ok(item) => item,
            Err(error) => return self.wrong.push(format!("a get failed: {error:?}")),
        };
        if self.map.get(&key) == data.as_ref() {
            self.wrong.push(format!("{key} = {data:?} was given again"));
        }
        if self.revisions.insert(key.clone(), revision).is_some_and(|before| before >= revision) {
            self.wrong.push(format!("{key} = {data:?} is of revision {revision}, which is not newer"));
        }
        match &data {
            Some(data) => self.map.insert(key.clone(), data.clone()),
            None => self.map.remove(&key),
        };
        self.items.push((key, data));
    }
}
