//! What has to be so at every step, whatever happens in what order.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use event_core::MemoryReader;
use event_supervisor::Tree;

use crate::support::{Entry, Journal, Puppet, Sim, What};

/// The shortest delay before a restart.
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// Which of the starts of a group it was: that of which run of the parent, and the number of the restart.
type Round = (u64, u64);

/// Reads the journal, and looks at the contexts.
#[derive(Debug)]
pub(crate) struct Monitor {
    journal: Journal,
    state: MemoryReader<Tree>,
    /// How much of it was read.
    read: usize,
    /// Of each path, who is in its group.
    groups: BTreeMap<String, Vec<String>>,
    /// By path, without those that were never started.
    puppets: BTreeMap<String, Puppet>,
    starts: BTreeMap<String, u64>,
    rounds: BTreeMap<String, Round>,
    running: BTreeSet<String>,
    /// The groups that were told to start again do so without a delay, and so do those that they start then.
    impatient: BTreeSet<String>,
    /// The groups that were told to end.
    cancelled: BTreeSet<String>,
    /// When it was that something ended at this path or below.
    ended: BTreeMap<String, Duration>,
}

impl Monitor {
    pub(crate) fn new(journal: &Journal, state: MemoryReader<Tree>) -> Self {
        Self {
            journal: journal.clone(),
            state,
            read: 0,
            groups: BTreeMap::new(),
            puppets: BTreeMap::new(),
            starts: BTreeMap::new(),
            rounds: BTreeMap::new(),
            running: BTreeSet::new(),
            impatient: BTreeSet::new(),
            cancelled: BTreeSet::new(),
            ended: BTreeMap::new(),
        }
    }

    /// From now on it knows these.
    pub(crate) fn add_group(&mut self, members: &[(String, Puppet)]) {
        let paths: Vec<_> = members.iter().map(|(path, _)| path.clone()).collect();
        for (path, puppet) in members {
            self.groups.insert(path.clone(), paths.clone());
            self.puppets.insert(path.clone(), puppet.clone());
        }
    }

    /// Those that were started at some time.
    pub(crate) fn started(&self) -> impl Iterator<Item = (&str, &Puppet)> {
        self.starts.keys().map(|path| (&**path, &self.puppets[path]))
    }

    pub(crate) fn puppet(&self, path: &str) -> &Puppet {
        &self.puppets[path]
    }

    /// Somebody tells the group of a runnable to start again, or to end.
    pub(crate) fn controls(&mut self, path: &str, is_restart: bool) {
        let told = if is_restart { &mut self.impatient } else { &mut self.cancelled };
        told.extend(self.groups[path].iter().cloned());
    }

    /// Whether its group, or one above, was told to end.
    pub(crate) fn was_cancelled(&self, path: &str) -> bool {
        ancestors(path).chain([path]).any(|path| self.cancelled.contains(path))
    }

    pub(crate) fn running(&self) -> &BTreeSet<String> {
        &self.running
    }

    fn running_below(&self, path: &str) -> Option<&String> {
        let next = self.running.range(path.to_owned() + "."..).next();
        next.filter(|next| next.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
    }

    /// Makes a step, if one can be made, and looks at what came of it.
    pub(crate) fn step(&mut self, sim: &Sim) -> bool {
        let stepped = sim.step();
        self.look();
        stepped
    }

    pub(crate) fn settle(&mut self, sim: &Sim) {
        while self.step(sim) {}
    }

    pub(crate) fn advance(&mut self, sim: &Sim, to: Duration) {
        self.settle(sim);
        while sim.next_timer().is_some_and(|next| next <= to) {
            sim.jump();
            self.settle(sim);
        }
        sim.advance(to - sim.now());
    }

    /// Looks at what has happened since the last time.
    pub(crate) fn look(&mut self) {
        let entries = self.journal.entries_from(self.read);
        self.read += entries.len();
        for entry in &entries {
            match entry.what {
                What::Start => self.started_now(entry),
                What::Told => assert_eq!(self.running_below(&entry.path), None, "{} was told before", entry.path),
                What::End => self.ended_now(entry),
            }
        }
        assert!(self.running.is_empty() || !self.state.is_closed(), "the state is closed:\n{}", self.journal);
        // Parents outlive their children: whoever is cancelled, or is dead, has none any more.
        for path in &self.running {
            for ancestor in ancestors(path) {
                let is_cancelled = self.puppets[ancestor].context().is_cancelled();
                assert!(!is_cancelled, "{ancestor} is cancelled, and {path} runs:\n{}", self.journal);
            }
        }
    }

    /// Which start of its group it is that this runnable takes part in, or will.
    fn round(&self, path: &str) -> Option<Round> {
        let parent = path.rsplit_once('.').map(|(parent, _)| parent);
        let restarts = self.state.borrow()?.get(path)?.restarts();
        Some((parent.map_or(0, |parent| self.starts[parent]), restarts))
    }

    fn started_now(&mut self, entry: &Entry) {
        let Entry { at, path, .. } = entry;
        let journal = &self.journal;
        assert!(!self.running.contains(path), "{path} runs twice:\n{journal}");
        let parent = path.rsplit_once('.').map(|(parent, _)| parent);
        if let Some(parent) = parent {
            let is_cancelled = self.puppets[parent].context().is_cancelled();
            // What has ended in the step of its start may have been the last child that the parent had to wait for.
            let has_ended = !journal.is_running(path);
            assert!(has_ended || !is_cancelled, "{path} is started though {parent} is cancelled:\n{journal}");
        }
        let round = self.round(path).unwrap_or_else(|| panic!("{path} is started, and not in the tree:\n{journal}"));
        // What is told to start again while it dies may have been counted for the next start already.
        let was_told = self.impatient.contains(path);
        assert!(
            was_told || self.rounds.get(path) != Some(&round),
            "{path} is started again without a reason:\n{journal}"
        );
        let is_impatient = ancestors(path).chain([&**path]).any(|path| self.impatient.contains(path));
        // Whoever has not begun this round has nothing left of an earlier one.
        for member in self.groups[path].iter().filter(|member| self.rounds.get(*member) != Some(&round)) {
            assert!(!self.running.contains(member), "{path} is started again, and {member} runs:\n{journal}");
            assert_eq!(self.running_below(member), None, "{path} is started again:\n{journal}");
            let mut contexts = self.puppets[member].contexts();
            if member == path {
                contexts.pop();
            }
            assert!(contexts.iter().all(|cx| cx.is_cancelled()), "{member} was not told:\n{journal}");
            if let Some(ended) = self.ended.get(member).filter(|_| !is_impatient) {
                assert!(*at >= *ended + FIRST_DELAY, "{path} is started without a delay:\n{journal}");
            }
        }
        *self.starts.entry(path.clone()).or_default() += 1;
        self.rounds.insert(path.clone(), round);
        self.running.insert(path.clone());
    }

    fn ended_now(&mut self, entry: &Entry) {
        self.running.remove(&entry.path);
        for path in ancestors(&entry.path).chain([&*entry.path]) {
            self.ended.insert(path.to_owned(), entry.at);
        }
    }
}

/// The paths above a path, from the root on.
fn ancestors(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('.').map(|(dot, _)| &path[..dot])
}
