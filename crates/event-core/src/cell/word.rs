//! The one word that says which slot is in force, and who waits for the next.

use crate::version::Version;
use crate::wakers::ROOT_MASK;

/// `tag | awaited | closed | armed | slot`, from the high bits to the low ones.
///
/// - *slot*: 1-based index of the slot in force, 0 while nothing was ever published;
/// - *armed*: who is to be woken by the next publication, or by the close; see [`Root`](crate::wakers::Root). Whoever
///   publishes takes these bits with the same exchange;
/// - *closed*: no publication can succeed any more;
/// - *awaited*: somebody waits for the watchers to have seen this version or the one that set this bit, and they have to
///   say so. Every later publication keeps it, until it is taken back;
/// - *tag*: the low bits of the version. It makes every publication change the word even when it reuses the slot, so
///   a compare-and-swap with an outdated word fails. What it lacks of the full version stands in the slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word(usize);

const SLOT_BITS: u32 = if usize::BITS >= 64 { 20 } else { 9 };
const SLOT_MASK: usize = (1 << SLOT_BITS) - 1;
const ARMED: usize = ROOT_MASK << SLOT_BITS;
const CLOSED: usize = 1 << (SLOT_BITS + ROOT_MASK.count_ones());
const AWAITED: usize = CLOSED << 1;
const ONE_TAG: usize = AWAITED << 1;
const TAG_SHIFT: u32 = ONE_TAG.trailing_zeros();

/// The largest slot index that fits the word.
pub(crate) const MAX_SLOTS: usize = SLOT_MASK;

impl Word {
    /// Nothing was ever published.
    pub(crate) const INITIAL: Self = Self(0);
    /// Nothing was ever published, and nothing will be.
    pub(crate) const INITIAL_CLOSED: Self = Self(CLOSED);
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

    /// The same publication, the last one, with nobody armed.
    pub(crate) const fn closed(self) -> Self {
        Self(self.0 & !ARMED | CLOSED)
    }

    /// The bits of the waker list's root.
    pub(crate) const fn armed(self) -> usize {
        (self.0 & ARMED) >> SLOT_BITS
    }

    /// The same publication, with these bits of the root as well.
    pub(crate) const fn arming(self, bits: usize) -> Self {
        Self(self.0 | Self::armed_bits(bits))
    }

    /// The same publication, with nobody armed.
    pub(crate) const fn disarmed(self) -> Self {
        Self(self.0 & !ARMED)
    }

    /// Where these bits of the root are in the word.
    pub(crate) const fn armed_bits(bits: usize) -> usize {
        debug_assert!(bits & !ROOT_MASK == 0);
        bits << SLOT_BITS
    }

    /// What `stop_awaiting` takes from the word.
    #[cfg(feature = "alloc")]
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
        (self.0 ^ other.0) & !(AWAITED | ARMED) == 0
    }

    /// Whether this may have put `version` in force: it did, unless the tag has wrapped in between.
    #[inline]
    pub(crate) const fn may_be_of(self, version: Version) -> bool {
        (self.0 ^ version.raw() << TAG_SHIFT) < ONE_TAG
    }

    /// The word that puts `slot` in force after this one, which is open, as `version`. Nobody is armed in it.
    pub(crate) const fn followed_by(self, version: Version, slot: usize) -> Self {
        debug_assert!(!self.is_closed() && slot != 0 && slot <= MAX_SLOTS);
        Self(version.raw() << TAG_SHIFT | self.0 & AWAITED | slot)
    }
}

#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
impl Word {
    /// How many publications it takes until the tag is the same again.
    pub(crate) const TAGS: usize = 1 << (usize::BITS - TAG_SHIFT);

    /// The same slot in force, put there as `version`.
    pub(super) const fn with_version(self, version: Version) -> Self {
        Self(self.0 & (ONE_TAG - 1) | version.raw() << TAG_SHIFT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Version = Version::INITIAL.next();

    fn first(slot: usize) -> Word {
        Word::INITIAL.followed_by(FIRST, slot)
    }

    #[test]
    fn a_publication_into_the_same_slot_changes_the_word() {
        let second = first(3).followed_by(FIRST.next(), 3);
        assert_eq!(first(3).slot(), 3);
        assert_eq!(second.slot(), 3);
        assert!(first(3) != second && !first(3).is_of(second));
    }

    #[test]
    fn the_word_knows_its_version_but_for_wraps_of_the_tag() {
        let second = first(3).followed_by(FIRST.next(), 2);
        assert!(Word::INITIAL.may_be_of(Version::INITIAL) && !Word::INITIAL.may_be_of(FIRST));
        assert!(second.may_be_of(FIRST.next()) && !second.may_be_of(FIRST));
        assert!(second.closed().awaited().may_be_of(FIRST.next()));
        let tags = 1 << (usize::BITS - TAG_SHIFT);
        assert!(second.may_be_of(Version::from_raw(FIRST.next().raw().wrapping_add(tags))));
        assert!(!second.may_be_of(Version::from_raw(FIRST.next().raw().wrapping_add(tags / 2))));
    }

    #[test]
    fn a_publication_keeps_what_is_awaited() {
        let awaited = first(3).awaited();
        let second = awaited.followed_by(FIRST.next(), 2);
        assert!(awaited.is_awaited() && second.is_awaited());
        assert_eq!(second.slot(), 2);
        assert!(awaited.is_of(first(3)));
        assert!(!awaited.is_of(first(3).followed_by(FIRST.next(), 3)));
    }

    #[test]
    fn closing_keeps_the_slot() {
        let closed = first(MAX_SLOTS).closed();
        assert!(closed.is_closed() && !closed.is_of(first(MAX_SLOTS)));
        assert_eq!(closed.slot(), MAX_SLOTS);
    }

    #[test]
    fn a_publication_and_a_close_take_the_armed_bits() {
        let armed = first(MAX_SLOTS).arming(1).arming(ROOT_MASK);
        assert_eq!(armed.slot(), MAX_SLOTS);
        assert_eq!(armed.armed(), ROOT_MASK);
        assert!(!armed.is_closed() && !armed.is_awaited());
        assert!(armed.is_of(first(MAX_SLOTS)));
        assert_eq!(armed.followed_by(FIRST.next(), 2).armed(), 0);
        assert!(armed.disarmed() == first(MAX_SLOTS));
        assert_eq!(armed.closed().armed(), 0);
        assert_eq!(armed.bits() & !Word::armed_bits(ROOT_MASK), first(MAX_SLOTS).bits());
    }

    #[test]
    fn the_tag_wraps_without_touching_the_rest() {
        let last = Word::from_bits(!CLOSED & !AWAITED & !SLOT_MASK | 7);
        let wrapped = last.followed_by(Version::INITIAL, 1);
        assert_eq!(wrapped.bits(), 1);
    }
}
