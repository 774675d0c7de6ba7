//! What watchers of one client share, and what they cost.

use event_etcd::tonic::transport::Endpoint;
use event_etcd::{EtcdClient, EtcdValue};
use event_test_servers::{Etcd, Options, Server};
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, counts, decode, on_runtime, told_up_to};

pub(crate) const TESTS: &[Test] = &[
    ("a thousand watchers of a thousand keys share one stream, and leave nothing at the server", a_thousand),
    ("a watcher that is polled late holds nobody up", late),
    ("a channel that exists can be used", given),
];

const STREAMS: &str = "etcd_debugging_mvcc_watch_stream_total";
const WATCHERS: &str = "etcd_debugging_mvcc_watcher_total";

fn a_thousand(etcd: &Etcd) {
    const KEYS: usize = 1000;
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let key = |key: usize| EtcdValue::builder(&client).key(format!("{key}")).decoder(decode).build().unwrap();
        let values: Vec<_> = (0..KEYS).map(key).collect();
        let mut tasks = tokio::task::JoinSet::new();
        for value in &values {
            let mut watcher = value.watch();
            tasks.spawn(async move {
                watcher.get().await.unwrap();
                watcher
            });
        }
        counts(&server, WATCHERS, KEYS as u64).await;
        for value in &values {
            value.set("1").await.unwrap();
        }
        let mut watchers = tasks.join_all().await;
        counts(&server, STREAMS, 1).await;
        // One that goes is gone over there, and the others go on.
        watchers.truncate(KEYS / 2);
        counts(&server, WATCHERS, KEYS as u64 / 2).await;
        let watcher = &mut watchers[0];
        let key = String::from_utf8(watcher.key().unwrap().to_vec()).unwrap();
        client.key(&*key).unwrap().set("2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), (key, Some("2".to_owned())));
        drop(watchers);
        counts(&server, WATCHERS, 0).await;
        counts(&server, STREAMS, 0).await;
        // And after that they can come again.
        let mut watcher = values[0].watch();
        watcher.get().await.unwrap();
        counts(&server, WATCHERS, 1).await;
    });
}

fn late(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let (busy, other) = (client.key("busy").unwrap(), client.key("other").unwrap());
        let value = |key: &str| EtcdValue::builder(&client).key(key).decoder(decode).build().unwrap();
        let (mut late, mut punctual) = (value("busy").watch(), value("other").watch());
        assert!(poll_once(late.get()).await.is_none());
        other.set("begins").await.unwrap();
        punctual.get().await.unwrap();
        // Far more than what HTTP/2 lets be on its way to somebody who does not read.
        let data = "x".repeat(100_000);
        let mut revision = 0;
        for n in 0..100 {
            revision = busy.set(format!("{n} {data}")).await.unwrap();
            other.set(format!("{n}")).await.unwrap();
            punctual.get().await.unwrap();
        }
        told_up_to(&late, revision).await;
        let items = backlog(&mut late).await;
        assert_eq!(items.len(), 1);
        assert!(items[0].1.as_deref().unwrap().starts_with("99 "));
    });
}

fn given(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let channel = Endpoint::from_shared(server.endpoint()).unwrap().connect().await.unwrap();
        let client = EtcdClient::from_channel(channel).unwrap();
        let value = EtcdValue::builder(&client).key("a").decoder(decode).build().unwrap();
        let mut watcher = value.watch();
        value.set("1").await.unwrap();
        assert_eq!(watcher.get().await.unwrap().1.as_deref(), Some("1"));
        server.restart();
        // The connection is dead, which shows when something is sent: whether that arrived is not known then.
        while let Err(error) = value.set("2").await {
            assert!(matches!(error, event_etcd::Error::Unanswered { .. }), "{error:?}");
        }
        assert_eq!(watcher.get().await.unwrap().1.as_deref(), Some("2"));
    });
}
