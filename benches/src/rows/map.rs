//! Rows of maps: many keys on one thread, changed in no particular order, and followed or read as a whole.

use core::fmt;
use core::hint::black_box;
use std::time::Instant;

use super::{Outcome, WARM_UP, expect};

/// A map whose keys are the numbers from 0, which can be changed through a shared reference from several threads.
pub trait Maps {
    /// The map, with everything that changing it needs.
    type Map;
    /// A consumer that is told of every key.
    type Follower;
    /// A whole state, on its own.
    type Picture;

    /// A map of so many keys, which hold 0.
    fn new(keys: u64) -> Self::Map;

    /// Sets what a key holds, and wakes whoever waits for that.
    fn set(map: &Self::Map, key: u64, data: u64);

    /// A consumer that has had everything so far.
    fn follow(map: &Self::Map) -> Self::Follower;

    /// Tells `each` what has changed. A peer that does not know which keys did tells it of all.
    fn drain(map: &Self::Map, follower: &mut Self::Follower, each: impl FnMut(u64, u64));

    /// The current state.
    fn picture(map: &Self::Map) -> Self::Picture;

    /// What a key holds in a state.
    fn read(picture: &Self::Picture, key: u64) -> u64;

    /// Tells `each` what differs between two states.
    fn differences(old: &Self::Picture, new: &Self::Picture, each: impl FnMut(u64, u64));
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapWork {
    /// Change a key, and nobody watches.
    Change,
    /// Change a key, and let one consumer be told.
    ChangeGet,
    /// Change a key, and let many consumers be told.
    Followers,
    /// Take a whole state, after each change.
    Snapshot,
    /// Take a whole state after ten changes, and iterate what differs from the one before.
    Since,
}

/// One row of this family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapRow {
    /// How many keys there are.
    pub keys: u64,
    /// What is done.
    pub work: MapWork,
}

/// How many keys the largest map has.
pub(super) const MOST_KEYS: u64 = 100_000;

/// How many consumers follow all keys.
const FOLLOWERS: u64 = 100;

/// How many changes there are between two states that are compared.
const CHANGES: u64 = 10;

impl MapRow {
    /// Every row of this family.
    pub fn all() -> impl Iterator<Item = Self> {
        let works = [MapWork::Change, MapWork::ChangeGet, MapWork::Followers, MapWork::Snapshot, MapWork::Since];
        [10, 1_000, MOST_KEYS].into_iter().flat_map(move |keys| works.map(|work| Self { keys, work }))
    }

    pub(super) fn operations_per_iteration(self) -> u64 {
        if self.work == MapWork::Followers { FOLLOWERS } else { 1 }
    }
}

impl MapRow {
    /// For the tables, where a peer is ahead.
    pub(super) fn why_not_first(self) -> &'static str {
        match self.work {
            MapWork::Change | MapWork::ChangeGet | MapWork::Followers => {
                "nobody waits for a writer: a change is made in a tree that nobody reads, published, and repeated in the tree that was \
                 read before; the peer writes one place under a lock. Of what was tried for a change among 100,000 keys that are text, a tree that \
                 copies a node for each level took 2,540 ns, those of two other crates 5,270 and 9,040: see `event_map`'s tree.rs."
            }
            MapWork::Snapshot | MapWork::Since => {
                "a small map is copied faster as a whole than the changes of two trees are made and noted; and eyeball's vector, \
                 which is persistent as well, is indexed by numbers only."
            }
        }
    }
}

impl fmt::Display for MapRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let work = match self.work {
            MapWork::Change => "change, nobody watching",
            MapWork::ChangeGet => "change then get",
            MapWork::Followers => "change, 100 told",
            MapWork::Snapshot => "change, snapshot",
            MapWork::Since => "10 changes, what differs",
        };
        let keys = match self.keys {
            MOST_KEYS => "100,000".into(),
            1_000 => "1,000".into(),
            keys => keys.to_string(),
        };
        f.pad(&format!("map of {keys}: {work}"))
    }
}

/// The key that is changed next: each in turn, but far from the one before. (The step has no factor in common with the numbers of
/// keys.)
fn key(data: u64, keys: u64) -> u64 {
    data.wrapping_mul(7_919) % keys
}

/// Measures `iterations` operations of `row` with the peer `P`.
pub fn run<P: Maps>(row: MapRow, iterations: u64) -> Outcome {
    let MapRow { keys, work } = row;
    let map = P::new(keys);
    let followers = match work {
        MapWork::Change | MapWork::Snapshot | MapWork::Since => 0,
        MapWork::ChangeGet => 1,
        MapWork::Followers => FOLLOWERS,
    };
    let mut followers: Vec<_> = (0..followers).map(|_| P::follow(&map)).collect();
    // What the consumers were told newest, added up.
    let mut told = 0_u64;
    // A state that is kept costs something with every change, so only that row has one.
    let mut picture = (work == MapWork::Since).then(|| P::picture(&map));
    let mut round = |data: u64| {
        let key = key(data, keys);
        P::set(black_box(&map), key, data);
        match work {
            MapWork::Change => {}
            MapWork::ChangeGet | MapWork::Followers => {
                for follower in &mut followers {
                    let mut newest = 0;
                    P::drain(&map, follower, |_, data| newest = data.max(newest));
                    told = told.wrapping_add(newest);
                }
            }
            MapWork::Snapshot => {
                let now = P::picture(&map);
                told = told.wrapping_add(P::read(&now, key));
                black_box(now);
            }
            MapWork::Since => {
                (1..CHANGES).for_each(|n| P::set(black_box(&map), self::key(data + n, keys), data));
                let now = P::picture(&map);
                let mut newest = 0;
                let before = picture.replace(now);
                if let (Some(before), Some(now)) = (&before, &picture) {
                    P::differences(before, now, |_, data| newest = data.max(newest));
                }
                told = told.wrapping_add(newest);
            }
        }
    };
    for data in 1..=WARM_UP.min(iterations) {
        round(data);
    }
    let before = WARM_UP.min(iterations);
    let start = Instant::now();
    for data in before + 1..=before + iterations {
        round(data);
    }
    let took = start.elapsed();
    let all = before + iterations;
    let times = match work {
        MapWork::Change => 0,
        MapWork::ChangeGet | MapWork::Snapshot | MapWork::Since => 1,
        MapWork::Followers => FOLLOWERS,
    };
    expect("sum of what was told", told, super::sum_up_to(all).wrapping_mul(times))?;
    if work != MapWork::Since {
        expect("last data", P::read(&P::picture(&map), key(all, keys)), all)?;
    }
    Ok(took)
}
