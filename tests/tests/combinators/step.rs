//! What a program about one expression is made of.

use proptest::prelude::*;

use crate::digits::Digits;
use crate::watching::Form;

/// A step. Numbers choose among what there is, modulo how much there is; without any, the step is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Set {
        value: u8,
        data: u8,
    },
    /// What is present, once more.
    SetAgain {
        value: u8,
    },
    Clear {
        value: u8,
    },
    Close {
        value: u8,
    },
    /// The only handle there is: that closes as well.
    DropHandle {
        value: u8,
    },
    Watch,
    CloneWatcher {
        watcher: u8,
    },
    DropWatcher {
        watcher: u8,
    },
    Advance {
        seconds: u8,
    },
    Get {
        watcher: u8,
        task: u8,
        form: Form,
        modulus: u8,
    },
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        any::<u64>().prop_map(|number| Self::cut_from(&mut Digits(number)))
    }

    fn cut_from(digits: &mut Digits) -> Self {
        let kind = digits.below(48);
        let (one, data) = (digits.below(16), digits.below(8));
        let (value, watcher) = (one, one);
        match kind {
            0..14 => Self::Set { value, data },
            14..16 => Self::SetAgain { value },
            16..18 => Self::Clear { value },
            18 => Self::Close { value },
            19 => Self::DropHandle { value },
            20 => Self::Watch,
            21 => Self::CloneWatcher { watcher },
            22 => Self::DropWatcher { watcher },
            23..28 => Self::Advance { seconds: data },
            _ => {
                Self::Get { watcher, task: digits.below(2), form: Form::cut_from(digits), modulus: 1 + digits.below(3) }
            }
        }
    }
}
