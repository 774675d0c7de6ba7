//! Members that are cut off, with their clients or from them.

use event_etcd::Error;
use event_test_servers::{Namespaces, Suite};

use crate::support::{Witnesses, connect, insist, run, soon};

pub(crate) fn tests(suite: Suite) -> Suite {
    suite
        .test_in_namespaces("watchers of a member that is cut off go on with another", member_cut)
        .test_in_namespaces("watchers of a follower without a leader know that they are out of touch", follower_cut)
}

/// etcdctl at one member.
fn at(cluster: &Namespaces, i: usize) -> impl Fn(&[&str]) {
    move |arguments| drop(insist(|| cluster.try_ctl_at(i, arguments)))
}

fn member_cut(cluster: &Namespaces) {
    let cut = cluster.leader();
    let mut endpoints = cluster.endpoints();
    endpoints.rotate_left(cut);
    cluster.run_inside(|| {
        run(async {
            let client = connect(&endpoints).await;
            // This one knows no other.
            let only = connect(&endpoints[..1]).await;
            let mut witnesses = Witnesses::start(&client, at(cluster, cut)).await;
            let mut left = Witnesses::start(&only, at(cluster, cut)).await;
            cluster.cut(cut);
            left.one.status.stale().await;
            let leader = cluster.leader();
            Witnesses::change(at(cluster, leader));
            witnesses.find_out().await;
            witnesses.assert_recovered().await;
            assert_eq!(left.one.items().len(), 1);
            cluster.heal(cut);
            left.find_out().await;
            left.assert_recovered().await;
            // Nor does the member that is back tell anything old.
            cluster.wait_healthy();
            at(cluster, cut)(&["put", "w/one", "4"]);
            for witnesses in [&mut witnesses, &mut left] {
                witnesses.one.reaches_one("w/one", "4").await;
            }
        });
    });
}

fn follower_cut(cluster: &Namespaces) {
    let follower = (cluster.leader() + 1) % 3;
    let mut endpoints = cluster.endpoints();
    endpoints.rotate_left(follower);
    // Beside the follower: what cuts that off, does not cut it off from the client.
    cluster.run_beside(follower, || {
        run(async {
            let alone = connect(&endpoints[..1]).await;
            let mut only = Witnesses::start(&alone, at(cluster, follower)).await;
            let several = connect(&endpoints).await;
            let mut several = Witnesses::start(&several, at(cluster, follower)).await;
            cluster.cut(follower);
            only.one.status.stale_because("no leader").await;
            several.one.status.stale().await;
            let lost = alone.key("w/one").expect("a key");
            let error = soon("an error", lost.set("lost")).await.expect_err("it has no leader");
            let Error::Unreachable(members) = &error else { panic!("{error:?}") };
            assert!(members[0].1.contains("no leader"), "{error}");
            let leader = cluster.leader();
            Witnesses::change(at(cluster, leader));
            for witnesses in [&only, &several] {
                assert_eq!(witnesses.one.items().len(), 1, "the follower cannot have told");
            }
            cluster.heal(follower);
            for witnesses in [&mut only, &mut several] {
                witnesses.find_out().await;
                witnesses.assert_recovered().await;
            }
        });
    });
}
