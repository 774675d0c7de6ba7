//! The data: what a sensor has read.

use portable_atomic::{AtomicI32, Ordering};

/// Who set a reading.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Sensor,
    Alarm,
}

/// A few words, so that one that is read while another one is written would show it.
#[derive(PartialEq, Eq, Debug)]
pub struct Reading {
    source: Source,
    sequence: u32,
    corrections: u32,
    check: u32,
}

/// How many readings exist.
static EXISTING: AtomicI32 = AtomicI32::new(0);

/// How many readings were made and not dropped.
pub fn existing() -> i32 {
    // Ordering: Relaxed, here and below. A number, on one processor.
    EXISTING.load(Ordering::Relaxed)
}

impl Reading {
    /// The `sequence`th of this source.
    pub fn new(source: Source, sequence: u32) -> Self {
        Self::with_corrections(source, sequence, 0)
    }

    fn with_corrections(source: Source, sequence: u32, corrections: u32) -> Self {
        EXISTING.fetch_add(1, Ordering::Relaxed);
        let mut this = Self { source, sequence, corrections, check: 0 };
        this.check = this.expected_check();
        this
    }

    fn expected_check(&self) -> u32 {
        (self.id() ^ 0x5EA1_5EA1).rotate_left(7).wrapping_mul(0x9E37_79B1)
    }

    /// Whether all of its words belong together.
    pub fn is_whole(&self) -> bool {
        self.check == self.expected_check()
    }

    pub fn source(&self) -> Source {
        self.source
    }

    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    /// What tells it from any other reading. Never 0.
    pub fn id(&self) -> u32 {
        let source = match self.source {
            Source::Sensor => 1,
            Source::Alarm => 2,
        };
        self.sequence << 3 | self.corrections << 2 | source
    }

    /// Which readings are to be corrected, once.
    pub fn needs_correction(&self) -> bool {
        self.sequence % 4 == 3 && self.corrections == 0
    }

    pub fn correct(&mut self) {
        self.corrections = 1;
        self.check = self.expected_check();
    }

    /// What the watchers with a filter are after.
    pub fn is_of_interest(&self) -> bool {
        self.sequence % 2 == 0
    }
}

impl Clone for Reading {
    fn clone(&self) -> Self {
        Self::with_corrections(self.source, self.sequence, self.corrections)
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // A second drop of the same reading would be a drop of one that is not whole.
        assert!(self.is_whole(), "dropped twice, or while it was written");
        self.check = !self.check;
        EXISTING.fetch_sub(1, Ordering::Relaxed);
    }
}
