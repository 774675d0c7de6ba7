//! futures-signals' mutable, followed as a stream.

use futures_signals::signal::{Mutable, MutableSignal, SignalExt, SignalStream};
use futures_util::StreamExt;

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::special::Plain;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "futures-signals",
    Role::Peer,
    Some("futures-signals"),
    "loses the wake-up of a set that comes between a watcher's look and the storing of its waker, \
     so a cell with several threads may hang.",
)
.store::<FuturesSignals>()
.follow::<FuturesSignals>()
.threads::<FuturesSignals>()
.special::<Plain<FuturesSignals>>()
.fan_out::<FuturesSignals>();

struct FuturesSignals;

impl Store for FuturesSignals {
    type Value = Mutable<u64>;

    fn new(_watchers: usize) -> Self::Value {
        Mutable::new(0)
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

impl Follow for FuturesSignals {
    type Watcher = SignalStream<MutableSignal<u64>>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.signal().to_stream()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
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
