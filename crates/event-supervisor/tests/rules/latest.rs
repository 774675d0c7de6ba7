//! A runnable that is run with the newest item.

use std::time::Duration;

use event_core::MemoryValue;
use event_supervisor::{BoxError, Context, Signal, State, Supervisor, run_latest};

use crate::support::{Journal, Sim, scenario, state, stop, tree, without_jitter};

const SECOND: Duration = Duration::from_secs(1);

/// Notes in the journal that it runs with an item, and takes a second to end. It dies of the item `bad`.
async fn serve(cx: Context, journal: Journal, item: &'static str) -> Result<(), BoxError> {
    let _presence = journal.enter(item);
    if item == "bad" {
        return Err("a bad item".into());
    }
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    cx.sleep(SECOND).await;
    Ok(())
}

fn start(sim: &Sim, value: &MemoryValue<&'static str>) -> (Journal, Supervisor) {
    let journal = Journal::new(sim);
    let keeps = journal.clone();
    let root = run_latest(value.watch(), move |item| {
        let journal = keeps.clone();
        move |cx| serve(cx, journal.clone(), item)
    });
    let supervisor = Supervisor::builder(sim.runtime()).backoff(without_jitter()).start(root);
    sim.settle();
    (journal, supervisor)
}

#[test]
fn a_newer_item_takes_the_place_of_the_one_before() {
    scenario("run_latest", |sim| {
        let value = MemoryValue::new();
        let (journal, supervisor) = start(sim, &value);
        assert_eq!((state(&supervisor, "root"), tree(&supervisor).len()), (State::New, 1));
        value.set("a");
        sim.settle();
        assert_eq!(journal.running(), ["a"]);
        assert_eq!((state(&supervisor, "root"), state(&supervisor, "root.latest")), (State::Healthy, State::Healthy));
        // The next one begins when this has ended, and only the newest does.
        value.set("b");
        sim.advance(SECOND / 2);
        assert_eq!(journal.running(), ["a"]);
        value.set("c");
        sim.advance(SECOND / 2);
        assert_eq!((journal.running(), journal.starts("b")), (vec!["c".to_owned()], 0));
        stop(sim, supervisor);
    });
}

#[test]
fn it_is_restarted_with_the_same_item_and_so_is_the_whole() {
    scenario("run_latest dies", |sim| {
        let value = MemoryValue::with_value("bad");
        let (journal, supervisor) = start(sim, &value);
        sim.advance(SECOND);
        assert_eq!(journal.starts("bad"), 2);
        assert_eq!(state(&supervisor, "root"), State::New, "it was never healthy");
        value.set("good");
        sim.settle();
        assert_eq!(journal.running(), ["good"]);
        assert_eq!(supervisor.restart("root"), Ok(()));
        sim.advance(SECOND);
        assert_eq!((journal.running(), journal.starts("good")), (vec!["good".to_owned()], 2));
        stop(sim, supervisor);
    });
}

#[test]
fn when_the_value_is_closed_the_newest_goes_on() {
    scenario("run_latest of a closed value", |sim| {
        let value = MemoryValue::with_value("a");
        let (journal, supervisor) = start(sim, &value);
        value.set("b");
        drop(value);
        sim.advance(2 * SECOND);
        assert_eq!(journal.running(), ["b"]);
        assert_eq!((state(&supervisor, "root"), state(&supervisor, "root.latest")), (State::Done, State::Healthy));
        stop(sim, supervisor);

        let value = MemoryValue::new();
        let (_, supervisor) = start(sim, &value);
        drop(value);
        sim.settle();
        assert_eq!(state(&supervisor, "root"), State::Dead);
        stop(sim, supervisor);
    });
}
