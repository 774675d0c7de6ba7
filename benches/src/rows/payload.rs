//! What is set and got: a number, or something large that carries one.

use core::fmt::Debug;

/// The size of the large payloads, in bytes.
const LARGE: usize = 4096;

/// Data that can be told apart by a number.
pub trait Payload: Clone + Eq + Debug + Send + Sync + Unpin + 'static {
    /// The data with this number.
    fn numbered(number: u64) -> Self;

    /// The number of this data.
    fn number(&self) -> u64;
}

impl Payload for u64 {
    #[inline]
    fn numbered(number: u64) -> Self {
        number
    }

    #[inline]
    fn number(&self) -> u64 {
        *self
    }
}

/// Data on the heap: cloning it allocates.
impl Payload for String {
    fn numbered(number: u64) -> Self {
        const DIGITS: usize = 10;
        static REST: [u8; LARGE - DIGITS] = [b'.'; LARGE - DIGITS];
        let mut text = String::with_capacity(LARGE);
        text.extend((0..DIGITS).map(|place| char::from((number >> (7 * place)) as u8 & 0x7f)));
        text.push_str(str::from_utf8(&REST).expect("it is all dots"));
        text
    }

    fn number(&self) -> u64 {
        let digits = self.bytes().take(10).enumerate();
        digits.fold(0, |number, (place, digit)| number | u64::from(digit) << (7 * place))
    }
}

/// Data in place: moving it copies it.
impl Payload for [u8; LARGE] {
    #[inline]
    fn numbered(number: u64) -> Self {
        let mut data = [0; LARGE];
        data[..8].copy_from_slice(&number.to_le_bytes());
        data
    }

    #[inline]
    fn number(&self) -> u64 {
        u64::from_le_bytes(self[..8].try_into().expect("it has eight bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_keeps_its_number() {
        for number in [0, 1, 127, 128, 1 << 40, u64::MAX] {
            assert_eq!(u64::numbered(number).number(), number);
            assert_eq!(String::numbered(number).number(), number);
            assert_eq!(<[u8; LARGE]>::numbered(number).number(), number);
            assert_eq!(String::numbered(number).len(), LARGE);
        }
    }
}
