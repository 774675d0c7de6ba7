//! One key: what its watchers give, and when.

use std::pin::pin;
use std::task::Poll;

use event_core::prelude::*;
use event_test_servers::Etcd;
use futures_lite::future::poll_once;

use crate::support::{Test, backlog, on_shared_server, told_up_to};

pub(crate) const TESTS: &[Test] = &[
    ("what is stored comes first, and then what it is changed to", present_and_newer),
    ("a get waits until there is a key", early),
    ("what is put between the list and the watch is not missed", between),
    ("a removal is told once, and a key can come back", removal),
    ("a key that is gone before anybody knew of it is not told", unknown),
    ("a thousand updates while nobody asks end with the last", backlog_of_a_thousand),
    ("data that were given are not given again", same_data),
    ("each watcher gets everything", independent),
    ("a clone takes along what the original has had", clones),
    ("a watcher knows which revision wrote what it gave", revisions),
    ("a watcher that was moved to another thread goes on", moved),
];

fn present_and_newer(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"));
        for data in ["2", "3", ""] {
            let mut get = pin!(watcher.get());
            assert!(poll_once(get.as_mut()).await.is_none(), "nothing is new");
            value.set(data).await.unwrap();
            assert_eq!(get.await.unwrap(), place.item("a", data));
        }
    });
}

fn early(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        let status = watcher.status();
        let mut get = pin!(watcher.get());
        assert!(poll_once(get.as_mut()).await.is_none());
        crate::support::is_synced(&status, 1).await;
        assert!(poll_once(get.as_mut()).await.is_none(), "there is no key, and that is known");
        value.set("1").await.unwrap();
        assert_eq!(get.await.unwrap(), place.item("a", "1"));
    });
}

fn between(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        // The list is made, and no watch, before a get that waits.
        let mut listed = value.watch();
        assert_eq!(backlog(&mut listed).await, [place.item("a", "1")]);
        let mut replaced = listed.clone();
        value.set("2").await.unwrap();
        assert_eq!(replaced.get().await.unwrap(), place.item("a", "2"));
        value.delete().await.unwrap();
        assert_eq!(listed.get().await.unwrap(), place.gone("a"), "though it was replaced before");
    });
}

fn removal(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        watcher.get().await.unwrap();
        value.delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"));
        let revision = value.delete().await.unwrap();
        assert_eq!(backlog(&mut watcher).await, []);
        value.set("1").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"), "the same data, of another life");
        assert!(watcher.mod_revision() > revision);
    });
}

fn unknown(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        assert_eq!(backlog(&mut watcher).await, []);
        assert!(poll_once(watcher.get()).await.is_none());
        value.set("1").await.unwrap();
        let deleted = value.delete().await.unwrap();
        told_up_to(&watcher, deleted).await;
        assert_eq!(backlog(&mut watcher).await, []);
        value.set("2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "2"));
    });
}

fn backlog_of_a_thousand(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let (one, other) = (place.value("a"), place.value("b"));
        let (mut single, mut both) = (one.watch(), place.all().watch());
        one.set("0").await.unwrap();
        other.set("0").await.unwrap();
        single.get().await.unwrap();
        both.get().await.unwrap();
        both.get().await.unwrap();
        let (mut revision_of_one, mut revision) = (0, 0);
        for n in 1..=1000 {
            revision_of_one = one.set(n.to_string()).await.unwrap();
            if n % 2 == 0 {
                revision = other.set(n.to_string()).await.unwrap();
            }
        }
        told_up_to(&single, revision_of_one).await;
        told_up_to(&both, revision).await;
        assert_eq!(backlog(&mut single).await, [place.item("a", "1000")]);
        assert_eq!(backlog(&mut both).await, [place.item("a", "1000"), place.item("b", "1000")]);
    });
}

fn same_data(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        watcher.get().await.unwrap();
        let again = value.set("1").await.unwrap();
        let mut get = pin!(watcher.get());
        assert!(poll_once(get.as_mut()).await.is_none());
        value.set("2").await.unwrap();
        assert_eq!(get.await.unwrap(), place.item("a", "2"));
        value.set("3").await.unwrap();
        let back = value.set("2").await.unwrap();
        told_up_to(&watcher, back).await;
        assert_eq!(backlog(&mut watcher).await, [], "as it was when it was given last");
        assert!(again < back);
    });
}

fn independent(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watchers: Vec<_> = (0..5).map(|_| value.watch()).collect();
        value.set("1").await.unwrap();
        for watcher in &mut watchers {
            assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"));
        }
        value.set("2").await.unwrap();
        for watcher in watchers.iter_mut().rev() {
            assert_eq!(watcher.get().await.unwrap(), place.item("a", "2"));
        }
    });
}

fn clones(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        value.set("1").await.unwrap();
        let mut original = value.watch();
        original.get().await.unwrap();
        let mut clone = original.clone();
        assert_eq!((clone.mod_revision(), clone.key()), (original.mod_revision(), original.key()));
        let mut get = pin!(clone.get());
        assert!(poll_once(get.as_mut()).await.is_none(), "it has had that");
        value.set("2").await.unwrap();
        assert_eq!(get.await.unwrap(), place.item("a", "2"));
        // What the original has been told and has not given, its clone gives, too.
        let revision = value.set("3").await.unwrap();
        told_up_to(&original, revision).await;
        let mut clone = original.clone();
        drop(original);
        assert_eq!(backlog(&mut clone).await, [place.item("a", "3")]);
        value.set("4").await.unwrap();
        assert_eq!(clone.get().await.unwrap(), place.item("a", "4"));
    });
}

fn revisions(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        assert_eq!((watcher.mod_revision(), watcher.key()), (0, None));
        for data in ["1", "2"] {
            let revision = value.set(data).await.unwrap();
            watcher.get().await.unwrap();
            assert_eq!(watcher.mod_revision(), revision);
            assert_eq!(watcher.key(), Some(place.name("a").as_bytes()));
        }
        let revision = value.delete().await.unwrap();
        watcher.get().await.unwrap();
        assert_eq!(watcher.mod_revision(), revision);
    });
}

fn moved(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(matches!(watcher.poll_get(&mut cx), Poll::Pending), "it waits here");
        // There is no runtime over there, and none is needed.
        let other = std::thread::spawn(move || (watcher.blocking_get(), watcher));
        value.set("1").await.unwrap();
        let (item, _) = tokio::task::spawn_blocking(|| other.join().unwrap()).await.unwrap();
        assert_eq!(item.unwrap(), place.item("a", "1"));
    });
}
