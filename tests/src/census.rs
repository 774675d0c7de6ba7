//! Data that is counted, from its making to its end.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicU64, Ordering};

use crate::seed::mix;

/// How many [`Citizen`]s there are and were. A clone counts the same ones.
#[derive(Clone, Debug, Default)]
pub struct Census(Arc<Registers>);

#[derive(Debug, Default)]
struct Registers {
    ids: AtomicU64,
    made: Register,
    dropped: Register,
}

/// A number of events and a sum over whom they concerned: an event that happens twice to one and never to another leaves
/// the number right, but not the sum.
#[derive(Debug, Default)]
struct Register {
    count: AtomicU64,
    sum: AtomicU64,
}

impl Register {
    fn note(&self, id: u64) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(mix(id), Ordering::Relaxed);
    }
}

impl Census {
    /// Starts counting.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A new one, who carries `data`.
    #[must_use]
    pub fn citizen(&self, data: u64) -> Citizen {
        let id = self.0.ids.fetch_add(1, Ordering::Relaxed);
        self.0.made.note(id);
        Citizen { data, id, state: ALIVE, census: self.clone() }
    }

    /// How many there are now.
    #[must_use]
    pub fn alive(&self) -> u64 {
        self.0.made.count.load(Ordering::Relaxed) - self.0.dropped.count.load(Ordering::Relaxed)
    }

    /// How many there ever were.
    #[must_use]
    pub fn made(&self) -> u64 {
        self.0.made.count.load(Ordering::Relaxed)
    }

    /// Checks that each one who was made was dropped, and only once.
    ///
    /// # Panics
    ///
    /// If not.
    #[track_caller]
    pub fn assert_each_was_dropped_once(&self) {
        let Registers { made, dropped, .. } = &*self.0;
        let count = |register: &Register| register.count.load(Ordering::Relaxed);
        let sum = |register: &Register| register.sum.load(Ordering::Relaxed);
        assert_eq!(count(made), count(dropped), "made, and dropped");
        assert_eq!(sum(made), sum(dropped), "as many were dropped as were made, but not the same ones");
    }
}

const ALIVE: u64 = 0x600d_600d_600d_600d;
const DEAD: u64 = 0xdead_dead_dead_dead;

/// Data that the [`Census`] counts. It notices when it is looked at or dropped after its end.
#[derive(Debug)]
pub struct Citizen {
    data: u64,
    id: u64,
    state: u64,
    census: Census,
}

impl Citizen {
    /// What it carries.
    ///
    /// # Panics
    ///
    /// If it has been dropped already.
    #[must_use]
    pub fn data(&self) -> u64 {
        // Volatile: the compiler must not take for granted that what is looked at is alive.
        // SAFETY: a reference to an aligned and initialised number.
        let state = unsafe { core::ptr::read_volatile(&raw const self.state) };
        assert_eq!(state, ALIVE, "data was read after it had been dropped");
        self.data
    }
}

impl Clone for Citizen {
    fn clone(&self) -> Self {
        self.census.citizen(self.data())
    }
}

impl PartialEq for Citizen {
    fn eq(&self, other: &Self) -> bool {
        self.data() == other.data()
    }
}

impl Drop for Citizen {
    fn drop(&mut self) {
        let _ = self.data();
        self.census.0.dropped.note(self.id);
        // SAFETY: a reference to an aligned number. Volatile: else the last store to it could be left out.
        unsafe { core::ptr::write_volatile(&raw mut self.state, DEAD) };
    }
}
