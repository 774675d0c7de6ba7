//! Leases while members fall silent.

use event_etcd::{Error, EtcdClient};
use event_test_servers::{Cluster, Etcd, Options, Server, Suite};
use std::time::Duration;
use tokio::time::{sleep, timeout};

use crate::support::{insist, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test("a lease is kept as long as the others are well, whoever is asked first", member_silent)
        .test("a lease is lost in time though nobody says so, and nothing is written with it then", server_silent)
}

fn member_silent(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    run(async {
        // A follower: so the others need no election.
        let silent = (cluster.leader() + 1) % 3;
        let mut endpoints = cluster.endpoints();
        endpoints.rotate_left(silent);
        // With the defaults, by which a request may take as long as the lease and longer.
        let client = soon("connected", EtcdClient::connect(&endpoints)).await.unwrap();
        let lease = client.lease(Duration::from_secs(5)).await.unwrap();
        client.key("leased").unwrap().with_lease(&lease).set("1").await.unwrap();
        cluster.pause(silent);
        let more_than_its_time = lease.time_to_live() * 2 + Duration::from_secs(1);
        timeout(more_than_its_time, lease.lost()).await.expect_err("the lease was lost");
        let found = insist(|| cluster.try_ctl_at((silent + 1) % 3, &["get", "leased", "--print-value-only"]));
        assert_eq!(found.trim(), "1");
        cluster.resume(silent);
        lease.revoke().await.unwrap();
    });
}

fn server_silent(etcd: &Etcd) {
    let server = Server::start(etcd, Options::new());
    run(async {
        let client = soon("connected", EtcdClient::connect([server.endpoint()])).await.unwrap();
        let lease = client.lease(Duration::from_secs(2)).await.unwrap();
        let key = client.key("leased").unwrap().with_lease(&lease);
        key.set("1").await.unwrap();
        // Longer than it lasts: so it is kept alive.
        sleep(lease.time_to_live() + Duration::from_secs(1)).await;
        server.pause();
        soon("the lease is lost while nobody answers", lease.lost()).await;
        server.resume();
        // The cluster has it for some moments more.
        let id = lease.id();
        for _ in 0..2 {
            let error = key.set("2").await.unwrap_err();
            assert!(matches!(error, Error::LeaseNotFound { lease } if lease == id), "{error:?}");
            let error = key.compare_and_set(0, "3").await.unwrap_err();
            assert!(matches!(error, Error::LeaseNotFound { .. }), "{error:?}");
        }
        let next = client.lease(Duration::from_secs(2)).await.unwrap();
        client.key("leased").unwrap().with_lease(&next).set("4").await.unwrap();
    });
}
