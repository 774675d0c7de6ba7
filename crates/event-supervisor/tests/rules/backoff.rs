//! How long a group waits before it is restarted.

use std::collections::BTreeSet;
use std::time::Duration;

use event_supervisor::{Backoff, Signal, Supervisor};

use crate::support::{How, Journal, Puppet, Sim, What, scenario, start, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Kills a member of a group of which nothing has to be waited for, and gives the delay until that runs again.
fn delay(sim: &Sim, journal: &Journal, member: &Puppet, supervisor: &Supervisor) -> Duration {
    let path = format!("root.{}", member.name());
    let starts = journal.starts(&path);
    let died = sim.now();
    member.ends(How::Err);
    sim.settle();
    let said = tree(supervisor).get(&path).and_then(|status| status.restart_in());
    while journal.starts(&path) == starts {
        assert!(sim.jump(), "{path} is not restarted");
        sim.settle();
    }
    let delay = sim.now() - died;
    assert_eq!(said, Some(delay), "what the state says");
    assert_eq!(tree(supervisor).get(&path).map(|status| status.restart_in()), Some(None));
    delay
}

fn seconds(delays: &[f64]) -> Vec<Duration> {
    delays.iter().map(|delay| Duration::from_secs_f64(*delay)).collect()
}

/// `root` with a group of `a` and `b`, neither of which signals anything.
fn two(sim: &Sim) -> (Journal, Puppet, Puppet, Puppet) {
    let journal = Journal::new(sim);
    let (a, b) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "b"));
    let root = Puppet::new(&journal, "root").healthy().runs([&a, &b]);
    (journal, root, a, b)
}

#[test]
fn delays_begin_with_half_a_second_and_double_up_to_a_minute() {
    scenario("the default delays", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        let delays: Vec<_> = [&a, &b, &a, &a, &b, &b, &a, &b, &a]
            .into_iter()
            .map(|member| delay(sim, &journal, member, &supervisor))
            .collect();
        assert_eq!(delays, seconds(&[0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]));
        stop(sim, supervisor);
    });
}

#[test]
fn first_delay_and_cap_can_be_chosen() {
    scenario("other delays", |sim| {
        let (journal, root, a, _) = two(sim);
        let backoff = without_jitter().first(2 * SECOND).cap(5 * SECOND);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(backoff).start(root);
        sim.settle();
        let delays: Vec<_> = (0..4).map(|_| delay(sim, &journal, &a, &supervisor)).collect();
        assert_eq!(delays, seconds(&[2.0, 4.0, 5.0, 5.0]));
        stop(sim, supervisor);
    });
}

#[test]
fn jitter_makes_a_delay_up_to_twice_as_long() {
    let mut all = BTreeSet::new();
    for _ in 0..20 {
        let sim = Sim::new(0);
        let (journal, root, a, _) = two(&sim);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(Backoff::default()).start(root);
        sim.settle();
        for base in seconds(&[0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]) {
            let delay = delay(&sim, &journal, &a, &supervisor);
            assert!((base..=2 * base).contains(&delay), "{delay:?} after {base:?}");
            all.insert(delay);
        }
        stop(&sim, supervisor);
    }
    // It is random: even of so many, hardly any two are the same. Without std, there is nothing to make it so.
    let (least, most) = if cfg!(feature = "std") { (150, 180) } else { (9, 9) };
    assert!((least..=most).contains(&all.len()), "{} different delays", all.len());
}

#[test]
fn jitter_with_a_seed_is_the_same_each_time() {
    let delays = |seed| {
        let sim = Sim::new(seed);
        let (journal, root, a, _) = two(&sim);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(Backoff::default().seed(7)).start(root);
        sim.settle();
        let delays: Vec<_> = (0..5).map(|_| delay(&sim, &journal, &a, &supervisor)).collect();
        stop(&sim, supervisor);
        delays
    };
    assert_eq!(delays(1), delays(2));
}

#[test]
fn the_delay_begins_when_all_have_ended() {
    use crate::support::OnCancel;
    scenario("the delay begins late", |sim| {
        let (journal, root, a, b) = two(sim);
        drop(b.on_cancel(OnCancel::After(3 * SECOND, How::Ok)));
        let supervisor = start(sim, &root);
        a.ends(How::Err);
        sim.advance(3 * SECOND);
        let status = tree(&supervisor).get("root.a").and_then(|status| status.restart_in());
        assert_eq!((status, journal.last("root.b", What::End)), (Some(SECOND / 2), Some(3 * SECOND)));
        sim.advance(SECOND / 2 - MILLISECOND);
        assert_eq!(journal.running(), ["root"]);
        sim.advance(MILLISECOND);
        assert_eq!(journal.running(), ["root", "root.a", "root.b"]);
        stop(sim, supervisor);
    });
}

#[test]
fn delays_begin_anew_after_a_healthy_minute() {
    scenario("a reset", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        for _ in 0..3 {
            delay(sim, &journal, &a, &supervisor);
        }
        a.signals(Signal::Healthy);
        b.signals(Signal::Healthy);
        sim.advance(MINUTE);
        assert_eq!(delay(sim, &journal, &b, &supervisor), SECOND / 2);
        assert_eq!(delay(sim, &journal, &a, &supervisor), SECOND, "that was one reset");
        stop(sim, supervisor);
    });
}

#[test]
fn delays_do_not_begin_anew_before_a_whole_healthy_minute() {
    scenario("not reset too early", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        assert_eq!(delay(sim, &journal, &a, &supervisor), SECOND / 2);
        a.signals(Signal::Healthy);
        // Time in which only one of them is healthy does not count.
        sim.advance(10 * MINUTE);
        b.signals(Signal::Healthy);
        sim.advance(MINUTE - MILLISECOND);
        assert_eq!(delay(sim, &journal, &a, &supervisor), SECOND);
        stop(sim, supervisor);
    });
}

#[test]
fn healthy_times_do_not_add_up_over_a_death() {
    scenario("a break in the healthy time", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        for expected in seconds(&[0.5, 1.0, 2.0]) {
            a.signals(Signal::Healthy);
            b.signals(Signal::Healthy);
            sim.advance(MINUTE - MILLISECOND);
            assert_eq!(delay(sim, &journal, &a, &supervisor), expected);
        }
        stop(sim, supervisor);
    });
}

#[test]
fn a_group_with_a_member_that_is_never_healthy_is_never_reset() {
    scenario("never healthy", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        for expected in seconds(&[0.5, 1.0, 2.0, 4.0]) {
            b.signals(Signal::Healthy);
            sim.advance(1000 * MINUTE);
            assert_eq!(delay(sim, &journal, &a, &supervisor), expected);
        }
        stop(sim, supervisor);
    });
}

#[test]
fn a_member_that_is_done_is_as_good_as_healthy() {
    scenario("done is healthy", |sim| {
        let (journal, root, a, b) = two(sim);
        let supervisor = start(sim, &root);
        delay(sim, &journal, &a, &supervisor);
        a.signals(Signal::Healthy);
        b.signals(Signal::Done);
        b.ends(How::Ok);
        sim.advance(MINUTE);
        assert_eq!(delay(sim, &journal, &a, &supervisor), SECOND / 2);
        stop(sim, supervisor);
    });
}

#[test]
fn the_healthy_period_can_be_chosen() {
    scenario("another period", |sim| {
        let (journal, root, a, b) = two(sim);
        let backoff = without_jitter().reset_after(3 * SECOND);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(backoff).start(root);
        sim.settle();
        for _ in 0..3 {
            assert_eq!(delay(sim, &journal, &a, &supervisor), SECOND / 2);
            a.signals(Signal::Healthy);
            b.signals(Signal::Healthy);
            sim.advance(3 * SECOND);
        }
        stop(sim, supervisor);
    });
}

#[test]
fn groups_wait_each_for_itself() {
    scenario("groups apart", |sim| {
        let journal = Journal::new(sim);
        let (a, b) = (Puppet::new(&journal, "a"), Puppet::new(&journal, "b"));
        let root = Puppet::new(&journal, "root").healthy().runs([&a]).runs([&b]);
        let supervisor = start(sim, &root);
        for expected in seconds(&[0.5, 1.0, 2.0]) {
            assert_eq!(delay(sim, &journal, &a, &supervisor), expected);
        }
        assert_eq!(delay(sim, &journal, &b, &supervisor), SECOND / 2);
        assert_eq!(delay(sim, &journal, &a, &supervisor), 4 * SECOND);
        stop(sim, supervisor);
    });
}

#[test]
fn extreme_settings_do_no_harm() {
    scenario("extreme delays", |sim| {
        let (journal, root, a, _) = two(sim);
        let longest = Backoff::default().first(Duration::MAX).cap(Duration::MAX).reset_after(Duration::MAX);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(longest).start(root.clone());
        sim.settle();
        a.ends(How::Err);
        sim.settle();
        assert_eq!(journal.running(), ["root"]);
        stop(sim, supervisor);

        let none = Backoff::default().first(Duration::ZERO).cap(Duration::ZERO).reset_after(Duration::ZERO);
        let supervisor = Supervisor::builder(sim.runtime()).backoff(none).start(root);
        sim.settle();
        for _ in 0..3 {
            a.ends(How::Err);
            sim.settle();
        }
        assert_eq!(tree(&supervisor).get("root.a").map(|status| status.restarts()), Some(3));
        stop(sim, supervisor);
    });
}
