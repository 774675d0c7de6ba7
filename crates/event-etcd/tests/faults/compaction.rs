//! What a watcher has missed is compacted.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use event_core::prelude::*;
use event_core::{GetError, MemoryWatcher};
use event_etcd::{EtcdWatcher, Status};
use event_test_servers::{Etcd, Options, Server, Suite};

use crate::support::{
    Gate, Item, MapWitness, Recorder, StatusLog, Witnesses, base64, connect_patiently, count, gateway, insist, prefix,
    run, soon,
};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("what was deleted and compacted while away is told, and what did not change is not", compacted_while_away)
        .test("compaction does not disturb an idle watcher, nor does it when that comes back", compacted_while_idle)
        .test("a list of many pages ends, however often the cluster is compacted meanwhile", compacted_while_listing)
        .test("a client is in sync up to what its watchers were told, while they catch up", catching_up)
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

/// A revision of the server that has everything before it.
fn revision(server: &Server) -> i64 {
    let answer = insist(|| server.try_ctl(&["get", "none", "-w", "json"]));
    let (_, rest) = answer.split_once("\"revision\":").expect("a header");
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// Puts as many keys, each with this, a hundred in one transaction.
fn fill(server: &Server, keys: usize, data: &str) {
    let data = base64(data);
    for first in (0..keys).step_by(100) {
        let puts = (first..keys.min(first + 100)).map(|key| {
            let key = base64(format!("w/{key:06}"));
            format!(r#"{{"request_put":{{"key":"{key}","value":"{data}"}}}}"#)
        });
        let puts = puts.collect::<Vec<_>>().join(",");
        let answer = gateway(&server.endpoint(), "/v3/kv/txn", &format!(r#"{{"success":[{puts}]}}"#));
        assert!(answer.expect("it answers").contains(r#""succeeded":true"#));
    }
}

/// Every revision is compacted as soon as there is another one, in the time of less than a page.
fn compacted_while_listing(etcd: &Etcd) {
    const KEYS: usize = 20_000;
    let server = Server::start(etcd, Options::new());
    // More than what the second page holds, with which there is more than one after the first in any case.
    fill(&server, KEYS, &"x".repeat(600));
    let (endpoint, (stop, stopped)) = (server.endpoint(), std::sync::mpsc::channel::<()>());
    let compacting = std::thread::spawn(move || {
        let mut compactions = 0;
        while let Err(std::sync::mpsc::TryRecvError::Empty) = stopped.try_recv() {
            let put = format!(r#"{{"key":"{}","value":""}}"#, base64("elsewhere"));
            let answer = gateway(&endpoint, "/v3/kv/put", &put).unwrap_or_default();
            let Some((_, rest)) = answer.split_once("\"revision\":\"") else { continue };
            let revision: String = rest.chars().take_while(char::is_ascii_digit).collect();
            gateway(&endpoint, "/v3/kv/compaction", &format!(r#"{{"revision":"{revision}"}}"#));
            compactions += 1;
        }
        compactions
    });
    run(async {
        let client = connect_patiently([server.endpoint()]).await;
        let requests = count(&server.endpoint(), RANGES);
        let mut watcher = prefix(&client, "w/").watch();
        let mut given = 0;
        loop {
            match soon("the list", watcher.get().backlog_only()).await {
                Ok(_) => given += 1,
                Err(error) if error.is_backlog_done() => break,
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(given, KEYS);
        let requests = count(&server.endpoint(), RANGES) - requests;
        assert!(requests < 30, "{requests} requests for one list");
    });
    stop.send(()).expect("it listens");
    assert!(compacting.join().expect("it does not panic") > 0);
}

const RANGES: &str = "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Range\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"}";

/// While a watch catches up, a member names its own revision with each part of what was missed.
fn catching_up(etcd: &Etcd) {
    const MISSED: i64 = 6_000;
    let server = Server::start(etcd, Options::new());
    run(async {
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect_patiently([gate.endpoint()]).await;
        let map = MapWitness::start(&client, "w/");
        insist(|| server.try_ctl(&["put", "w/first", "1"]));
        let mut watcher = prefix(&client, "w/").watch();
        soon("the first", watcher.get()).await.expect("the server is there");
        map.status.synced().await;
        let (status, first) = (StatusLog::start(client.status().watch()), watcher.mod_revision());
        status.synced().await;
        gate.close();
        map.status.stale().await;
        let writer = connect_patiently([server.endpoint()]).await;
        let mut writes = tokio::task::JoinSet::new();
        for number in 0..64 {
            let key = writer.key(format!("w/{number:02}")).expect("a key");
            writes.spawn(async move {
                for data in 0..MISSED / 64 + 1 {
                    key.set(data.to_string()).await.expect("the server is there");
                }
            });
        }
        writes.join_all().await;
        let last = revision(&server);
        assert!(last - first > MISSED);
        let told = Arc::new(Told(Mutex::new(Looks { status: client.status().watch(), watcher, looks: Vec::new() })));
        Arc::clone(&told).wake();
        gate.open();
        let said = |status: &Status| matches!(status, Status::Synced { revision } if *revision >= last);
        soon("the last revision", client.status().watch().get().filter(said)).await.expect("it is open");
        soon("everything", map.map.reached(last)).await.expect("the server is there");
        let looks = told.0.lock().expect("nothing panics").looks.clone();
        assert!(looks.iter().all(|(said, newest)| said <= newest), "ahead of what was told: {looks:?}");
        assert!(looks.len() > 2 && looks.last().is_some_and(|(said, _)| *said >= last), "{first}: {looks:?}");
    });
}

/// A waker that looks what a watcher has been told when the status of its client is set: every revision is one of its range.
struct Told(Mutex<Looks>);

struct Looks {
    status: MemoryWatcher<Status>,
    watcher: EtcdWatcher<Item>,
    /// Up to which revision the client says it is in sync, and the newest that the watcher has.
    looks: Vec<(i64, i64)>,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(Arc::clone(&self));
        let mut looks = self.0.lock().expect("nothing panics");
        let Looks { status, watcher, looks } = &mut *looks;
        while let Poll::Ready(Ok(status)) = status.poll_get(&mut Context::from_waker(&waker)) {
            let mut newest = watcher.mod_revision();
            while let Poll::Ready(Ok(_)) = watcher.poll_backlog(&mut Context::from_waker(Waker::noop())) {
                newest = newest.max(watcher.mod_revision());
            }
            if let Status::Synced { revision } = status {
                looks.push((revision, newest.max(looks.last().map_or(0, |(_, newest)| *newest))));
            }
        }
    }
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
