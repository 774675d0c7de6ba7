//! Combinators over values that are kept elsewhere: which may not know yet what is present, may fail, and may have something
//! new each time they are asked.

use alloc::collections::VecDeque;
use alloc::rc::Rc;
use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use event_core::prelude::*;
use event_core::{BackendError, BoxWatcher, GetError, MemoryValue, Timer, combine, optional, select, watch_fn};
use event_tests::by_hand::Task;

use crate::clock::Clock;

type Answer = Poll<Result<u64, GetError>>;

/// A watcher that answers as it was told to, however it is asked.
pub(crate) struct Told {
    answers: VecDeque<Answer>,
    /// When no answers are left.
    then: fn() -> Answer,
    asked: Rc<Cell<usize>>,
}

fn told(answers: impl IntoIterator<Item = Answer>) -> Told {
    Told { answers: answers.into_iter().collect(), then: || Poll::Pending, asked: Rc::default() }
}

/// Always something new.
pub(crate) fn endless() -> (Told, Rc<Cell<usize>>) {
    let asked = Rc::default();
    (Told { answers: VecDeque::new(), then: || Poll::Ready(Ok(1)), asked: Rc::clone(&asked) }, asked)
}

fn item(n: u64) -> Answer {
    Poll::Ready(Ok(n))
}

fn failure() -> Answer {
    Poll::Ready(Err(GetError::Backend(BackendError::new("the cluster is on fire"))))
}

impl Watcher for Told {
    type Item = u64;

    fn poll_get(&mut self, _: &mut Context<'_>) -> Answer {
        self.asked.set(self.asked.get() + 1);
        self.answers.pop_front().unwrap_or_else(self.then)
    }

    fn poll_backlog(&mut self, cx: &mut Context<'_>) -> Answer {
        self.poll_get(cx)
    }
}

/// Watchers of different kinds, as one kind.
trait IntoAny: Watcher<Item = u64> + Sized + 'static {
    fn into_any(self) -> Box<dyn Watcher<Item = u64>> {
        Box::new(self)
    }
}

impl<W: Watcher<Item = u64> + 'static> IntoAny for W {}

/// Leaves the choice to the number, as `switch_map` needs it.
fn to_value(n: u64) -> MemoryValue<u64> {
    MemoryValue::with_value(n)
}

type Combinators = Vec<(&'static str, Box<dyn Watcher<Item = u64>>)>;

/// Every combinator over a watcher, such that `n` comes out as `n`. For `combine` and `select` beside another value.
fn all_of(clock: &Clock, mut inner: impl FnMut() -> Told) -> Combinators {
    let second = Duration::from_secs(1);
    let other = MemoryValue::with_value(0);
    let silent = MemoryValue::<u64>::new();
    vec![
        ("map", Box::new(inner().map(|n| n))),
        ("filter", Box::new(inner().filter(|_| true))),
        ("filter_map", Box::new(inner().filter_map(Some))),
        ("scan", Box::new(inner().scan((), |(), n| n))),
        ("optional", Box::new(optional(inner()).filter_map(|n| n))),
        ("map_latest", Box::new(inner().map_latest(core::future::ready))),
        ("inspect", Box::new(inner().inspect(|_| ()))),
        ("dedup", Box::new(inner().dedup())),
        ("dedup_by_key", Box::new(inner().dedup_by_key(|n| *n))),
        ("switch_map", Box::new(inner().switch_map(to_value))),
        (
            "switch_map, inside",
            Box::new(to_value(0).watch().switch_map({
                let inner = Cell::new(Some(inner()));
                move |_| {
                    let inner = Cell::new(inner.take());
                    watch_fn(move || inner.take().expect("it is watched once"))
                }
            })),
        ),
        ("combine, first", Box::new(combine((inner(), other.watch())).map(|(n, _)| n))),
        ("combine, last", Box::new(combine((other.watch(), inner())).map(|(_, n)| n))),
        ("combine, array", Box::new(combine([inner().into_any(), other.watch().into_any()]).map(|[n, _]| n))),
        ("combine, vector", Box::new(combine(vec![other.watch().into_any(), inner().into_any()]).map(|all| all[1]))),
        ("select", Box::new(select((silent.watch(), inner())))),
        ("select, array", Box::new(select([silent.watch().into_any(), inner().into_any()]))),
        ("select, vector", Box::new(select(vec![silent.watch().into_any(), inner().into_any()]))),
        ("debounce", Box::new(inner().debounce(clock.clone(), second))),
        ("debounce, at most", Box::new(inner().debounce(clock.clone(), 5 * second).at_most(second))),
        ("throttle", Box::new(inner().throttle(clock.clone(), second))),
        ("sample", Box::new(inner().sample(clock.clone(), second))),
    ]
}

/// Gets, with as much time as it takes.
fn get(watcher: &mut dyn Watcher<Item = u64>, task: &Task, clock: &Clock) -> Answer {
    for _ in 0..3 {
        if let Poll::Ready(ready) = task.poll(watcher.get()) {
            return Poll::Ready(ready);
        }
        clock.advance(1);
    }
    Poll::Pending
}

#[test]
fn an_error_passes_through_and_the_next_get_goes_on() {
    let (task, clock) = (Task::new(), Clock::default());
    for (name, mut watcher) in all_of(&clock, || told([failure(), item(4)])) {
        let failed = get(&mut *watcher, &task, &clock);
        assert!(matches!(failed, Poll::Ready(Err(GetError::Backend(_)))), "{name}: {failed:?}");
        let given = get(&mut *watcher, &task, &clock);
        assert!(matches!(given, Poll::Ready(Ok(4))), "{name}: {given:?}");
    }
}

#[test]
fn a_backlog_waits_until_the_backend_knows_what_is_there() {
    let (task, clock) = (Task::new(), Clock::default());
    let done = || Poll::Ready(Err(GetError::BacklogDone));
    for (name, mut watcher) in all_of(&clock, || Told { then: done, ..told([Poll::Pending, item(4)]) }) {
        let waits = task.poll(watcher.get().backlog_only());
        assert!(waits.is_pending(), "{name}: {waits:?}");
        let given = task.poll(watcher.get().backlog_only());
        assert!(matches!(given, Poll::Ready(Ok(4))), "{name}: {given:?}");
        let done = task.poll(watcher.get().backlog_only());
        assert!(matches!(done, Poll::Ready(Err(GetError::BacklogDone))), "{name}: {done:?}");
    }
}

#[test]
fn an_error_of_one_part_does_not_take_what_the_other_has_given() {
    let task = Task::new();
    let value = MemoryValue::with_value(7);
    let mut both = combine((value.watch(), told([failure(), item(4)])));
    assert!(matches!(task.poll(both.get()), Poll::Ready(Err(GetError::Backend(_)))));
    assert!(matches!(task.poll(both.get()), Poll::Ready(Ok((7, 4)))));
}

#[test]
fn an_error_of_one_of_many_parts_does_not_take_what_the_others_have_given() {
    let task = Task::new();
    let values = [MemoryValue::with_value(7), MemoryValue::with_value(8)];
    let parts = vec![values[0].watch().into_any(), told([failure(), item(4)]).into_any(), values[1].watch().into_any()];
    let mut all = combine(parts);
    assert!(matches!(task.poll(all.get()), Poll::Ready(Err(GetError::Backend(_)))));
    values[1].set(9);
    assert!(matches!(task.poll(all.get()), Poll::Ready(Ok(given)) if given == [7, 4, 9]));
}

#[test]
fn optional_waits_for_a_backend_only_if_the_backlog_is_asked_for() {
    let task = Task::new();
    let mut slow = optional(told([Poll::Pending, Poll::Pending, item(4)]));
    assert!(task.poll(slow.get().backlog_only()).is_pending());
    assert!(matches!(task.poll(slow.get()), Poll::Ready(Ok(None))));
    assert!(matches!(task.poll(slow.get()), Poll::Ready(Ok(Some(4)))));
    assert!(task.poll(slow.get()).is_pending());
}

#[test]
fn an_error_of_the_watcher_leaves_the_run_of_map_latest_as_it_is() {
    let (task, clock) = (Task::new(), Clock::default());
    let mut answers = told([item(4), Poll::Pending, failure()]).map_latest(|n| {
        let sleep = clock.sleep(Duration::from_secs(1));
        async move {
            sleep.await;
            n
        }
    });
    assert!(task.poll(answers.get()).is_pending());
    clock.advance(1);
    assert!(matches!(task.poll(answers.get()), Poll::Ready(Err(GetError::Backend(_)))));
    assert!(matches!(task.poll(answers.get()), Poll::Ready(Ok(4))));
}

#[test]
fn select_gives_the_backlog_that_is_known_before_it_waits_for_the_other() {
    let task = Task::new();
    let value = MemoryValue::with_value(7);
    let mut either = select((told([Poll::Pending, Poll::Pending, item(4)]), value.watch()));
    assert!(matches!(task.poll(either.get().backlog_only()), Poll::Ready(Ok(7))));
    assert!(task.poll(either.get().backlog_only()).is_pending());
    assert!(matches!(task.poll(either.get().backlog_only()), Poll::Ready(Ok(4))));
}

#[test]
fn sample_does_not_wait_for_another_period_when_the_backend_knows_what_was_there() {
    let (task, clock) = (Task::new(), Clock::default());
    let mut samples = told([Poll::Pending, item(4)]).sample(clock.clone(), Duration::from_secs(1));
    assert!(task.poll(samples.get()).is_pending());
    clock.advance(1);
    assert!(task.poll(samples.get()).is_pending(), "it does not know yet");
    assert!(matches!(task.poll(samples.get()), Poll::Ready(Ok(4))));
}

#[test]
fn a_driver_ends_with_the_error_and_closes_the_value() {
    let task = Task::new();
    let (value, mut driver) = told([item(4), failure()]).share();
    assert!(matches!(task.poll(&mut driver), Poll::Ready(Err(GetError::Backend(_)))));
    assert!(value.is_closed());
    assert_eq!(value.load(), Some(4));
    // Though it is not to be polled again, that does no harm: the value is closed.
    assert!(matches!(task.poll(&mut driver), Poll::Ready(Ok(()))));
}

/// A poll that rejects and rejects comes to an end, and the task is woken to go on.
fn assert_yields(name: &str, asked: &Cell<usize>, poll: impl FnOnce(&Task) -> bool) {
    let task = Task::new();
    asked.set(0);
    assert!(poll(&task), "{name}: ready");
    assert!(asked.get() <= 64, "{name}: it looked {} times in one poll", asked.get());
    assert!(task.wakes() > 0, "{name}: it stopped, and does not go on");
}

#[test]
fn what_is_rejected_without_end_leaves_the_task_to_its_other_business() {
    let clock = Clock::default();
    let asked = Rc::new(Cell::new(0));
    let inner = || Told { asked: Rc::clone(&asked), ..endless().0 };
    for (name, mut watcher) in all_of(&clock, inner) {
        // `sample` looks once a period, so it leaves the task for long anyhow.
        if name != "sample" {
            assert_yields(name, &asked, |task| task.poll(watcher.get().filter(|_| false)).is_pending());
        }
        assert_yields(name, &asked, |task| task.poll(watcher.get().filter(|_| false).backlog_only()).is_pending());
    }
}

#[test]
fn a_flood_leaves_the_task_to_its_other_business() {
    let clock = Clock::default();
    let (flood, asked) = endless();
    let mut nothing = flood.filter_map(|_| None::<u64>);
    assert_yields("filter_map", &asked, |task| task.poll(nothing.get()).is_pending());
    let (flood, asked) = endless();
    let mut nothing = flood.switch_map(|_| MemoryValue::<u64>::new());
    assert_yields("switch_map", &asked, |task| task.poll(nothing.get()).is_pending());
    let (flood, asked) = endless();
    let mut never_quiet = flood.debounce(clock, Duration::from_secs(1));
    assert_yields("debounce", &asked, |task| task.poll(never_quiet.get()).is_pending());
    let (flood, asked) = endless();
    let (_value, mut driver) = flood.share();
    assert_yields("share", &asked, |task| {
        Pin::new(&mut driver).poll(&mut Context::from_waker(&task.waker())).is_pending()
    });
    let (flood, asked) = endless();
    let mut always = flood.sample(Clock::default(), Duration::ZERO).filter(|_| false);
    assert_yields("sample without a period", &asked, |task| task.poll(always.get()).is_pending());
}

#[test]
fn a_flood_is_heard_through_a_debounce_with_a_limit() {
    let (task, clock) = (Task::new(), Clock::default());
    let (flood, _) = endless();
    let mut limited = flood.debounce(clock.clone(), Duration::from_secs(3)).at_most(Duration::from_secs(5));
    for _ in 0..3 {
        for _ in 0..5 {
            assert!(task.poll(limited.get()).is_pending());
            clock.advance(1);
        }
        assert!(matches!(task.poll(limited.get()), Poll::Ready(Ok(1))));
        assert_eq!(clock.sleeping(), 0);
    }
}

/// It always has an item to set, and never waits.
#[test]
fn a_driver_of_a_flood_ends_when_nobody_can_watch() {
    let task = Task::new();
    let (flood, _) = endless();
    let (shared, mut driver) = flood.share();
    assert!(task.poll(&mut driver).is_pending());
    drop(shared);
    assert!(matches!(task.poll(&mut driver), Poll::Ready(Ok(()))));
}

#[test]
fn select_lets_others_be_heard_beside_a_flood() {
    let task = Task::new();
    let (one, other) = (MemoryValue::with_value(2), MemoryValue::with_value(3));
    let (flood, _) = endless();
    assert_hears_all(&task, &one, select((flood, one.watch(), other.watch())));
    let flood = || endless().0.into_any();
    one.set(2);
    assert_hears_all(&task, &one, select([flood(), one.watch().into_any(), other.watch().into_any()]));
    one.set(2);
    assert_hears_all(&task, &one, select(vec![flood(), one.watch().into_any(), other.watch().into_any()]));
}

fn assert_hears_all(task: &Task, one: &MemoryValue<u64>, mut any: impl Watcher<Item = u64>) {
    let given: Vec<_> = (0..6)
        .map(|round| {
            if round == 3 {
                one.set(4);
            }
            match task.poll(any.get()) {
                Poll::Ready(given) => given.expect("it is open"),
                Poll::Pending => panic!("there is always something"),
            }
        })
        .collect();
    assert_eq!(given, [1, 2, 3, 1, 4, 1]);
}

#[test]
fn select_hears_what_is_accepted_beside_a_flood_of_what_is_rejected() {
    let task = Task::new();
    let value = MemoryValue::with_value(2);
    let (flood, asked) = endless();
    let mut any = select((flood, value.watch()));
    assert!(matches!(task.poll(any.get().filter(|n| *n > 1)), Poll::Ready(Ok(2))));
    assert!(asked.get() <= 64);

    let (flood, asked) = endless();
    let mut any = select(vec![flood.into_any(), value.watch().into_any()]);
    assert!(matches!(task.poll(any.get().filter(|n| *n > 1)), Poll::Ready(Ok(2))));
    assert!(asked.get() <= 64);
}

#[test]
fn combinators_can_be_boxed_and_made_into_streams() {
    use futures_core::Stream;

    let value = MemoryValue::with_value(1);
    let watchers: Vec<BoxWatcher<'_, u64>> = vec![
        value.watch().map(|n| n + 1).boxed(),
        value.watch().filter(|n| *n == 1).dedup().boxed(),
        combine((value.watch(), value.watch())).map(|(n, _)| n).boxed(),
        select((value.watch(), value.watch())).boxed(),
        value.watch().switch_map(MemoryValue::with_value).boxed(),
    ];
    drop(value);
    let task = Task::new();
    for watcher in watchers {
        let mut stream = watcher.into_stream();
        let mut next = || task.poll(core::future::poll_fn(|cx| Pin::new(&mut stream).poll_next(cx)));
        assert!(matches!(next(), Poll::Ready(Some(1 | 2))));
    }
}
