//! The slow consumer.

use crate::program::hosts::directory;
use crate::program::script::{EVENTS, WITHOUT_PAUSE, play_to_the_end};

#[test]
fn the_slow_consumer_skips_and_accounts_for_every_version() {
    let directory = directory();
    let finished = play_to_the_end(&directory.path().join("hosts"));
    let lines = finished.said_by("slow").filter_map(|line| line.strip_prefix("missed "));
    let got: Vec<(u64, &str)> = lines
        .map(|line| {
            let (missed, event) = line.split_once(", now at: ").unwrap();
            (missed.split(' ').next().unwrap().parse().unwrap_or(0), event)
        })
        .collect();
    let missed: u64 = got.iter().map(|(missed, _)| missed).sum();
    let accounted = missed + u64::try_from(got.len()).unwrap();
    let sets: u64 = EVENTS.iter().map(|(_, times)| times).sum();
    // Where threads are scarce, the service may have begun before it: with some of what came before the first line, or even
    // with some of the sets without a pause that the first line is about.
    let (missed_at_first, first) = got[0];
    let before: u64 = EVENTS.iter().take_while(|(event, _)| *event != first).map(|(_, times)| times).sum();
    let of_first = EVENTS.iter().find(|(event, _)| *event == first).unwrap().1;
    let not_accounted = sets.checked_sub(accounted).unwrap_or_else(|| panic!("too many: {finished}"));
    assert!(not_accounted + missed_at_first < before + of_first, "{finished}");
    assert!(not_accounted + missed_at_first >= before, "{finished}");
    if crate::ONE_THREAD {
        assert!(got.iter().any(|(missed, _)| *missed >= WITHOUT_PAUSE - 1), "{finished}");
    }
    assert_eq!(got.last().unwrap().1, "lease granted on another network", "{finished}");
}
