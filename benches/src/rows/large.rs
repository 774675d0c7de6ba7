//! Rows with data of 4 KiB instead of a number: made, set, and got.

use core::fmt;

use super::follow::{Follow, set_get};
use super::{Outcome, Plain};

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LargeRow {
    /// Text on the heap, which a get clones.
    Text,
    /// Bytes in place, which a get copies.
    Array,
}

impl LargeRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self {
            LargeRow::Text => {
                "making and cloning the text is nearly all of it, and the same in every column: a large difference is noise. Tried: an \
                 `Arc<str>`, as long, since making it copies the text once more; `get_ref`, which clones nothing, 114 ns instead of 138."
            }
            LargeRow::Array => {
                "a matter of where variables are: glibc copies 2 KiB and more by `rep movsb`, which on this kind of processor takes \
                 1,136 ns instead of 43 for 4 KiB if the target is 8 bytes behind the source modulo 4,096; and a `Result` has its \
                 data a little behind its tag. Which of the copies of a column meet that is chance. A get copies four times, one of \
                 them out of the `Result`, embassy's twice. Tried: the poll's result made in place, a poll that is not inlined, and one that ends \
                 early, without a copy less; data aligned to 64 bytes, 350 ns instead of 245. Large data in place belongs into an \
                 `Arc`, 92 ns, or is borrowed by `get_ref`, 108."
            }
        }
    }
}

impl fmt::Display for LargeRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            LargeRow::Text => "set then get, `String` of 4 KiB",
            LargeRow::Array => "set then get, `[u8; 4096]`",
        })
    }
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Follow<String> + Follow<[u8; 4096]>>(row: LargeRow, iterations: u64) -> Outcome {
    match row {
        LargeRow::Text => set_get::<String, Plain<P>>(iterations),
        LargeRow::Array => set_get::<[u8; 4096], Plain<P>>(iterations),
    }
}
