//! A million alarms at random moments, in three phases: tasks on embassy's executor, tasks on a hand-rolled `block_on`, and a
//! thread that waits for interrupts without any executor. In each, two more tasks are on an executor in the alarm itself.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use embassy_executor::SendSpawner;
use event_core::{MemoryValue, WatcherExt};
use portable_atomic::Ordering;
use semihosting::println;

use crate::executors;
use crate::followers::{self, Value};
use crate::heap;
use crate::interrupts::{self, PHASE, PLACES};
use crate::machine::WaitForInterrupt;
use crate::marks::{self, Doing};
use crate::reading;
use crate::report::{check, check_at_least};

static ON_EMBASSY: MemoryValue<reading::Reading> = heap::value!(reading::Reading, 8, 4);
static ON_BLOCK_ON: MemoryValue<reading::Reading> = heap::value!(reading::Reading, 8, 4);
static WITHOUT_EXECUTOR: MemoryValue<reading::Reading> = heap::value!(reading::Reading, 8, 4);

/// The places of the followers. The first two are in the alarm.
const URGENT: usize = 0;
const RESTLESS: usize = 1;
const PLAIN: usize = 2;
const FILTERED: usize = 3;
const CORRECTING: usize = 4;
const FICKLE: usize = 5;
const ALL: u32 = 0b11_1111 | 1 << (FILTERED + PLACES);

#[embassy_executor::task]
async fn urgent(value: Value) {
    followers::fickle(value, URGENT).await;
}

#[embassy_executor::task]
async fn restless(value: Value) {
    followers::restless(value, RESTLESS).await;
}

#[embassy_executor::task]
async fn plain(value: Value) {
    followers::plain(value, PLAIN).await;
}

#[embassy_executor::task]
async fn filtered(value: Value) {
    followers::filtered(value, FILTERED).await;
}

#[embassy_executor::task]
async fn correcting(value: Value) {
    followers::correcting(value, CORRECTING).await;
}

#[embassy_executor::task]
async fn fickle(value: Value) {
    followers::fickle(value, FICKLE).await;
}

/// The two tasks in the alarm.
fn spawn_in_alarm(spawner: SendSpawner, value: Value) {
    spawner.spawn(urgent(value).expect("that of the phase before has ended"));
    spawner.spawn(restless(value).expect("that of the phase before has ended"));
}

fn on_embassy(in_alarm: SendSpawner, value: Value) {
    heap::reserve(value);
    let executor = executors::in_thread();
    let spawner = executor.spawner();
    spawner.spawn(plain(value).expect("it was not spawned before"));
    spawner.spawn(filtered(value).expect("it was not spawned before"));
    spawner.spawn(correcting(value).expect("it was not spawned before"));
    spawner.spawn(fickle(value).expect("it was not spawned before"));
    spawn_in_alarm(in_alarm, value);
    PHASE.begin(value, 600_000, ALL);
    executors::run_until(executor, || PHASE.is_over());
}

fn on_block_on(in_alarm: SendSpawner, value: Value) {
    heap::reserve(value);
    spawn_in_alarm(in_alarm, value);
    PHASE.begin(value, 200_000, ALL);
    executors::block_on(async {
        let mut plain = pin!(followers::plain(value, PLAIN));
        let mut filtered = pin!(followers::filtered(value, FILTERED));
        let mut correcting = pin!(followers::correcting(value, CORRECTING));
        let mut fickle = pin!(followers::fickle(value, FICKLE));
        let mut ended = [false; 4];
        poll_fn(|cx| {
            ended[0] = ended[0] || plain.as_mut().poll(cx).is_ready();
            ended[1] = ended[1] || filtered.as_mut().poll(cx).is_ready();
            ended[2] = ended[2] || correcting.as_mut().poll(cx).is_ready();
            ended[3] = ended[3] || fickle.as_mut().poll(cx).is_ready();
            if ended == [true; 4] { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    });
}

fn without_executor(in_alarm: SendSpawner, value: Value) {
    heap::reserve(value);
    spawn_in_alarm(in_alarm, value);
    let mut watcher = value.watch();
    PHASE.begin(value, 200_000, 1 << URGENT | 1 << RESTLESS | 1 << PLAIN);
    // Without a mark: most of the time it sleeps in there.
    while let Ok(reading) = watcher.relaxing_get::<WaitForInterrupt>() {
        PHASE.saw(PLAIN, &reading);
        followers::SEEN.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs the phases and checks what came of them.
pub fn run() {
    let before = reading::existing();
    let in_alarm = executors::in_alarm();
    let phases = [
        ("tasks on an executor", &ON_EMBASSY, on_embassy as fn(SendSpawner, Value)),
        ("tasks on block_on", &ON_BLOCK_ON, on_block_on),
        ("no executor", &WITHOUT_EXECUTOR, without_executor),
    ];
    for ((name, value, phase), ended) in phases.into_iter().zip(1..) {
        println!(" {name}");
        phase(in_alarm, value);
        check("every follower saw the last reading of every round", !PHASE.hangs());
        check("all watchers have gone after the end", value.watcher_count() == 0);
        check("of all readings, one per value is left", reading::existing() == before + ended);
    }
    println!(" all of them");
    check_what_was_seen();
    check_how_often();
}

fn check_what_was_seen() {
    // Ordering: Relaxed, here and below. The phases are over.
    check("no reading was torn", followers::TORN.load(Ordering::Relaxed) == 0);
    check("neither readings nor versions went backwards", followers::BACKWARDS.load(Ordering::Relaxed) == 0);
    check("no filter let anything through", followers::REJECTED_BUT_GIVEN.load(Ordering::Relaxed) == 0);
}

fn check_how_often() {
    check_at_least(1_000_000, interrupts::ALARMS.load(Ordering::Relaxed), "alarms");
    check_at_least(50_000, interrupts::SENSOR_RUNS.load(Ordering::Relaxed), "runs of the sensor");
    check_at_least(30_000, interrupts::ROUNDS.load(Ordering::Relaxed), "rounds");
    check_at_least(250_000, followers::SEEN.load(Ordering::Relaxed), "readings seen");
    check_at_least(10_000, marks::interrupted(Doing::Set), "interrupts within the sensor's set");
    check_at_least(10_000, interrupts::SETS_WITHIN_A_SET.load(Ordering::Relaxed), "of them set the same value");
    let polls = interrupts::POLLS_WITHIN_A_SET.load(Ordering::Relaxed);
    check_at_least(50_000, polls, "polls of tasks by an interrupt within the sensor's set, which was waking");
    check_at_least(10_000, marks::interrupted(Doing::Get), "interrupts within a poll of a get");
    check_at_least(10_000, marks::interrupted(Doing::Update), "interrupts within an update");
    check_at_least(5_000, followers::UPDATES.load(Ordering::Relaxed), "updates");
    check_at_least(50, followers::UPDATES_AGAIN.load(Ordering::Relaxed), "of them were overtaken and ran again");
    check_at_least(5_000, marks::interrupted(Doing::Watch), "interrupts while a watcher came or went");
    check_at_least(2, followers::WRAPS.load(Ordering::Relaxed), "times that a follower saw the versions begin again");
}
