//! Maps under faults: every state is one that the cluster had, whatever happens to it. All other tests with witnesses have a map
//! among them as well.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use event_etcd::Status;
use event_test_servers::{Cluster, Etcd, Options, Server, Suite};

use crate::support::{Gate, MapWitness, base64, connect, connect_patiently, gateway, insist, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("every state of a map is whole while leaders are killed and members paused", members)
        .test("every state of a map is whole though what it missed is compacted, deletions included", compaction)
        .test("a map of a server that is killed and started again goes on, and reaches what is written", server_killed)
}

const KEYS: [&str; 3] = ["a", "m", "z"];

/// All keys have the same number, or none is there.
fn is_torn(state: &BTreeMap<String, String>) -> Option<String> {
    let numbers = KEYS.map(|key| state.get(key));
    numbers.iter().any(|number| *number != numbers[0]).then(|| format!("{state:?} never was"))
}

/// Writes the number under all keys at once, or deletes them. Not answered: nobody knows whether it was done.
fn write(endpoint: &str, number: Option<u64>) -> bool {
    let operations = KEYS.map(|key| {
        let key = base64(format!("t/{key}"));
        match number {
            Some(number) => format!(r#"{{"request_put":{{"key":"{key}","value":"{}"}}}}"#, base64(number.to_string())),
            None => format!(r#"{{"request_delete_range":{{"key":"{key}"}}}}"#),
        }
    });
    let body = format!(r#"{{"success":[{}]}}"#, operations.join(","));
    gateway(endpoint, "/v3/kv/txn", &body).is_some_and(|answer| answer.contains(r#""succeeded":true"#))
}

fn of(number: u64) -> BTreeMap<String, String> {
    KEYS.map(|key| (key.to_owned(), number.to_string())).into()
}

fn members(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let done = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..3)
        .map(|member| {
            let (endpoint, done) = (cluster.endpoint(member), Arc::clone(&done));
            std::thread::spawn(move || {
                let mut number = member as u64;
                // Ordering: the thread is joined.
                while !done.load(Ordering::Relaxed) {
                    if !write(&endpoint, (number % 4 != 0).then_some(number)) {
                        std::thread::sleep(std::time::Duration::from_millis(20));
                    }
                    number += 3;
                }
            })
        })
        .collect();
    run(async {
        let client = connect(cluster.endpoints()).await;
        let map = MapWitness::checking(&client, "t/", is_torn);
        let mut others = Vec::new();
        for _ in 0..3 {
            soon("ready", map.map.ready()).await.expect("the cluster goes on");
            let (leader, revision) = (cluster.leader(), map.map.revision());
            cluster.kill(leader);
            soon("a revision after the leader", map.map.reached(revision + 10)).await.expect("two of three are well");
            cluster.restart(leader);
            cluster.wait_healthy();
            cluster.pause((leader + 1) % 3);
            let revision = map.map.revision();
            soon("a revision beside the silent", map.map.reached(revision + 10)).await.expect("two of three are well");
            cluster.resume((leader + 1) % 3);
            cluster.wait_healthy();
            map.assert_faultless();
            // Another one, of a client of its own.
            others.push(MapWitness::checking(&connect(cluster.endpoints()).await, "t/", is_torn));
        }
        // Ordering: the threads are joined.
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("it does not panic");
        }
        while !write(&cluster.endpoint(0), Some(1)) {}
        for map in others.iter().chain([&map]) {
            map.reaches(&of(1)).await;
        }
    });
}

fn compaction(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let gate = Gate::before(&server.endpoint()).await;
        let client = connect_patiently([gate.endpoint()]).await;
        let map = MapWitness::checking(&client, "t/", is_torn);
        let mut known = 0;
        for round in 1..=5_u64 {
            insist(|| write(&server.endpoint(), Some(round)).then(String::new).ok_or_else(|| "not written".into()));
            map.reaches(&of(round)).await;
            map.status.synced().await;
            gate.close();
            map.status.stale_since(known).await;
            // Something that comes and goes, and what there was.
            insist(|| server.try_ctl(&["put", "t/brief", "1"]));
            insist(|| server.try_ctl(&["del", "t/brief"]));
            let last = (round % 2 == 0).then_some(round + 100);
            insist(|| write(&server.endpoint(), last).then(String::new).ok_or_else(|| "not written".into()));
            let answer = insist(|| server.try_ctl(&["get", "none", "-w", "json"]));
            let (_, rest) = answer.split_once("\"revision\":").expect("a header");
            let revision: String = rest.chars().take_while(char::is_ascii_digit).collect();
            insist(|| server.try_ctl(&["compact", &revision]));
            known = map.status.all().len();
            gate.open();
            map.reaches(&last.map(of).unwrap_or_default()).await;
            let revision = revision.parse().expect("a number");
            soon("the revision of the list", map.map.reached(revision)).await.expect("the server is there");
        }
    });
}

fn server_killed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let client = connect_patiently([server.endpoint()]).await;
        let map = MapWitness::start(&client, "t/");
        for round in 1..=3 {
            insist(|| write(&server.endpoint(), Some(round)).then(String::new).ok_or_else(|| "not written".into()));
            map.reaches(&of(round)).await;
            map.status.synced().await;
            server.kill();
            let Status::Stale { .. } = map.status.stale().await else { unreachable!() };
            assert_eq!(map.map.len(), KEYS.len(), "what is known stays");
            server.restart();
            let key = map.map.key(&"own".to_owned()).expect("it is in the map");
            let revision = loop {
                if let Ok(revision) = key.set(round.to_string()).await {
                    break revision;
                }
            };
            soon("its own write", map.map.reached(revision)).await.expect("the server is there");
            assert_eq!(map.map.get("own"), Some(round.to_string()));
            let revision = soon("deleted", map.map.remove(&"own".to_owned())).await.expect("the server is there");
            soon("its own write", map.map.reached(revision)).await.expect("the server is there");
            assert!(!map.map.contains_key("own"));
            map.assert_faultless();
        }
    });
}
