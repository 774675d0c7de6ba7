//! Codecs, namespaces, initial data, and what deletions took away.

use std::error::Error as _;

use event_etcd::{BoxError, Bytes, Codec, DecodeError, Error, EtcdMap, EtcdValue, Seen, Text};
use event_test_servers::Etcd;
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, decode, on_shared_server};

pub(crate) const TESTS: &[Test] = &[
    ("a codec encodes what is set and decodes what is stored", coded),
    ("what a codec cannot do is an error with the key and the cause", errors),
    ("a decoder may fail with any error, without naming its type", any_error),
    ("a namespace gives its prefix to keys and takes it away again", namespace),
    ("what a value has initially comes before the first list, and stale", initial),
    ("a deletion has what it took away", deleted),
];

fn coded(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let number = EtcdValue::<u32>::builder(&place.client).key(place.name("a")).codec(Text).build().unwrap();
        let mut watcher = number.watch();
        let revision = number.set(&17).await.unwrap();
        assert_eq!((watcher.get().await.unwrap(), watcher.mod_revision()), (Some(17), revision));
        number.set_bytes("18").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), Some(18));
        number.delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), None);
        number.bytes().compare_and_set(Seen::Absent, number.encode(&19).unwrap()).await.unwrap();
        assert_eq!(number.clone().watch().get().await.unwrap(), Some(19));

        let bytes = EtcdValue::<Vec<u8>>::builder(&place.client).key(place.name("b")).codec(Bytes).build().unwrap();
        bytes.set(&vec![0, 255]).await.unwrap();
        assert_eq!(bytes.watch().get().await.unwrap(), Some(vec![0, 255]));
        #[cfg(feature = "json")]
        {
            let json = EtcdValue::<(u8, Option<String>)>::builder(&place.client).key(place.name("c"));
            let json = json.codec(event_etcd::Json).build().unwrap();
            json.set(&(1, Some("x".to_owned()))).await.unwrap();
            assert_eq!(backlog(&mut place.value("c").watch()).await, [place.item("c", r#"[1,"x"]"#)]);
            assert_eq!(json.watch().get().await.unwrap(), Some((1, Some("x".to_owned()))));
            json.set_bytes("[1").await.unwrap();
            let error = json.watch().get().await.unwrap_err().to_string();
            assert!(error.contains("EOF") && error.contains(&place.name("c")), "{error}");
        }
    });
}

/// Stores no odd numbers.
struct Even;

impl Codec<u32> for Even {
    fn encode(&self, item: &u32) -> Result<Vec<u8>, BoxError> {
        if item % 2 == 0 { Text.encode(item) } else { Err("it is odd".into()) }
    }

    fn decode(&self, bytes: &[u8]) -> Result<u32, BoxError> {
        Text.decode(bytes)
    }
}

fn errors(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = EtcdValue::builder(&place.client).key(place.name("a")).codec(Even).build().unwrap();
        let map: EtcdMap<String, u32> =
            EtcdValue::builder(&place.client).prefix(place.name("")).map(Even).build().unwrap();
        for error in [value.set(&1).await.unwrap_err(), map.insert(&"a".to_owned(), &1).await.unwrap_err()] {
            assert!(matches!(error, Error::InvalidArgument(_)), "{error:?}");
            let text = error.to_string();
            assert!(text.contains(&place.name("a")) && text.contains("it is odd"), "{text}");
        }
        value.set_bytes("no number").await.unwrap();
        let error = value.watch().get().await.unwrap_err();
        let text = error.to_string();
        assert!(text.contains(&place.name("a")) && text.contains("invalid digit"), "{text}");
        let event_core::GetError::Backend(error) = error else { panic!("{error:?}") };
        let error = error.get_ref().downcast_ref::<DecodeError>().expect("its type");
        assert_eq!(error.key(), place.name("a").as_bytes());
        assert!(error.source().is_some_and(|cause| cause.is::<std::num::ParseIntError>()), "{error:?}");
    });
}

/// Errors of three types, two of them by `?`.
fn any_error(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = EtcdValue::builder(&place.client).key(place.name("a")).decoder(|_key, bytes| {
            let text = std::str::from_utf8(bytes.ok_or("it was deleted")?)?;
            Ok(text.parse::<i8>()?)
        });
        let value = value.build().unwrap();
        let mut watcher = value.watch();
        for (data, says) in [(&b"\xff"[..], "utf-8"), (b"1000", "too large"), (b"x", "invalid digit")] {
            value.set(data).await.unwrap();
            let error = watcher.get().await.unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        value.set("-1").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), -1);
    });
}

fn namespace(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let inner = place.client.namespace(place.name("")).namespace("inner/");
        inner.key("a").unwrap().set("1").await.unwrap();
        place.value("inner0").set("outside").await.unwrap();
        assert_eq!(backlog(&mut place.value("inner/a").watch()).await, [place.item("inner/a", "1")]);
        let item = |key: &str, data: &str| (key.to_owned(), Some(data.to_owned()));
        for builder in [
            EtcdValue::builder(&inner).key("a"),
            EtcdValue::builder(&inner).prefix(""),
            EtcdValue::builder(&inner).prefix("a"),
            EtcdValue::builder(&inner).range("a".."b"),
        ] {
            let mut watcher = builder.decoder(decode).build().unwrap().watch();
            assert_eq!(backlog(&mut watcher).await, [item("a", "1")]);
            assert_eq!(watcher.key(), Some(&b"a"[..]));
        }
        let value = EtcdValue::builder(&inner).key("b").decoder(decode).build().unwrap();
        value.set("2").await.unwrap();
        value.compare_and_set(value.set("3").await.unwrap(), "4").await.unwrap();
        let map: EtcdMap<String, u32> = EtcdMap::builder(&inner).prefix("").map(Text).build().unwrap();
        map.reached(map.insert(&"c".to_owned(), &5).await.unwrap()).await.unwrap();
        let pairs: Vec<_> = map.snapshot().iter().map(|(key, data)| (key.clone(), *data)).collect();
        assert_eq!(pairs, [("a".into(), 1), ("b".into(), 4), ("c".into(), 5)]);
        assert_eq!(backlog(&mut place.value("inner/c").watch()).await, [place.item("inner/c", "5")]);
        value.delete().await.unwrap();
        assert_eq!(backlog(&mut place.value("inner/b").watch()).await, []);
        assert!(inner.key("").is_err(), "the empty key is none in a namespace either");
    });
}

fn initial(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let builder = || EtcdValue::builder(&place.client).key(place.name("a")).codec(Text);
        let value = builder().initial(1_u32).build().unwrap();
        let mut watcher = value.watch();
        assert_eq!(poll_once(watcher.get()).await.unwrap().unwrap(), Some(1));
        assert_eq!((watcher.mod_revision(), watcher.key()), (0, None));
        assert!(!watcher.status().borrow().unwrap().is_synced());
        assert!(poll_once(watcher.get()).await.is_none(), "each watcher once");
        value.set(&2).await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), Some(2));
        // A clone has had it; another watcher begins with it.
        assert!(poll_once(watcher.clone().get()).await.is_none());
        let mut other = value.watch();
        assert_eq!(other.get().backlog_only().await.unwrap(), Some(1));
        assert_eq!(other.get().backlog_only().await.unwrap(), Some(2));
    });
}

fn deleted(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        watcher.get().await.unwrap();
        assert_eq!(watcher.deleted(), None);
        value.delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"));
        assert_eq!(watcher.deleted(), Some(&b"1"[..]));
        value.set("2").await.unwrap();
        watcher.get().await.unwrap();
        assert_eq!(watcher.deleted(), None);
        // Not what the watcher had, but what was there.
        value.set("3").await.unwrap();
        let revision = value.delete().await.unwrap();
        crate::support::told_up_to(&watcher, revision).await;
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"));
        assert_eq!(watcher.deleted(), Some(&b"3"[..]));
    });
}
