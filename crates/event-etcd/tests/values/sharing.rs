//! What watchers of one client share, and what they cost.

use event_etcd::tonic::transport::Endpoint;
use event_etcd::{EtcdClient, EtcdValue};
use event_test_servers::{Etcd, Options, Server};
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, count, counts, decode, on_runtime, on_shared_server, told_up_to};

pub(crate) const TESTS: &[Test] = &[
    ("a thousand watchers of a thousand keys share one stream, and leave nothing at the server", a_thousand),
    ("a watcher that is polled late holds nobody up", late),
    ("a channel that exists can be used", given),
    ("a thousand watchers of one prefix share one list and one watch", one_prefix),
    ("a watcher that joins others has what was stored before it asked", joins),
    ("a watcher that joins others is not told of what was deleted before it asked", joins_after_deletions),
    ("the watch of a range ends with its last watcher, whatever others only glance at it", last_one),
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

/// Requests for ranges, those of the server itself included.
const RANGES: &str = "etcd_mvcc_range_total";

fn one_prefix(etcd: &Etcd) {
    const KEYS: usize = 100;
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        for key in 0..KEYS {
            client.key(format!("w/{key:02}")).unwrap().set("1").await.unwrap();
        }
        let lists = count(&server, RANGES);
        // Each from a value of its own, and every other one with another decoder.
        let watchers = (0..1000).map(|number| {
            let builder = EtcdValue::builder(&client).prefix("w/");
            let builder = match number % 2 {
                0 => builder.decoder(decode),
                _ => builder.decoder(move |key, bytes| if number < 1000 { decode(key, bytes) } else { unreachable!() }),
            };
            builder.build().unwrap().watch()
        });
        let mut tasks = tokio::task::JoinSet::new();
        for mut watcher in watchers {
            tasks.spawn(async move {
                for _ in 0..KEYS {
                    watcher.get().await.unwrap();
                }
                watcher
            });
        }
        let mut watchers = tasks.join_all().await;
        counts(&server, WATCHERS, 1).await;
        let lists = count(&server, RANGES) - lists;
        assert!(lists < 10, "{lists} requests for lists");
        client.key("w/50").unwrap().set("2").await.unwrap();
        for watcher in &mut watchers {
            assert_eq!(watcher.get().await.unwrap(), ("w/50".to_owned(), Some("2".to_owned())));
        }
        drop(watchers);
        counts(&server, WATCHERS, 0).await;
        counts(&server, STREAMS, 0).await;
    });
}

/// What others write arrives by the watch some time. A first get waits for it.
fn joins(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (all, other) = (place.all(), place.other_client().await);
        let mut first = all.watch();
        assert!(poll_once(first.get()).await.is_none());
        for number in 0..100 {
            let (key, data) = (format!("{}", number % 10), number.to_string());
            other.key(place.name(&key)).unwrap().set(&*data).await.unwrap();
            let items = backlog(&mut all.watch()).await;
            assert_eq!(items.len(), 10.min(number + 1));
            assert!(items.contains(&place.item(&key, &data)), "{key} = {data} is not in {items:?}");
        }
    });
}

fn joins_after_deletions(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (all, other) = (place.all(), place.other_client().await);
        let mut first = all.watch();
        assert!(poll_once(first.get()).await.is_none());
        for number in 0..50 {
            let old = other.key(place.name(&number.to_string())).unwrap();
            old.set("1").await.unwrap();
            assert_eq!(backlog(&mut all.watch()).await, [place.item(&number.to_string(), "1")]);
            old.delete().await.unwrap();
            if number % 2 == 0 {
                assert_eq!(backlog(&mut all.watch()).await, []);
            }
        }
    });
}

fn last_one(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let value = EtcdValue::builder(&client).prefix("").decoder(decode).build().unwrap();
        let (mut one, mut other, mut glance) = (value.watch(), value.watch(), value.watch());
        for watcher in [&mut one, &mut other] {
            assert!(poll_once(watcher.get()).await.is_none());
        }
        assert_eq!(backlog(&mut glance).await, []);
        counts(&server, WATCHERS, 1).await;
        drop(one);
        client.key("a").unwrap().set("1").await.unwrap();
        assert_eq!(other.get().await.unwrap().0, "a");
        drop(other);
        counts(&server, WATCHERS, 0).await;
        // It knows what the others were told, and asks for no more.
        assert_eq!(backlog(&mut glance).await.len(), 1);
        client.key("b").unwrap().set("1").await.unwrap();
        assert_eq!(backlog(&mut glance).await.len(), 0);
        // Now it follows.
        assert_eq!(glance.get().await.unwrap().0, "b");
        counts(&server, WATCHERS, 1).await;
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
