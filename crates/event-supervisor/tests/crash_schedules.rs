//! A producer, a pipe and a receiver that crash at random, in one group. Meanwhile their parent and somebody outside restart
//! the group, their parent ends it and starts it again, and dies when they have died too often. When all of that is over, the
//! receiver has what was set last.
//!
//! `EVENT_SEED` replays the schedule that is printed when one fails, `EVENT_CASES` (1,000) says how many there are.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

mod support;

use std::cell::Cell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use event_core::{MemoryValue, pipe};
use event_supervisor::{Backoff, BoxError, BoxRunnable, Context, Handle, Signal, StartError, Supervisor, boxed};
use futures_lite::future::or;
use support::{How, Mailbox, Random, Sim, SimRuntime, cases, stop};

const SECOND: Duration = Duration::from_secs(1);
/// From then on nobody crashes.
const CALM: Duration = Duration::from_secs(60);

/// What the three share. Clones are the same.
#[derive(Clone)]
struct Stage {
    runtime: SimRuntime,
    random: Arc<Mutex<Random>>,
    value: MemoryValue<u64>,
    channel: Channel,
    /// What the present run of the receiver was given last.
    received: Arc<Mutex<Option<u64>>>,
    last_set: Arc<Mutex<Option<u64>>>,
    crashes: Arc<Mutex<u64>>,
    /// How often the root was started.
    roots: Arc<Mutex<u64>>,
    /// How often somebody has told the group to end or to start again.
    controls: Arc<Mutex<u64>>,
}

/// Where the pipe leads. What was received is gone from either.
#[derive(Clone)]
enum Channel {
    Mailbox(Mailbox<u64>),
    Value(MemoryValue<u64>),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    fn new(sim: &Sim, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let channel =
            if random.one_in(2) { Channel::Mailbox(Mailbox::new()) } else { Channel::Value(MemoryValue::new()) };
        Self {
            runtime: sim.runtime(),
            random: Arc::new(Mutex::new(random)),
            value: MemoryValue::new(),
            channel,
            received: Arc::default(),
            last_set: Arc::default(),
            crashes: Arc::default(),
            roots: Arc::default(),
            controls: Arc::default(),
        }
    }

    fn below(&self, end: u64) -> u64 {
        lock(&self.random).below(end)
    }

    fn pause(&self) -> Duration {
        Duration::from_nanos(self.below(3_000_000_000))
    }

    /// How to crash, once in `n` times while there are crashes.
    fn crash(&self, n: u64) -> Option<How> {
        let how = *lock(&self.random).pick(&How::deaths())?;
        let is_now = self.runtime.now() < CALM && lock(&self.random).one_in(n);
        *lock(&self.crashes) += u64::from(is_now);
        is_now.then_some(how)
    }

    /// Sets the value so many times, or crashes.
    async fn produce(self, cx: Context) -> Result<(), BoxError> {
        if let Some(how) = self.crash(10) {
            return how.end();
        }
        cx.signal(Signal::Healthy);
        for _ in 0..self.below(8) {
            if self.below(3) > 0 && or(passed(&cx, self.pause()), cancelled(&cx)).await.is_told() {
                return Ok(());
            }
            if let Some(how) = self.crash(6) {
                return how.end();
            }
            let number = lock(&self.last_set).map_or(0, |last| last + 1);
            *lock(&self.last_set) = Some(number);
            self.value.set(number);
            if let Some(how) = self.crash(12) {
                return how.end();
            }
        }
        if self.below(2) == 0 {
            cx.signal(Signal::Done);
            return Ok(());
        }
        cx.cancelled().await;
        Ok(())
    }

    async fn receive(self, cx: Context) -> Result<(), BoxError> {
        *lock(&self.received) = None;
        cx.signal(Signal::Healthy);
        loop {
            if let Some(how) = self.crash(6) {
                return how.end();
            }
            let item = async { News::Item(self.channel.receive().await) };
            let news = or(cancelled(&cx), or(item, passed(&cx, 2 * self.pause()))).await;
            if let Some(how) = self.crash(12) {
                return how.end();
            }
            match news {
                News::Told => return Ok(()),
                News::Item(item) => *lock(&self.received) = Some(item),
                News::Nothing => {}
            }
        }
    }

    fn pipe(&self) -> BoxRunnable {
        let stage = self.clone();
        let may_crash = move |_: &u64| {
            match stage.crash(12) {
                // A filter has no other way.
                #[cfg(feature = "std")]
                Some(_) => _ = How::Panic.end(),
                _ => {}
            }
            true
        };
        match &self.channel {
            Channel::Mailbox(mailbox) => boxed(pipe(self.value.reader(), mailbox.clone()).filter(may_crash)),
            Channel::Value(copy) => boxed(pipe(self.value.reader(), copy.clone()).filter(may_crash)),
        }
    }

    fn start(&self, cx: &Context) -> Result<Handle, StartError> {
        let (producer, receiver) = (self.clone(), self.clone());
        cx.run_group([
            ("producer", boxed(move |cx| producer.clone().produce(cx))),
            ("pipe", self.pipe()),
            ("receiver", boxed(move |cx| receiver.clone().receive(cx))),
        ])
    }

    /// The root: starts the three, and is not content with them.
    async fn direct(self, cx: Context) -> Result<(), BoxError> {
        *lock(&self.roots) += 1;
        if self.below(2) == 0 {
            cx.limit(1 + self.below(4) as u32, 10 * SECOND);
        }
        let mut group = self.start(&cx)?;
        cx.signal(Signal::Healthy);
        loop {
            if or(passed(&cx, 8 * self.pause()), cancelled(&cx)).await.is_told() {
                return Ok(());
            }
            match self.below(3) {
                _ if self.runtime.now() >= CALM => break,
                0 => group.restart(),
                1 => {
                    group.cancel();
                    group.ended().await;
                    group = self.start(&cx)?;
                }
                _ => {}
            }
            *lock(&self.controls) += 1;
        }
        cx.cancelled().await;
        Ok(())
    }
}

/// What came first.
enum News {
    /// The run has to end.
    Told,
    Item(u64),
    /// The time has passed.
    Nothing,
}

impl News {
    fn is_told(&self) -> bool {
        matches!(self, Self::Told)
    }
}

async fn cancelled(cx: &Context) -> News {
    cx.cancelled().await;
    News::Told
}

async fn passed(cx: &Context, time: Duration) -> News {
    cx.sleep(time).await;
    News::Nothing
}

impl Channel {
    async fn receive(&self) -> u64 {
        match self {
            Self::Mailbox(mailbox) => mailbox.receive().await,
            Self::Value(copy) => {
                let item = copy.watch().get().await.expect("it is never closed");
                copy.clear();
                item
            }
        }
    }
}

#[test]
fn after_any_schedule_of_crashes_the_receiver_has_what_was_set_last() {
    let (crashes, roots, controls, sets) = (Cell::new(0), Cell::new(0), Cell::new(0), Cell::new(0));
    cases("crash schedules", 1_000, |seed| {
        let sim = Sim::new(seed);
        let stage = Stage::new(&sim, seed);
        let backoff = Backoff::default().cap(4 * SECOND).seed(seed);
        let root = stage.clone();
        let supervisor = Supervisor::builder(sim.runtime()).backoff(backoff).start(move |cx| root.clone().direct(cx));
        while sim.now() < CALM {
            sim.advance(8 * stage.pause());
            let path = ["root", "root.producer", "root.pipe", "root.receiver"][stage.below(4) as usize];
            // While the root does not run, its children may be unknown.
            *lock(&stage.controls) += u64::from(supervisor.restart(path).is_ok());
        }
        // Two delays of 8 s at most follow each other, and the producer takes 21 s at most.
        sim.advance(CALM);

        let (received, last_set) = (*lock(&stage.received), *lock(&stage.last_set));
        let tree = supervisor.state().load().expect("there is a tree");
        assert_eq!(received, last_set, "received, and set last; {} crashes\n{tree}", *lock(&stage.crashes));
        assert_eq!(stage.value.load(), last_set);
        for (sum, one) in [(&crashes, &stage.crashes), (&roots, &stage.roots), (&controls, &stage.controls)] {
            sum.set(sum.get() + *lock(one));
        }
        sets.set(sets.get() + last_set.map_or(0, |last| last + 1));
        stop(&sim, supervisor);
    });
    let (crashes, roots, controls, sets) = (crashes.get(), roots.get(), controls.get(), sets.get());
    println!("{crashes} crashes, {roots} starts of the root, {controls} times under control, {sets} sets");
    assert!(crashes > 0 && controls > 0 && sets > 0, "this would be a test of nothing");
}
