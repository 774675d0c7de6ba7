//! Choices out of a number.

/// A number that is used up from its low end. Programs are cut out of plain numbers: proptest's combinators are slow when
/// they are not optimised.
pub(crate) struct Digits(pub(crate) u64);

impl Digits {
    pub(crate) fn below(&mut self, end: u64) -> u8 {
        let digit = self.0 % end;
        self.0 /= end;
        digit as u8
    }
}
