//! An election in a real cluster: the member of the leader falls silent, and another candidate is elected when it has stopped.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use event_etcd::EtcdClient;
use event_test_servers::{Cluster, Etcd, Suite};
use leader::Office;
use tokio::time::timeout;

/// So long anything may take that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    Suite::new("leader").test("a leader whose member falls silent stops before another is elected", cut_off).run();
}

/// The work of a leader, which ends when it is dropped.
struct Acting(Arc<AtomicBool>);

impl Drop for Acting {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

fn cut_off(etcd: &Etcd) {
    let cluster = Cluster::start(etcd, 3);
    let first = (cluster.leader() + 1) % 3;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let ada = EtcdClient::connect([cluster.endpoint(first)]).await.unwrap();
        let ben =
            EtcdClient::connect([cluster.endpoint((first + 1) % 3), cluster.endpoint((first + 2) % 3)]).await.unwrap();
        let time_to_live = Duration::from_secs(3);
        let term = Office::new(&ada, "leader").unwrap().campaign("Ada", time_to_live).await.unwrap();
        let acting = Arc::new(AtomicBool::new(true));
        let work = Acting(Arc::clone(&acting));
        let leading = tokio::spawn(async move {
            term.act(async move {
                let _work = work;
                std::future::pending::<()>().await;
            })
            .await
        });
        let campaigning = tokio::spawn(async move {
            let elected = Office::new(&ben, "leader").unwrap().campaign("Ben", time_to_live).await.unwrap();
            assert!(!acting.load(Ordering::SeqCst), "two leaders");
            elected.resign().await.unwrap();
        });
        tokio::time::sleep(time_to_live).await;
        assert!(!leading.is_finished() && !campaigning.is_finished(), "a leader that is well leads on");
        cluster.pause(first);
        timeout(PATIENCE, campaigning).await.expect("another is elected").unwrap();
        assert_eq!(timeout(PATIENCE, leading).await.expect("it has stopped").unwrap(), None);
        cluster.resume(first);
    });
}
