//! futures-signals' mutable, followed as a stream.

use alloc::collections::BTreeMap;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use futures_signals::signal::{Mutable, MutableSignalCloned, SignalExt, SignalStream};
use futures_signals::signal_map::{self, MapDiff, MutableBTreeMap, MutableSignalMap};
use futures_util::StreamExt;

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::map::Maps;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "futures-signals",
    Role::Peer,
    Some("futures-signals"),
    "loses the wake-up of a set that comes between a watcher's look and the storing of its waker, \
     so a cell with several threads may hang. Maps: `MutableBTreeMap`, which queues every change for every \
     consumer, without bound.",
)
.store::<FuturesSignals>()
.follow::<FuturesSignals>()
.threads::<FuturesSignals>()
.special::<Plain<FuturesSignals>>()
.produce::<Plain<FuturesSignals>>()
.large::<FuturesSignals>()
.fan_out::<FuturesSignals>()
.map::<SignalMap>();

struct FuturesSignals;

impl<T: Payload> Store<T> for FuturesSignals {
    type Value = Mutable<T>;

    fn new(_watchers: usize) -> Self::Value {
        Mutable::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.get_cloned()
    }
}

impl<T: Payload> Follow<T> for FuturesSignals {
    type Watcher = SignalStream<MutableSignalCloned<T>>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.signal_cloned().to_stream()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.next().await.expect("the mutable is alive")
    }
}

impl FanOut for FuturesSignals {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Some(data) = watcher.next().await {
            each(data);
        }
    }
}

/// The map of signals.
struct SignalMap;

impl Maps for SignalMap {
    type Map = MutableBTreeMap<u64, u64>;
    type Follower = MutableSignalMap<u64, u64>;
    type Picture = BTreeMap<u64, u64>;

    fn new(keys: u64) -> Self::Map {
        MutableBTreeMap::with_values((0..keys).map(|key| (key, 0)).collect())
    }

    #[inline]
    fn set(map: &Self::Map, key: u64, data: u64) {
        map.lock_mut().insert(key, data);
    }

    fn follow(map: &Self::Map) -> Self::Follower {
        let mut follower = map.signal_map();
        Self::drain(map, &mut follower, |_, _| {});
        follower
    }

    #[inline]
    fn drain(_: &Self::Map, follower: &mut Self::Follower, mut each: impl FnMut(u64, u64)) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(diff)) = signal_map::SignalMap::poll_map_change(Pin::new(follower), &mut cx) {
            match diff {
                MapDiff::Insert { key, value } | MapDiff::Update { key, value } => each(key, value),
                MapDiff::Replace { entries } => entries.into_iter().for_each(|(key, value)| each(key, value)),
                MapDiff::Remove { .. } | MapDiff::Clear {} => {}
            }
        }
    }

    #[inline]
    fn picture(map: &Self::Map) -> Self::Picture {
        map.lock_ref().clone()
    }

    #[inline]
    fn read(picture: &Self::Picture, key: u64) -> u64 {
        picture[&key]
    }

    #[inline]
    fn differences(old: &Self::Picture, new: &Self::Picture, mut each: impl FnMut(u64, u64)) {
        new.iter().filter(|(key, data)| old.get(key) != Some(data)).for_each(|(key, data)| each(*key, *data));
    }
}
