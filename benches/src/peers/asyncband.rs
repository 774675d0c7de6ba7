//! asyncband's watch channel.

use asyncband::watch::{Receiver, Sender, channel};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "asyncband",
    Role::Peer,
    Some("asyncband"),
    "reads by a clone of the data under its one mutex. `send_replace`, because `send` stores nothing while nobody watches.",
)
.store::<Asyncband>()
.follow::<Asyncband>()
.threads::<Asyncband>()
.special::<Plain<Asyncband>>()
.produce::<Plain<Asyncband>>()
.large::<Asyncband>()
.check::<Asyncband>()
.fan_out::<Asyncband>();

struct Asyncband;

impl<T: Payload> Store<T> for Asyncband {
    type Value = (Sender<T>, Receiver<T>);

    fn new(_watchers: usize) -> Self::Value {
        channel(T::numbered(0))
    }

    #[inline]
    fn set((sender, _): &Self::Value, data: T) {
        sender.send_replace(data);
    }

    #[inline]
    fn read((_, receiver): &Self::Value) -> T {
        receiver.get()
    }
}

impl<T: Payload> Follow<T> for Asyncband {
    type Watcher = Receiver<T>;

    fn watch((sender, _): &Self::Value) -> Self::Watcher {
        sender.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.recv().await.expect("the sender is alive")
    }
}

impl Check for Asyncband {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.has_changed().expect("the sender is alive")
    }
}

impl FanOut for Asyncband {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Ok(data) = watcher.recv().await {
            each(data);
        }
    }
}
