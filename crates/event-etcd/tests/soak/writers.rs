//! Four writers, who set, delete, and set what they have seen.

use event_etcd::{Error, EtcdClient, Seen};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::random::Random;
use crate::support::{hasty, soon};

/// How many keys there are.
const KEYS: usize = 20;

/// The writers, each with a client of its own.
#[derive(Debug)]
pub(crate) struct Writers {
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<(usize, usize)>>,
}

impl Writers {
    pub(crate) fn start(endpoints: &[String], random: &mut Random) -> Self {
        let (stop, stopped) = watch::channel(false);
        let start = |i: usize| {
            let mut endpoints = endpoints.to_vec();
            endpoints.rotate_left(i % 3);
            let client = hasty(endpoints).connect_lazy().expect("this is a runtime, and these are endpoints");
            tokio::spawn(write(client, random.split(), stopped.clone()))
        };
        let tasks = (0..4).map(start).collect();
        Self { stop, tasks }
    }

    /// Waits until each has ended, and says how many writes were done, and how many perhaps.
    pub(crate) async fn stop(self) -> String {
        self.stop.send_replace(true);
        let (mut done, mut failed) = (0, 0);
        for task in self.tasks {
            let one = task.await.expect("writers do not panic");
            done += one.0;
            failed += one.1;
        }
        assert!(done > 0, "nobody could ever write");
        format!("{done} writes done, {failed} failed")
    }
}

async fn write(client: EtcdClient, mut random: Random, stopped: watch::Receiver<bool>) -> (usize, usize) {
    let (mut done, mut failed) = (0, 0);
    let mut seen = [Seen::Absent; KEYS];
    while !*stopped.borrow() {
        let i = random.below(KEYS);
        let key = client.key(format!("s/{i:02}")).expect("a key");
        // Few different data: what is set is often what is there.
        let data = random.below(4).to_string();
        let kind = random.below(5);
        let request = async {
            match kind {
                0 => key.delete().await,
                1 => key.compare_and_set(seen[i], data).await,
                _ => key.set(data).await,
            }
        };
        match soon("an answer or an error", request).await {
            Ok(revision) => {
                done += 1;
                assert!(revision > 0);
                seen[i] = if kind == 0 { Seen::Absent } else { revision.into() };
            }
            Err(Error::Conflict { found }) => {
                assert_ne!(found, seen[i], "there is no conflict with what was seen");
                done += 1;
                seen[i] = found;
            }
            Err(Error::Unanswered { .. } | Error::Unreachable(_)) => failed += 1,
            Err(error) => panic!("a write failed: {error:?}"),
        }
        tokio::time::sleep(random.millis(20)).await;
    }
    (done, failed)
}
