//! Writing.

use std::time::Duration;

use event_etcd::{Error, Seen};
use event_test_servers::{Etcd, Options, Server};

use crate::support::{Test, backlog, gateway, on_runtime, on_shared_server};

pub(crate) const TESTS: &[Test] = &[
    ("each write gives the revision that it made", revisions),
    ("compare_and_set writes only over what was seen", compare_and_set),
    ("what a watcher has seen is what compare_and_set takes", seen),
    ("two that compare_and_set lose no increment", increments),
    ("what was written with a lease is deleted with it", leases),
    ("a lease is kept alive for as long as it is held", kept_alive),
    ("a lease that somebody else revokes is lost", lost_lease),
    ("a write finds the member that is there", other_member),
    ("writing needs no runtime", no_runtime),
];

fn revisions(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let first = value.set("1").await.unwrap();
        let second = value.set("1").await.unwrap();
        let third = value.compare_and_set(second, "2").await.unwrap();
        let fourth = value.delete().await.unwrap();
        assert!(first < second && second < third && third < fourth);
        assert!(value.delete().await.unwrap() >= fourth, "nothing to delete is no error");
    });
}

fn compare_and_set(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let first = value.compare_and_set(Seen::Absent, "1").await.unwrap();
        match value.compare_and_set(Seen::Absent, "2").await {
            Err(Error::Conflict { found }) => assert_eq!(found, Seen::Revision(first), "it is there already"),
            other => panic!("{other:?}"),
        }
        let second = value.compare_and_set(first, "2").await.unwrap();
        match value.compare_and_set(first, "3").await {
            Err(Error::Conflict { found }) => assert_eq!(found, second.into(), "it was written since"),
            other => panic!("{other:?}"),
        }
        value.delete().await.unwrap();
        match value.compare_and_set(second, "3").await {
            Err(error @ Error::Conflict { found: Seen::Absent }) => {
                assert!(error.to_string().contains("does not exist"))
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(backlog(&mut value.watch()).await, []);
    });
}

/// What a watcher has seen is what `compare_and_set` takes, also of a key that is gone.
fn seen(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let mut watcher = value.watch();
        assert_eq!(watcher.seen(), Seen::Absent, "nothing was returned yet");
        let first = value.compare_and_set(watcher.seen(), "1").await.unwrap();
        watcher.get().await.unwrap();
        assert_eq!(watcher.seen(), Seen::Revision(first));
        value.delete().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"));
        assert_eq!(watcher.seen(), Seen::Absent);
        let second = value.compare_and_set(watcher.seen(), "2").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "2"));
        assert_eq!(watcher.seen(), second.into());
        // A revision that no key has is a mistake, and never "there is no such key".
        value.delete().await.unwrap();
        for revision in [0, -1, i64::MIN] {
            match value.compare_and_set(revision, "3").await {
                Err(Error::InvalidArgument(text)) => assert!(text.contains("Seen::Absent"), "{text}"),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(backlog(&mut value.watch()).await, []);
    });
}

fn increments(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        const EACH: u64 = 50;
        let value = place.value("a");
        value.set("0").await.unwrap();
        let tasks: Vec<_> = (0..3)
            .map(|_| {
                let value = value.clone();
                tokio::spawn(async move {
                    let mut watcher = value.watch();
                    for _ in 0..EACH {
                        loop {
                            // Whatever is present, or, after a conflict, what it was changed to.
                            let (_, data) = watcher.get().await.unwrap();
                            let next = data.unwrap().parse::<u64>().unwrap() + 1;
                            match value.compare_and_set(watcher.seen(), next.to_string()).await {
                                Ok(_) => break,
                                Err(Error::Conflict { .. }) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(backlog(&mut value.watch()).await, [place.item("a", &(3 * EACH).to_string())]);
    });
}

fn leases(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let value = place.value("a");
        let lease = place.client.lease(Duration::from_secs(60)).await.unwrap();
        assert_eq!(lease.time_to_live(), Duration::from_secs(60));
        let leased = value.with_lease(lease.id());
        leased.set("1").await.unwrap();
        place.client.key(place.name("b")).unwrap().with_lease(lease.id()).set("2").await.unwrap();
        let mut watcher = place.all().watch();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "1"));
        assert_eq!(watcher.get().await.unwrap(), place.item("b", "2"));
        // Written again without it, a key stays.
        value.set("3").await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.item("a", "3"));
        lease.revoke().await.unwrap();
        assert_eq!(watcher.get().await.unwrap(), place.gone("b"));
        assert_eq!(backlog(&mut watcher).await, []);
    });
}

fn kept_alive(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let lease = place.client.lease(Duration::from_millis(2100)).await.unwrap();
        assert_eq!(lease.time_to_live(), Duration::from_secs(3), "whole seconds, rounded up");
        let value = place.value("a").with_lease(lease.id());
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        watcher.get().await.unwrap();
        let long = tokio::time::sleep(2 * lease.time_to_live());
        assert!(watcher.get().until(long).await.unwrap_err().is_cancelled(), "it is there still");
        drop(lease);
        assert_eq!(watcher.get().await.unwrap(), place.gone("a"), "nobody keeps it alive");
    });
}

fn lost_lease(etcd: &Etcd) {
    on_shared_server(etcd, |place| async move {
        let lease = place.client.lease(Duration::from_secs(6)).await.unwrap();
        let value = place.value("a").with_lease(lease.id());
        value.set("1").await.unwrap();
        let answer = gateway(&place.endpoint, "/v3/lease/revoke", &format!(r#"{{"ID":{}}}"#, lease.id()));
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
        lease.lost().await;
        lease.lost().await;
        match value.set("2").await {
            Err(Error::LeaseNotFound { lease: named }) => assert_eq!(named, lease.id()),
            other => panic!("{other:?}"),
        }
        lease.revoke().await.expect("it is gone, as was wanted");
    });
}

fn other_member(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    on_runtime(async {
        // Nobody listens at the first two.
        let endpoints = ["http://127.0.0.1:1".to_owned(), "http://127.0.0.1:2".to_owned(), server.endpoint()];
        let client = event_etcd::EtcdClient::builder(&endpoints).connect_lazy().unwrap();
        client.key("a").unwrap().set("1").await.unwrap();
        event_etcd::EtcdClient::connect(&endpoints).await.expect("one answers, which is enough");
    });
}

fn no_runtime(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = runtime.block_on(event_etcd::EtcdClient::connect([server.endpoint()])).unwrap();
    let value = event_etcd::EtcdValue::builder(&client).key("a").decoder(crate::support::decode).build().unwrap();
    futures_lite::future::block_on(async {
        value.set("1").await.unwrap();
        let mut watcher = value.watch();
        assert_eq!(watcher.get().await.unwrap().1.as_deref(), Some("1"));
        let lease = client.lease(Duration::from_secs(5)).await.unwrap();
        value.with_lease(lease.id()).set("2").await.unwrap();
        lease.revoke().await.unwrap();
        watcher.get().filter(|(_, data)| data.is_none()).await.unwrap();
        // When the runtime goes, so does the hope of anything new.
        runtime.shutdown_background();
        assert!(watcher.get().await.unwrap_err().is_closed());
        assert!(value.watch().get().await.unwrap_err().is_closed());
    });
}
