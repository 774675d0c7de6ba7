//! How the clients of each member stand to it: answered, paused, or cut off.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;

use tokio::sync::watch;

/// The state of the connections to all members.
#[derive(Debug, Default)]
struct State {
    all_paused: bool,
    paused: BTreeSet<u64>,
    /// When the connections of all members were cut, and those of each, in numbers that grow.
    all_cut: u64,
    cut: Vec<(u64, u64)>,
    cuts: u64,
}

#[derive(Debug, Default)]
pub(super) struct Links(watch::Sender<State>);

/// The connections of one member, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    All,
    Member(u64),
}

/// One connection.
#[derive(Clone)]
pub(super) struct Link {
    member: u64,
    made: u64,
    state: watch::Receiver<State>,
}

impl Links {
    pub(super) fn set_paused(&self, whose: Whose, paused: bool) {
        self.0.send_modify(|state| match (whose, paused) {
            (Whose::All, paused) => {
                state.all_paused = paused;
                // Nobody is paused after all were resumed.
                state.paused.clear();
            }
            (Whose::Member(member), true) => _ = state.paused.insert(member),
            (Whose::Member(member), false) => _ = state.paused.remove(&member),
        });
    }

    pub(super) fn cut(&self, whose: Whose) {
        self.0.send_modify(|state| {
            state.cuts += 1;
            match whose {
                Whose::All => state.all_cut = state.cuts,
                Whose::Member(member) => {
                    state.cut.retain(|(other, _)| *other != member);
                    state.cut.push((member, state.cuts));
                }
            }
        });
    }

    pub(super) fn connect(&self, member: u64) -> Link {
        let state = self.0.subscribe();
        let made = state.borrow().cuts;
        Link { member, made, state }
    }
}

impl State {
    fn is_paused(&self, member: u64) -> bool {
        self.all_paused || self.paused.contains(&member)
    }

    fn is_cut(&self, member: u64, made: u64) -> bool {
        self.all_cut > made || self.cut.iter().any(|(other, cut)| *other == member && *cut > made)
    }
}

impl Link {
    /// Runs what serves the connection, but not while the member is paused, until it ends or the connection is cut.
    pub(super) async fn run(mut self, serving: impl Future<Output = ()>) {
        let mut serving = pin!(serving);
        let (member, made) = (self.member, self.made);
        loop {
            tokio::select! {
                biased;
                stopped = self.state.wait_for(|state| state.is_paused(member) || state.is_cut(member, made)) => {
                    if stopped.map_or(true, |state| state.is_cut(member, made)) {
                        return;
                    }
                }
                () = &mut serving => return,
            }
            self.answers().await;
        }
    }

    /// Waits until the member answers, or nobody would hear it.
    pub(super) async fn answers(&mut self) {
        let (member, made) = (self.member, self.made);
        // There is a sender for as long as there is a connection.
        let _ = self.state.wait_for(|state| !state.is_paused(member) || state.is_cut(member, made)).await;
    }
}
