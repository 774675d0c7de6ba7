//! A set of small numbers.

use alloc::vec::Vec;
use core::ops::Range;

/// A set of numbers below some limit. Those below `usize::BITS` need no memory of their own.
#[derive(Clone, Default)]
pub(super) struct Bits {
    first: usize,
    more: Vec<usize>,
}

const WIDTH: usize = usize::BITS as usize;

impl Bits {
    /// All numbers below `count`.
    pub(super) fn all(count: usize) -> Self {
        let mut bits = Self::default();
        for word in 0..count.div_ceil(WIDTH) {
            let left = count - word * WIDTH;
            bits.add_word(word, if left < WIDTH { (1 << left) - 1 } else { usize::MAX });
        }
        bits
    }

    #[inline]
    pub(super) fn contains(&self, number: usize) -> bool {
        self.word(number / WIDTH) & 1 << (number % WIDTH) != 0
    }

    pub(super) fn insert(&mut self, number: usize) {
        self.add_word(number / WIDTH, 1 << (number % WIDTH));
    }

    pub(super) fn remove(&mut self, number: usize) {
        if let Some(word) = self.word_mut(number / WIDTH) {
            *word &= !(1 << (number % WIDTH));
        }
    }

    /// Adds the numbers from `word * usize::BITS` on whose bits are set.
    pub(super) fn add_word(&mut self, word: usize, bits: usize) {
        if word > self.more.len() {
            self.more.resize(word, 0);
        }
        *self.word_mut(word).expect("there is room for it") |= bits;
    }

    /// The smallest number within `range`. It looks at one word for every `usize::BITS` numbers.
    pub(super) fn next_in(&self, range: Range<usize>) -> Option<usize> {
        let mut from = range.start;
        while from < range.end {
            let left = self.word(from / WIDTH) >> (from % WIDTH);
            if left != 0 {
                return Some(from + left.trailing_zeros() as usize).filter(|number| *number < range.end);
            }
            from = (from / WIDTH + 1) * WIDTH;
        }
        None
    }

    #[inline]
    fn word(&self, number: usize) -> usize {
        match number.checked_sub(1) {
            None => self.first,
            Some(number) => self.more.get(number).copied().unwrap_or(0),
        }
    }

    fn word_mut(&mut self, number: usize) -> Option<&mut usize> {
        match number.checked_sub(1) {
            None => Some(&mut self.first),
            Some(number) => self.more.get_mut(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    /// Every set of multiples, at every limit around the ends of words, against a set of the standard library.
    #[test]
    fn a_set_of_bits_holds_what_was_put_in() {
        for count in [0, 1, 2, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH - 1, 2 * WIDTH, 3 * WIDTH + 5] {
            for step in 1..=count.min(WIDTH + 2) {
                let (mut bits, mut set) = (Bits::all(count), (0..count).collect::<BTreeSet<_>>());
                for number in (0..count).step_by(step) {
                    bits.remove(number);
                    set.remove(&number);
                }
                for number in (0..count).step_by(2 * step) {
                    bits.insert(number);
                    set.insert(number);
                }
                for from in 0..=count {
                    let to = (from + WIDTH + step).min(count);
                    assert_eq!(bits.next_in(from..to), set.range(from..to).next().copied(), "{count}, {step}, {from}");
                    assert_eq!(bits.contains(from), set.contains(&from));
                }
            }
            assert_eq!(Bits::default().next_in(0..count), None);
        }
    }
}
