//! What a watcher has seen.

use core::fmt;

use crate::version::Version;

#[derive(Clone)]
pub(super) struct Cursor {
    /// The newest version that was given, rejected, or found to be no data.
    seen: Version,
    /// What came before: the version that the get before the last one ended with, and one more for each version that was
    /// passed since. With `PASSING`, the last get has not ended.
    before: u64,
}

const PASSING: u64 = 1 << 63;

impl Cursor {
    /// At the present version, if there is one, or before it.
    #[inline]
    pub(super) fn at(present: Option<Version>, present_is_seen: bool) -> Self {
        let seen = match present {
            None => Version::INITIAL,
            Some(version) if present_is_seen => version,
            // Any other than the present one would do; this one makes `missed` come out right.
            Some(version) => Version::from_raw(version.raw().wrapping_sub(1)),
        };
        Self { seen, before: Self::none_missed(seen) }
    }

    /// `before`, if no version was skipped by the get that ended with `seen`.
    const fn none_missed(seen: Version) -> u64 {
        seen.as_u64().wrapping_sub(1) & !PASSING
    }

    #[inline]
    pub(super) fn seen(&self) -> Version {
        self.seen
    }

    #[inline]
    pub(super) fn has_seen(&self, version: Version) -> bool {
        self.seen == version
    }

    /// `version` was looked at and is not given.
    #[inline]
    pub(super) fn pass(&mut self, version: Version) {
        let before = if self.before & PASSING == 0 { self.seen.as_u64() } else { self.before };
        self.before = before.wrapping_add(1) | PASSING;
        self.seen = version;
    }

    /// `version` is given.
    #[inline]
    pub(super) fn give(&mut self, version: Version) {
        self.before = if self.before & PASSING == 0 { self.seen.as_u64() } else { self.before & !PASSING };
        self.seen = version;
    }

    /// The version seen before was given once more.
    pub(super) fn give_again(&mut self) {
        self.before = Self::none_missed(self.seen);
    }

    pub(super) fn missed(&self) -> u64 {
        // The version that was given is not missed; one that was passed is in `before`.
        let given = if self.before & PASSING == 0 { 1 } else { 0 };
        // As wide as a version, so that it comes out right when versions have begun again.
        let since = self.seen.raw().wrapping_sub(self.before as usize).wrapping_sub(given);
        since as u64 & !PASSING
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("seen", &self.seen).field("missed", &self.missed()).finish()
    }
}
