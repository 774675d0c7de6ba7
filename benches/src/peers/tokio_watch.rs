//! tokio's watch channel.

use tokio::sync::watch::{Receiver, Sender};

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::special::Plain;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "tokio watch",
    Role::Peer,
    Some("tokio"),
    "sets with `send_replace`, because `send` stores nothing while nobody watches.",
)
.store::<TokioWatch>()
.follow::<TokioWatch>()
.threads::<TokioWatch>()
.special::<Plain<TokioWatch>>()
.fan_out::<TokioWatch>();

struct TokioWatch;

impl Store for TokioWatch {
    type Value = Sender<u64>;

    fn new(_watchers: usize) -> Self::Value {
        Sender::new(0)
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        value.send_replace(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        *value.borrow()
    }
}

impl Follow for TokioWatch {
    type Watcher = Receiver<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.changed().await.expect("the sender is alive");
        *watcher.borrow_and_update()
    }
}

impl FanOut for TokioWatch {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while watcher.changed().await.is_ok() {
            each(*watcher.borrow_and_update());
        }
    }
}
