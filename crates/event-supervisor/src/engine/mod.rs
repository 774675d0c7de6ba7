//! The rules, as a state machine: which runnables there are, in which state, and what follows when something happens.
//!
//! All of a tree is behind one [lock](crate::lock::Lock). An event - a start, a signal, an end, a cancellation - is processed at
//! the thread where it happens, together with all that follows from it, however far up or down the tree: as a queue of
//! [`Work`], not by recursion, so that trees may be deep. No user code runs meanwhile. What has to be done outside, such as
//! spawning and waking, is collected in [`Effects`] and performed when the tree is unlocked. So no task of the supervisor's is
//! needed for any of it, and none can be held up by a run that blocks its thread.
//!
//! A *group* is live, closing (its members are being ended), resting (waits for its restart), or gone. A *node* is one member
//! of a group. Its run is *open* until it has ended or has to end; a node that has to end is *ending*: first its children end,
//! then its run is *told*, and when that has returned it has *ended*. When all members of a closing group have ended, the
//! group rests, starts again, or goes.

mod end;
mod group;
mod node;
mod start;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use slab::Slab;

use crate::effects::Effects;
use crate::place::Place;
use crate::run::{Run, RunId};
use crate::settings::Settings;
use crate::state::NodeStatus;
use crate::timer::Timer;
use crate::transition::Transition;
use crate::tree::Tree;

use group::Group;
pub(crate) use group::GroupId;
use node::{Body, Node};
pub(crate) use start::{NewMember, NewMembers};

/// A tree, without what is outside.
pub(crate) struct Engine {
    settings: Arc<Settings>,
    groups: Slab<Group>,
    nodes: Slab<Node>,
    /// What is known outside, as soon as it is published.
    pub(crate) tree: Tree,
    /// Of the nodes in `tree` that ended while their parent went on, by when that was.
    ended: BTreeMap<u64, Place>,
    work: VecDeque<Work>,
    /// A death may be one of the parent as well.
    has_limits: bool,
    /// What the hook was not told yet.
    transitions: VecDeque<Transition>,
    /// The hook is being told.
    is_telling: bool,
    /// The last number that was given.
    number: u64,
    /// What the clock showed at the last event.
    now: Duration,
}

/// What follows from something.
#[derive(Clone, Copy, Debug)]
enum Work {
    /// This group has to end for good.
    Cancel(usize),
    /// This node has to end.
    Close(usize),
    /// Something has changed for this node.
    Advance(usize),
    /// All members of this group have ended.
    Ended(usize),
}

impl Engine {
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self {
            has_limits: settings.limit.is_some(),
            settings,
            groups: Slab::new(),
            nodes: Slab::new(),
            tree: Tree::default(),
            ended: BTreeMap::new(),
            work: VecDeque::new(),
            transitions: VecDeque::new(),
            is_telling: false,
            number: 0,
            now: Duration::ZERO,
        }
    }

    fn new_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// From now on, things happen at this time, unless a later one is known.
    pub(crate) fn set_clock(&mut self, now: Duration) {
        self.now = self.now.max(now);
    }

    /// Does all that follows from what has happened.
    pub(crate) fn work(&mut self, fx: &mut Effects) {
        while let Some(work) = self.work.pop_front() {
            match work {
                Work::Cancel(group) => self.cancel(fx, group),
                Work::Close(node) => self.close(node),
                Work::Advance(node) => self.advance(fx, node),
                Work::Ended(group) => self.all_ended(fx, group),
            }
        }
    }

    /// The node of a run, unless that was replaced by another one, or is forgotten.
    fn node_of(&self, run: RunId) -> Option<&Node> {
        self.nodes.get(run.node).filter(|node| node.run.id == run)
    }

    /// The group, unless it is gone.
    fn group_of(&self, id: GroupId) -> Option<&Group> {
        self.groups.get(id.key).filter(|group| group.number == id.number)
    }

    /// Changes what is known of a node, and does what follows from its new state. If nothing is changed, nothing follows.
    fn set(&mut self, fx: &mut Effects, node: usize, change: impl FnOnce(&mut NodeStatus)) {
        let Self { nodes, groups, tree, now, transitions, settings, .. } = self;
        let this = &mut nodes[node];
        let mut status = this.status.clone();
        change(&mut status);
        if status == this.status {
            return;
        }
        let old = mem::replace(&mut this.status, status);
        if this.status.state != old.state {
            this.status.since = *now;
            if settings.has_hook {
                transitions.push_back(Transition::new(&this.path, Some(old.state), &this.status));
            }
        }
        tree.set(&this.place, this.status.clone());
        fx.publish = true;
        let (was_ready, is_ready, group) = (old.state.is_ready(), this.status.state.is_ready(), this.group);
        if was_ready != is_ready {
            groups[group].count_unready(was_ready);
            if let Some(parent) = groups[group].parent {
                nodes[parent].count_unready(fx, was_ready, 1);
            }
        }
    }

    /// Notes a panic while a runnable was dropped that has ended for good.
    pub(crate) fn failed_at_end(&mut self, fx: &mut Effects, place: &Place, panic: &Arc<str>) {
        if let Some(status) = self.tree.at(place) {
            let status = NodeStatus { last_error: Some(Arc::clone(panic)), ..status.clone() };
            self.tree.set(place, status);
            fx.publish = true;
        }
    }

    /// The timers that matter when this run ends: those of its group and, since a death may be one of its parent as well, of
    /// those above.
    pub(crate) fn timers(&self, run: RunId) -> Vec<Timer> {
        let mut timers = Vec::new();
        let mut next = self.node_of(run);
        while let Some(node) = next.filter(|node| !node.is_ending) {
            let group = &self.groups[node.group];
            timers.extend(group.healthy.iter().chain(&group.deaths).cloned());
            next = group.parent.map(|parent| &self.nodes[parent]).filter(|_| self.has_limits);
        }
        timers
    }

    /// The next transition for the hook, which shall be told of it now; `None` if there is none, or it is being told.
    pub(crate) fn next_transition(&mut self) -> Option<Transition> {
        if self.is_telling {
            return None;
        }
        let next = self.transitions.pop_front();
        self.is_telling = next.is_some();
        next
    }

    pub(crate) fn has_told(&mut self) {
        self.is_telling = false;
    }

    /// Whether nothing can happen any more.
    pub(crate) fn is_over(&self) -> bool {
        self.groups.is_empty() && self.transitions.is_empty()
    }

    /// The runs of a look-out that have not ended are overdue. Returns them.
    pub(crate) fn overdue(&mut self, fx: &mut Effects, runs: &[Arc<Run>]) {
        for run in runs {
            let is_late = self.node_of(run.id).is_some_and(|node| node.is_told && node.body != Body::Ended);
            if is_late {
                self.set(fx, run.id.node, |status| status.overdue = true);
                fx.overdue.push(Arc::clone(run));
            }
        }
    }
}
