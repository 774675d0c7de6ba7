//! Leases are kept as long as a quorum can keep them, and given up in time when nobody answers.

use std::time::Duration;

use event_etcd::Error;
use event_test_servers::{Cluster, Etcd, Options, Server, Suite};

use crate::support::{connect, insist, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("a lease is kept by the other members when one falls silent", kept_by_others)
        .test("a lease is granted and revoked by the other members when one falls silent", granted_by_others)
        .test("a lease is lost when its time has passed without an answer", lost_without_an_answer)
}

/// The endpoints, a follower first, and the number of that member.
fn follower_first(cluster: &Cluster) -> (usize, Vec<String>) {
    let first = (cluster.leader() + 1) % 3;
    let mut endpoints = cluster.endpoints();
    endpoints.rotate_left(first);
    (first, endpoints)
}

fn kept_by_others(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let (silent, endpoints) = follower_first(&cluster);
    run(async {
        // With the default options a request may take as long as the lease lasts.
        let client = event_etcd::EtcdClient::connect(&endpoints).await.expect("the cluster is healthy");
        let lease = soon("a lease", client.lease(Duration::from_secs(5))).await.expect("the cluster is healthy");
        client.key("held").expect("a key").with_lease(lease.id()).set("1").await.expect("the lease is new");
        cluster.pause(silent);
        let lost = tokio::time::timeout(3 * lease.time_to_live(), lease.lost()).await;
        lost.expect_err("two of three members are well");
        assert_eq!(insist(|| cluster.try_ctl_at(cluster.leader(), &["get", "held", "--print-value-only"])).trim(), "1");
        cluster.resume(silent);
    });
}

fn granted_by_others(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let (silent, endpoints) = follower_first(&cluster);
    run(async {
        let client = connect(&endpoints).await;
        cluster.pause(silent);
        let lease = soon("a lease", client.lease(Duration::from_secs(60))).await;
        let lease = lease.expect("an unanswered grant is repeated: what was granted twice expires");
        client.key("held").expect("a key").with_lease(lease.id()).set("1").await.expect("the lease is new");
        // The member whose turn it is now falls silent, and the first one is back.
        cluster.resume(silent);
        cluster.wait_healthy();
        cluster.pause((silent + 1) % 3);
        soon("the end", lease.revoke()).await.expect("an unanswered revocation is repeated");
        let found = insist(|| cluster.try_ctl_at(silent, &["get", "held", "--print-value-only"]));
        assert_eq!(found.trim(), "");
        cluster.resume((silent + 1) % 3);
    });
}

fn lost_without_an_answer(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let client = connect([server.endpoint()]).await;
        let lease = soon("a lease", client.lease(Duration::from_secs(2))).await.expect("the server is well");
        let held = client.key("held").expect("a key").with_lease(lease.id());
        held.set("1").await.expect("the lease is new");
        server.pause();
        // Nobody can say that it has expired.
        soon("the loss", lease.lost()).await;
        let by_lease = client.key("held").expect("a key").with_lease(&lease);
        for held in [&held, &by_lease] {
            let refused = tokio::time::timeout(Duration::from_secs(1), held.set("2")).await;
            match refused.expect("nobody has to be asked") {
                Err(Error::LeaseNotFound { lease: named }) => assert_eq!(named, lease.id()),
                other => panic!("{other:?}"),
            }
        }
        server.resume();
        // An answer that comes now does not bring it back.
        insist(|| server.try_ctl(&["put", "other", "1"]));
        let refused = held.set("3").await;
        assert!(matches!(refused, Err(Error::LeaseNotFound { .. })), "{refused:?}");
    });
}
