//! Ranges as maps.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use event_core::prelude::*;
use event_etcd::{BoxError, Bytes, Codec, EtcdClient, EtcdMap, EtcdMapWatcher, EtcdValue, Status, Text};
use event_map::{Change, MapSnapshot, SnapshotWatcher};
use event_test_servers::{Etcd, Options, Server};
use futures_lite::future::poll_once;
use tokio::time::timeout;

use crate::support::{Place, Test, base64, counts, gateway, is_synced, on_runtime, on_shared_server};

pub(crate) const TESTS: &[Test] = &[
    ("a map has what is stored when it is ready, and its keys are what comes after the prefix", ready),
    ("a map reaches the revision of a write, wherever that was", reaches),
    ("every state of a map has all keys of a transaction or none", transactions),
    ("what a codec cannot decode is not in the map, and is named", failures),
    ("a codec that panics costs its key, and the map goes on", panics),
    ("a map decodes each change once, whatever watches it", decodes_once),
    ("what a map has initially stays until the first list, and is stale", initial),
    ("maps and values of one range share a watch, which ends with the last of them", shared),
    ("what cannot be in a map is refused", refused),
    ("a map is closed when its runtime ends, and gives what it had", closed),
];

type Numbers = EtcdMap<String, u64>;

fn numbers(place: &Place) -> Numbers {
    EtcdMap::builder(&place.client).prefix(place.name("")).map(Text).build().expect("the prefix can be used")
}

fn pairs(map: &Numbers) -> Vec<(String, u64)> {
    map.snapshot().iter().map(|(key, data)| (key.clone(), *data)).collect()
}

fn of(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
    pairs.iter().map(|(key, data)| ((*key).to_owned(), *data)).collect()
}

fn ready(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for (key, data) in [("b", "2"), ("a", "1")] {
            place.value(key).set(data).await.unwrap();
        }
        let map: Numbers = numbers(&place);
        assert_eq!((map.len(), map.revision()), (0, 0));
        let mut watcher = map.watch();
        assert!(poll_once(watcher.get()).await.is_none());
        let revision = map.ready().await.unwrap();
        assert_eq!((pairs(&map), map.revision()), (of(&[("a", 1), ("b", 2)]), revision));
        assert_eq!(watcher.get().await.unwrap(), Change::inserted("a".to_owned(), 1));
        assert_eq!(watcher.get().await.unwrap(), Change::inserted("b".to_owned(), 2));
        place.value("b").delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), Change::removed("b".to_owned()));
        // From the value's builder, with the type named once; and keys as they are.
        let names = EtcdValue::builder(&place.client).range(place.name("a")..place.name("b"));
        let names: EtcdMap<String, String> = names.map(Text).build().unwrap();
        names.ready().await.unwrap();
        assert_eq!(names.get(&place.name("a")), Some("1".to_owned()));
    });
}

fn reaches(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let map = numbers(&place);
        for data in 0..20 {
            let revision = map.insert(&"a".to_owned(), &data).await.unwrap();
            map.reached(revision).await.unwrap();
            assert_eq!(map.get("a"), Some(data));
            assert!(map.revision() >= revision);
        }
        let revision = map.remove(&"a".to_owned()).await.unwrap();
        map.reached(revision).await.unwrap();
        assert!(map.is_empty());
        // Nothing in the range will say so.
        let elsewhere = place.client.key("elsewhere").unwrap().set("1").await.unwrap();
        assert!(poll_once(map.reached(elsewhere)).await.is_none());
        map.reached(elsewhere).await.unwrap();
        assert!(map.revision() >= elsewhere);
        let future = map.reached(i64::MAX).await_for(300).await;
        assert!(future.is_none(), "there is no such revision");
    });
}

/// Waits for a while.
trait AwaitFor: Future + Sized {
    async fn await_for(self, millis: u64) -> Option<Self::Output> {
        tokio::time::timeout(std::time::Duration::from_millis(millis), self).await.ok()
    }
}

impl<F: Future> AwaitFor for F {}

const KEYS: [&str; 4] = ["a", "m", "n", "z"];

fn is_whole(snapshot: &MapSnapshot<String, u64>) -> bool {
    let numbers = KEYS.map(|key| snapshot.get(key));
    numbers.iter().all(|number| *number == numbers[0])
}

/// A waker that looks when it is woken, which is while the map is changed: so no state is skipped.
struct Looks(Mutex<(EtcdMapWatcher<SnapshotWatcher<String, u64>>, States)>);

type States = Vec<MapSnapshot<String, u64>>;

impl Wake for Looks {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut looks = self.0.lock().unwrap();
        while let Poll::Ready(Ok(state)) = looks.0.poll_get(&mut Context::from_waker(&waker)) {
            looks.1.push(state);
        }
    }
}

/// Four keys that always hold the same number, or are all missing.
fn transactions(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (maps, endpoint) = ([numbers(&place), numbers(&place)], place.endpoint.clone());
        let names = KEYS.map(|key| base64(place.name(key)));
        let writer = std::thread::spawn(move || {
            for round in 1..=150_u64 {
                let operations = names.iter().map(|key| match round % 5 {
                    0 => format!(r#"{{"request_delete_range":{{"key":"{key}"}}}}"#),
                    _ => format!(r#"{{"request_put":{{"key":"{key}","value":"{}"}}}}"#, base64(round.to_string())),
                });
                let operations = operations.collect::<Vec<_>>().join(",");
                let answer = gateway(&endpoint, "/v3/kv/txn", &format!(r#"{{"success":[{operations}]}}"#));
                assert!(answer.contains(r#""succeeded":true"#), "{answer}");
            }
        });
        let looks = Arc::new(Looks(Mutex::new((maps[0].watch_snapshots(), Vec::new()))));
        Arc::clone(&looks).wake();
        let mut states = 0;
        let mut snapshots = maps[0].watch_snapshots();
        loop {
            // The last state may be here before the writer has its answer, and nothing comes after it.
            let snapshot = match timeout(Duration::from_millis(50), snapshots.get()).await {
                Ok(snapshot) => snapshot.unwrap(),
                Err(_) if writer.is_finished() => break,
                Err(_) => continue,
            };
            assert!(is_whole(&snapshot), "a state that never was: {snapshot:?}");
            states += 1;
            // One that begins in between is whole as well.
            let other = maps[1].snapshot();
            assert!(other.is_empty() || other.len() == KEYS.len());
        }
        writer.join().unwrap();
        let revision = maps[0].ready().await.unwrap();
        maps[1].reached(revision).await.unwrap();
        assert!(states > 1, "it was looked at while it changed");
        let torn: Vec<_> = looks.0.lock().unwrap().1.iter().filter(|state| !is_whole(state)).cloned().collect();
        assert!(torn.is_empty(), "states that never were: {torn:?}");
    });
}

fn failures(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        place.value("bad").set("no number").await.unwrap();
        place.value("good").set("1").await.unwrap();
        let map = numbers(&place);
        map.ready().await.unwrap();
        assert_eq!(pairs(&map), of(&[("good", 1)]));
        let failures = map.failures();
        let error = failures.get(place.name("bad").as_bytes()).expect("it is named");
        let text = error.to_string();
        assert!(text.contains(&place.name("bad")) && text.contains("invalid digit"), "{text}");
        assert_eq!(error.key(), place.name("bad").as_bytes());
        // What was in the map and cannot be decoded any more is not in it; what can be again, is.
        let bad = place.value("good").set("bad").await.unwrap();
        let good = place.value("bad").set("2").await.unwrap();
        assert!(bad < good);
        map.reached(good).await.unwrap();
        assert_eq!((pairs(&map), failures.len()), (of(&[("bad", 2)]), 1));
        let gone = place.value("good").delete().await.unwrap();
        map.reached(gone).await.unwrap();
        assert!(failures.is_empty());

        // Two keys of the cluster must not be one of the map.
        let by_number: EtcdMap<u8, String> =
            EtcdMap::builder(&place.client).prefix(place.name("n/")).map(Text).build().unwrap();
        for key in ["n/7", "n/07", "n/seven"] {
            place.value(key).set(key).await.unwrap();
        }
        by_number.reached(by_number.ready().await.unwrap()).await.unwrap();
        let last = place.value("n/8").set("n/8").await.unwrap();
        by_number.reached(last).await.unwrap();
        assert_eq!(by_number.snapshot().iter().map(|(key, _)| *key).collect::<Vec<_>>(), [7, 8]);
        assert_eq!((by_number.get(&7), by_number.failures().len()), (Some("n/7".to_owned()), 2));
    });
}

/// Numbers; counts how many were decoded, and panics at 13.
#[derive(Clone)]
struct Counting(Arc<AtomicUsize>);

impl Codec<u64> for Counting {
    fn encode(&self, item: &u64) -> Result<Vec<u8>, BoxError> {
        Text.encode(item)
    }

    fn decode(&self, bytes: &[u8]) -> Result<u64, BoxError> {
        // Ordering: a counter.
        self.0.fetch_add(1, Ordering::Relaxed);
        let number = Text.decode(bytes)?;
        assert_ne!(number, 13, "on purpose");
        Ok(number)
    }
}

fn counting(place: &Place) -> (EtcdMap<String, u64>, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let builder = EtcdMap::builder(&place.client).prefix(place.name(""));
    (builder.map(Counting(Arc::clone(&calls))).build().unwrap(), calls)
}

fn panics(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (map, _) = counting(&place);
        place.value("a").set("13").await.unwrap();
        let revision = place.value("b").set("1").await.unwrap();
        map.reached(revision).await.unwrap();
        assert_eq!(pairs(&map), of(&[("b", 1)]));
        assert!(map.failures().get(place.name("a").as_bytes()).unwrap().to_string().contains("panicked"));
        let revision = place.value("a").set("2").await.unwrap();
        map.reached(revision).await.unwrap();
        assert_eq!(pairs(&map), of(&[("a", 2), ("b", 1)]));
    });
}

fn decodes_once(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (map, calls) = counting(&place);
        map.ready().await.unwrap();
        let mut watchers: Vec<_> = (0..100).map(|_| map.watch()).collect();
        for number in 0..10 {
            map.reached(map.insert(&"a".to_owned(), &number).await.unwrap()).await.unwrap();
            for watcher in &mut watchers {
                assert_eq!(watcher.get().await.unwrap().value, Some(number));
            }
        }
        // Written again as it was.
        map.reached(map.insert(&"a".to_owned(), &9).await.unwrap()).await.unwrap();
        for watcher in &mut watchers {
            assert!(poll_once(watcher.get()).await.is_none());
        }
        // Ordering: a counter.
        assert_eq!(calls.load(Ordering::Relaxed), 10);
        let other = numbers(&place);
        assert_eq!(other.ready().await.map(|_| other.get("a")).unwrap(), Some(9));
    });
}

fn initial(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        place.value("b").set("2").await.unwrap();
        let known = [("a".to_owned(), 1), ("b".to_owned(), 1)];
        let map = EtcdMap::builder(&place.client).prefix(place.name("")).map(Text).initial(known).build().unwrap();
        let mut watcher = map.watch();
        assert_eq!((pairs(&map), map.revision()), (of(&[("a", 1), ("b", 1)]), 0));
        assert!(!map.status().borrow().unwrap().is_synced());
        assert_eq!(watcher.get().await.unwrap(), Change::inserted("a".to_owned(), 1));
        map.ready().await.unwrap();
        assert_eq!(pairs(&map), of(&[("b", 2)]));
        let mut told = vec![watcher.get().await.unwrap(), watcher.get().await.unwrap()];
        told.sort();
        assert_eq!(told, [Change::removed("a".to_owned()), Change::inserted("b".to_owned(), 2)]);
    });
}

const WATCHERS: &str = "etcd_debugging_mvcc_watcher_total";

fn shared(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let map = || EtcdMap::<String, String>::builder(&client).prefix("m/").map(Text).build().unwrap();
        let bytes = EtcdMap::<Vec<u8>, Vec<u8>>::builder(&client).prefix("m/").map_with(Bytes, Bytes).build().unwrap();
        let (one, other) = (map(), map());
        let mut value =
            EtcdValue::builder(&client).prefix("m/").decoder(crate::support::decode).build().unwrap().watch();
        assert!(poll_once(value.get()).await.is_none());
        let revision = one.insert(&"a".to_owned(), &"1".to_owned()).await.unwrap();
        one.reached(revision).await.unwrap();
        // They are one map, so nothing has to be waited for.
        assert_eq!(other.get("a").as_deref(), Some("1"));
        bytes.reached(revision).await.unwrap();
        assert_eq!(bytes.get(&b"a"[..]), Some(b"1".to_vec()));
        assert_eq!(value.get().await.unwrap().1.as_deref(), Some("1"));
        counts(&server, WATCHERS, 1).await;
        drop((value, bytes, one));
        // A watcher keeps it, too.
        let mut watcher = other.watch();
        drop(other);
        assert_eq!(watcher.get().await.unwrap().key, "a");
        client.key("m/b").unwrap().set("2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), Change::inserted("b".to_owned(), "2".to_owned()));
        counts(&server, WATCHERS, 1).await;
        drop(watcher);
        counts(&server, WATCHERS, 0).await;
        // And it can begin again.
        let again = map();
        again.ready().await.unwrap();
        assert_eq!(again.len(), 2);
        is_synced(&again.status(), revision).await;
    });
}

fn refused(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let builder = || EtcdMap::<String, String>::builder(&place.client);
        let text = |result: Result<EtcdMap<String, String>, event_etcd::Error>| result.unwrap_err().to_string();
        assert!(text(builder().map(Text).build()).contains("prefix"));
        assert!(text(builder().prefix("a").build()).contains("codec"));
        assert!(text(builder().range("b".."a").map(Text).build()).contains("no keys"));
        let map = builder().range(place.name("a")..place.name("b")).map(Text).build().unwrap();
        let outside = map.insert(&place.name("c"), &"1".to_owned()).await.unwrap_err().to_string();
        assert!(outside.contains(&place.name("c")) && outside.contains("not in the map"), "{outside}");
        assert_eq!(map.ready().await.map(|_| map.len()).unwrap(), 0);
    });
}

fn closed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let (map, mut watcher) = on_runtime(async {
        let client = EtcdClient::connect([server.endpoint()]).await.unwrap();
        let map: EtcdMap<String, u64> = EtcdMap::builder(&client).prefix("m/").map(Text).build().unwrap();
        map.reached(map.insert(&"a".to_owned(), &1).await.unwrap()).await.unwrap();
        is_synced(&map.status(), 0).await;
        let watcher = map.watch();
        (map, watcher)
    });
    // The runtime has gone.
    assert_eq!(watcher.blocking_get().unwrap(), Change::inserted("a".to_owned(), 1));
    assert!(watcher.blocking_get().unwrap_err().is_closed());
    assert_eq!(map.get("a"), Some(1));
    let last = map.status().borrow().map(|status| status.clone());
    assert!(matches!(last, Some(Status::Synced { .. })), "{last:?}");
    futures_lite::future::block_on(async {
        assert!(matches!(map.reached(i64::MAX).await, Err(event_etcd::Error::NoRuntime)));
    });
}
