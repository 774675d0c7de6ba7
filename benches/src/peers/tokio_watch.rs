//! tokio's watch channel.

use alloc::collections::BTreeMap;
use std::sync::RwLock;

use tokio::sync::watch::{self, Receiver, Sender};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::map::Maps;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "tokio watch",
    Role::Peer,
    Some("tokio"),
    "sets with `send_replace`, because `send` stores nothing while nobody watches. Maps: an `RwLock<BTreeMap>`, and a channel that says \
     that it has changed, whereupon a consumer reads all of it.",
)
.store::<TokioWatch>()
.follow::<TokioWatch>()
.threads::<TokioWatch>()
.special::<Plain<TokioWatch>>()
.produce::<Plain<TokioWatch>>()
.large::<TokioWatch>()
.check::<TokioWatch>()
.fan_out::<TokioWatch>()
.map::<LockedMap>();

struct TokioWatch;

impl<T: Payload> Store<T> for TokioWatch {
    type Value = Sender<T>;

    fn new(_watchers: usize) -> Self::Value {
        Sender::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.send_replace(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.borrow().clone()
    }
}

impl<T: Payload> Follow<T> for TokioWatch {
    type Watcher = Receiver<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.changed().await.expect("the sender is alive");
        watcher.borrow_and_update().clone()
    }
}

impl Check for TokioWatch {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.has_changed().expect("the sender is alive")
    }
}

impl FanOut for TokioWatch {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while watcher.changed().await.is_ok() {
            each(*watcher.borrow_and_update());
        }
    }
}

/// A map behind a lock, and a watch channel that says that it has changed: as most people write it.
struct LockedMap;

impl Maps for LockedMap {
    type Map = (RwLock<BTreeMap<u64, u64>>, watch::Sender<()>);
    type Follower = watch::Receiver<()>;
    type Picture = BTreeMap<u64, u64>;

    fn new(keys: u64) -> Self::Map {
        (RwLock::new((0..keys).map(|key| (key, 0)).collect()), watch::channel(()).0)
    }

    #[inline]
    fn set((map, changed): &Self::Map, key: u64, data: u64) {
        map.write().expect("nobody panics").insert(key, data);
        changed.send_replace(());
    }

    fn follow((_, changed): &Self::Map) -> Self::Follower {
        changed.subscribe()
    }

    #[inline]
    fn drain((map, _): &Self::Map, follower: &mut Self::Follower, mut each: impl FnMut(u64, u64)) {
        if follower.has_changed().expect("the sender is alive") {
            follower.mark_unchanged();
            map.read().expect("nobody panics").iter().for_each(|(key, data)| each(*key, *data));
        }
    }

    #[inline]
    fn picture((map, _): &Self::Map) -> Self::Picture {
        map.read().expect("nobody panics").clone()
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
