//! What happens to the cluster.

use std::fmt;
use std::time::Duration;

use event_test_servers::{Cluster, Namespaces};

use crate::random::Random;

/// One fault after the other, each of which is over before the next.
#[derive(Debug)]
pub(crate) struct Faults<'a> {
    cluster: &'a Cluster,
    namespaces: Option<&'a Namespaces>,
    kills: usize,
    pauses: usize,
    compactions: usize,
    cuts: usize,
}

impl<'a> Faults<'a> {
    pub(crate) const fn new(cluster: &'a Cluster, namespaces: Option<&'a Namespaces>) -> Self {
        Self { cluster, namespaces, kills: 0, pauses: 0, compactions: 0, cuts: 0 }
    }

    /// Does something to a member, or sometimes to two, and undoes it a while later; often what they miss is compacted.
    pub(crate) async fn strike(&mut self, random: &mut Random) {
        let (first, kind) = (random.below(3), random.below(5));
        // Without a quorum, now and then.
        let members = if random.below(8) == 0 { vec![first, (first + 1) % 3] } else { vec![first] };
        let (compacting, lasting) = (random.below(2) == 0, Duration::from_millis(200) + random.millis(1300));
        let each = |strike: &dyn Fn(usize)| members.iter().for_each(|&i| strike(i));
        let cluster = self.cluster;
        match (kind, self.namespaces) {
            (0 | 1, _) => each(&|i| cluster.kill(i)),
            (2, Some(namespaces)) => each(&|i| namespaces.cut(i)),
            _ => each(&|i| cluster.pause(i)),
        }
        tokio::time::sleep(lasting).await;
        if compacting && members.len() == 1 {
            self.compact((first + 1) % 3);
        }
        match (kind, self.namespaces) {
            (0 | 1, _) => {
                self.kills += 1;
                each(&|i| cluster.restart(i));
            }
            (2, Some(namespaces)) => {
                self.cuts += 1;
                each(&|i| namespaces.heal(i));
            }
            _ => {
                self.pauses += 1;
                each(&|i| cluster.resume(i));
            }
        }
    }

    /// Everything before now, if this member can.
    fn compact(&mut self, i: usize) {
        let ask = |arguments: &[&str]| self.cluster.try_ctl_at(i, &[&["--command-timeout=1s"], arguments].concat());
        let Ok(answer) = ask(&["get", "none", "-w", "json"]) else { return };
        let Some((_, rest)) = answer.split_once("\"revision\":") else { return };
        let revision: String = rest.chars().take_while(char::is_ascii_digit).collect();
        self.compactions += usize::from(ask(&["compact", &revision]).is_ok());
    }
}

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, pauses, compactions, cuts, .. } = self;
        write!(f, "{kills} kills, {pauses} pauses, {cuts} cuts, {compactions} compactions")
    }
}
