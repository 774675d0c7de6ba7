//! Many watchers on one client, and watchers that come and go.

use std::collections::BTreeMap;

use event_test_servers::{Cluster, Etcd, Options, Server, Suite};

use crate::support::{Recorder, Witnesses, connect_patiently, insist, key, prefix, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("two hundred watchers of one client live through the loss of its member", many)
        .test("whoever goes while others come disturbs nobody", coming_and_going)
}

/// How many keys.
const KEYS: usize = 200;

fn many(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let client = connect_patiently(cluster.endpoints()).await;
        let mut map: BTreeMap<_, _> = (0..KEYS).map(|i| (format!("m/{i:03}"), "1".to_owned())).collect();
        let writer = connect_patiently(cluster.endpoints()).await;
        for (name, data) in &map {
            writer.key(&**name).expect("a key").set(&**data).await.expect("the cluster is healthy");
        }
        let mut singles: Vec<_> =
            map.keys().map(|name| (name.clone(), Recorder::start(key(&client, name).watch()))).collect();
        let mut all = Recorder::start(prefix(&client, "m/").watch());
        for (name, single) in &mut singles {
            single.reaches_one(name, "1").await;
            single.status.synced().await;
        }
        all.reaches(&map).await;
        all.status.synced().await;

        cluster.kill(0);
        let _ = cluster.leader();
        let writer = connect_patiently([cluster.endpoint(1), cluster.endpoint(2)]).await;
        for i in 0..KEYS {
            let name = format!("m/{i:03}");
            let key = writer.key(&*name).expect("a key");
            // Some are deleted, most change, some stay.
            match i % 10 {
                0 => {
                    key.delete().await.expect("two of three are there");
                    map.remove(&name);
                }
                1 => {}
                _ => {
                    key.set("2").await.expect("two of three are there");
                    map.insert(name, "2".into());
                }
            }
        }
        all.reaches(&map).await;
        for (name, single) in &mut singles {
            let present = map.get_key_value(name).map(|(name, data)| (name.clone(), data.clone()));
            single.reaches(&present.into_iter().collect()).await;
            single.status.synced().await;
            single.status.assert_recovered();
        }
        all.status.synced().await;
        all.status.assert_recovered();
        assert_eq!(all.items_of("m/001").len(), 1);
        assert_eq!(all.items_of("m/010"), [Some("1".into()), None]);
    });
}

/// A watcher that goes is confirmed by the server, which was once taken for the refusal of those who had just come: it
/// cost everyone the stream.
fn coming_and_going(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let client = connect_patiently([server.endpoint()]).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        let phases = witnesses.all.status.phases();
        for _ in 0..50 {
            let mut passing: Vec<_> = (0..8).map(|_| key(&client, "w/same").watch()).collect();
            for watcher in &mut passing {
                soon("the data", watcher.get()).await.expect("the server is healthy");
            }
        }
        Witnesses::change(ctl);
        witnesses.find_out().await;
        assert_eq!(witnesses.all.status.phases(), phases, "{:?}", witnesses.all.status.all());
        assert_eq!(witnesses.one.status.phases(), phases, "{:?}", witnesses.one.status.all());
    });
}
