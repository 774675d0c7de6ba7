//! What a random program is made of.

use proptest::prelude::*;

use crate::digits::Digits;
use crate::watching::Form;

/// A step. Numbers choose among what there is, modulo how much there is; without any, the step is left out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Set {
        handle: u8,
        data: u8,
    },
    Replace {
        handle: u8,
        data: u8,
    },
    SetIfNotEq {
        handle: u8,
        data: u8,
    },
    Update {
        handle: u8,
        add: u8,
        go: bool,
    },
    CompareAndSet {
        handle: u8,
        right: bool,
        data: u8,
    },
    Transition {
        handle: u8,
        add: u8,
        go: bool,
    },
    UpdateOr {
        handle: u8,
        data: u8,
    },
    /// The old data is kept, moved out, or dropped.
    Swap {
        handle: u8,
        data: u8,
        keep: bool,
    },
    Clear {
        handle: u8,
    },
    Close {
        handle: u8,
    },
    CloneHandle {
        handle: u8,
    },
    DropHandle {
        handle: u8,
    },
    Upgrade {
        value: u8,
    },
    Watch {
        handle: u8,
        changes: bool,
    },
    WatchReader {
        value: u8,
        changes: bool,
    },
    CloneWatcher {
        watcher: u8,
    },
    DropWatcher {
        watcher: u8,
    },
    Mark {
        watcher: u8,
        seen: bool,
    },
    Get {
        watcher: u8,
        task: u8,
        how: How,
        modulus: u8,
    },
    Hold {
        handle: u8,
    },
    HoldFromWatcher {
        watcher: u8,
    },
    LetGo {
        snapshot: u8,
    },
    CloneSnapshot {
        snapshot: u8,
    },
    /// Moves the data out, if nothing else can read it.
    MoveOut {
        snapshot: u8,
    },
    /// A value that is closed makes room for another one.
    Renew {
        value: u8,
    },
    /// A watcher out of random combinators.
    Derive {
        seed: u64,
    },
    GetDerived {
        watcher: u8,
        task: u8,
        form: Form,
        modulus: u8,
    },
    CloneDerived {
        watcher: u8,
    },
    DropDerived {
        watcher: u8,
    },
    Advance {
        seconds: u8,
    },
}

/// The forms of a get.
#[derive(Clone, Copy, Debug)]
pub(crate) enum How {
    Plain,
    Filter,
    Backlog,
    FilterBacklog,
    Until { cancelled: bool },
    TryGet,
    GetRef,
    WaitFor,
    TryGetRef,
    Changed,
    BorrowAndUpdate,
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        any::<u64>().prop_map(|number| Self::cut_from(&mut Digits(number)))
    }

    pub(crate) fn cut_from(digits: &mut Digits) -> Self {
        let kind = digits.below(90);
        let (one, flag, data) = (digits.below(16), digits.below(2) == 1, digits.below(8));
        let handle = one;
        match kind {
            0..8 => Self::Set { handle, data },
            8 => Self::Replace { handle, data },
            9 => Self::SetIfNotEq { handle, data },
            10 => Self::Update { handle, add: data % 3, go: flag },
            11 => Self::CompareAndSet { handle, right: flag, data },
            12 => Self::Clear { handle },
            13 => Self::Close { handle },
            14..16 => Self::CloneHandle { handle },
            16 => Self::DropHandle { handle },
            17 => Self::Upgrade { value: one },
            18..22 => Self::Watch { handle, changes: flag },
            22 => Self::WatchReader { value: one, changes: flag },
            23..25 => Self::CloneWatcher { watcher: one },
            25..27 => Self::DropWatcher { watcher: one },
            27 => Self::Mark { watcher: one, seen: flag },
            28..31 => Self::Hold { handle },
            31 => Self::HoldFromWatcher { watcher: one },
            32..35 => Self::LetGo { snapshot: one },
            35..39 => Self::Renew { value: one },
            39..43 => Self::Derive { seed: digits.0 },
            43 => Self::CloneDerived { watcher: one },
            44 => Self::DropDerived { watcher: one },
            45..48 => Self::Advance { seconds: data },
            48..62 => {
                let form = Form::cut_from(digits);
                Self::GetDerived { watcher: one, task: digits.below(2), form, modulus: 1 + digits.below(3) }
            }
            80..82 => Self::Transition { handle, add: data % 3, go: flag },
            82 => Self::UpdateOr { handle, data },
            83..85 => Self::Swap { handle, data, keep: flag },
            85..87 => Self::CloneSnapshot { snapshot: one },
            87..90 => Self::MoveOut { snapshot: one },
            _ => {
                let how = match digits.below(15) {
                    0..4 => How::Plain,
                    4 | 5 => How::Filter,
                    6 => How::Backlog,
                    7 => How::FilterBacklog,
                    8 => How::Until { cancelled: flag },
                    9 => How::TryGet,
                    10 => How::GetRef,
                    11 => How::TryGetRef,
                    12 => How::Changed,
                    13 => How::BorrowAndUpdate,
                    _ => How::WaitFor,
                };
                Self::Get { watcher: one, task: digits.below(4), how, modulus: 1 + digits.below(3) }
            }
        }
    }
}
