//! A runnable, from its start until it has ended for good.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use event_core::{MemoryValue, Signal};

use super::Engine;
use crate::effects::{Effects, Note};
use crate::log::Span;
use crate::look_out::LookOut;
use crate::place::Place;
use crate::run::{Run, RunId};
use crate::runnable::BoxRunnable;
use crate::settings::Limit;
use crate::state::{NodeStatus, State};

/// A member of a group.
pub(super) struct Node {
    pub(super) group: usize,
    pub(super) path: Arc<str>,
    pub(super) place: Place,
    pub(super) span: Span,
    /// As in the tree.
    pub(super) status: NodeStatus,
    /// Unless it runs.
    pub(super) runnable: Option<BoxRunnable>,
    /// The run that goes on, or was the last one.
    pub(super) run: Arc<Run>,
    pub(super) body: Body,
    /// It can start children, and is heard.
    pub(super) is_open: bool,
    /// It has to end.
    pub(super) is_ending: bool,
    /// Its children have ended, and the run was told.
    pub(super) is_told: bool,
    pub(super) has_ended: bool,
    pub(super) is_dead: bool,
    /// It is done, and has no children any more.
    pub(super) is_complete: bool,
    /// It ended because it was told.
    pub(super) was_cancelled: bool,
    /// What it panicked with when it was told.
    pub(super) panic: Option<String>,
    /// The groups that have not ended for good, by their numbers, which grow.
    pub(super) children: BTreeMap<u64, usize>,
    /// So many of the members of those are neither healthy nor done.
    pub(super) unready_children: usize,
    /// Whether none is, if somebody has asked.
    pub(super) children_ready: Option<MemoryValue<bool>>,
    /// Its groups end one after the other.
    pub(super) is_ordered: bool,
    pub(super) limit: Option<Limit>,
    pub(super) look_out: Option<Arc<LookOut>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Its task was not polled yet.
    Waiting,
    Running,
    Ended,
}

impl Node {
    /// So many children have become unready or ready, or have come or gone.
    pub(super) fn count_unready(&mut self, fx: &mut Effects, are_unready: bool, number: usize) {
        let were_ready = self.unready_children == 0;
        if are_unready {
            self.unready_children += number;
        } else {
            self.unready_children -= number;
        }
        if let Some(ready) = self.children_ready.as_ref().filter(|_| were_ready != (self.unready_children == 0)) {
            fx.readiness.push((ready.clone(), self.run.id));
        }
    }
}

impl Engine {
    /// A run says how it is doing.
    pub(crate) fn signal(&mut self, fx: &mut Effects, run: &Arc<Run>, signal: Signal) {
        let Some(node) = self.node_of(run.id).filter(|node| node.body != Body::Ended) else {
            return fx.note(run, Note::Meaningless(signal, "its run has ended"));
        };
        // Whether it heard of its cancellation in time is nobody's fault.
        if !node.is_open {
            return;
        }
        let (state, key) = (node.status.state, run.id.node);
        let next = match (state, signal) {
            (State::New, Signal::Healthy) => State::Healthy,
            (State::New | State::Healthy, Signal::Done) => State::Done,
            (State::Done, Signal::Healthy) => {
                return fx.note(run, Note::Meaningless(signal, "it has signalled that it is done"));
            }
            _ => return fx.note(run, Note::Meaningless(signal, "it has signalled that before")),
        };
        if next == State::Healthy {
            fx.note(run, Note::Healthy);
        } else {
            if state == State::New {
                fx.note(run, Note::Meaningless(signal, "it has not signalled that it is healthy"));
            }
            fx.note(run, Note::Done);
        }
        self.set(fx, key, |status| status.state = next);
        let group = &mut self.groups[self.nodes[key].group];
        // Before its first death, there is no delay that could become the first one again.
        if group.unready == 0 && group.healthy.is_none() && group.delays.is_some() {
            let period = self.settings.backoff.healthy_period();
            group.healthy = Some(fx.timer(period));
        }
    }

    fn open(&mut self, run: RunId) -> Option<&mut Node> {
        self.nodes.get_mut(run.node).filter(|node| node.run.id == run && node.is_open)
    }

    /// From now on, the groups of this run end one after the other.
    pub(crate) fn set_ordered(&mut self, run: RunId) {
        if let Some(node) = self.open(run) {
            node.is_ordered = true;
        }
    }

    /// From now on, this is the limit of the groups of this run.
    pub(crate) fn set_limit(&mut self, run: RunId, limit: Limit) {
        if let Some(node) = self.open(run) {
            node.limit = Some(limit);
            self.has_limits = true;
        }
    }

    /// Whether all children of a run are healthy or done; `None` if it is forgotten.
    pub(crate) fn are_children_ready(&self, run: RunId) -> Option<bool> {
        self.node_of(run).map(|node| node.unready_children == 0)
    }

    /// The same, as a value; `None` if it has ended.
    pub(crate) fn children_ready(&mut self, run: RunId) -> Option<MemoryValue<bool>> {
        let node = self.open(run)?;
        let are_ready = node.unready_children == 0;
        Some(node.children_ready.get_or_insert_with(|| MemoryValue::with_value(are_ready)).clone())
    }
}
