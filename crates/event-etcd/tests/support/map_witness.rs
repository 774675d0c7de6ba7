//! Follows a map of a range by its changes and by its states, and holds against it what it should not have given.

use std::collections::BTreeMap;

use event_core::prelude::*;
use event_etcd::{EtcdClient, EtcdMap, Text};
use event_map::Change;
use tokio::sync::watch;

use super::{PATIENCE, StatusLog};

/// A map and a task that follows it, which ends with it.
#[derive(Debug)]
pub(crate) struct MapWitness {
    pub(crate) map: EtcdMap<String, String>,
    pub(crate) status: StatusLog,
    seen: watch::Receiver<Seen>,
    task: tokio::task::JoinHandle<()>,
}

/// What was given.
#[derive(Clone, Debug, Default)]
struct Seen {
    by_changes: BTreeMap<String, String>,
    by_states: BTreeMap<String, String>,
    wrong: Vec<String>,
}

impl MapWitness {
    pub(crate) fn start(client: &EtcdClient, prefix: &str) -> Self {
        Self::checking(client, prefix, |_| None)
    }

    /// One that holds every state against this, which says what is wrong with it.
    pub(crate) fn checking(
        client: &EtcdClient,
        prefix: &str,
        check: impl Fn(&BTreeMap<String, String>) -> Option<String> + Send + 'static,
    ) -> Self {
        let map: EtcdMap<String, String> = EtcdMap::builder(client).prefix(prefix).map(Text).build().expect("a prefix");
        let status = StatusLog::start_late(map.status().watch());
        let (sender, seen) = watch::channel(Seen::default());
        let (mut changes, mut states) = (map.watch(), map.watch_snapshots());
        let (read, mut version) = (map.clone(), None);
        let task = tokio::spawn(async move {
            let (mut revision, mut goes_on) = (0, true);
            while goes_on {
                let mut wrong = None;
                tokio::select! {
                    change = changes.get() => match change {
                        Ok(Change { key, value: Some(data) }) => {
                            sender.send_modify(|seen| _ = seen.by_changes.insert(key, data));
                        }
                        Ok(Change { key, value: None }) => sender.send_modify(|seen| {
                            if seen.by_changes.remove(&key).is_none() {
                                seen.wrong.push(format!("the removal of {key}, which was not there"));
                            }
                        }),
                        Err(error) => wrong = Some(format!("a get failed: {error:?}")),
                    },
                    state = states.get() => match state {
                        Ok(state) => {
                            if version.replace(state.version()).is_some_and(|before| before >= state.version()) {
                                wrong = Some(format!("{state:?} is not newer than the state before it"));
                            }
                            let state = state.iter().map(|(key, data)| (key.clone(), data.clone())).collect();
                            wrong = wrong.or(check(&state));
                            sender.send_modify(|seen| seen.by_states = state);
                        }
                        Err(error) => wrong = Some(format!("a get failed: {error:?}")),
                    },
                }
                let now = read.revision();
                if now < revision {
                    wrong = Some(format!("at revision {now} after {revision}"));
                }
                revision = now;
                goes_on = wrong.is_none();
                sender.send_modify(|seen| seen.wrong.extend(wrong));
            }
        });
        Self { map, status, seen, task }
    }

    /// Waits until changes, states and the map itself are this, and nothing was wrong.
    pub(crate) async fn reaches(&self, map: &BTreeMap<String, String>) {
        let mut seen = self.seen.clone();
        let is_there = |seen: &Seen| seen.by_changes == *map && seen.by_states == *map || !seen.wrong.is_empty();
        let reached = tokio::time::timeout(PATIENCE, seen.wait_for(is_there)).await.is_ok();
        self.assert_faultless();
        assert!(reached, "after {PATIENCE:?} {:?} is not {map:?}", self.seen.borrow());
        let snapshot = self.map.snapshot();
        assert!(snapshot.iter().eq(map), "{snapshot:?} is not {map:?}");
    }

    pub(crate) fn assert_faultless(&self) {
        let wrong = self.seen.borrow().wrong.clone();
        assert!(wrong.is_empty(), "{wrong:?}, through {:?}", self.status.all());
        self.status.assert_growing();
    }
}

impl Drop for MapWitness {
    fn drop(&mut self) {
        self.task.abort();
    }
}
