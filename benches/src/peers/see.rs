//! see's watch channel, of compio.

use see::sync::{Receiver, Sender};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "see",
    Role::Peer,
    Some("see"),
    "sets with `send_replace`, because `send` stores nothing while nobody watches. Tasks on two workers can miss a wake-up, so a cell may hang.",
)
.store::<See>()
.follow::<See>()
.threads::<See>()
.special::<Plain<See>>()
.produce::<Plain<See>>()
.large::<See>()
.check::<See>()
.fan_out::<See>();

struct See;

impl<T: Payload> Store<T> for See {
    type Value = Sender<T>;

    fn new(_watchers: usize) -> Self::Value {
        Sender::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        _ = value.send_replace(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.borrow().clone()
    }
}

impl<T: Payload> Follow<T> for See {
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

impl Check for See {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.has_changed().expect("the sender is alive")
    }
}

impl FanOut for See {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while watcher.changed().await.is_ok() {
            each(*watcher.borrow_and_update());
        }
    }
}
