//! A process that holds leases, which is killed and paused.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use event_etcd::{Error, Lease};

use crate::random::Random;
use crate::support::{PATIENCE, hasty, run, soon};

/// Tells a process that it is one, and at which endpoints the cluster is.
const ENDPOINTS: &str = "EVENT_SOAK_HOLDER";

/// What is written under a lease.
pub(crate) const HELD: &str = "s/held";

const TIME_TO_LIVE: Duration = Duration::from_secs(2);

/// The process, from the outside.
#[derive(Debug)]
pub(crate) struct Holder {
    process: Child,
    endpoints: String,
    kills: usize,
    pauses: usize,
}

impl Holder {
    /// It must be called on the thread whose network the cluster is in.
    pub(crate) fn start(endpoints: &[String]) -> Self {
        let endpoints = endpoints.join(",");
        Self { process: spawn(&endpoints), endpoints, kills: 0, pauses: 0 }
    }

    /// Waits until it holds a lease, kills it and starts another one, or pauses it, for longer than its lease lasts or not.
    pub(crate) async fn strike(&mut self, random: &mut Random, holds: impl Fn() -> bool) {
        self.wait(holds).await;
        if random.below(2) == 0 {
            self.kills += 1;
            self.end();
            self.process = spawn(&self.endpoints);
        } else {
            self.pauses += 1;
            self.signal("STOP");
            tokio::time::sleep(random.millis(4000)).await;
            self.signal("CONT");
        }
    }

    /// It ends by itself only if something was wrong.
    fn assert_faultless(&mut self) {
        let ended = self.process.try_wait().expect("it is a child of this process");
        assert!(ended.is_none(), "the process that holds leases has ended: {ended:?}");
    }

    /// Waits until it holds a lease, as it does again whatever it has lost, and ends it.
    pub(crate) async fn stop(mut self, holds: impl Fn() -> bool) -> String {
        self.wait(holds).await;
        self.end();
        format!("{} kills and {} pauses of the process that holds leases", self.kills, self.pauses)
    }

    async fn wait(&mut self, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            self.assert_faultless();
            assert!(begun.elapsed() < PATIENCE, "the process that holds leases does not get another one");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn end(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was killed");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.process.id().to_string()).status();
        assert!(status.expect("there is a program kill").success(), "{name}");
    }
}

/// A test that fails leaves no process behind.
impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn spawn(endpoints: &str) -> Child {
    let mut process = Command::new(std::env::current_exe().expect("it has a path"));
    process.env(ENDPOINTS, endpoints).stdin(Stdio::piped());
    process.spawn().expect("it can be started again")
}

/// Does what the process does, if this is it, until it is killed.
pub(crate) fn hold_if_told() {
    let Ok(endpoints) = std::env::var(ENDPOINTS) else { return };
    // It ends with the process that has started it.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
    run(async {
        let client = hasty(endpoints.split(',')).connect_lazy().expect("this is a runtime, and these are endpoints");
        loop {
            match soon("a lease or an error", client.lease(TIME_TO_LIVE)).await {
                Ok(lease) => hold(&client, lease).await,
                Err(Error::Unanswered { .. } | Error::Unreachable(_)) => {}
                Err(error) => panic!("a lease was refused: {error:?}"),
            }
        }
    });
}

/// Writes under a lease until it is lost.
async fn hold(client: &event_etcd::EtcdClient, lease: Lease) {
    let key = client.key(HELD).expect("a key").with_lease(&lease);
    for number in 0_u64.. {
        match soon("an answer or an error", key.set(number.to_string())).await {
            Ok(_) | Err(Error::Unanswered { .. } | Error::Unreachable(_)) => {}
            Err(Error::LeaseNotFound { lease: named }) => {
                assert_eq!(named, lease.id());
                break;
            }
            Err(error) => panic!("a write under a lease failed: {error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Whoever is refused has lost it, is told so, and is refused from then on.
    soon("the loss of a lease that does not exist", lease.lost()).await;
    let late = soon("a refusal", key.set("late")).await;
    assert!(matches!(late, Err(Error::LeaseNotFound { .. })), "{late:?}");
}
