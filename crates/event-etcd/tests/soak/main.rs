//! Random faults, one after the other, while there are writers, a process that holds leases, and watchers: in the end everyone knows what is stored.
//!
//! `EVENT_SOAK_SECONDS` says how long, `EVENT_SOAK_SEED` which faults, writes and watchers; the seed is printed. With the same
//! seed the same is done, though not at the same instants: what servers and schedulers do is theirs.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests with servers need std")]

#[allow(dead_code, unused_imports, reason = "two tests share it, and neither needs all of it")]
#[path = "../support/mod.rs"]
mod support;

mod faults;
mod holder;
mod random;
mod watchers;
mod writers;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use event_test_servers::{Cluster, Namespaces, Suite};

use crate::faults::Faults;
use crate::holder::Holder;
use crate::random::Random;
use crate::support::run;
use crate::watchers::Watchers;
use crate::writers::Writers;

fn main() {
    holder::hold_if_told();
    let limit = Duration::from_secs(seconds() + 300);
    Suite::new("soak")
        .limit(limit)
        .test("whatever happens to members, in the end everyone knows what is stored", |etcd| {
            soak(&Cluster::start(etcd, 3), None);
        })
        .test_in_namespaces(
            "whatever happens to members and networks, in the end everyone knows what is stored",
            |cut| {
                cut.run_inside(|| soak(cut, Some(cut)));
            },
        )
        .run();
}

fn seconds() -> u64 {
    variable("EVENT_SOAK_SECONDS").unwrap_or(10)
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

fn soak(cluster: &Cluster, namespaces: Option<&Namespaces>) {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970").subsec_nanos();
    let seed = variable("EVENT_SOAK_SEED").unwrap_or_else(|| now().into());
    eprintln!("soak: EVENT_SOAK_SEED={seed}, networks fail: {}", namespaces.is_some());
    let mut random = Random::new(seed);
    run(async {
        let begun = Instant::now();
        let writers = Writers::start(&cluster.endpoints(), &mut random);
        let mut watchers = Watchers::start(&cluster.endpoints()).await;
        let mut faults = Faults::new(cluster, namespaces);
        let holds = || stored(cluster).contains_key(holder::HELD);
        let mut holder = Holder::start(&cluster.endpoints());
        while begun.elapsed() < Duration::from_secs(seconds()) {
            faults.strike(&mut random).await;
            if random.below(2) == 0 {
                holder.strike(&mut random, holds).await;
            }
            watchers.replace_one(&mut random).await;
            watchers.assert_faultless();
        }
        cluster.wait_healthy();
        let writes = writers.stop().await;
        let held = holder.stop(holds).await;
        let given = watchers.agree(|| stored(cluster)).await;
        eprintln!("soak: {faults}; {held}; {writes}; {given} items given");
    });
}

/// What is stored: each key, and under it each value, has a line of its own.
fn stored(cluster: &Cluster) -> BTreeMap<String, String> {
    let text = cluster.ctl(&["get", "--prefix", "s/"]);
    let lines: Vec<_> = text.lines().collect();
    lines.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}
