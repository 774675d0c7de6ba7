//! Several keys at once.

use std::collections::BTreeMap;
use std::pin::pin;

use event_etcd::EtcdValue;
use event_test_servers::Etcd;
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, base64, decode, gateway, on_shared_server, told_up_to};

pub(crate) const TESTS: &[Test] = &[
    ("a range gives one key with each get", one_each),
    ("a range ends before its end, and a key is not its longer neighbours", borders),
    ("keys come in the order in which they first changed", order),
    ("a member of a range that is removed is told", removal),
    ("lists of many pages are complete, and of one revision", pages),
    ("a pipe into a full channel loses no key of a range", piped),
    ("changes of many keys in one transaction are all told", transaction),
];

fn one_each(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for (key, data) in [("a", "1"), ("b", "2"), ("c", "3")] {
            place.value(key).set(data).await.unwrap();
        }
        let mut watcher = place.all().watch();
        for (key, data) in [("a", "1"), ("b", "2"), ("c", "3")] {
            assert_eq!(watcher.get().await.unwrap(), place.item(key, data));
        }
        let mut get = pin!(watcher.get());
        assert!(poll_once(get.as_mut()).await.is_none());
        place.value("d").set("4").await.unwrap();
        assert_eq!(get.await.unwrap(), place.item("d", "4"));
    });
}

fn borders(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for key in ["a", "a\0", "aa", "b", "c"] {
            place.value(key).set(key).await.unwrap();
        }
        let range = EtcdValue::builder(&place.client).range(place.name("a")..place.name("b")).decoder(decode).build();
        let mut watcher = range.unwrap().watch();
        assert_eq!(backlog(&mut watcher).await, ["a", "a\0", "aa"].map(|key| place.item(key, key)));
        assert_eq!(backlog(&mut place.value("a").watch()).await, [place.item("a", "a")]);
        let prefix = EtcdValue::builder(&place.client).prefix(place.name("a")).decoder(decode).build();
        assert_eq!(backlog(&mut prefix.unwrap().watch()).await.len(), 3);
    });
}

fn order(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let mut watcher = place.all().watch();
        assert!(poll_once(watcher.get()).await.is_none());
        let mut revision = 0;
        for (key, data) in [("c", "1"), ("a", "1"), ("c", "2"), ("b", "1"), ("a", "2")] {
            revision = place.value(key).set(data).await.unwrap();
        }
        told_up_to(&watcher, revision).await;
        let expected = [("c", "2"), ("a", "2"), ("b", "1")].map(|(key, data)| place.item(key, data));
        assert_eq!(backlog(&mut watcher).await, expected);
    });
}

fn removal(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for key in ["a", "b"] {
            place.value(key).set("1").await.unwrap();
        }
        let mut watcher = place.all().watch();
        assert_eq!(backlog(&mut watcher).await.len(), 2);
        place.value("a").delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"));
        // Removed and back before anybody asks: nothing has become of it.
        place.value("b").delete().await.unwrap();
        let revision = place.value("b").set("1").await.unwrap();
        told_up_to(&watcher, revision).await;
        assert_eq!(backlog(&mut watcher).await, []);
    });
}

fn pages(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        // More than two pages, and exactly one.
        for keys in [500, 1203] {
            for key in 0..keys {
                place.value(&format!("{keys}/{key:04}")).set(key.to_string()).await.unwrap();
            }
            let some = EtcdValue::builder(&place.client).prefix(place.name(&format!("{keys}/"))).decoder(decode);
            let items = backlog(&mut some.build().unwrap().watch()).await;
            let expected = (0..keys).map(|key| place.item(&format!("{keys}/{key:04}"), &key.to_string()));
            assert!(items.into_iter().eq(expected), "{keys} keys");
        }
    });
}

fn piped(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        const KEYS: usize = 50;
        for key in 0..KEYS {
            place.value(&format!("{key:02}")).set("old").await.unwrap();
        }
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let piped = tokio::spawn({
            let all = place.all();
            async move { event_tokio::pipe(all, sender).run_until(std::future::pending::<()>()).await }
        });
        let mut present = BTreeMap::new();
        while present.values().filter(|data| **data == Some("new".to_owned())).count() < KEYS {
            let (key, data) = receiver.recv().await.unwrap();
            present.insert(key, data);
            if present.len() == 3 {
                // While the channel is full, and the pipe has the next one.
                for key in 0..KEYS {
                    place.value(&format!("{key:02}")).set("new").await.unwrap();
                }
            }
        }
        assert_eq!(present.len(), KEYS);
        piped.abort();
    });
}

fn transaction(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        const KEYS: usize = 100;
        let mut watcher = place.all().watch();
        assert_eq!(backlog(&mut watcher).await, []);
        // What the watch begins with is more than the 4 MiB that gRPC takes for one message, unless it is told otherwise.
        let data = "x".repeat(14_000);
        for round in 0..16 {
            let puts = (0..KEYS).map(|key| {
                let (key, value) = (base64(place.name(&format!("{key:02}"))), base64(format!("{round} {data}")));
                format!(r#"{{"request_put":{{"key":"{key}","value":"{value}"}}}}"#)
            });
            let puts = puts.collect::<Vec<_>>().join(",");
            let answer = gateway(&place.endpoint, "/v3/kv/txn", &format!(r#"{{"success":[{puts}]}}"#));
            assert!(answer.contains(r#""succeeded":true"#), "{answer}");
        }
        for key in 0..KEYS {
            let (name, data) = watcher.get().await.unwrap();
            assert_eq!(name, place.name(&format!("{key:02}")));
            assert!(data.unwrap().starts_with("15 "), "of each key the newest");
        }
    });
}
