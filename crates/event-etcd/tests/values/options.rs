//! The options of a get, and what it is to fail.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use event_core::prelude::*;
use event_core::{GetError, MemoryValue, combine, pipe};
use event_etcd::EtcdValue;
use event_test_servers::{Etcd, Options, Server};
use futures_lite::StreamExt;
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, count, decode, on_runtime, on_shared_server};

pub(crate) const TESTS: &[Test] = &[
    ("a filter on a key consumes what it rejects", filter_on_key),
    ("a filter on a range passes keys over", filter_on_range),
    ("backlog_only makes one request, and none later", backlog_only),
    ("backlog_only of nothing is done at once", empty_backlog),
    ("a get that was cancelled loses nothing", cancel_and_resume),
    ("what the decoder fails on comes out once, and the watcher goes on", decoder_errors),
    ("a decoder that panics costs one change", decoder_panics),
    ("each watcher has a decoder of its own", decoders),
    ("combinators, streams and pipes work as over memory", combinators),
];

/// The source of a failed get, as text.
fn source<T>(result: Result<T, GetError>) -> String {
    match result {
        Err(GetError::Backend(error)) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("it should have failed"),
    }
}

fn filter_on_key(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("odd").await.unwrap();
        let mut watcher = value.watch();
        let mut get = pin!(watcher.get().filter(|(_, data)| data.as_deref().is_some_and(|data| data.len() % 2 == 0)));
        assert!(poll_once(get.as_mut()).await.is_none());
        for data in ["five5", "four"] {
            value.set(data).await.unwrap();
        }
        assert_eq!(get.await.unwrap(), place.item("a", "four"));
        assert_eq!(backlog(&mut watcher).await, [], "what was rejected is consumed");
    });
}

fn filter_on_range(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for key in ["a", "b", "c", "d"] {
            place.value(key).set(key).await.unwrap();
        }
        let mut watcher = place.all().watch();
        let (b, d) = (place.name("b"), place.name("d"));
        let wanted = move |item: &crate::support::Item| item.0 == b || item.0 == d;
        assert_eq!(watcher.get().filter(&wanted).await.unwrap(), place.item("b", "b"));
        assert_eq!(watcher.get().filter(&wanted).backlog_only().await.unwrap(), place.item("d", "d"));
        assert!(watcher.get().filter(&wanted).backlog_only().await.unwrap_err().is_backlog_done());
        let mut get = pin!(watcher.get().filter(&wanted));
        assert!(poll_once(get.as_mut()).await.is_none());
        place.value("a").set("2").await.unwrap();
        place.value("d").delete().await.unwrap();
        assert_eq!(get.await.unwrap(), place.gone("d"));
    });
}

fn backlog_only(etcd: &Etcd) {
    const LISTS: &str =
        r#"grpc_server_started_total{grpc_method="Range",grpc_service="etcdserverpb.KV",grpc_type="unary"}"#;
    const STREAMS: &str =
        r#"grpc_server_started_total{grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"}"#;
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        let client = event_etcd::EtcdClient::connect([server.endpoint()]).await.unwrap();
        let value = EtcdValue::builder(&client).prefix("").decoder(decode).build().unwrap();
        for key in ["a", "b", "c"] {
            client.key(key).unwrap().set("1").await.unwrap();
        }
        let lists = count(&server, LISTS);
        let mut watcher = value.watch();
        assert_eq!(backlog(&mut watcher).await.len(), 3);
        client.key("d").unwrap().set("1").await.unwrap();
        for _ in 0..10 {
            assert_eq!(backlog(&mut watcher).await, []);
        }
        assert_eq!((count(&server, LISTS), count(&server, STREAMS)), (lists + 1, 0));
        // A get that waits begins where the list ended.
        assert_eq!(watcher.get().await.unwrap().0, "d");
        assert_eq!((count(&server, LISTS), count(&server, STREAMS)), (lists + 1, 1));
    });
}

fn empty_backlog(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        assert_eq!(backlog(&mut place.value("a").watch()).await, []);
        assert_eq!(backlog(&mut place.all().watch()).await, []);
    });
}

fn cancel_and_resume(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        for _ in 0..100 {
            assert!(poll_once(watcher.get()).await.is_none(), "dropped before there is a key");
        }
        value.set("1").await.unwrap();
        let cancelled = watcher.get().until(std::future::ready(())).await;
        assert!(cancelled.unwrap_err().is_cancelled(), "cancellation comes first");
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"));
        let pause = tokio::time::sleep(Duration::from_millis(50));
        assert!(watcher.get().until(pause).await.unwrap_err().is_cancelled());
        value.set("2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "2"));
    });
}

fn decoder_errors(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        for (key, data) in [("a", &b"1"[..]), ("b", b"\xff"), ("c", b"3"), ("d", b"\xfe")] {
            place.client.key(place.name(key)).unwrap().set(data).await.unwrap();
        }
        let mut watcher = place.all().watch();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"));
        assert!(source(watcher.get().await).contains("utf-8"));
        assert_eq!(watcher.key(), Some(place.name("b").as_bytes()), "it can be told what was wrong");
        assert_eq!(watcher.get().await.unwrap(), place.item("c", "3"));
        assert!(source(watcher.get().backlog_only().await).contains("utf-8"));
        assert_eq!(backlog(&mut watcher).await, [], "each once");
        place.value("b").set("2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("b", "2"));
    });
}

fn decoder_panics(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let decoder = |key: &[u8], bytes: Option<&[u8]>| {
            assert_ne!(bytes, Some(&b"bad"[..]), "on purpose");
            decode(key, bytes)
        };
        let value = EtcdValue::builder(&place.client).key(place.name("a")).decoder(decoder).build().unwrap();
        value.set("bad").await.unwrap();
        let mut watcher = value.watch();
        let mut other = value.watch();
        let task = tokio::spawn(async move {
            let panicked = std::panic::AssertUnwindSafe(watcher.get());
            assert!(futures_lite::FutureExt::catch_unwind(panicked).await.is_err());
            watcher
        });
        let mut watcher = task.await.unwrap();
        value.set("good").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "good"));
        assert_eq!(other.get().await.unwrap(), place.item("a", "good"));
    });
}

fn decoders(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let mut calls = 0;
        let seen = Arc::new(MemoryValue::with_value(0));
        let told = Arc::clone(&seen);
        let decoder = move |_: &[u8], _: Option<&[u8]>| {
            calls += 1;
            told.set(calls);
            Ok(calls)
        };
        let value = EtcdValue::builder(&place.client).key(place.name("a")).decoder(decoder).build().unwrap();
        value.set("1").await.unwrap();
        let (mut one, mut other) = (value.watch(), value.clone().watch());
        assert_eq!(one.get().await.unwrap(), 1);
        value.set("2").await.unwrap();
        assert_eq!(one.get().await.unwrap(), 2);
        assert_eq!(other.get().await.unwrap(), 1, "its own count, of its first call");
        assert_eq!(seen.load(), Some(1));
    });
}

fn combinators(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (a, b) = (place.value("a"), place.value("b"));
        a.set("1").await.unwrap();
        b.set("one").await.unwrap();
        let length = |(_, data): (_, Option<String>)| data.map_or(0, |data: String| data.len());
        let mut both = combine((a.watch().map(length), b.watch().map(length).dedup()));
        assert_eq!(both.get().await.unwrap(), (1, 3));
        b.set("ten").await.unwrap();
        b.set("eleven").await.unwrap();
        assert_eq!(both.get().filter(|(_, b)| *b > 3).await.unwrap(), (1, 6));

        let mut stream = a.watch().into_stream();
        assert_eq!(stream.next().await, Some(place.item("a", "1")));

        let copy = MemoryValue::new();
        let mut copied = copy.watch();
        let piped = tokio::spawn(async move { pipe(a, copy).run_until(std::future::pending::<()>()).await });
        assert_eq!(copied.get().await.unwrap(), place.item("a", "1"));
        place.value("a").set("2").await.unwrap();
        assert_eq!(copied.get().await.unwrap(), place.item("a", "2"));
        piped.abort();
    });
}
