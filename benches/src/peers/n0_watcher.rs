//! n0-watcher's watchable, of iroh.

use n0_watcher::{Direct, Watchable, Watcher};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "n0-watcher",
    Role::Peer,
    Some("n0-watcher"),
    "takes no notice of equal data. Before 1.0.1 a dropped watcher left its waker behind.",
)
.store::<N0Watcher>()
.follow::<N0Watcher>()
.threads::<N0Watcher>()
.special::<Plain<N0Watcher>>()
.produce::<Plain<N0Watcher>>()
.large::<N0Watcher>()
.fan_out::<N0Watcher>();

struct N0Watcher;

impl<T: Payload> Store<T> for N0Watcher {
    type Value = Watchable<T>;

    fn new(_watchers: usize) -> Self::Value {
        Watchable::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        _ = value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.get()
    }
}

impl<T: Payload> Follow<T> for N0Watcher {
    type Watcher = Direct<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.watch()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.updated().await.expect("the value is alive")
    }
}

impl FanOut for N0Watcher {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.updated().await {
            each(data);
        }
    }
}
