//! What a group and its members tell each other, from one start to the end of all.

use alloc::sync::Arc;
use alloc::vec::Vec;

use event_core::{MemoryValue, MemoryWatcher};
use spin::Mutex;

use crate::flag::Flag;
use crate::group::Member;

/// Shared by a group's task and those of its members.
pub(crate) struct Round {
    members: MemoryValue<Vec<Progress>>,
    /// The members have to end.
    pub(crate) stop: Flag,
    /// The members that have ended, by index.
    returned: Mutex<Vec<Option<Member>>>,
}

/// How far one member is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    health: Health,
    is_dead: bool,
    /// Its run and its children have.
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    New,
    Healthy,
    Done,
}

impl Round {
    pub(crate) fn new(members: usize) -> Arc<Self> {
        let new = Progress { health: Health::New, is_dead: false, has_ended: false };
        Arc::new(Self {
            members: MemoryValue::with_value(alloc::vec![new; members]),
            stop: Flag::new(),
            returned: Mutex::new((0..members).map(|_| None).collect()),
        })
    }

    pub(crate) fn watch(&self) -> MemoryWatcher<Vec<Progress>> {
        self.members.watch()
    }

    fn change(&self, index: usize, change: impl Fn(&mut Progress)) {
        self.members.update(|members| change(&mut members[index]));
    }

    /// Sets it, unless it is further already.
    pub(crate) fn set_health(&self, index: usize, health: Health) {
        self.change(index, |member| member.health = member.health.max(health));
    }

    pub(crate) fn died(&self, index: usize) {
        self.change(index, |member| member.is_dead = true);
    }

    pub(crate) fn is_new(&self, index: usize) -> bool {
        self.health(index) == Health::New
    }

    pub(crate) fn is_done(&self, index: usize) -> bool {
        self.health(index) == Health::Done
    }

    fn health(&self, index: usize) -> Health {
        self.members.borrow().map_or(Health::New, |members| members[index].health)
    }

    /// Takes a member back that is about to end.
    pub(crate) fn take_back(&self, index: usize, member: Member) {
        self.returned.lock()[index] = Some(member);
    }

    pub(crate) fn ended(&self, index: usize) {
        self.change(index, |member| member.has_ended = true);
    }

    /// The members, when all have ended.
    pub(crate) fn take_members(&self) -> Vec<Member> {
        self.returned.lock().drain(..).flatten().collect()
    }
}

/// Questions about all members.
pub(crate) trait Progresses {
    fn one_died(&self) -> bool;
    fn all_healthy(&self) -> bool;
    fn all_ended(&self) -> bool;
}

impl Progresses for [Progress] {
    fn one_died(&self) -> bool {
        self.iter().any(|member| member.is_dead)
    }

    fn all_healthy(&self) -> bool {
        self.iter().all(|member| member.health != Health::New)
    }

    fn all_ended(&self) -> bool {
        self.iter().all(|member| member.has_ended)
    }
}
