//! The two interrupt handlers, and the rounds that they go.
//!
//! In a round, a few readings are set, at random distances, by the sensor or, often in the middle of that, by the alarm. Then
//! nothing is set until every follower has seen the last one; so a wake-up that is lost is not made up for by the next
//! set. If it does not come to that for many alarms, somebody hangs.

use event_core::MemoryValue;
use portable_atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

use crate::executors;
use crate::machine;
use crate::marks::{self, Doing};
use crate::random::Random;
use crate::reading::{Reading, Source};

/// So many alarms without a follower that makes progress: it hangs.
const PATIENCE: u32 = 2_000;

/// Between two alarms, in ticks: from so short that the sensor is interrupted to long enough for the tasks to sleep.
const SHORTEST: u32 = 60;
const DISTANCES: u32 = 1_200;

/// How many followers there can be.
pub const PLACES: usize = 8;

/// What a phase of the test is about, and how far it is. All numbers are the alarm's, unless it says otherwise.
pub struct Phase {
    /// The value that is set. Null between the phases.
    value: AtomicPtr<MemoryValue<Reading>>,
    /// How many alarms are still to come.
    left: AtomicU32,
    /// How many readings are still to be set in this round.
    to_set: AtomicU32,
    /// For how many alarms nothing has been set.
    quiet: AtomicU32,
    /// Which places have a follower. A bit each; another one, eight places higher, if it has a filter.
    followers: AtomicU32,
    /// What the followers have seen last. Theirs.
    seen: [AtomicU32; PLACES],
    is_over: AtomicBool,
    hangs: AtomicBool,
}

pub static PHASE: Phase = Phase {
    value: AtomicPtr::new(core::ptr::null_mut()),
    left: AtomicU32::new(0),
    to_set: AtomicU32::new(0),
    quiet: AtomicU32::new(0),
    followers: AtomicU32::new(0),
    seen: [const { AtomicU32::new(0) }; PLACES],
    is_over: AtomicBool::new(true),
    hangs: AtomicBool::new(false),
};

static RANDOM: Random = Random::new(0x2545_F491);
static SENSOR_SEQUENCE: AtomicU32 = AtomicU32::new(0);
static ALARM_SEQUENCE: AtomicU32 = AtomicU32::new(0);

/// Numbers for the report.
pub static ALARMS: AtomicU32 = AtomicU32::new(0);
pub static ROUNDS: AtomicU32 = AtomicU32::new(0);
pub static SENSOR_RUNS: AtomicU32 = AtomicU32::new(0);
/// Sets by the alarm in the middle of the sensor's.
pub static SETS_WITHIN_A_SET: AtomicU32 = AtomicU32::new(0);
/// Polls of the executor in the alarm while the sensor's set, which it interrupted, was waking.
pub static POLLS_WITHIN_A_SET: AtomicU32 = AtomicU32::new(0);

// Ordering: Relaxed throughout. There is one processor; a handler and what it interrupts see each other's stores in order.
// What has to be ordered is inside of the value.

impl Phase {
    /// Lets `alarms` alarms come, with these followers. Called by the thread when no phase is going on.
    pub fn begin(&self, value: &'static MemoryValue<Reading>, alarms: u32, followers: u32) {
        self.left.store(alarms, Ordering::Relaxed);
        self.to_set.store(1, Ordering::Relaxed);
        self.quiet.store(0, Ordering::Relaxed);
        self.followers.store(followers, Ordering::Relaxed);
        self.is_over.store(false, Ordering::Relaxed);
        self.value.store(core::ptr::from_ref(value).cast_mut(), Ordering::Relaxed);
        critical_section::with(|_| {
            machine::alarm_in(DISTANCES);
            machine::enable_alarm();
        });
    }

    fn value(&self) -> Option<&'static MemoryValue<Reading>> {
        // SAFETY: null, or from the `'static` reference that `begin` was given.
        unsafe { self.value.load(Ordering::Relaxed).as_ref() }
    }

    /// The follower at this place has seen a reading.
    pub fn saw(&self, place: usize, reading: &Reading) {
        self.seen[place].store(reading.id(), Ordering::Relaxed);
    }

    /// Whether the last alarm has come and the value is closed.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Whether a follower did not see the last reading of a round.
    pub fn hangs(&self) -> bool {
        self.hangs.load(Ordering::Relaxed)
    }

    /// Which followers have not seen what is present, a bit each.
    fn behind(&self, value: &MemoryValue<Reading>) -> u32 {
        let followers = self.followers.load(Ordering::Relaxed);
        let Some(present) = value.borrow() else { return followers };
        (0..PLACES)
            .filter(|place| followers & 1 << place != 0)
            .filter(|place| followers & 1 << (place + PLACES) == 0 || present.is_of_interest())
            .filter(|&place| self.seen[place].load(Ordering::Relaxed) != present.id())
            .fold(0, |behind, place| behind | 1 << place)
    }

    /// One alarm whose time has come.
    fn step(&self, value: &MemoryValue<Reading>) {
        let left = self.left.load(Ordering::Relaxed);
        self.left.store(left.saturating_sub(1), Ordering::Relaxed);
        let to_set = self.to_set.load(Ordering::Relaxed);
        if to_set != 0 {
            self.to_set.store(to_set - 1, Ordering::Relaxed);
            if RANDOM.below(4) == 0 {
                SETS_WITHIN_A_SET.fetch_add(u32::from(marks::is_in(Doing::Set)), Ordering::Relaxed);
                value.set(Reading::new(Source::Alarm, next(&ALARM_SEQUENCE)));
            } else {
                machine::pend_sensor();
            }
        } else if self.behind(value) == 0 {
            ROUNDS.fetch_add(1, Ordering::Relaxed);
            self.quiet.store(0, Ordering::Relaxed);
            self.to_set.store(1 + RANDOM.below(6), Ordering::Relaxed);
            if left == 0 {
                return self.end(value);
            }
        } else {
            let quiet = self.quiet.load(Ordering::Relaxed) + 1;
            self.quiet.store(quiet, Ordering::Relaxed);
            if quiet == PATIENCE {
                self.hangs.store(true, Ordering::Relaxed);
                return self.end(value);
            }
        }
        machine::alarm_in(SHORTEST + RANDOM.below(DISTANCES));
    }

    fn end(&self, value: &MemoryValue<Reading>) {
        machine::stop();
        self.value.store(core::ptr::null_mut(), Ordering::Relaxed);
        self.is_over.store(true, Ordering::Relaxed);
        value.close();
    }
}

/// The interrupt of the highest priority.
pub fn alarm() {
    let is_within_a_set = marks::is_in(Doing::Set);
    machine::something_happened();
    if machine::had_its_time() {
        if let Some(value) = PHASE.value() {
            marks::count_interrupted();
            ALARMS.fetch_add(1, Ordering::Relaxed);
            PHASE.step(value);
        }
    }
    if executors::poll_in_alarm() && is_within_a_set {
        POLLS_WITHIN_A_SET.fetch_add(1, Ordering::Relaxed);
    }
}

/// The interrupt of low priority.
pub fn sensor() {
    marks::count_interrupted();
    machine::something_happened();
    marks::during(Doing::Other, || {
        SENSOR_RUNS.fetch_add(1, Ordering::Relaxed);
        let Some(value) = PHASE.value() else { return };
        let reading = Reading::new(Source::Sensor, next(&SENSOR_SEQUENCE));
        marks::during(Doing::Set, || value.set(reading));
    });
}

fn next(sequence: &AtomicU32) -> u32 {
    let next = sequence.load(Ordering::Relaxed) + 1;
    sequence.store(next, Ordering::Relaxed);
    next
}
