//! Elections in the cluster in memory, on a clock that stands still while anything can be done: never are there two leaders.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_etcd::EtcdClient;
use event_etcd::test_util::FakeCluster;
use leader::Office;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const KEY: &str = "leader";
const TIME_TO_LIVE: Duration = Duration::from_secs(6);

/// So long anything may take that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(100);

/// Who acted as a leader, from when to when.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<Acted>>>);

#[derive(Clone, Debug)]
struct Acted {
    name: &'static str,
    from: Instant,
    to: Option<Instant>,
}

/// The work of a leader, which ends when it is dropped.
struct Acting {
    log: Log,
    number: usize,
}

impl Log {
    /// Begins the work. Panics if another leader is still at it.
    fn begin(&self, name: &'static str) -> Acting {
        let mut acted = self.0.lock().unwrap();
        let still: Vec<_> = acted.iter().filter(|acted| acted.to.is_none()).collect();
        assert!(still.is_empty(), "{name} leads beside {still:?}");
        acted.push(Acted { name, from: Instant::now(), to: None });
        Acting { log: self.clone(), number: acted.len() - 1 }
    }

    fn all(&self) -> Vec<Acted> {
        self.0.lock().unwrap().clone()
    }

    /// Waits until so many terms have begun, and returns them.
    async fn terms(&self, count: usize) -> Vec<Acted> {
        let waiting = async {
            while self.all().len() < count {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("no {count} terms: {:?}", self.all()));
        self.all()
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        self.log.0.lock().unwrap()[self.number].to = Some(Instant::now());
    }
}

/// A candidate, again and again.
fn candidate(client: EtcdClient, name: &'static str, log: &Log) -> JoinHandle<()> {
    let log = log.clone();
    tokio::spawn(async move {
        let office = Office::new(&client, KEY).unwrap();
        loop {
            let Ok(term) = office.campaign(name, TIME_TO_LIVE).await else { continue };
            let done = term
                .act(async {
                    let _acting = log.begin(name);
                    std::future::pending::<()>().await;
                })
                .await;
            assert!(done.is_none());
        }
    })
}

fn run(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    // After each step of another task the test can do something.
    let runtime = builder.enable_all().start_paused(true).event_interval(1).build().unwrap();
    runtime.block_on(test);
}

/// Two candidates, of whom Ada leads, each by a member of its own.
async fn two() -> (FakeCluster, [event_etcd::test_util::FakeMember; 2], [JoinHandle<()>; 2], Log) {
    let (cluster, log) = (FakeCluster::new(), Log::default());
    let members = [cluster.member(), cluster.member()];
    let ada = candidate(members[0].client(), "Ada", &log);
    log.terms(1).await;
    let ben = candidate(members[1].client(), "Ben", &log);
    sleep(5 * TIME_TO_LIVE).await;
    let terms = log.all();
    assert!(terms.len() == 1 && terms[0].to.is_none(), "the leader leads on: {terms:?}");
    (cluster, members, [ada, ben], log)
}

/// The second term is Ben's, and begins when Ada's has ended.
fn assert_taken_over(terms: &[Acted]) {
    assert_eq!(terms.iter().map(|acted| acted.name).collect::<Vec<_>>(), ["Ada", "Ben"]);
    assert!(terms[0].to.is_some_and(|to| to <= terms[1].from), "{terms:?}");
}

#[test]
fn a_leader_that_is_cut_off_stops_before_another_is_elected() {
    run(async {
        let (cluster, [ada, _ben], _tasks, log) = two().await;
        let lease = cluster.lease_of(KEY).unwrap();
        ada.pause();
        // It stops by its own clock, while nobody has told it anything.
        while log.all()[0].to.is_none() {
            assert!(cluster.leases().contains(&lease), "the lease has ended, and its holder has not noticed");
            sleep(Duration::from_millis(1)).await;
        }
        assert_taken_over(&log.terms(2).await);
        // Back again, it is a candidate.
        ada.resume();
        sleep(5 * TIME_TO_LIVE).await;
        assert_eq!(log.all().len(), 2);
        cluster.expire(cluster.lease_of(KEY).unwrap());
        assert_eq!(log.terms(3).await.len(), 3);
    });
}

#[test]
fn a_leader_that_dies_is_replaced_when_its_lease_has_ended() {
    run(async {
        let (cluster, _members, [ada, _ben], log) = two().await;
        ada.abort();
        let died = Instant::now();
        let terms = log.terms(2).await;
        assert_taken_over(&terms);
        // It was renewed a third of its time ago at most.
        assert!(terms[1].from - died >= TIME_TO_LIVE / 2, "{:?}", terms[1].from - died);
        assert_eq!(cluster.get(KEY).as_deref(), Some(&b"Ben"[..]));
    });
}

#[test]
fn a_leader_whose_lease_is_revoked_leaves_the_office_to_another() {
    run(async {
        let (cluster, _members, _tasks, log) = two().await;
        cluster.expire(cluster.lease_of(KEY).unwrap());
        let terms = log.terms(2).await;
        assert!(terms[0].to.is_some_and(|to| to <= terms[1].from), "{terms:?}");
    });
}

#[test]
fn a_leader_whose_key_is_deleted_stops_though_its_lease_goes_on() {
    run(async {
        let (cluster, _members, _tasks, log) = two().await;
        cluster.delete(KEY);
        let terms = log.terms(2).await;
        assert!(terms[0].to.is_some_and(|to| to <= terms[1].from), "{terms:?}");
    });
}

#[test]
fn a_leader_that_resigns_is_replaced_without_delay() {
    run(async {
        let (cluster, log) = (FakeCluster::new(), Log::default());
        let office = Office::new(&cluster.client(), KEY).unwrap();
        let term = office.campaign("Ada", TIME_TO_LIVE).await.unwrap();
        let _ben = candidate(cluster.client(), "Ben", &log);
        assert_eq!(term.act(sleep(TIME_TO_LIVE * 3)).await, Some(()));
        assert_eq!(log.all().len(), 0);
        term.resign().await.unwrap();
        let resigned = Instant::now();
        assert!(log.terms(1).await[0].from - resigned < TIME_TO_LIVE / 2);
    });
}

#[test]
fn nobody_leads_while_nobody_answers_and_one_does_afterwards() {
    run(async {
        let (cluster, _members, _tasks, log) = two().await;
        cluster.pause();
        sleep(2 * TIME_TO_LIVE).await;
        let terms = log.all();
        assert!(terms.len() == 1 && terms[0].to.is_some(), "{terms:?}");
        cluster.resume();
        assert_eq!(log.terms(2).await.len(), 2);
        // Connections that break are no reason to leave.
        for _ in 0..20 {
            cluster.disconnect();
            sleep(TIME_TO_LIVE / 4).await;
        }
        assert_eq!(log.all().len(), 2);
    });
}

#[test]
fn of_many_candidates_one_leads_at_a_time_until_each_has() {
    run(async {
        let (cluster, log) = (FakeCluster::new(), Log::default());
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let tasks = names.map(|name| candidate(cluster.client(), name, &log));
        for terms in 1..=names.len() {
            let leader = log.terms(terms).await.pop().unwrap();
            sleep(3 * TIME_TO_LIVE).await;
            assert_eq!(log.all().len(), terms);
            tasks[names.iter().position(|name| *name == leader.name).unwrap()].abort();
        }
    });
}

#[test]
fn a_candidate_that_is_cut_off_at_any_step_leaves_the_office_to_another() {
    let mut steps = 0;
    // Until it leads when it is cut off.
    let was_elected = Arc::new(Mutex::new(false));
    while !*was_elected.lock().unwrap() {
        let was_elected = Arc::clone(&was_elected);
        run(async move {
            let (cluster, log) = (FakeCluster::new(), Log::default());
            let member = cluster.member();
            let _ada = candidate(member.client(), "Ada", &log);
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
            member.pause();
            *was_elected.lock().unwrap() = !log.all().is_empty();
            let _ben = candidate(cluster.client(), "Ben", &log);
            let elected = async {
                while !log.all().iter().any(|acted| acted.name == "Ben") {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            let elected = timeout(2 * TIME_TO_LIVE, elected).await;
            assert!(elected.is_ok(), "cut off after {steps} steps: {:?}", log.all());
        });
        steps += 1;
        assert!(steps < 1_000, "it is never elected");
    }
    assert!(steps > 20, "it was cut off too late, {steps} times");
}
