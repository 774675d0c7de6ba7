//! What a watcher has missed is compacted.

use event_core::GetError;
use event_test_servers::{Etcd, Options, Server, Suite};

use crate::support::{Gate, Recorder, Witnesses, connect_patiently, insist, prefix, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("what was deleted and compacted while away is told, and what did not change is not", compacted_while_away)
        .test("compaction does not disturb an idle watcher, nor does it when that comes back", compacted_while_idle)
        .test("a clone of an old watcher begins with what it had, though that is compacted", compacted_before_clone)
}

/// Compacts everything but what is present.
fn compact(server: &Server) {
    let answer = insist(|| server.try_ctl(&["get", "none", "-w", "json"]));
    let (_, rest) = answer.split_once("\"revision\":").expect("a header");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    server.ctl(&["compact", &digits]);
}

fn compacted_while_away(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect_patiently([gate.endpoint()]).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        gate.close();
        witnesses.one.status.stale().await;
        witnesses.all.status.stale().await;
        Witnesses::change(ctl);
        compact(&server);
        gate.open();
        witnesses.find_out_at_once().await;
        witnesses.assert_recovered().await;
        // They are watching again, and not only listing.
        ctl(&["put", "w/one", "4"]);
        witnesses.one.reaches_one("w/one", "4").await;
        ctl(&["del", "w/one"]);
        witnesses.one.reaches(&[].into()).await;
        // The same, after compaction that took nothing they needed.
        ctl(&["put", "w/one", "3"]);
        witnesses.find_out().await;
    });
}

fn compacted_while_idle(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect_patiently([gate.endpoint()]).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        for data in ["1", "2", "3"] {
            ctl(&["put", "elsewhere", data]);
        }
        compact(&server);
        ctl(&["put", "w/one", "2"]);
        witnesses.one.reaches_one("w/one", "2").await;
        for status in [&witnesses.one.status, &witnesses.all.status] {
            assert_eq!(status.phases(), ["connecting", "synced"]);
        }
        for data in ["4", "5", "6"] {
            ctl(&["put", "elsewhere", data]);
        }
        compact(&server);
        let given = witnesses.one.items();
        gate.close();
        witnesses.one.status.stale().await;
        gate.open();
        witnesses.assert_recovered().await;
        assert_eq!(witnesses.one.items(), given, "nothing of it has changed");
        Witnesses::change(ctl);
        witnesses.find_out().await;
    });
}

fn compacted_before_clone(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let client = connect_patiently([server.endpoint()]).await;
        ctl(&["put", "w/a", "1"]);
        ctl(&["put", "w/b", "1"]);
        // It never follows, since it is only asked for what there is.
        let mut glance = prefix(&client, "w/").watch();
        for name in ["w/a", "w/b"] {
            let (key, _) = soon("what there is", glance.get().backlog_only()).await.expect("it is there");
            assert_eq!(key, name);
        }
        ctl(&["del", "w/a"]);
        ctl(&["put", "w/c", "1"]);
        compact(&server);
        let mut clone = glance.clone();
        let done = soon("the end", glance.get().backlog_only()).await;
        assert!(matches!(done, Err(GetError::BacklogDone)));
        for watcher in [&mut clone, &mut glance] {
            let mut given = Vec::new();
            for _ in 0..2 {
                given.push(soon("what has changed", watcher.get()).await.expect("the cluster is healthy"));
            }
            given.sort();
            assert_eq!(given, [("w/a".to_owned(), None), ("w/c".to_owned(), Some("1".to_owned()))]);
        }
        let mut rest = Recorder::start(clone);
        ctl(&["put", "w/d", "1"]);
        rest.reaches(&crate::support::map_of([("w/d", "1")])).await;
    });
}
