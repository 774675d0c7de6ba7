//! async-watch's channel.

use async_watch::{Receiver, Sender, channel};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "async-watch",
    Role::Peer,
    Some("async-watch"),
    "always has one idle receiver, because it neither stores nor reads without one. Its receivers \
     can panic when they are woken for what they already have, so a cell may break.",
)
.store::<AsyncWatch>()
.follow::<AsyncWatch>()
.threads::<AsyncWatch>()
.special::<Plain<AsyncWatch>>()
.produce::<Plain<AsyncWatch>>()
.large::<AsyncWatch>()
.fan_out::<AsyncWatch>();

struct AsyncWatch;

impl<T: Payload> Store<T> for AsyncWatch {
    type Value = (Sender<T>, Receiver<T>);

    fn new(_watchers: usize) -> Self::Value {
        channel(T::numbered(0))
    }

    #[inline]
    fn set((sender, _): &Self::Value, data: T) {
        assert!(sender.send(data).is_ok(), "there is a receiver");
    }

    #[inline]
    fn read((_, receiver): &Self::Value) -> T {
        receiver.borrow().clone()
    }
}

impl<T: Payload> Follow<T> for AsyncWatch {
    type Watcher = Receiver<T>;

    fn watch((_, receiver): &Self::Value) -> Self::Watcher {
        receiver.clone()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.recv().await.expect("the sender is alive")
    }
}

impl FanOut for AsyncWatch {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.recv().await {
            each(data);
        }
    }
}
