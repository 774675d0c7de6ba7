//! Programs: what can be done to a map and its watchers.

use alloc::vec;
use alloc::vec::Vec;

use proptest::collection::vec as list;
use proptest::prelude::*;

use super::{Data, Key};

#[derive(Clone, Copy, Debug)]
pub(super) enum Edit {
    Insert(Key, Data),
    Remove(Key),
    Update(Key, Data),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    All,
    Changes,
    Range(Key, Key),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Write(Vec<Edit>),
    Retain(Data),
    ReplaceAll(Vec<(Key, Data)>),
    Watch(Kind),
    WatchKey(Key),
    Clone(usize),
    Drop(usize),
    DropKey(usize),
    MarkSeen(usize),
    /// Accepts removals and data that is as odd as this.
    Get {
        index: usize,
        accept: Option<Data>,
        backlog: bool,
    },
    Drain(usize),
    GetKey(usize),
    GetState,
    Snapshot,
    DropSnapshot(usize),
    Since(usize),
    Settle,
}

/// Few keys, so that they change often.
fn key() -> impl Strategy<Value = Key> {
    0..12u8
}

fn data() -> impl Strategy<Value = Data> {
    0..100u32
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        4 => (key(), data()).prop_map(|(key, data)| Edit::Insert(key, data)),
        3 => key().prop_map(Edit::Remove),
        2 => (key(), data()).prop_map(|(key, data)| Edit::Update(key, data)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let index = || 0..1000usize;
    let kind = prop_oneof![
        Just(Kind::All),
        Just(Kind::Changes),
        (key(), key()).prop_map(|(start, end)| Kind::Range(start, end)),
    ];
    prop_oneof![
        40 => edit().prop_map(|edit| Step::Write([edit].into())),
        8 => list(edit(), 0..6).prop_map(Step::Write),
        1 => data().prop_map(Step::Retain),
        2 => list((key(), 0..4u32), 0..12).prop_map(Step::ReplaceAll),
        4 => kind.prop_map(Step::Watch),
        2 => key().prop_map(Step::WatchKey),
        2 => index().prop_map(Step::Clone),
        4 => index().prop_map(Step::Drop),
        2 => index().prop_map(Step::DropKey),
        1 => index().prop_map(Step::MarkSeen),
        40 => (index(), proptest::option::weighted(0.2, data()), any::<bool>())
            .prop_map(|(index, accept, backlog)| Step::Get { index, accept, backlog }),
        4 => index().prop_map(Step::Drain),
        10 => index().prop_map(Step::GetKey),
        4 => Just(Step::GetState),
        3 => Just(Step::Snapshot),
        3 => index().prop_map(Step::DropSnapshot),
        4 => index().prop_map(Step::Since),
        1 => Just(Step::Settle),
    ]
}

pub(super) fn steps() -> impl Strategy<Value = Vec<Step>> {
    list(step(), 0..400)
}
