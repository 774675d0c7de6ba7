//! Those who live and die together.

use alloc::collections::VecDeque;
use alloc::sync::Arc;

use smallvec::SmallVec;

use super::{Engine, Work};
use crate::backoff::{Backoff, Delays};
use crate::effects::Effects;
use crate::flag::Flag;
use crate::timer::Timer;

/// A group, from its start until all of it has ended for good.
pub(super) struct Group {
    pub(super) number: u64,
    /// `None`: it is the root.
    pub(super) parent: Option<usize>,
    pub(super) members: SmallVec<[usize; 2]>,
    pub(super) phase: Phase,
    /// It has to end for good.
    pub(super) is_stopped: bool,
    /// It has died, and nobody restarts it.
    pub(super) is_given_up: bool,
    /// It shall start again without a delay.
    pub(super) restarts: bool,
    /// It is run once only.
    pub(super) once: bool,
    /// So many members have not ended.
    pub(super) going: usize,
    /// So many members are neither healthy nor done.
    pub(super) unready: usize,
    /// So many members are done, and have no children any more.
    pub(super) complete: usize,
    /// Since its first death.
    pub(super) delays: Option<Delays>,
    /// Since when all have been healthy without a break.
    pub(super) healthy: Option<Timer>,
    /// When it died, as far as that matters for a limit.
    pub(super) deaths: VecDeque<Timer>,
    /// Ends a rest.
    pub(super) wake: Option<Arc<Flag>>,
    /// Raised when it is gone, if somebody waits for that.
    pub(super) gone: Option<Arc<Flag>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Live,
    /// Somebody has died, or it was told to end.
    Closing,
    /// It waits for its restart. No other rest has the number.
    Resting(u64),
}

/// Which group it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupId {
    /// Where the engine keeps it.
    pub(super) key: usize,
    /// No other group has it.
    pub(super) number: u64,
}

impl Group {
    pub(super) fn new(number: u64, parent: Option<usize>, once: bool) -> Self {
        Self {
            number,
            parent,
            members: SmallVec::new(),
            phase: Phase::Live,
            is_stopped: false,
            is_given_up: false,
            restarts: false,
            once,
            going: 0,
            unready: 0,
            complete: 0,
            delays: None,
            healthy: None,
            deaths: VecDeque::new(),
            wake: None,
            gone: None,
        }
    }

    /// A live time of the group is over. If it was healthy for long enough, its next delay is the first one again.
    pub(super) fn count_healthy_time(&mut self, backoff: &Backoff) {
        if self.healthy.take().is_some_and(|healthy| healthy.is_over()) {
            if let Some(delays) = &mut self.delays {
                delays.reset(backoff);
            }
        }
    }

    /// A member has become unready, or ready.
    pub(super) fn count_unready(&mut self, is_unready: bool) {
        if is_unready {
            self.unready += 1;
        } else {
            self.unready -= 1;
        }
    }
}

/// What is asked from outside.
impl Engine {
    pub(crate) fn cancel_group(&mut self, id: GroupId) {
        if self.group_of(id).is_some() {
            self.work.push_back(Work::Cancel(id.key));
        }
    }

    /// Restarts a group without a delay.
    pub(crate) fn restart_group(&mut self, fx: &mut Effects, id: GroupId) {
        let Some(group) = self.group_of(id).filter(|group| !group.is_stopped) else { return };
        if matches!(group.phase, Phase::Resting(_)) {
            self.start_again(fx, id.key);
        } else {
            self.groups[id.key].restarts = true;
            self.close_all(id.key);
        }
    }

    /// The timer of a group that tells for how long it has been healthy.
    pub(crate) fn healthy_timer(&self, id: GroupId) -> Option<Timer> {
        self.group_of(id)?.healthy.clone()
    }

    /// A flag that is raised when the group is gone; `None` if it is.
    pub(crate) fn gone_flag(&mut self, id: GroupId) -> Option<Arc<Flag>> {
        self.group_of(id)?;
        Some(self.groups[id.key].gone.get_or_insert_with(|| Arc::new(Flag::new())).clone())
    }

    /// The group of the runnable at `path`, unless that has ended for good.
    pub(crate) fn find_group(&self, path: &str) -> Option<GroupId> {
        let place = self.tree.place(path)?;
        let node = self.nodes.get(self.tree.node(&place)?).filter(|node| node.place == place)?;
        Some(GroupId { key: node.group, number: self.groups[node.group].number })
    }
}
