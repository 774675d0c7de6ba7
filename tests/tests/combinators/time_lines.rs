//! The rules of those that know the time. Their documentation draws time lines, which are tests here, as they are drawn.

use alloc::collections::BTreeMap;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;

use event_core::prelude::*;
use event_core::{GetError, MemoryValue, MemoryWatcher, Timer};
use event_tests::by_hand::Task;

use crate::clock::Clock;

const WATCHER_EXT: &str = include_str!("../../../crates/event-core/src/watcher_ext.rs");
const DEBOUNCE: &str = include_str!("../../../crates/event-core/src/combinators/debounce.rs");
const WHILE_WATCHED: &str = include_str!("../../../crates/event-core/src/combinators/while_watched.rs");

/// What happens when.
type Line = Vec<(u64, String)>;

/// The time line in the documentation of a method: its rows but the first one, which is the time.
fn rows_drawn_for<const N: usize>(source: &str, method: &str, names: [&str; N]) -> [Line; N] {
    let (documented, _) = source.split_once(&format!("fn {method}")).expect("the method is there");
    let (_, drawing) = documented.rsplit_once("```text\n").expect("it has a drawing");
    let (drawing, _) = drawing.split_once("```").expect("the drawing ends");
    let row = |name: &str| {
        let rows = drawing.lines().filter_map(|line| line.trim_start().strip_prefix("/// "));
        let mut rows = rows.map(words).filter(|words| words[0].1 == name);
        rows.next().unwrap_or_else(|| panic!("a row {name}")).split_off(1)
    };
    let columns: BTreeMap<usize, u64> =
        row("time").into_iter().map(|(column, time)| (column, time.parse().expect("a time"))).collect();
    names.map(|name| row(name).into_iter().map(|(column, word)| (columns[&column], word)).collect())
}

/// The items, and what is given.
fn drawn_for(method: &str) -> (Line, Line) {
    let [items, given] = rows_drawn_for(WATCHER_EXT, &format!("{method}<"), ["items", "gets"]);
    (items, given)
}

/// Each word with the column that it begins in.
fn words(row: &str) -> Vec<(usize, String)> {
    let begins = |(column, _): &(usize, char)| *column == 0 || row.as_bytes()[column - 1] == b' ';
    let words = row.char_indices().filter(|(_, letter)| *letter != ' ').filter(begins);
    words.map(|(column, _)| (column, row[column..].split(' ').next().unwrap_or_default().to_owned())).collect()
}

/// A task that gets, one item after the other, whenever it is woken.
struct Consumer<W> {
    watcher: W,
    task: Task,
    /// How often it had been woken before the last poll.
    wakes: Option<usize>,
    given: Line,
}

impl<W: Watcher<Item = String>> Consumer<W> {
    fn new(watcher: W) -> Self {
        Self { watcher, task: Task::new(), wakes: None, given: Line::new() }
    }

    fn run(&mut self, now: u64) {
        let ended = |given: &Line| given.last().is_some_and(|(_, word)| word == "end");
        while self.wakes != Some(self.task.wakes()) && !ended(&self.given) {
            let wakes = self.task.wakes();
            match self.task.poll(self.watcher.get()) {
                Poll::Ready(Ok(item)) => self.given.push((now, item)),
                Poll::Ready(Err(error)) => {
                    assert!(error.is_closed());
                    self.given.push((now, "end".to_owned()));
                }
                Poll::Pending => self.wakes = Some(wakes),
            }
        }
    }
}

/// Draws what is given of the items. What the time brings is noticed before the items of that time are set.
fn run<W: Watcher<Item = String>>(items: &Line, make: impl FnOnce(MemoryWatcher<String>, Clock) -> W) -> Line {
    let (value, clock) = (MemoryValue::new(), Clock::default());
    let mut consumer = Consumer::new(make(value.watch(), clock.clone()));
    for now in 0..20 {
        consumer.run(now);
        for (_, item) in items.iter().filter(|(time, _)| *time == now) {
            if item == "closed" { value.close() } else { _ = value.set(item.clone()) }
        }
        consumer.run(now);
        clock.advance(1);
    }
    consumer.given
}

#[test]
fn debounce_gives_what_is_drawn() {
    let (items, drawn) = drawn_for("debounce");
    let mut given = run(&items, |watcher, clock| watcher.debounce(clock, Duration::from_secs(3)));
    let end = given.pop();
    assert_eq!(given, drawn);
    assert_eq!(
        end,
        items.last().map(|(time, _)| (*time, "end".to_owned())),
        "the end is not drawn: it is told at once"
    );
}

#[test]
fn debounce_at_most_gives_what_is_drawn() {
    let [items, drawn] = rows_drawn_for(DEBOUNCE, "at_most(mut self", ["items", "gets"]);
    let five = Duration::from_secs(5);
    assert_eq!(run(&items, |watcher, clock| watcher.debounce(clock, THREE).at_most(five)), drawn);
}

/// A future that makes `A` of `a`, in a time of 3.
fn in_capitals(clock: Clock) -> impl FnMut(String) -> Pin<Box<dyn Future<Output = String>>> {
    move |text| {
        let sleep = clock.sleep(THREE);
        Box::pin(async move {
            sleep.await;
            text.to_uppercase()
        })
    }
}

#[test]
fn map_latest_gives_what_is_drawn() {
    let (items, drawn) = drawn_for("map_latest");
    let mut given = run(&items, |watcher, clock| watcher.map_latest(in_capitals(clock)));
    let (end, last) = (given.pop(), drawn.last().expect("something is drawn").0);
    assert_eq!(given, drawn);
    assert_eq!(end, Some((last, "end".to_owned())), "the end is not drawn: it is told with the last item");
}

#[test]
fn a_driver_sets_what_is_drawn_while_it_is_watched() {
    let [items, watched, drawn] = rows_drawn_for(WHILE_WATCHED, "while_watched<", ["items", "watched", "set"]);
    let (task, value, clock) = (Task::new(), MemoryValue::new(), Clock::default());
    let (shared, driver) = value.watch().share();
    let mut driver = driver.while_watched(clock.clone(), THREE);
    // One that is not a watcher.
    let reader = shared.reader();
    let (mut watcher, mut set, mut version, mut wakes) = (None, Line::new(), shared.version(), None);
    for now in 0..20 {
        for (_, word) in watched.iter().filter(|(time, _)| *time == now) {
            watcher = (word == "yes").then(|| shared.watch());
        }
        for (_, item) in items.iter().filter(|(time, _)| *time == now) {
            value.set(item.clone());
        }
        // Only when it is woken.
        if wakes != Some(task.wakes()) {
            wakes = Some(task.wakes());
            assert!(task.poll(&mut driver).is_pending());
        }
        if version != reader.version() {
            version = reader.version();
            set.push((now, reader.load().expect("it was set")));
        }
        clock.advance(1);
    }
    assert_eq!(set, drawn);
    drop(watcher);
}

#[test]
fn throttle_gives_what_is_drawn() {
    let (items, drawn) = drawn_for("throttle");
    assert_eq!(run(&items, |watcher, clock| watcher.throttle(clock, Duration::from_secs(3))), drawn);
}

#[test]
fn sample_gives_what_is_drawn() {
    let (items, drawn) = drawn_for("sample");
    assert_eq!(run(&items, |watcher, clock| watcher.sample(clock, Duration::from_secs(3))), drawn);
}

/// A function is a timer, whatever its futures return, and whether they may move or not.
#[test]
fn a_function_is_a_timer_like_any_other() {
    let timer = |clock: Clock| {
        move |duration| {
            let (clock, sleep) = (clock.clone(), clock.sleep(duration));
            async move {
                sleep.await;
                clock.now()
            }
        }
    };
    let (items, drawn) = drawn_for("throttle");
    assert_eq!(run(&items, |watcher, clock| watcher.throttle(timer(clock), THREE)), drawn);
    let (items, drawn) = drawn_for("sample");
    assert_eq!(run(&items, |watcher, clock| watcher.sample(timer(clock), THREE)), drawn);
    let (items, _) = drawn_for("debounce");
    let by_clock = run(&items, |watcher, clock| watcher.debounce(clock, THREE));
    assert_eq!(run(&items, |watcher, clock| watcher.debounce(timer(clock), THREE)), by_clock);
}

/// A value, a clock and a task, to try the sentences around the drawings.
struct ByHand {
    value: MemoryValue<u64>,
    clock: Clock,
    task: Task,
}

const THREE: Duration = Duration::from_secs(3);

impl ByHand {
    fn new() -> Self {
        Self { value: MemoryValue::new(), clock: Clock::default(), task: Task::new() }
    }

    fn debounce(&self) -> impl Watcher<Item = u64> + use<> {
        self.value.watch().debounce(self.clock.clone(), THREE)
    }

    fn throttle(&self) -> impl Watcher<Item = u64> + use<> {
        self.value.watch().throttle(self.clock.clone(), THREE)
    }

    fn sample(&self) -> impl Watcher<Item = u64> + use<> {
        self.value.watch().sample(self.clock.clone(), THREE)
    }

    /// What a get gives at once.
    fn get(&self, watcher: &mut impl Watcher<Item = u64>) -> Option<u64> {
        given(self.task.poll(watcher.get()))
    }

    fn get_even(&self, watcher: &mut impl Watcher<Item = u64>) -> Option<u64> {
        given(self.task.poll(watcher.get().filter(|n| n % 2 == 0)))
    }

    fn get_backlog(&self, watcher: &mut impl Watcher<Item = u64>) -> Option<u64> {
        match self.task.poll(watcher.get().backlog_only()) {
            Poll::Ready(Err(GetError::BacklogDone)) => None,
            other => Some(given(other).expect("a backlog does not wait")),
        }
    }
}

fn given(polled: Poll<Result<u64, GetError>>) -> Option<u64> {
    match polled {
        Poll::Ready(item) => Some(item.expect("it is open")),
        Poll::Pending => None,
    }
}

#[test]
fn debounce_skips_what_is_replaced_before_the_timer_is_noticed() {
    let it = ByHand::new();
    let mut quiet = it.debounce();
    it.value.set(1);
    assert_eq!(it.get(&mut quiet), None);
    it.value.set(2);
    it.clock.advance(3);
    assert_eq!(it.get(&mut quiet), None);
    it.clock.advance(3);
    assert_eq!(it.get(&mut quiet), Some(2));
}

#[test]
fn debounce_counts_from_when_the_item_was_got() {
    let it = ByHand::new();
    let mut quiet = it.debounce();
    it.value.set(1);
    it.clock.advance(10);
    assert_eq!(it.get(&mut quiet), None);
    it.clock.advance(2);
    assert_eq!(it.get(&mut quiet), None);
    it.clock.advance(1);
    assert_eq!(it.get(&mut quiet), Some(1));
}

#[test]
fn debounce_gives_the_backlog_at_once_even_when_it_is_in_the_midst_of_a_quiet_time() {
    let it = ByHand::new();
    let mut quiet = it.debounce();
    it.value.set(1);
    assert_eq!(it.get_backlog(&mut quiet), Some(1));
    it.value.set(2);
    assert_eq!(it.get(&mut quiet), None);
    it.clock.advance(1);
    assert_eq!(it.get_backlog(&mut quiet), Some(2));
    assert_eq!(it.get_backlog(&mut quiet), None);
    it.clock.advance(9);
    assert_eq!(it.get(&mut quiet), None, "it was given");
}

#[test]
fn debounce_consumes_what_a_filter_rejects_after_its_quiet_time() {
    let it = ByHand::new();
    let mut quiet = it.debounce();
    it.value.set(1);
    assert_eq!(it.get_even(&mut quiet), None);
    it.clock.advance(2);
    assert_eq!(it.get_even(&mut quiet), None);
    it.clock.advance(1);
    assert_eq!(it.get_even(&mut quiet), None, "rejected");
    assert_eq!(it.get_backlog(&mut quiet), None, "and consumed");
}

#[test]
fn debounce_keeps_what_it_holds_when_a_get_is_dropped() {
    let it = ByHand::new();
    let mut quiet = it.debounce();
    it.value.set(1);
    assert_eq!(it.get(&mut quiet), None);
    it.clock.advance(10);
    assert_eq!(it.get(&mut quiet), Some(1));
    assert_eq!(it.clock.sleeping(), 0);
}

#[test]
fn debounce_without_a_quiet_time_gives_at_once() {
    let it = ByHand::new();
    let mut quiet = it.value.watch().debounce(it.clock.clone(), Duration::ZERO);
    it.value.set(1);
    assert_eq!(it.get(&mut quiet), Some(1));
}

#[test]
fn debounce_at_most_begins_again_with_the_first_item_after_what_is_returned() {
    let it = ByHand::new();
    let mut quiet = it.value.watch().debounce(it.clock.clone(), THREE).at_most(Duration::from_secs(4));
    let set_and_get = |quiet: &mut _, n| {
        it.value.set(n);
        it.get(quiet)
    };
    for round in (10..100).step_by(10) {
        for n in round..round + 4 {
            assert_eq!(set_and_get(&mut quiet, n), None);
            it.clock.advance(1);
        }
        assert_eq!(it.get(&mut quiet), Some(round + 3), "never quiet");
        assert_eq!(it.clock.sleeping(), 0);
        it.clock.advance(7);
    }
    assert_eq!(set_and_get(&mut quiet, 1), None);
    it.clock.advance(3);
    assert_eq!(it.get(&mut quiet), Some(1), "quiet");
    it.clock.advance(1);
    assert_eq!(set_and_get(&mut quiet, 2), None, "the limit of the one before is no more");
    it.clock.advance(2);
    assert_eq!(set_and_get(&mut quiet, 3), None);
    assert_eq!(it.get_backlog(&mut quiet), Some(3));
    it.clock.advance(1);
    assert_eq!(set_and_get(&mut quiet, 4), None, "nor is that of the backlog");
}

#[test]
fn map_latest_drops_the_run_when_something_newer_comes_and_before_it_begins_the_next() {
    let it = ByHand::new();
    let mut address = it.value.watch().map_latest(|n| {
        assert_eq!(it.clock.sleeping(), 0, "another run is there");
        let sleep = it.clock.sleep(THREE);
        async move {
            sleep.await;
            n
        }
    });
    it.value.set(1);
    assert_eq!(it.get(&mut address), None);
    it.clock.advance(2);
    it.value.set(2);
    assert_eq!(it.get(&mut address), None);
    it.clock.advance(1);
    assert_eq!(it.get(&mut address), None, "that was the run of 1");
    it.clock.advance(2);
    assert_eq!(it.get(&mut address), Some(2));
    assert_eq!((it.get(&mut address), it.clock.sleeping()), (None, 0));
}

#[test]
fn map_latest_goes_on_with_the_run_of_a_get_that_was_dropped() {
    let it = ByHand::new();
    let mut address = it.value.watch().map_latest(|n| {
        let sleep = it.clock.sleep(THREE);
        async move {
            sleep.await;
            n
        }
    });
    it.value.set(1);
    assert_eq!(it.get(&mut address), None);
    assert!(matches!(it.task.poll(address.get().until(async {})), Poll::Ready(Err(GetError::Cancelled))));
    it.clock.advance(3);
    let other = Task::new();
    assert!(matches!(other.poll(address.get()), Poll::Ready(Ok(1))));
}

#[test]
fn the_backlog_of_map_latest_is_known_when_the_run_of_what_is_there_is_over() {
    let it = ByHand::new();
    let mut address = it.value.watch().map_latest(|n| {
        let sleep = it.clock.sleep(THREE);
        async move {
            sleep.await;
            n
        }
    });
    assert_eq!(it.get_backlog(&mut address), None);
    it.value.set(1);
    assert!(it.task.poll(address.get().backlog_only()).is_pending());
    it.clock.advance(3);
    assert_eq!(it.task.wakes(), 1);
    assert_eq!(it.get_backlog(&mut address), Some(1));
    assert_eq!(it.get_backlog(&mut address), None);
}

#[test]
fn throttle_begins_no_period_with_what_a_filter_rejects() {
    let it = ByHand::new();
    let mut calm = it.throttle();
    it.value.set(1);
    assert_eq!(it.get_even(&mut calm), None);
    assert_eq!(it.clock.sleeping(), 0);
    it.value.set(2);
    assert_eq!(it.get_even(&mut calm), Some(2));
    it.value.set(4);
    assert_eq!(it.get_even(&mut calm), None);
}

#[test]
fn throttle_gives_the_backlog_in_the_midst_of_a_period_and_begins_another_one() {
    let it = ByHand::new();
    let mut calm = it.throttle();
    it.value.set(1);
    assert_eq!(it.get(&mut calm), Some(1));
    it.clock.advance(2);
    it.value.set(2);
    assert_eq!(it.get_backlog(&mut calm), Some(2));
    it.value.set(3);
    it.clock.advance(2);
    assert_eq!(it.get(&mut calm), None, "the period began at 2");
    it.clock.advance(1);
    assert_eq!(it.get(&mut calm), Some(3));
}

#[test]
fn sample_begins_its_first_period_with_the_first_poll() {
    let it = ByHand::new();
    let mut samples = it.sample();
    it.value.set(1);
    it.clock.advance(5);
    assert_eq!(it.get(&mut samples), None);
    it.clock.advance(3);
    assert_eq!(it.get(&mut samples), Some(1));
}

#[test]
fn sample_looks_at_once_in_a_get_that_comes_late_and_begins_a_period_there() {
    let it = ByHand::new();
    let mut samples = it.sample();
    assert_eq!(it.get(&mut samples), None);
    it.value.set(1);
    it.clock.advance(20);
    assert_eq!(it.get(&mut samples), Some(1));
    it.value.set(2);
    it.clock.advance(2);
    assert_eq!(it.get(&mut samples), None);
    it.clock.advance(1);
    assert_eq!(it.get(&mut samples), Some(2));
}

#[test]
fn sample_looks_at_the_backlog_at_once_and_leaves_the_periods_alone() {
    let it = ByHand::new();
    let mut samples = it.sample();
    assert_eq!(it.get(&mut samples), None);
    it.clock.advance(2);
    it.value.set(1);
    assert_eq!(it.get_backlog(&mut samples), Some(1));
    it.value.set(2);
    it.clock.advance(1);
    assert_eq!(it.get(&mut samples), Some(2));
}

#[test]
fn sample_is_not_woken_by_what_is_set_between() {
    let it = ByHand::new();
    let mut samples = it.sample();
    assert_eq!(it.get(&mut samples), None);
    (0..100).for_each(|n| _ = it.value.set(n));
    assert_eq!(it.task.wakes(), 0);
    it.clock.advance(3);
    assert_eq!(it.task.wakes(), 1);
}

#[test]
fn throttle_is_not_woken_by_what_is_set_while_it_rests() {
    let it = ByHand::new();
    let mut calm = it.throttle();
    it.value.set(1);
    assert_eq!(it.get(&mut calm), Some(1));
    assert_eq!(it.get(&mut calm), None);
    (0..100).for_each(|n| _ = it.value.set(n));
    assert_eq!(it.task.wakes(), 0);
    it.clock.advance(3);
    assert_eq!(it.task.wakes(), 1);
}
