//! The cluster has no quorum for a while.

use std::time::{Duration, Instant};

use event_core::GetError;
use event_etcd::{Error, Status};
use event_test_servers::{Cluster, Etcd, Suite};

use crate::support::{Recorder, connect, insist, key, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("a get waits through ten seconds without a quorum, and a write fails in time", without_quorum)
        .test("a first get that is cancelled without a quorum costs nothing", first_get_cancelled)
}

/// How long there is none.
const OUTAGE: Duration = Duration::from_secs(10);

fn without_quorum(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let client = connect(cluster.endpoints()).await;
        let mut known = Recorder::start(key(&client, "known").watch());
        let mut unset = Recorder::start(key(&client, "unset").watch());
        insist(|| cluster.try_ctl(&["put", "known", "1"]));
        known.reaches_one("known", "1").await;
        unset.status.synced().await;

        let begun = Instant::now();
        cluster.pause(1);
        cluster.pause(2);
        let mut first = None;
        for recorder in [&unset, &known] {
            let Status::Stale { since, cause } = recorder.status.stale().await else { unreachable!() };
            assert!(begun <= since && since <= Instant::now(), "{since:?}");
            assert!(!cause.is_empty());
            first = Some(since);
        }
        // Somebody begins to watch meanwhile.
        let mut late = Recorder::start(key(&client, "known").watch());

        let written = Instant::now();
        let error = soon("an error", client.key("known").expect("a key").set("lost")).await;
        let error = error.expect_err("there is no quorum");
        match &error {
            Error::Unreachable(members) => assert!(!members.is_empty()),
            Error::Unanswered { cause, .. } => assert!(!cause.is_empty()),
            other => panic!("{other}"),
        }
        assert!(error.to_string().contains("127.0.0.1"), "it says who failed: {error}");
        assert!(written.elapsed() >= Duration::from_millis(500), "it tried again: {error}");

        tokio::time::sleep_until((begun + OUTAGE).into()).await;
        let last = known.status.all().pop().expect("it has a status");
        let Status::Stale { since, .. } = last else { panic!("there is no quorum, but {last}") };
        assert_eq!(Some(since), first, "stale since the beginning: {last}");
        assert!(late.status.phases().starts_with(&["connecting", "stale"]), "{:?}", late.status.all());

        cluster.resume(1);
        cluster.resume(2);
        cluster.wait_healthy();
        // The write that was not answered may have been done after all, and so this is not the first change.
        insist(|| cluster.try_ctl(&["put", "known", "2"]));
        insist(|| cluster.try_ctl(&["put", "unset", "1"]));
        known.reaches_one("known", "2").await;
        unset.reaches_one("unset", "1").await;
        late.reaches_one("known", "2").await;
        for recorder in [&known, &unset, &late] {
            recorder.status.synced().await;
        }
        known.status.assert_recovered();
        unset.status.assert_recovered();
        assert_eq!(unset.items().len(), 1);
    });
}

fn first_get_cancelled(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let client = connect(cluster.endpoints()).await;
        insist(|| cluster.try_ctl(&["put", "k", "1"]));
        cluster.pause(1);
        cluster.pause(2);
        let mut dropped = key(&client, "k").watch();
        let mut until = key(&client, "k").watch();
        let mut backlog = key(&client, "k").watch();
        let mut gone = key(&client, "k").watch();
        let short = || tokio::time::sleep(Duration::from_millis(300));
        for _ in 0..5 {
            tokio::time::timeout(Duration::from_millis(100), dropped.get()).await.expect_err("nobody can answer");
            tokio::time::timeout(Duration::from_millis(100), gone.get()).await.expect_err("nobody can answer");
            assert!(matches!(until.get().until(short()).await, Err(GetError::Cancelled)));
            assert!(matches!(backlog.get().backlog_only().until(short()).await, Err(GetError::Cancelled)));
        }
        drop(gone);
        cluster.resume(1);
        cluster.resume(2);
        cluster.wait_healthy();
        let one = ("k".to_owned(), Some("1".to_owned()));
        for watcher in [&mut dropped, &mut until] {
            assert_eq!(soon("the data", watcher.get()).await.expect("the cluster is healthy"), one);
        }
        let given = soon("the data", backlog.get().backlog_only()).await.expect("the cluster is healthy");
        assert_eq!(given, one);
        let done = soon("the end", backlog.get().backlog_only()).await.expect_err("that was all");
        assert!(done.is_backlog_done());
        insist(|| cluster.try_ctl(&["put", "k", "2"]));
        for watcher in [&mut dropped, &mut until, &mut backlog] {
            let (_, data) = soon("the data", watcher.get()).await.expect("the cluster is healthy");
            assert_eq!(data.as_deref(), Some("2"));
        }
    });
}
