//! Numbers that look random, the same in every run.

use portable_atomic::{AtomicU32, Ordering};

/// Marsaglia's xorshift with 32 bits of state ("Xorshift RNGs", Journal of Statistical Software 8(14), 2003).
pub struct Random(AtomicU32);

impl Random {
    /// Of a seed other than 0.
    pub const fn new(seed: u32) -> Self {
        Self(AtomicU32::new(seed))
    }

    /// One below `limit`. For one caller at a time.
    pub fn below(&self, limit: u32) -> u32 {
        // Ordering: Relaxed, both. One processor, and nobody is interrupted by another caller.
        let mut state = self.0.load(Ordering::Relaxed);
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        self.0.store(state, Ordering::Relaxed);
        state % limit
    }
}
