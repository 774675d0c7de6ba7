//! Starts, and starts again.

use alloc::borrow::ToOwned;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::Engine;
use super::group::{Group, GroupId, Phase};
use super::node::{Body, Node};
use crate::context::StartError;
use crate::effects::Effects;
use crate::log::Span;
use crate::place::Place;
use crate::run::{Run, RunId, Starting};
use crate::runnable::BoxRunnable;
use crate::shared::Shared;
use crate::state::{NodeStatus, State};
use crate::transition::Transition;

/// Somebody who is to be started for the first time.
pub(crate) struct NewMember {
    /// The whole path of the root, the last part of any other one.
    pub(crate) name: String,
    pub(crate) runnable: BoxRunnable,
}

/// A group that is to be started.
pub(crate) type NewMembers = SmallVec<[NewMember; 1]>;

impl Engine {
    /// Starts the root. What is run once is not spawned, but returned.
    pub(crate) fn start_root(
        &mut self,
        shared: &Arc<Shared>,
        fx: &mut Effects,
        root: NewMember,
        once: bool,
    ) -> GroupId {
        let paths = smallvec![(Arc::from(root.name), root.runnable)];
        self.start(shared, fx, None, paths, once)
    }

    /// Starts a group, and takes the members. If it cannot, the members stay, to be dropped where nothing is locked.
    pub(crate) fn start_group(
        &mut self,
        shared: &Arc<Shared>,
        fx: &mut Effects,
        parent: &Run,
        members: &mut NewMembers,
    ) -> Result<GroupId, StartError> {
        let mut paths = SmallVec::<[Arc<str>; 1]>::with_capacity(members.len());
        let mut names = BTreeSet::new();
        for NewMember { name, .. } in &*members {
            check_name(name)?;
            let path: Arc<str> = [&parent.path, ".", name].concat().into();
            if members.len() > 1 && !names.insert(name) {
                return Err(StartError::NameTaken { path: (*path).to_owned() });
            }
            paths.push(path);
        }
        if paths.is_empty() {
            return Err(StartError::EmptyGroup);
        }
        if self.node_of(parent.id).is_none_or(|node| !node.is_open) {
            return Err(StartError::Ended { path: (*parent.path).to_owned() });
        }
        let mut ended = SmallVec::<[Place; 1]>::new();
        for path in &paths {
            let Some(place) = self.tree.place(path) else { continue };
            if self.find_group(path).is_some() {
                return Err(StartError::NameTaken { path: (**path).to_owned() });
            }
            ended.push(place);
        }
        ended.iter().for_each(|ended| self.forget(ended, true));
        let members = members.drain(..).map(|member| member.runnable);
        let members = paths.into_iter().zip(members).collect();
        Ok(self.start(shared, fx, Some(parent.id.node), members, false))
    }

    fn start(
        &mut self,
        shared: &Arc<Shared>,
        fx: &mut Effects,
        parent: Option<usize>,
        members: SmallVec<[(Arc<str>, BoxRunnable); 1]>,
        once: bool,
    ) -> GroupId {
        let number = self.new_number();
        let group = self.groups.insert(Group::new(number, parent, once));
        if let Some(parent) = parent {
            self.nodes[parent].children.insert(number, group);
            self.nodes[parent].count_unready(fx, true, members.len());
        }
        self.groups[group].unready = members.len();
        for (path, runnable) in members {
            let number = self.new_number();
            let place = match parent {
                Some(parent) => self.nodes[parent].place.child(number),
                None => Place::root(number),
            };
            let span = Span::of(&path);
            let id = RunId { node: self.nodes.vacant_key(), number };
            let status = NodeStatus::new(self.now);
            if self.settings.has_hook {
                self.transitions.push_back(Transition::new(&path, None, &status));
            }
            let run = Run::new(shared, id, &path, &span);
            self.tree.insert(place.clone(), Arc::clone(&path), id.node, status.clone());
            self.nodes.insert(Node {
                group,
                path,
                place,
                span,
                status: status.clone(),
                runnable: Some(runnable),
                run,
                body: Body::Waiting,
                is_open: true,
                is_ending: false,
                is_told: false,
                has_ended: false,
                is_dead: false,
                is_complete: false,
                was_cancelled: false,
                panic: None,
                children: BTreeMap::new(),
                unready_children: 0,
                children_ready: None,
                is_ordered: self.settings.is_ordered,
                limit: self.settings.limit,
                look_out: None,
            });
            self.groups[group].members.push(id.node);
        }
        fx.publish = true;
        self.launch(fx, group);
        GroupId { key: group, number }
    }

    /// Lets the members of a group run.
    fn launch(&mut self, fx: &mut Effects, group: usize) {
        let Self { groups, nodes, .. } = self;
        let group = &mut groups[group];
        group.phase = Phase::Live;
        group.going = group.members.len();
        for member in &group.members {
            let node = &mut nodes[*member];
            if let Some(runnable) = node.runnable.take() {
                fx.starting.push(Starting::new(Arc::clone(&node.run), runnable));
            }
        }
    }

    /// Starts a group again, all of which has ended.
    pub(super) fn start_again(&mut self, fx: &mut Effects, key: usize) {
        let group = &mut self.groups[key];
        fx.raise.extend(group.wake.take());
        group.restarts = false;
        group.complete = 0;
        group.count_healthy_time(&self.settings.backoff);
        for member in group.members.clone() {
            let number = self.new_number();
            let place = self.nodes[member].place.clone();
            self.forget(&place, false);
            let (is_ordered, limit) = (self.settings.is_ordered, self.settings.limit);
            let node = &mut self.nodes[member];
            let id = RunId { node: member, number };
            node.run = Run::new(&node.run.shared, id, &node.path, &node.span);
            node.body = Body::Waiting;
            (node.is_open, node.is_ending, node.is_told, node.has_ended) = (true, false, false, false);
            (node.is_dead, node.is_complete, node.was_cancelled, node.panic) = (false, false, false, None);
            (node.children_ready, node.is_ordered, node.limit) = (None, is_ordered, limit);
            self.set(fx, member, |status| {
                status.state = State::New;
                status.restarts += 1;
                status.restart_in = None;
                status.overdue = false;
            });
        }
        self.launch(fx, key);
    }

    /// A rest is over.
    pub(crate) fn rested(&mut self, fx: &mut Effects, id: GroupId, rest: u64) {
        if self.group_of(id).is_some_and(|group| group.phase == Phase::Resting(rest)) {
            self.start_again(fx, id.key);
        }
    }

    /// The task of a run begins. False if the run shall not.
    pub(crate) fn begin(&mut self, run: &Run) -> bool {
        let Some(node) = self.nodes.get_mut(run.id.node).filter(|node| node.run.id == run.id) else { return false };
        // Members of a group begin together: one whose sibling has died meanwhile still does, and finds itself cancelled.
        if node.is_ending && self.groups[node.group].is_stopped {
            return false;
        }
        node.body = Body::Running;
        true
    }

    /// Forgets what is known of the descendants of a place and, if wanted, of itself.
    pub(super) fn forget(&mut self, place: &Place, itself: bool) {
        for number in self.tree.remove_below(place, itself) {
            self.ended.remove(&number);
        }
    }
}

fn check_name(name: &str) -> Result<(), StartError> {
    if name.is_empty() || name.contains(|c: char| c == '.' || c.is_control()) {
        return Err(StartError::BadName { name: name.to_owned() });
    }
    Ok(())
}
