//! watchable's lock whose watchers are told.

use watchable::{Watchable, Watcher};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::blocking::Blocking;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "watchable",
    Role::Peer,
    Some("watchable"),
    "no release since 2023; counts its watchers wrongly after a clone, which no row does.",
)
.store::<Watched>()
.follow::<Watched>()
.threads::<Watched>()
.special::<Plain<Watched>>()
.produce::<Plain<Watched>>()
.large::<Watched>()
.check::<Watched>()
.blocking::<Watched>()
.fan_out::<Watched>();

struct Watched;

impl<T: Payload> Store<T> for Watched {
    type Value = Watchable<T>;

    fn new(_watchers: usize) -> Self::Value {
        Watchable::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.replace(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.get()
    }
}

impl<T: Payload> Follow<T> for Watched {
    type Watcher = Watcher<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.next_value_async().await.expect("the value is alive")
    }
}

impl Check for Watched {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        !watcher.is_current()
    }
}

impl FanOut for Watched {
    async fn follow(watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.next_value_async().await {
            each(data);
        }
    }
}

impl Blocking for Watched {
    type Watcher = Watcher<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        let watcher = value.watch();
        watcher.mark_read();
        watcher
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.next_value().expect("the value is alive")
    }
}
