//! The slow consumer.

use crate::shared::hosts::directory;
use crate::shared::script::{AT_ONCE, EVENTS, play_to_the_end};

#[test]
fn the_slow_consumer_skips_and_accounts_for_every_version() {
    let directory = directory();
    let finished = play_to_the_end(&directory.path().join("hosts"));
    let lines = finished.said_by("slow").filter_map(|line| line.strip_prefix("missed "));
    let got: Vec<(u64, &str)> = lines
        .map(|line| {
            let (missed, event) = line.split_once(", is up to date with: ").unwrap();
            (missed.split(' ').next().unwrap().parse().unwrap_or(0), event)
        })
        .collect();
    // Where threads are scarce, the service may have begun before it.
    let (missed_at_first, first) = got[0];
    let before_it_began: u64 =
        EVENTS.iter().take_while(|(event, _)| *event != first).map(|(_, times)| times).sum::<u64>() - missed_at_first;
    let missed: u64 = got.iter().map(|(missed, _)| missed).sum();
    let sets: u64 = EVENTS.iter().map(|(_, times)| times).sum();
    assert_eq!(before_it_began + missed + u64::try_from(got.len()).unwrap(), sets, "{finished}");
    assert!(got.iter().any(|(missed, _)| *missed >= AT_ONCE - 1), "{finished}");
    assert_eq!(got.last().unwrap().1, "lease granted on another network", "{finished}");
}
