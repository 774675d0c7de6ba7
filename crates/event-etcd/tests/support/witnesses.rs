//! Watchers of one client, and the changes that they have to find out about.

use std::collections::BTreeMap;

use event_etcd::EtcdClient;

use super::{MapWitness, Recorder, key, map_of, prefix};

/// A watcher of one key, one of all that begins with `w/`, and a map of that.
#[derive(Debug)]
pub(crate) struct Witnesses {
    pub(crate) one: Recorder,
    pub(crate) all: Recorder,
    pub(crate) map: MapWitness,
}

impl Witnesses {
    /// Stores what is there at first, by etcdctl, and waits until the watchers have it.
    pub(crate) async fn start(client: &EtcdClient, ctl: impl Fn(&[&str])) -> Self {
        for name in ["w/again", "w/back", "w/gone", "w/one", "w/same"] {
            ctl(&["put", name, "1"]);
        }
        let one = Recorder::start(key(client, "w/one").watch());
        let all = Recorder::start(prefix(client, "w/").watch());
        let mut witnesses = Self { one, all, map: MapWitness::start(client, "w/") };
        witnesses.one.reaches_one("w/one", "1").await;
        let all = map_of([("w/again", "1"), ("w/back", "1"), ("w/gone", "1"), ("w/one", "1"), ("w/same", "1")]);
        witnesses.all.reaches(&all).await;
        witnesses.map.reaches(&without_prefix(all)).await;
        witnesses.map.status.synced().await;
        witnesses.one.status.synced().await;
        witnesses.all.status.synced().await;
        witnesses
    }

    /// Changes things by etcdctl: something is deleted, something comes back, as it was or another, something changes
    /// twice, something comes and goes.
    pub(crate) fn change(ctl: impl Fn(&[&str])) {
        ctl(&["put", "w/brief", "1"]);
        for name in ["w/again", "w/back", "w/brief", "w/gone"] {
            ctl(&["del", name]);
        }
        ctl(&["put", "w/one", "2"]);
        ctl(&["put", "w/again", "1"]);
        ctl(&["put", "w/back", "2"]);
        ctl(&["put", "w/new", "1"]);
        ctl(&["put", "w/one", "3"]);
    }

    /// Waits until both have found out, whether or not they were told of every step.
    pub(crate) async fn find_out(&mut self) {
        self.one.reaches_one("w/one", "3").await;
        let all = [("w/again", "1"), ("w/back", "2"), ("w/new", "1"), ("w/one", "3"), ("w/same", "1")];
        self.all.reaches(&map_of(all)).await;
        self.map.reaches(&without_prefix(map_of(all))).await;
        assert_eq!(self.all.items_of("w/same"), [Some("1".into())]);
        assert_eq!(self.all.items_of("w/gone"), [Some("1".into()), None]);
    }

    /// As [`find_out`](Self::find_out), of those who cannot have been told of the steps, only of the outcome.
    pub(crate) async fn find_out_at_once(&mut self) {
        self.find_out().await;
        let one = |data: &str| Some(data.to_owned());
        assert_eq!(self.one.items_of("w/one"), [one("1"), one("3")]);
        assert_eq!(self.all.items_of("w/one"), [one("1"), one("3")]);
        assert_eq!(self.all.items_of("w/again"), [one("1")]);
        assert_eq!(self.all.items_of("w/back"), [one("1"), one("2")]);
        assert_eq!(self.all.items_of("w/brief"), []);
    }

    /// Panics unless both were in sync, out of touch, and are in sync again.
    pub(crate) async fn assert_recovered(&self) {
        for status in [&self.one.status, &self.all.status, &self.map.status] {
            status.synced().await;
            status.assert_recovered();
            status.assert_growing();
        }
    }
}

fn without_prefix(all: BTreeMap<String, String>) -> BTreeMap<String, String> {
    let rest = |key: String| key.strip_prefix("w/").map(str::to_owned).expect("they all have it");
    all.into_iter().map(|(key, data)| (rest(key), data)).collect()
}
