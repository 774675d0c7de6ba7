//! Those who live and die together: started at once, and after a death, when all have ended, started again.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::pending;
use core::mem;

use futures_lite::future::or;

use crate::backoff::Delays;
use crate::body::catch;
use crate::flag::{Flag, RaiseOnDrop};
use crate::log::Span;
use crate::node::{self, Node};
use crate::round::{Progresses, Round};
use crate::runnable::BoxRunnable;
use crate::state::State;
use crate::supervisor::Shared;

/// A runnable and where it belongs.
pub(crate) struct Member {
    pub(crate) path: Arc<str>,
    pub(crate) span: Span,
    pub(crate) runnable: BoxRunnable,
}

impl Member {
    /// Drops the runnable for good, which may panic.
    pub(crate) fn discard(self, shared: &Shared) {
        let Self { path, span, runnable } = self;
        let Err(panic) = catch(|| span.within(|| drop(runnable))) else { return };
        let panic: Arc<str> = panic.into();
        shared.tell(|tree| tree.change(&path, |status| status.last_error = Some(Arc::clone(&panic))));
        span.failed_at_end(&panic);
    }
}

/// A group that was or is about to be started. Dropping this tells it to end.
pub(crate) struct GroupHandle {
    stop: Flag,
    ended: Flag,
}

/// The right to start the group of a handle. Dropping it instead counts as its end.
pub(crate) struct Starter {
    stop: Flag,
    ended: RaiseOnDrop,
}

impl GroupHandle {
    pub(crate) fn new() -> (Self, Starter) {
        let handle = Self { stop: Flag::new(), ended: Flag::new() };
        let starter = Starter { stop: handle.stop.clone(), ended: RaiseOnDrop(handle.ended.clone()) };
        (handle, starter)
    }

    /// Tells the group to end.
    pub(crate) fn cancel(&self) {
        self.stop.raise();
    }

    /// Waits until all have ended for good.
    pub(crate) async fn ended(&self) {
        self.ended.raised().await;
    }
}

impl Drop for GroupHandle {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl Starter {
    /// Starts the group on a task of its own. `at_end` is dropped when all have ended for good, or when the runtime drops the
    /// task.
    pub(crate) fn start(self, shared: &Arc<Shared>, members: Vec<Member>, at_end: impl Send + 'static) {
        let Self { stop, ended } = self;
        let group = Group { shared: Arc::clone(shared), members, stop };
        shared.tell(|tree| group.members.iter().for_each(|member| tree.insert(Arc::clone(&member.path))));
        shared.spawn(async move {
            group.run().await;
            drop(at_end);
            drop(ended);
        });
    }
}

struct Group {
    shared: Arc<Shared>,
    members: Vec<Member>,
    stop: Flag,
}

impl Group {
    async fn run(mut self) {
        let mut delays = self.shared.backoff.delays();
        let size = self.members.len();
        while !self.stop.is_raised() {
            let (round, nodes) = self.start_round();
            self.until_death_or_stop(&round, &mut delays).await;
            round.stop.raise();
            nodes.into_iter().for_each(Node::look_out);
            let _ = round.watch().wait_for(|members| members.all_ended()).await;
            self.members = round.take_members();
            // A runtime that drops tasks has lost members, and is about to drop this one.
            if self.members.len() < size || self.stop.is_raised() {
                break;
            }
            self.rest(&mut delays).await;
        }
        self.shared.tell(|tree| {
            for member in &self.members {
                tree.change(&member.path, |status| {
                    status.restart_in = None;
                    if status.state != State::Done {
                        status.state = State::Cancelled;
                    }
                });
            }
        });
        self.members.into_iter().for_each(|member| member.discard(&self.shared));
    }

    fn start_round(&mut self) -> (Arc<Round>, Vec<Arc<Node>>) {
        let round = Round::new(self.members.len());
        let nodes = mem::take(&mut self.members).into_iter().enumerate().map(|(index, member)| {
            let node = Node::new(Arc::clone(&self.shared), Arc::clone(&round), index, &member);
            self.shared.spawn(node::run(Arc::clone(&node), member));
            node
        });
        let nodes = nodes.collect();
        (round, nodes)
    }

    async fn until_death_or_stop(&mut self, round: &Round, delays: &mut Delays) {
        let Self { shared, stop, .. } = self;
        let death = async {
            // An error would be the end of a value that `round` keeps open.
            let _ = round.watch().wait_for(|members| members.one_died()).await;
        };
        let reset = async {
            let all_healthy = round.watch().wait_for(|members| members.all_healthy()).await.is_ok();
            debug_assert!(all_healthy, "`round` keeps the value open");
            shared.sleep(shared.backoff.healthy_period()).await;
            delays.reset();
            pending().await
        };
        or(stop.raised(), or(death, reset)).await;
    }

    /// Waits until it is time for the restart.
    async fn rest(&mut self, delays: &mut Delays) {
        let delay = delays.next();
        self.shared.tell(|tree| {
            for member in &self.members {
                tree.change(&member.path, |status| status.restart_in = Some(delay));
            }
        });
        for member in &self.members {
            member.span.restarts_in(delay);
        }
        or(self.stop.raised(), self.shared.sleep(delay)).await;
        if self.stop.is_raised() {
            return;
        }
        self.shared.tell(|tree| {
            for member in &self.members {
                tree.change(&member.path, |status| {
                    status.restart_in = None;
                    status.restarts += 1;
                });
            }
        });
    }
}
