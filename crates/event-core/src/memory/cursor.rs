//! What a watcher has seen.

use core::fmt;

use crate::cell::Cell;
use crate::version::Version;

#[derive(Clone)]
pub(super) struct Cursor {
    /// The newest version that was given, rejected, or found to be no data.
    seen: Version,
    /// How many versions were skipped; with `GIVEN`, by a get that has ended.
    missed: u64,
}

const GIVEN: u64 = 1 << 63;

impl Cursor {
    pub(super) const fn at_start() -> Self {
        Self { seen: Version::INITIAL, missed: GIVEN }
    }

    /// Gives the present version if somebody waits for it to be seen.
    pub(super) fn move_to_present<T>(&mut self, cell: &Cell<T>, present_is_seen: bool) -> Option<Version> {
        // A version read without a pin might be that of a publication that never comes.
        let present = cell.pin_with_word().map(|(pinned, word)| (pinned.version(), word));
        let version = present.map(|(version, _)| version);
        self.seen = match version {
            None => Version::INITIAL,
            Some(version) if present_is_seen => version,
            // Any other than the present one would do; this one makes `missed` come out right.
            Some(version) => Version::from_raw(version.raw().wrapping_sub(1)),
        };
        self.missed = GIVEN;
        present.filter(|(_, word)| word.is_awaited()).map(|(version, _)| version)
    }

    #[inline]
    pub(super) fn has_seen(&self, version: Version) -> bool {
        self.seen == version
    }

    /// `version` was looked at and is not given.
    #[inline]
    pub(super) fn pass(&mut self, version: Version) {
        let skipped = version.raw().wrapping_sub(self.seen.raw()).wrapping_sub(1) as u64;
        let before = if self.missed & GIVEN == 0 { self.missed } else { 0 };
        self.missed = before.wrapping_add(skipped) & !GIVEN;
        self.seen = version;
    }

    /// `version` is given.
    #[inline]
    pub(super) fn give(&mut self, version: Version) {
        self.pass(version);
        self.missed |= GIVEN;
    }

    /// The version seen before was given once more.
    pub(super) fn give_again(&mut self) {
        self.missed = GIVEN;
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed & !GIVEN
    }
}

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").field("seen", &self.seen).field("missed", &self.missed()).finish()
    }
}
