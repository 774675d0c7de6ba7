//! The one word that says which slot is in force.

/// `tag | awaited | closed | slot`, from the high bits to the low ones.
///
/// - *slot*: 1-based index of the slot in force, 0 while nothing was ever published;
/// - *closed*: no publication can succeed any more;
/// - *awaited*: somebody waits for the watchers to have seen this version or the one that set this bit, and they have to
///   say so. Every later publication keeps it, until it is taken back;
/// - *tag*: the low bits of the version. It makes every publication change the word even when it reuses the slot, so
///   a compare-and-swap with an outdated word fails. What it lacks of the full version stands in the slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(usize);

const SLOT_BITS: u32 = if usize::BITS >= 64 { 20 } else { 10 };
const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
const CLOSED: usize = 1 << SLOT_BITS;
const AWAITED: usize = CLOSED << 1;
const ONE_TAG: usize = AWAITED << 1;

/// The largest slot index that fits the word.
pub(crate) const MAX_SLOTS: usize = SLOT_MASK;

impl Word {
    /// Nothing was ever published.
    pub(crate) const INITIAL: Self = Self(0);
    /// Nothing was ever published, and nothing will be.
    pub(crate) const INITIAL_CLOSED: Self = Self(CLOSED);
    /// What `close` adds to the word.
    pub(crate) const CLOSED: usize = CLOSED;

    pub(crate) const fn from_bits(bits: usize) -> Self {
        Self(bits)
    }

    pub(crate) const fn bits(self) -> usize {
        self.0
    }

    /// The 1-based index of the slot in force, or 0.
    pub(crate) const fn slot(self) -> usize {
        self.0 & SLOT_MASK
    }

    pub(crate) const fn is_closed(self) -> bool {
        self.0 & CLOSED != 0
    }

    /// What `stop_awaiting` takes from the word.
    pub(crate) const AWAITED: usize = AWAITED;

    pub(crate) const fn is_awaited(self) -> bool {
        self.0 & AWAITED != 0
    }

    /// The same publication, with its watchers to say that they have seen it.
    pub(crate) const fn awaited(self) -> Self {
        Self(self.0 | AWAITED)
    }

    /// Whether both are of one publication, and neither of them closed since.
    pub(crate) const fn is_of(self, other: Self) -> bool {
        (self.0 ^ other.0) & !AWAITED == 0
    }

    /// The word that puts `slot` in force after this one, which is open.
    pub(crate) const fn followed_by(self, slot: usize) -> Self {
        debug_assert!(!self.is_closed() && slot != 0 && slot <= MAX_SLOTS);
        Self((self.0 & !SLOT_MASK).wrapping_add(ONE_TAG) | slot)
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
impl Word {
    /// The same slot in force, put there by the last publication before the tag wraps.
    pub(super) const fn before_wrap(self) -> Self {
        Self(self.0 | !(ONE_TAG - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_into_the_same_slot_changes_the_word() {
        let first = Word::INITIAL.followed_by(3);
        let second = first.followed_by(3);
        assert_eq!(first.slot(), 3);
        assert_eq!(second.slot(), 3);
        assert!(first != second);
    }

    #[test]
    fn a_publication_keeps_what_is_awaited() {
        let awaited = Word::INITIAL.followed_by(3).awaited();
        assert!(awaited.is_awaited() && awaited.followed_by(2).is_awaited());
        assert_eq!(awaited.followed_by(2).slot(), 2);
        assert!(awaited.is_of(Word::INITIAL.followed_by(3)));
        assert!(!awaited.is_of(Word::INITIAL.followed_by(3).followed_by(3)));
    }

    #[test]
    fn closing_keeps_the_slot() {
        let closed = Word::from_bits(Word::INITIAL.followed_by(MAX_SLOTS).bits() | Word::CLOSED);
        assert!(closed.is_closed());
        assert_eq!(closed.slot(), MAX_SLOTS);
    }

    #[test]
    fn the_tag_wraps_without_touching_closed_or_slot() {
        let last = Word::from_bits(!CLOSED & !AWAITED & !SLOT_MASK | 7);
        let wrapped = last.followed_by(1);
        assert_eq!(wrapped.bits(), 1);
        assert!(!wrapped.is_closed());
    }
}
