//! Deaths and cancellation.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use super::group::{GroupId, Phase};
use super::node::Body;
use super::{Engine, Work};
use crate::body::Ending;
use crate::effects::{Effects, Note};
use crate::flag::Flag;
use crate::look_out::LookOut;
use crate::rest::Rest;
use crate::run::Run;
use crate::runnable::BoxRunnable;
use crate::state::{Rounded, State};

impl Engine {
    /// A run has ended.
    pub(crate) fn ended(&mut self, fx: &mut Effects, run: &Arc<Run>, ending: Ending, runnable: BoxRunnable) {
        let key = run.id.node;
        let Some(node) = self.nodes.get_mut(key).filter(|node| node.run.id == run.id) else {
            return fx.discard_unknown(runnable);
        };
        node.runnable = Some(runnable);
        node.body = Body::Ended;
        node.is_open = false;
        if let Some(look_out) = node.look_out.take() {
            fx.watched.push(look_out);
        }
        if matches!(ending, Ending::Lost(_)) {
            // Whoever helps it shall not wait for its children.
            fx.cancelled.push(Arc::clone(run));
        }
        if node.is_ending {
            node.was_cancelled = !node.is_dead;
            // What it returns now is no failure. A panic is one, though nothing follows from it.
            node.panic = ending.panic();
        } else {
            let (is_done, group) = (node.status.state == State::Done, node.group);
            let parent = self.groups[group].parent;
            let is_last = parent.is_some_and(|parent| self.nodes[parent].is_ending);
            if is_last && ending.is_ok() && !is_done {
                // Its group waits for its turn to be cancelled. That it has just returned is no failure.
                self.work.push_back(Work::Cancel(group));
            } else if let Some(error) = ending.failure(is_done) {
                self.die(fx, key, &error);
            }
            if self.groups[group].once {
                self.work.push_back(Work::Cancel(group));
            }
        }
        self.work.push_back(Work::Advance(key));
    }

    fn die(&mut self, fx: &mut Effects, key: usize, error: &str) {
        let error: Arc<str> = error.into();
        let node = &mut self.nodes[key];
        if node.is_dead {
            return;
        }
        node.is_dead = true;
        let (group, run) = (node.group, Arc::clone(&node.run));
        self.set(fx, key, |status| {
            status.state = State::Dead;
            status.last_error = Some(Arc::clone(&error));
        });
        fx.note(&run, Note::Died(Arc::clone(&error)));
        if self.groups[group].phase == Phase::Live {
            self.close_all(group);
            self.count_death(fx, group, &run.path, &error);
        }
    }

    /// Notes a death of a group, and gives it up if there were too many.
    fn count_death(&mut self, fx: &mut Effects, group: usize, path: &str, error: &str) {
        let this = &mut self.groups[group];
        let limit = match this.parent {
            Some(parent) => self.nodes[parent].limit,
            None => self.settings.limit,
        };
        let Some(limit) = limit else { return };
        while this.deaths.front().is_some_and(|death| death.is_over()) {
            this.deaths.pop_front();
        }
        this.deaths.push_back(fx.timer(limit.window));
        if this.deaths.len() > limit.deaths as usize {
            let (deaths, window) = (this.deaths.len(), Rounded(limit.window));
            let times = if deaths == 1 { "once".into() } else { format!("{deaths} times") };
            self.give_up(fx, group, &format!("{path} died {times} within {window}, at last of this: {error}"));
        }
    }

    /// A group is not restarted any more: its parent dies of that.
    fn give_up(&mut self, fx: &mut Effects, group: usize, error: &str) {
        match self.groups[group].parent {
            Some(parent) if !self.nodes[parent].is_ending => self.die(fx, parent, error),
            Some(_) => {}
            None => {
                let root = &mut self.groups[group];
                root.is_given_up = true;
                let root = Arc::clone(&self.nodes[root.members[0]].run);
                fx.note(&root, Note::GaveUp(error.into()));
            }
        }
        self.work.push_back(Work::Cancel(group));
    }

    /// A group cannot wait for its restart.
    pub(crate) fn cannot_rest(&mut self, fx: &mut Effects, id: GroupId, rest: u64, reason: &str) {
        let Some(group) = self.group_of(id).filter(|group| group.phase == Phase::Resting(rest)) else { return };
        let node = &self.nodes[group.members[0]];
        let error = format!("{} cannot be restarted: {reason}", node.path);
        if group.parent.is_none() {
            let (member, error) = (group.members[0], Arc::from(&*error));
            self.set(fx, member, |status| status.last_error = Some(error));
        }
        self.give_up(fx, id.key, &error);
    }

    /// All of a group have to end for good.
    pub(super) fn cancel(&mut self, fx: &mut Effects, key: usize) {
        let Some(group) = self.groups.get_mut(key).filter(|group| !group.is_stopped) else { return };
        group.is_stopped = true;
        match group.phase {
            Phase::Live => self.close_all(key),
            Phase::Closing => {}
            Phase::Resting(_) => self.go(fx, key),
        }
    }

    /// All of a live group have to end.
    pub(super) fn close_all(&mut self, key: usize) {
        let group = &mut self.groups[key];
        if group.phase == Phase::Live {
            group.phase = Phase::Closing;
            self.work.extend(group.members.iter().map(|node| Work::Close(*node)));
        }
    }

    /// This node has to end: first its children, then its run.
    pub(super) fn close(&mut self, key: usize) {
        let node = &mut self.nodes[key];
        (node.is_open, node.is_ending) = (false, true);
        if !node.is_ordered {
            // The group started last is the first to hear of it, which matters to nobody.
            self.work.extend(node.children.values().rev().map(|group| Work::Cancel(*group)));
        }
        self.work.push_back(Work::Advance(key));
    }

    /// Brings a node nearer to its end, if it has one.
    pub(super) fn advance(&mut self, fx: &mut Effects, key: usize) {
        let Some(node) = self.nodes.get_mut(key).filter(|node| !node.has_ended) else { return };
        if let Some((_, last)) = node.children.last_key_value() {
            if node.is_ending && node.is_ordered {
                self.work.push_back(Work::Cancel(*last));
            }
        } else if !node.is_ending {
            // If it has died, its group is told in a moment.
            if node.body == Body::Ended && node.status.state == State::Done && !node.is_complete {
                node.is_complete = true;
                let group = node.group;
                self.complete(fx, group);
            }
        } else if node.body != Body::Ended {
            if !node.is_told {
                node.is_told = true;
                let look_out = fx.look_out.get_or_insert_with(LookOut::new);
                look_out.add(&node.run);
                node.look_out = Some(Arc::clone(look_out));
                fx.cancelled.push(Arc::clone(&node.run));
            }
        } else {
            node.has_ended = true;
            self.node_ended(fx, key);
        }
    }

    /// A member is done, and its children have ended.
    fn complete(&mut self, fx: &mut Effects, key: usize) {
        let group = &mut self.groups[key];
        group.complete += 1;
        // The root is the tree: that waits to be cancelled.
        if group.complete == group.members.len() && group.parent.is_some() {
            group.is_stopped = true;
            self.go(fx, key);
        }
    }

    fn node_ended(&mut self, fx: &mut Effects, key: usize) {
        let node = &mut self.nodes[key];
        let (run, group, is_dead) = (Arc::clone(&node.run), node.group, node.is_dead);
        let panic: Option<Arc<str>> = node.panic.take().map(String::into);
        fx.cancelled.push(Arc::clone(&run));
        match &panic {
            Some(panic) => fx.note(&run, Note::FailedAtEnd(Arc::clone(panic))),
            None if node.was_cancelled => fx.note(&run, Note::Cancelled),
            None => {}
        }
        self.set(fx, key, |status| {
            if !is_dead && status.state != State::Done {
                status.state = State::Cancelled;
            }
            if let Some(panic) = panic.filter(|_| !is_dead) {
                status.last_error = Some(panic);
            }
        });
        let group_key = group;
        let group = &mut self.groups[group_key];
        group.going -= 1;
        if group.going == 0 {
            self.work.push_back(Work::Ended(group_key));
        }
    }

    /// What happens to a group, all of which have ended.
    pub(super) fn all_ended(&mut self, fx: &mut Effects, key: usize) {
        let group = &self.groups[key];
        if group.is_stopped {
            self.go(fx, key);
        } else if group.restarts {
            self.start_again(fx, key);
        } else {
            self.rest(fx, key);
        }
    }

    fn rest(&mut self, fx: &mut Effects, key: usize) {
        let rest = self.new_number();
        let backoff = &self.settings.backoff;
        let group = &mut self.groups[key];
        group.count_healthy_time(backoff);
        let delay = group.delays.get_or_insert_with(|| backoff.delays()).next(backoff);
        group.phase = Phase::Resting(rest);
        let id = GroupId { key, number: group.number };
        let wake = Arc::new(Flag::new());
        group.wake = Some(Arc::clone(&wake));
        fx.rests.push(Rest { group: id, number: rest, delay, wake });
        for member in group.members.clone() {
            self.set(fx, member, |status| status.restart_in = Some(delay));
            let run = Arc::clone(&self.nodes[member].run);
            fx.note(&run, Note::RestartsIn(delay));
        }
    }

    /// A group has ended for good.
    fn go(&mut self, fx: &mut Effects, key: usize) {
        let is_given_up = self.groups[key].is_given_up;
        for member in self.groups[key].members.clone() {
            self.set(fx, member, |status| {
                status.restart_in = None;
                if status.state != State::Done && !(is_given_up && status.state == State::Dead) {
                    status.state = State::Cancelled;
                }
            });
        }
        let group = self.groups.remove(key);
        fx.raise.extend(group.wake);
        fx.gone.extend(group.gone);
        let is_kept = group.parent.is_some_and(|parent| !self.nodes[parent].is_ending);
        for member in group.members {
            let node = self.nodes.remove(member);
            if !node.has_ended {
                // It is done and has no children any more. Nobody else says so.
                fx.cancelled.push(node.run);
            }
            if let Some(runnable) = node.runnable {
                fx.discard(runnable, node.span, node.place.clone());
            }
            if is_kept {
                let number = self.new_number();
                self.tree.set_ended(&node.place, number);
                self.ended.insert(number, node.place);
            }
        }
        match group.parent {
            Some(parent) => {
                self.nodes[parent].children.remove(&group.number);
                self.nodes[parent].count_unready(fx, false, group.unready);
                self.work.push_back(Work::Advance(parent));
            }
            None => fx.close = true,
        }
        while self.ended.len() > self.settings.keep_ended {
            let Some((_, oldest)) = self.ended.pop_first() else { break };
            self.forget(&oldest, true);
            fx.publish = true;
        }
    }
}
