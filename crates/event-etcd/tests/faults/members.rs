//! Members are killed, or fall silent, and come back.

use std::time::{Duration, Instant};

use event_etcd::{Error, Status};
use event_test_servers::{Cluster, Etcd, Options, Server, Suite};

use crate::support::{Recorder, Witnesses, connect, connect_patiently, hasty, insist, key, patient, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("watchers of the only member they know wait until it is back", only_known_member_killed)
        .test("watchers of a member that is killed go on with another", member_killed)
        .test("watchers live through the loss of the leader, at its side and elsewhere", leader_killed)
        .test("watchers of a single server find it again after a kill", server_killed)
        .test("a client that follows the members goes on when all it knew have been replaced", all_replaced)
        .test("a member that falls silent is left for another in time", member_silent)
}

/// The members, beginning with number `first`.
fn from(cluster: &Cluster, first: usize) -> Vec<String> {
    let mut endpoints = cluster.endpoints();
    endpoints.rotate_left(first);
    endpoints
}

/// etcdctl at one member.
fn at(cluster: &Cluster, i: usize) -> impl Fn(&[&str]) {
    move |arguments| drop(insist(|| cluster.try_ctl_at(i, arguments)))
}

fn only_known_member_killed(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let client = connect_patiently([cluster.endpoint(0)]).await;
        let mut witnesses = Witnesses::start(&client, at(&cluster, 1)).await;
        cluster.kill(0);
        witnesses.one.status.stale().await;
        let leader = cluster.leader();
        Witnesses::change(at(&cluster, leader));
        cluster.restart(0);
        witnesses.find_out().await;
        witnesses.assert_recovered().await;
    });
}

fn member_killed(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let client = connect_patiently(from(&cluster, 0)).await;
        let mut witnesses = Witnesses::start(&client, at(&cluster, 1)).await;
        cluster.kill(0);
        let leader = cluster.leader();
        Witnesses::change(at(&cluster, leader));
        witnesses.find_out().await;
        witnesses.assert_recovered().await;
        // What comes back is no news to those who talk to others.
        let states = witnesses.one.status.all();
        cluster.restart(0);
        cluster.wait_healthy();
        insist(|| cluster.try_ctl(&["put", "w/one", "4"]));
        witnesses.one.reaches_one("w/one", "4").await;
        assert!(!witnesses.one.status.all()[states.len()..].iter().any(Status::is_stale));
    });
}

fn leader_killed(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        let leader = cluster.leader();
        let beside = connect_patiently(from(&cluster, leader)).await;
        let elsewhere = connect_patiently(from(&cluster, (leader + 1) % 3)).await;
        let mut beside = Witnesses::start(&beside, at(&cluster, leader)).await;
        let mut elsewhere = Witnesses::start(&elsewhere, at(&cluster, leader)).await;
        cluster.kill(leader);
        let next = cluster.leader();
        Witnesses::change(at(&cluster, next));
        for witnesses in [&mut beside, &mut elsewhere] {
            witnesses.find_out().await;
            witnesses.one.status.synced().await;
        }
        beside.assert_recovered().await;
    });
}

fn server_killed(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let ctl = |arguments: &[&str]| drop(insist(|| server.try_ctl(arguments)));
        let client = connect_patiently([server.endpoint()]).await;
        let hasty = connect([server.endpoint()]).await;
        let mut witnesses = Witnesses::start(&client, ctl).await;
        let before = Instant::now();
        server.kill();
        let Status::Stale { since, cause } = witnesses.one.status.stale().await else { unreachable!() };
        assert!(before <= since && since <= Instant::now());
        assert!(cause.contains(&server.endpoint()), "{cause} names the member");
        let lost = hasty.key("w/one").expect("a key");
        let error = soon("an error", lost.set("lost")).await.expect_err("nobody is there");
        assert!(matches!(&error, Error::Unreachable(members) if members.len() == 1), "{error:?}");
        let given = witnesses.all.items();
        server.restart();
        witnesses.assert_recovered().await;
        assert_eq!(witnesses.all.items(), given, "all is as it was");
        Witnesses::change(ctl);
        witnesses.find_out().await;
        let phases = ["connecting", "synced", "stale", "synced"];
        assert_eq!(witnesses.one.status.phases(), phases);
        assert_eq!(witnesses.all.status.phases(), phases);
    });
}

fn all_replaced(etcd: &Etcd) {
    let mut cluster = Cluster::start(etcd, 3);
    run(async {
        let first = cluster.endpoint(0);
        let following = hasty([&first]).follow_members(true).connect().await.expect("the cluster is healthy");
        let staying = connect([&first]).await;
        let mut recorder = Recorder::start(key(&following, "w/one").watch());
        for i in 0..3 {
            tokio::task::block_in_place(|| cluster.replace(i));
            let data = i.to_string();
            insist(|| cluster.try_ctl(&["put", "w/one", &data]));
            recorder.reaches_one("w/one", &data).await;
            // Its writes go on as well.
            let written = following.key("w/own").expect("a key");
            while let Err(error) = soon("an answer", written.set(data.clone())).await {
                assert!(matches!(error, Error::Unanswered { .. } | Error::Unreachable(_)), "{error:?}");
            }
        }
        let lost = staying.key("w/own").expect("a key").set("lost").await;
        assert!(matches!(lost, Err(Error::Unreachable(_))), "the client without the option: {lost:?}");
    });
}

fn member_silent(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        // A follower: so the others need no election.
        let silent = (cluster.leader() + 1) % 3;
        let endpoints = from(&cluster, silent);
        let client = connect(&endpoints).await;
        let mut witnesses = Witnesses::start(&client, at(&cluster, silent)).await;
        // A client that does not ask would wait for the keep-alive of its connection, which is off here as good as.
        let hour = Duration::from_secs(3600);
        let patient = patient(&endpoints).probe(hour).keep_alive(hour, hour).connect().await;
        let patient = patient.expect("the cluster is healthy");
        let mut waiting = Recorder::start(key(&patient, "w/one").watch());
        // Given a change, it has a stream.
        at(&cluster, silent)(&["put", "w/one", "0"]);
        waiting.reaches_one("w/one", "0").await;
        let given = waiting.items();
        let states = witnesses.one.status.all().len();
        cluster.pause(silent);
        let Status::Stale { cause, .. } = witnesses.one.status.stale_since(states).await else { unreachable!() };
        assert!(cause.contains("not a word"), "{cause}");
        Witnesses::change(at(&cluster, cluster.leader()));
        witnesses.find_out().await;
        witnesses.assert_recovered().await;
        assert_eq!(waiting.items(), given, "it was the probe that helped: {:?}", waiting.status.all());
        cluster.resume(silent);
        waiting.reaches_one("w/one", "3").await;
    });
}
