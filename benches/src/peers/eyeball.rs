//! eyeball's observable that is shared between threads.

use eyeball::{SharedObservable, Subscriber};

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::special::Plain;
use crate::rows::store::Store;

pub(super) const COLUMN: Column =
    Column::new("eyeball", Role::Peer, Some("eyeball"), "`SharedObservable` on its lock of the standard library.")
        .store::<Eyeball>()
        .follow::<Eyeball>()
        .threads::<Eyeball>()
        .special::<Plain<Eyeball>>()
        .fan_out::<Eyeball>();

struct Eyeball;

impl Store for Eyeball {
    type Value = SharedObservable<u64>;

    fn new(_watchers: usize) -> Self::Value {
        SharedObservable::new(0)
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        value.get()
    }
}

impl Follow for Eyeball {
    type Watcher = Subscriber<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.next().await.expect("the observable is alive")
    }
}

impl FanOut for Eyeball {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Some(data) = watcher.next().await {
            each(data);
        }
    }
}
