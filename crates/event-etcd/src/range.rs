//! Which keys: one of them, those of a range, or those with a prefix.

use std::fmt;
use std::ops::Range;

use crate::error::Error;

/// Keys from `start` up to but not including `end`, in the order of their bytes.
///
/// As etcd has it, no `end` means the one key `start`, and the `end` of a single zero byte means that there is none: every
/// key from `start` on.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct KeyRange {
    start: Vec<u8>,
    end: Vec<u8>,
}

/// What etcd takes for "there is no end".
const NO_END: [u8; 1] = [0];

impl KeyRange {
    pub(crate) fn key(key: impl Into<Vec<u8>>) -> Result<Self, Error> {
        let start = key.into();
        if start.is_empty() {
            return Err(Error::InvalidArgument("the key is empty; etcd has no such key".into()));
        }
        Ok(Self { start, end: Vec::new() })
    }

    pub(crate) fn range<K: Into<Vec<u8>>>(range: Range<K>) -> Result<Self, Error> {
        let (start, end) = (range.start.into(), range.end.into());
        if start.is_empty() {
            return Err(Error::InvalidArgument(
                "the range starts with the empty key, which etcd does not have; for all keys there is prefix(\"\")"
                    .into(),
            ));
        }
        if end <= start {
            let (start, end) = (Readable(&start), Readable(&end));
            return Err(Error::InvalidArgument(format!(
                "the range {start}..{end} has no keys: its end has to come after its start, which is the first key"
            )));
        }
        Ok(Self { start, end })
    }

    /// All keys with a prefix; all there are if it is empty.
    pub(crate) fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        let start = prefix.into();
        if start.is_empty() {
            return Self { start: NO_END.to_vec(), end: NO_END.to_vec() };
        }
        // The first key after all of them is the prefix with its last byte increased, where bytes that cannot be are cut off.
        let mut end = start.clone();
        while let Some(last) = end.last_mut() {
            if let Some(next) = last.checked_add(1) {
                *last = next;
                return Self { start, end };
            }
            end.pop();
        }
        Self { start, end: NO_END.to_vec() }
    }

    /// The same keys after a prefix that all of them get.
    pub(crate) fn within(self, prefix: &[u8]) -> Self {
        if prefix.is_empty() {
            return self;
        }
        let all = Self::prefix(prefix);
        let start = match (&*self.start, &*self.end) {
            ([0], [0]) => all.start,
            (start, _) => [prefix, start].concat(),
        };
        let end = match &*self.end {
            [] => Vec::new(),
            [0] => all.end,
            end => [prefix, end].concat(),
        };
        Self { start, end }
    }

    pub(crate) fn start(&self) -> &[u8] {
        &self.start
    }

    /// What etcd calls `range_end`: empty for a single key.
    pub(crate) fn end(&self) -> &[u8] {
        &self.end
    }

    /// Whether it has this key.
    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        let ends_after = match &*self.end {
            [] => return key == self.start,
            [0] => true,
            end => key < end,
        };
        *self.start <= *key && ends_after
    }

    /// The key, if it is one.
    pub(crate) fn as_key(&self) -> Option<&[u8]> {
        self.end.is_empty().then_some(&*self.start)
    }
}

impl fmt::Debug for KeyRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, end } = self;
        if end.is_empty() {
            write!(f, "{}", Readable(start))
        } else if *end == NO_END {
            write!(f, "{}..", Readable(start))
        } else {
            write!(f, "{}..{}", Readable(start), Readable(end))
        }
    }
}

/// A key as text: bytes that are not printable ASCII are escaped.
pub(crate) struct Readable<'a>(pub(crate) &'a [u8]);

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_first_key_that_does_not_have_it() {
        let range = |prefix: &[u8]| {
            let range = KeyRange::prefix(prefix);
            (range.start().to_vec(), range.end().to_vec())
        };
        assert_eq!(range(b"a/"), (b"a/".to_vec(), b"a0".to_vec()));
        assert_eq!(range(b"a\xff\xff"), (b"a\xff\xff".to_vec(), b"b".to_vec()));
        assert_eq!(range(b"\xff"), (b"\xff".to_vec(), vec![0]));
        assert_eq!(range(b""), (vec![0], vec![0]));
    }

    #[test]
    fn a_range_has_the_keys_from_its_start_up_to_but_not_including_its_end() {
        let keys = |range: KeyRange| [&b"a"[..], b"a\0", b"ab", b"b", b"\xff"].map(|key| range.contains(key));
        assert_eq!(keys(KeyRange::key("a").expect("a key")), [true, false, false, false, false]);
        assert_eq!(keys(KeyRange::range("a\0".."b").expect("keys")), [false, true, true, false, false]);
        assert_eq!(keys(KeyRange::prefix("a")), [true, true, true, false, false]);
        assert_eq!(keys(KeyRange::prefix(b"\xff")), [false, false, false, false, true]);
        assert_eq!(keys(KeyRange::prefix("")), [true; 5]);
    }

    #[test]
    fn a_range_within_a_prefix_has_the_same_keys_after_it() {
        let within = |range: KeyRange| {
            let range = range.within(b"n/");
            (range.start().to_vec(), range.end().to_vec())
        };
        assert_eq!(within(KeyRange::key("a").expect("a key")), (b"n/a".to_vec(), vec![]));
        assert_eq!(within(KeyRange::range("a".."b").expect("keys")), (b"n/a".to_vec(), b"n/b".to_vec()));
        assert_eq!(within(KeyRange::prefix("a")), (b"n/a".to_vec(), b"n/b".to_vec()));
        assert_eq!(within(KeyRange::prefix("")), (b"n/".to_vec(), b"n0".to_vec()));
        assert_eq!(within(KeyRange::prefix(b"\xff")), (b"n/\xff".to_vec(), b"n0".to_vec()));
        assert_eq!(KeyRange::prefix("a").within(b""), KeyRange::prefix("a"));
    }

    #[test]
    fn what_can_have_no_keys_is_refused_and_named() {
        let refused = |range: Result<KeyRange, Error>| range.expect_err("no keys are in there").to_string();
        assert!(refused(KeyRange::key("")).contains("empty"));
        assert!(refused(KeyRange::range("".."b")).contains("prefix(\"\")"));
        assert!(refused(KeyRange::range("b".."a")).contains("\"b\"..\"a\""));
        assert!(refused(KeyRange::range("a".."a")).contains("no keys"));
        assert!(refused(KeyRange::range("a"..".\0")).contains("\".\\x00\""));
    }

    #[test]
    fn ranges_are_shown_as_text() {
        assert_eq!(format!("{:?}", KeyRange::key("a\n").expect("a key")), r#""a\n""#);
        assert_eq!(format!("{:?}", KeyRange::range("a".."b").expect("keys")), r#""a".."b""#);
        assert_eq!(format!("{:?}", KeyRange::prefix("")), r#""\x00".."#);
    }
}
