//! The version of what a value holds.

use core::fmt;

/// Which publication of a value this is: 0 before the first, and one more with each `set`, `clear` and successful
/// `update`. Versions of one value only grow; versions of different values have nothing to do with each other.
///
/// It is as wide as a pointer. After 2^64 publications - 2^32 on a 32-bit target - it wraps around to 1. From then on,
/// `<` and `>` are wrong between versions from before and after that.
/// Watching does not depend on that: it compares for equality.
///
/// ```
/// use event_core::{MemoryValue, Version};
///
/// let value = MemoryValue::new();
/// assert_eq!(value.version(), Version::INITIAL);
/// let first = value.set("one");
/// let second = value.set("two");
/// assert!(first < second);
/// assert_eq!(value.version(), second);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(usize);

/// The version of the first publication. Under a cfg that only the firmware's test program sets, it is so great that the test
/// lives to see the versions wrap.
const FIRST: usize = if cfg!(event_core_wrap_soon) { usize::MAX - 20_000 } else { 1 };

impl Version {
    /// The version of a value that was never set.
    pub const INITIAL: Self = Self(0);

    pub(crate) const fn from_raw(raw: usize) -> Self {
        Self(raw)
    }

    pub(crate) const fn raw(self) -> usize {
        self.0
    }

    /// The version as a number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0 as u64
    }

    /// Whether it is of an earlier publication than `other`, if less than half of all versions lie between them.
    #[cfg(feature = "alloc")]
    pub(crate) const fn is_older_than(self, other: Self) -> bool {
        other.0.wrapping_sub(self.0) as isize > 0
    }

    /// The next one. Skips [`INITIAL`](Self::INITIAL) when it wraps, which therefore always means "never set".
    pub(crate) const fn next(self) -> Self {
        match self.0.wrapping_add(1) {
            0 => Self(1),
            1 if FIRST != 1 => Self(FIRST),
            next => Self(next),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({})", self.0)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_skips_the_initial_version() {
        assert_eq!(Version(usize::MAX).next(), Version(1));
    }
}
