//! What runnables did, in this order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::executor::{Sim, SimRuntime};

/// Written by runnables. Clones are the same journal.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    runtime: SimRuntime,
    pages: Arc<Mutex<Pages>>,
}

#[derive(Debug, Default)]
struct Pages {
    entries: Vec<Entry>,
    running: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) at: Duration,
    pub(crate) path: String,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Start,
    /// It found itself cancelled.
    Told,
    /// Its future is gone.
    End,
}

impl Journal {
    pub(crate) fn new(sim: &Sim) -> Self {
        Self { runtime: sim.runtime(), pages: Arc::default() }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, path: &str, what: What) {
        let mut pages = self.pages();
        match what {
            What::Start => _ = pages.running.insert(path.to_owned()),
            What::Told => {}
            What::End => _ = pages.running.remove(path),
        }
        pages.entries.push(Entry { at: self.runtime.now(), path: path.to_owned(), what });
    }

    /// Notes the start of a run, and its end when this is dropped. Panics if the one before has not ended.
    pub(crate) fn enter(&self, path: &str) -> Presence {
        assert!(!self.is_running(path), "{path} is started while it runs:\n{self}");
        self.write(path, What::Start);
        Presence { journal: self.clone(), path: path.to_owned() }
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.pages().entries.clone()
    }

    /// How much was written.
    pub(crate) fn len(&self) -> usize {
        self.pages().entries.len()
    }

    /// What was written after the first so many entries.
    pub(crate) fn entries_from(&self, first: usize) -> Vec<Entry> {
        self.pages().entries[first..].to_vec()
    }

    pub(crate) fn is_running(&self, path: &str) -> bool {
        self.pages().running.contains(path)
    }

    /// Whatever runs, by path.
    pub(crate) fn running(&self) -> Vec<String> {
        self.pages().running.iter().cloned().collect()
    }

    pub(crate) fn starts(&self, path: &str) -> usize {
        self.count(path, What::Start)
    }

    pub(crate) fn count(&self, path: &str, what: What) -> usize {
        self.pages().entries.iter().filter(|entry| entry.path == path && entry.what == what).count()
    }

    /// When something happened last.
    pub(crate) fn last(&self, path: &str, what: What) -> Option<Duration> {
        self.pages().entries.iter().rev().find(|entry| entry.path == path && entry.what == what).map(|entry| entry.at)
    }

    /// Checks that nothing of this group ran, its members' children included, each time it was started again.
    pub(crate) fn assert_clean_restarts(&self, group: &[&str]) {
        let is_within = |path: &str| group.iter().any(|member| is_at_or_below(path, member));
        let (mut starts, mut round, mut running) = (BTreeMap::new(), 0, BTreeSet::new());
        for Entry { path, what, .. } in self.entries() {
            match what {
                What::Start => {
                    if group.contains(&&*path) {
                        let starts = starts.entry(path.clone()).or_insert(0);
                        *starts += 1;
                        if *starts > round {
                            round = *starts;
                            assert!(running.is_empty(), "{path} is started again while {running:?} run:\n{self}");
                        }
                    }
                    if is_within(&path) {
                        running.insert(path);
                    }
                }
                What::End => _ = running.remove(&path),
                What::Told => {}
            }
        }
    }

    /// Checks that these were written in this order, whatever else came between.
    pub(crate) fn assert_order(&self, order: &[(&str, What)]) {
        let entries = self.entries();
        let mut from = 0;
        for (path, what) in order {
            let found = entries[from..].iter().position(|entry| entry.path == *path && entry.what == *what);
            let found = found.unwrap_or_else(|| panic!("{what:?} {path} was to follow, of {order:?}, but:\n{self}"));
            from += found + 1;
        }
    }
}

/// Whether `path` is that of `ancestor` or of something below.
pub(crate) fn is_at_or_below(path: &str, ancestor: &str) -> bool {
    path.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

impl fmt::Display for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.entries().iter().try_for_each(|entry| writeln!(f, "{:?} {:?} {}", entry.at, entry.what, entry.path))
    }
}

/// A run, as the journal sees it.
#[derive(Debug)]
pub(crate) struct Presence {
    journal: Journal,
    path: String,
}

impl Presence {
    pub(crate) fn told(&self) {
        self.journal.write(&self.path, What::Told);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.journal.write(&self.path, What::End);
    }
}
