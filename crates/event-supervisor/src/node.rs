//! One runnable, from its start to the end of its children.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;

use event_core::Signal;
use futures_lite::future::or;
use spin::{Mutex, MutexGuard};

use crate::body::Body;
use crate::context::{Context, StartError};
use crate::flag::Flag;
use crate::group::{GroupHandle, Member};
use crate::log::Span;
use crate::round::{Health, Round};
use crate::runnable::BoxRunnable;
use crate::state::State;
use crate::supervisor::Shared;

/// A runnable that runs, or whose children do.
pub(crate) struct Node {
    pub(crate) shared: Arc<Shared>,
    round: Arc<Round>,
    index: usize,
    pub(crate) path: Arc<str>,
    span: Span,
    /// The run was told to end.
    pub(crate) cancelled: Flag,
    /// The run is not waited for any longer: it has ended, or it is too late.
    over: Flag,
    children: Mutex<Children>,
}

struct Children {
    /// No more can be started.
    closed: bool,
    names: BTreeSet<String>,
    /// In the order in which they were started.
    groups: Vec<Arc<GroupHandle>>,
}

/// Runs a member of a group to the end of its run and of its children, and hands it back.
pub(crate) async fn run(node: Arc<Node>, mut member: Member) {
    let _at_end = TellEnd(&node);
    node.run(&mut member.runnable).await;
    // If the runtime drops the task, the member goes with it.
    node.round.take_back(node.index, member);
}

/// Tells everyone that the run and its children have ended, or that the runtime has dropped the task.
struct TellEnd<'a>(&'a Node);

impl Drop for TellEnd<'_> {
    fn drop(&mut self) {
        let Self(node) = self;
        node.over.raise();
        node.cancelled.raise();
        // If the task was dropped: the children are told to end, and not waited for.
        let groups = mem::take(&mut node.close().groups);
        drop(groups);
        node.round.ended(node.index);
    }
}

impl Node {
    pub(crate) fn new(shared: Arc<Shared>, round: Arc<Round>, index: usize, member: &Member) -> Arc<Self> {
        Arc::new(Self {
            shared,
            round,
            index,
            path: Arc::clone(&member.path),
            span: member.span.clone(),
            cancelled: Flag::new(),
            over: Flag::new(),
            children: Mutex::new(Children { closed: false, names: BTreeSet::new(), groups: Vec::new() }),
        })
    }

    async fn run(self: &Arc<Self>, runnable: &mut BoxRunnable) {
        self.shared.tell(|tree| {
            tree.remove_below(&self.path);
            tree.change(&self.path, |status| {
                status.state = State::New;
                status.overdue = false;
            });
        });
        self.span.started();
        let stop = &self.round.stop;
        let mut body = Body::new(runnable.run_boxed(Context::new(Arc::clone(self))), self.span.clone());
        let told_to_stop = async {
            stop.raised().await;
            None
        };
        match or(told_to_stop, async { Some(body.end().await) }).await {
            None => self.cancel(&mut body).await,
            Some(ending) => {
                self.over.raise();
                drop(self.close());
                match ending.failure(self.round.is_done(self.index)) {
                    None => stop.raised().await,
                    Some(error) => self.die(&error),
                }
                self.end_children().await;
            }
        }
    }

    fn die(&self, error: &str) {
        let error: Arc<str> = error.into();
        self.shared.tell(|tree| {
            tree.change(&self.path, |status| {
                status.state = State::Dead;
                status.last_error = Some(Arc::clone(&error));
            });
        });
        self.span.died(&error);
        self.round.died(self.index);
    }

    /// Ends the children, then the run.
    async fn cancel(&self, body: &mut Body<'_>) {
        let too_late = async {
            self.tell_to_end().await;
            self.over.raised().await;
            None
        };
        // The run goes on while its children end, and may end before they do.
        let ending = or(too_late, async { Some(body.end().await) }).await;
        // What it returns now is no failure. A panic is one, though nothing follows from it.
        let panic = match ending {
            Some(ending) => ending.panic(),
            None => body.discard(),
        };
        self.over.raise();
        self.end_children().await;
        let panic: Option<Arc<str>> = panic.map(Into::into);
        self.shared.tell(|tree| {
            tree.change(&self.path, |status| {
                status.state = if status.state == State::Done { State::Done } else { State::Cancelled };
                if let Some(panic) = &panic {
                    status.last_error = Some(Arc::clone(panic));
                }
            });
        });
        match panic {
            Some(panic) => self.span.failed_at_end(&panic),
            None => self.span.cancelled(),
        }
    }

    /// Ends the run: reports it if it has not ended after the grace period, and says that it is not waited for any longer. On
    /// a task of its own, since a run that blocks its thread keeps its own task from doing anything.
    pub(crate) fn look_out(self: Arc<Self>) {
        if self.over.is_raised() {
            return;
        }
        let shared = Arc::clone(&self.shared);
        shared.spawn(async move {
            let grace = self.shared.grace;
            let too_late = async {
                self.tell_to_end().await;
                self.shared.sleep(grace).await;
                true
            };
            let in_time = async {
                self.over.raised().await;
                false
            };
            if or(in_time, too_late).await {
                self.shared.tell(|tree| tree.change(&self.path, |status| status.overdue = true));
                self.span.overdue(grace);
                self.over.raise();
            }
        });
    }

    /// Ends the children, then tells the run to end. Can be dropped and called again, also while another call goes on.
    async fn tell_to_end(&self) {
        self.end_children().await;
        self.cancelled.raise();
    }

    /// Lets no more children be started, and ends those that were, the group started last being the first to end. Can be
    /// dropped and called again, also while another call goes on.
    async fn end_children(&self) {
        loop {
            let last = self.close().groups.last().map(Arc::clone);
            let Some(last) = last else { return };
            last.cancel();
            last.ended().await;
            let mut children = self.close();
            if children.groups.last().is_some_and(|group| Arc::ptr_eq(group, &last)) {
                children.groups.pop();
            }
        }
    }

    /// Lets no more children be started.
    fn close(&self) -> MutexGuard<'_, Children> {
        let mut children = self.children.lock();
        children.closed = true;
        children
    }

    pub(crate) fn start_group(&self, members: Vec<(String, BoxRunnable)>) -> Result<(), StartError> {
        let path = |name: &str| format!("{}.{name}", self.path);
        let mut names = BTreeSet::new();
        for (name, _) in &members {
            check_name(name)?;
            if !names.insert(name.clone()) {
                return Err(StartError::NameTaken { path: path(name) });
            }
        }
        if members.is_empty() {
            return Err(StartError::EmptyGroup);
        }
        let members = members
            .into_iter()
            .map(|(name, runnable)| {
                let path: Arc<str> = path(&name).into();
                Member { span: Span::of(&path), path, runnable }
            })
            .collect();
        let (handle, starter) = GroupHandle::new();
        {
            let mut children = self.children.lock();
            if children.closed {
                return Err(StartError::Ended { path: (*self.path).to_owned() });
            }
            if let Some(taken) = names.iter().find(|name| children.names.contains(*name)) {
                return Err(StartError::NameTaken { path: path(taken) });
            }
            children.names.append(&mut names);
            children.groups.push(Arc::new(handle));
        }
        // If the group is told to end before it has begun, that is the first thing it finds.
        starter.start(&self.shared, members, ());
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) {
        // What an earlier run says in the name of this one is not heard.
        if self.children.lock().closed {
            return;
        }
        match signal {
            Signal::Healthy => {
                if !self.round.is_new(self.index) {
                    return;
                }
                self.round.set_health(self.index, Health::Healthy);
                self.tell_state(|state| if state == State::New { State::Healthy } else { state });
                self.span.healthy();
            }
            Signal::Done => {
                self.round.set_health(self.index, Health::Done);
                self.tell_state(|state| if matches!(state, State::New | State::Healthy) { State::Done } else { state });
                self.span.done();
            }
        }
    }

    fn tell_state(&self, change: impl Fn(State) -> State) {
        self.shared.tell(|tree| {
            // The run may have ended meanwhile. If the next one begins before this is set, this is done again.
            if !self.children.lock().closed {
                tree.change(&self.path, |status| status.state = change(status.state));
            }
        });
    }
}

fn check_name(name: &str) -> Result<(), StartError> {
    if name.is_empty() || name.contains(|c: char| c == '.' || c.is_control()) {
        return Err(StartError::BadName { name: name.to_owned() });
    }
    Ok(())
}
