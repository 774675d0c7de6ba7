//! The cluster in memory under the hands of a test: it falls silent, breaks connections, compacts, ends leases. On a clock that
//! goes on only while everybody waits.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::time::Duration;

use event_core::MemoryReader;
use event_etcd::test_util::FakeCluster;
use event_etcd::{CodedValue, Error, EtcdClient, EtcdMap, EtcdValue, Status, Text};
use tokio::time::{Instant, sleep, timeout};

/// So long anything may take that is to happen at all, by the clock of the test.
const PATIENCE: Duration = Duration::from_secs(600);

/// An hour, in which nothing is to happen.
const HOUR: Duration = Duration::from_secs(3600);

fn run(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // After each step of another task the test can do something.
    let runtime = builder.enable_all().start_paused(true).event_interval(1).build();
    runtime.expect("a runtime").block_on(test);
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("it happens")
}

fn text(client: &EtcdClient, key: &str) -> CodedValue<String> {
    EtcdValue::builder(client).key(key).codec(Text).build().expect("a key")
}

async fn map(client: &EtcdClient, prefix: &str) -> EtcdMap<String, u32> {
    let map = EtcdMap::builder(client).prefix(prefix).map(Text).build().expect("a prefix");
    soon(map.ready()).await.expect("the cluster answers");
    map
}

async fn reaches(status: MemoryReader<Status>, is: impl Fn(&Status) -> bool) {
    soon(status.watch().get().filter(|status| is(status))).await.expect("the client is there");
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_others_do_is_seen_by_every_client_and_what_clients_do_by_others() {
    run(async {
        let cluster = FakeCluster::new();
        assert_eq!((cluster.revision(), cluster.get("a")), (1, None));
        let value = text(&cluster.client(), "a");
        let mut watchers = [value.watch(), text(&cluster.member().client(), "a").watch()];
        assert_eq!(cluster.put("a", "1"), 2);
        for watcher in &mut watchers {
            assert_eq!(soon(watcher.get()).await.unwrap(), some("1"));
        }
        assert_eq!(soon(value.set(&"2".to_owned())).await.unwrap(), 3);
        assert_eq!(cluster.clone().get("a").as_deref(), Some(&b"2"[..]));
        for watcher in &mut watchers {
            assert_eq!(soon(watcher.get()).await.unwrap(), some("2"));
        }
        assert_eq!((cluster.delete("a"), cluster.delete("a"), cluster.delete("")), (4, 4, 4));
        for watcher in &mut watchers {
            assert_eq!(soon(watcher.get()).await.unwrap(), None);
            assert_eq!(watcher.mod_revision(), 4);
        }
        cluster.put("name", "password");
        let shown = format!("{:?} {cluster:?}", cluster.member());
        assert!(!shown.contains("name") && !shown.contains("password"), "{shown}");
    });
}

#[test]
fn nobody_answers_while_the_cluster_is_paused() {
    run(async {
        let cluster = FakeCluster::new();
        let client = cluster.client_with(|options| options.request_timeout(Duration::from_secs(1)));
        let value = text(&client, "a");
        let mut watcher = value.watch();
        cluster.put("a", "1");
        assert_eq!(soon(watcher.get()).await.unwrap(), some("1"));
        reaches(watcher.status(), Status::is_synced).await;

        cluster.pause();
        let begun = Instant::now();
        let unanswered = soon(value.set(&"2".to_owned())).await;
        assert!(matches!(unanswered, Err(Error::Unanswered { .. })), "{unanswered:?}");
        assert!(begun.elapsed() >= Duration::from_secs(1));
        cluster.put("a", "3");
        timeout(HOUR, watcher.get()).await.expect_err("nobody tells it");
        assert!(watcher.status().load().unwrap().is_stale());

        cluster.resume();
        assert_eq!(soon(watcher.get()).await.unwrap(), some("3"));
        reaches(watcher.status(), Status::is_synced).await;
        soon(value.set(&"4".to_owned())).await.unwrap();
    });
}

#[test]
fn a_short_pause_delays_and_loses_nothing() {
    run(async {
        let cluster = FakeCluster::new();
        let value = text(&cluster.client(), "a");
        let mut watcher = value.watch();
        soon(value.set(&"1".to_owned())).await.unwrap();
        assert_eq!(soon(watcher.get()).await.unwrap(), some("1"));
        cluster.pause();
        let written = tokio::spawn({
            let value = value.clone();
            async move { value.set(&"2".to_owned()).await }
        });
        sleep(Duration::from_secs(1)).await;
        assert!(!written.is_finished());
        assert_eq!(cluster.get("a").as_deref(), Some(&b"1"[..]));
        cluster.resume();
        assert_eq!(soon(written).await.unwrap().unwrap(), 3);
        assert_eq!(soon(watcher.get()).await.unwrap(), some("2"));
    });
}

#[test]
fn nothing_is_done_in_a_pause_whichever_step_it_begins_at() {
    let (mut steps, mut written) = (0, false);
    while !written {
        run(async {
            let cluster = FakeCluster::new();
            let client = cluster.client();
            let key = client.key("a").expect("a key");
            let writing = tokio::spawn(async move { key.set("1").await });
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            cluster.pause();
            written = cluster.revision() > 1;
            let (before, leases) = (cluster.revision(), cluster.leases());
            let unanswered = soon(writing).await.expect("it does not panic");
            // Whether it was done before the pause or never: nobody has told.
            assert!(unanswered.is_err() || written, "{unanswered:?} after {steps} steps");
            assert_eq!((cluster.revision(), cluster.leases()), (before, leases), "{unanswered:?} after {steps} steps");
        });
        steps += 1;
        assert!(steps < 1_000, "it is never done");
    }
    assert!(steps > 10, "it was paused too late, {steps} times");
}

#[test]
fn one_member_is_cut_off_while_the_others_go_on() {
    run(async {
        let cluster = FakeCluster::new();
        let (here, there) = (cluster.member(), cluster.member());
        let (cut_off, well) = (text(&here.client(), "a"), text(&there.client(), "a"));
        let (mut behind, mut ahead) = (cut_off.watch(), well.watch());
        soon(well.set(&"1".to_owned())).await.unwrap();
        assert_eq!(soon(behind.get()).await.unwrap(), some("1"));
        here.pause();
        soon(well.set(&"2".to_owned())).await.unwrap();
        assert_eq!(soon(ahead.get()).await.unwrap(), some("2"));
        timeout(HOUR, behind.get()).await.expect_err("nobody tells it");
        // A pause of all is over for this one as well.
        cluster.pause();
        here.resume();
        timeout(HOUR, behind.get()).await.expect_err("all are paused");
        here.pause();
        cluster.resume();
        assert_eq!(soon(behind.get()).await.unwrap(), some("2"));
    });
}

#[test]
fn what_is_missed_while_disconnected_is_told_afterwards() {
    run(async {
        let cluster = FakeCluster::new();
        for (key, data) in [("m/gone", "1"), ("m/same", "2"), ("m/other", "3")] {
            cluster.put(key, data);
        }
        // With compaction, a list tells what has become of everything; without, the events do.
        for compacts in [false, true] {
            let client = cluster.client();
            let map = map(&client, "m/").await;
            reaches(map.status(), Status::is_synced).await;
            let mut watcher = text(&client, "m/gone").watch();
            soon(watcher.get()).await.unwrap();
            let mut states = client.status().watch();
            let noticed = tokio::spawn(async move { states.get().filter(Status::is_stale).await });

            cluster.disconnect();
            cluster.delete("m/gone");
            cluster.put("m/other", "4");
            let revision = cluster.put("m/new", "5");
            if compacts {
                cluster.compact();
            }
            soon(map.reached(revision)).await.unwrap();
            let now: Vec<_> = map.snapshot().iter().map(|(key, data)| (key.clone(), *data)).collect();
            assert_eq!(now, [("new".into(), 5), ("other".into(), 4), ("same".into(), 2)]);
            assert_eq!(soon(watcher.get()).await.unwrap(), None);
            soon(noticed).await.unwrap().expect("the client is there");
            cluster.put("m/gone", "1");
        }
    });
}

#[test]
fn a_cluster_that_is_disconnected_while_it_is_paused_answers_when_it_is_resumed() {
    run(async {
        let cluster = FakeCluster::new();
        let value = text(&cluster.client(), "a");
        let mut watcher = value.watch();
        cluster.put("a", "1");
        soon(watcher.get()).await.unwrap();
        cluster.pause();
        cluster.disconnect();
        cluster.put("a", "2");
        cluster.compact();
        timeout(HOUR, watcher.get()).await.expect_err("nobody answers");
        cluster.resume();
        assert_eq!(soon(watcher.get()).await.unwrap(), some("2"));
    });
}

#[test]
fn a_watcher_that_missed_more_than_one_response_holds_is_in_sync_after_the_last() {
    run(async {
        let cluster = FakeCluster::new();
        let client = cluster.client();
        let map = map(&client, "m/").await;
        let mut states = client.status().watch();
        cluster.pause();
        cluster.disconnect();
        for number in 0..2_500 {
            cluster.put(format!("m/{}", number % 7), number.to_string());
        }
        let last = cluster.revision();
        cluster.resume();
        soon(async {
            while states.get().await.unwrap() != (Status::Synced { revision: last }) {
                // Whatever the client says it is in sync with, its map has.
            }
        })
        .await;
        soon(map.reached(last)).await.unwrap();
        assert_eq!(map.get("0"), Some(2_499));
    });
}

#[test]
fn a_lease_is_kept_for_as_long_as_somebody_answers() {
    run(async {
        let cluster = FakeCluster::new();
        let client = cluster.client();
        let lease = soon(client.lease(Duration::from_secs(5))).await.unwrap();
        let key = client.key("a").unwrap().with_lease(&lease);
        soon(key.set("1")).await.unwrap();
        assert_eq!((cluster.leases(), cluster.lease_of("a")), (vec![lease.id()], Some(lease.id())));
        timeout(HOUR, lease.lost()).await.expect_err("it is renewed");
        assert!(cluster.get("a").is_some());
        soon(lease.revoke()).await.unwrap();
        assert_eq!((cluster.leases(), cluster.lease_of("a"), cluster.get("a")), (vec![], None, None));
        // One whose holder is no more ends by itself.
        let dropped = soon(client.lease(Duration::from_secs(5))).await.unwrap();
        soon(client.key("a").unwrap().with_lease(&dropped).set("2")).await.unwrap();
        let begun = Instant::now();
        drop(dropped);
        let mut watcher = text(&client, "a").watch();
        assert_eq!(soon(watcher.get()).await.unwrap(), some("2"));
        assert_eq!(soon(watcher.get()).await.unwrap(), None);
        let taken = begun.elapsed();
        assert!(taken >= Duration::from_secs(3) && taken < Duration::from_secs(6), "{taken:?}");
    });
}

#[test]
fn a_lease_is_lost_before_the_cluster_ends_it() {
    run(async {
        let cluster = FakeCluster::new();
        let member = cluster.member();
        let lease = soon(member.client().lease(Duration::from_secs(7))).await.unwrap();
        soon(member.client().key("a").unwrap().with_lease(lease.id()).set("1")).await.unwrap();
        let mut watcher = text(&cluster.client(), "a").watch();
        soon(watcher.get()).await.unwrap();
        sleep(Duration::from_secs(20)).await;
        member.pause();
        let lost = async {
            lease.lost().await;
            assert!(cluster.get("a").is_some(), "its time is over for its holder first");
            Instant::now()
        };
        let deleted = async {
            assert_eq!(watcher.get().await.unwrap(), None);
            Instant::now()
        };
        let (lost, deleted) = soon(async { tokio::join!(lost, deleted) }).await;
        assert!(lost < deleted);
    });
}

#[test]
fn a_lease_that_is_ended_takes_its_keys_along_in_one_revision() {
    run(async {
        let cluster = FakeCluster::new();
        let client = cluster.client();
        let lease = soon(client.lease(Duration::from_secs(60))).await.unwrap();
        for key in ["m/a", "m/b", "m/c"] {
            soon(client.key(key).unwrap().with_lease(&lease).set("1")).await.unwrap();
        }
        // Written by somebody else meanwhile, it is not the lease's any more.
        cluster.put("m/b", "2");
        let map = map(&client, "m/").await;
        let revision = cluster.revision();
        assert!(cluster.expire(lease.id()));
        assert!(!cluster.expire(lease.id()));
        assert_eq!(cluster.revision(), revision + 1);
        soon(map.reached(revision + 1)).await.unwrap();
        assert_eq!(map.snapshot().iter().map(|(key, _)| &**key).collect::<Vec<_>>(), ["b"]);
        // Its holder finds out when it renews it next.
        soon(lease.lost()).await;
        let refused = client.key("m/a").unwrap().with_lease(&lease).set("2").await;
        assert!(matches!(refused, Err(Error::LeaseNotFound { .. })), "{refused:?}");
    });
}

#[test]
fn a_client_can_be_made_of_a_channel() {
    run(async {
        let cluster = FakeCluster::default();
        let client = EtcdClient::from_channel(cluster.channel()).unwrap();
        soon(client.key("a").unwrap().set("1")).await.unwrap();
        assert!(cluster.get("a").is_some());
        let in_namespace = cluster.client().namespace("n/");
        soon(in_namespace.key("a").unwrap().set("1")).await.unwrap();
        assert!(cluster.get("n/a").is_some());
    });
}

#[test]
fn data_of_any_size_that_etcd_takes_arrives_whole() {
    run(async {
        let cluster = FakeCluster::new();
        let client = cluster.client();
        let mut watcher = EtcdValue::builder(&client).prefix("").codec(Text).build().unwrap().watch();
        for length in [0, 1, 16 << 10, 64 << 10, 1 << 20] {
            let data = "x".repeat(length);
            soon(client.key("a").unwrap().set(data.clone())).await.unwrap();
            assert_eq!(soon(watcher.get()).await.unwrap(), Some(data));
        }
        let too_large = soon(client.key("a").unwrap().set(vec![0; 2 << 20])).await;
        assert!(matches!(too_large, Err(Error::TooLarge { .. })), "{too_large:?}");
        // A list of more than any window of flow control.
        for key in 0..20 {
            cluster.put(key.to_string(), vec![b'x'; 1 << 20]);
        }
        let map: EtcdMap<String, String> = EtcdMap::builder(&cluster.client()).prefix("").map(Text).build().unwrap();
        soon(map.ready()).await.unwrap();
        assert_eq!(map.len(), 21);
    });
}

#[test]
#[should_panic(expected = "no tokio runtime")]
fn a_client_needs_a_runtime() {
    let _ = FakeCluster::new().client();
}

#[test]
#[should_panic(expected = "the key is empty")]
fn nobody_writes_the_empty_key() {
    FakeCluster::new().put("", "1");
}
