//! postage's watch channel.

use core::cell::RefCell;

use postage::stream::Stream;
use postage::watch::{Receiver, Sender, channel_with};

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::produce::Produce;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "postage",
    Role::Peer,
    Some("postage"),
    "has one sender, which sets by `&mut`; where a row shares the value it stands in a `RefCell`. Keeps one waker for each cancelled wait until the next set. No release since 2022.",
)
.store::<Postage>()
.follow::<Postage>()
.large::<Postage>()
.produce::<OnlySender>()
.fan_out::<Postage>();

struct Postage;

impl<T: Payload> Store<T> for Postage {
    type Value = RefCell<Sender<T>>;

    fn new(_watchers: usize) -> Self::Value {
        RefCell::new(channel_with(T::numbered(0)).0)
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        *value.borrow_mut().borrow_mut() = data;
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.borrow_mut().borrow().clone()
    }
}

impl<T: Payload> Follow<T> for Postage {
    type Watcher = Receiver<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.borrow_mut().subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.recv().await.expect("the sender is alive")
    }
}

impl FanOut for Postage {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Some(data) = watcher.recv().await {
            each(data);
        }
    }
}

/// Its sender without a `RefCell`.
struct OnlySender;

impl Produce for OnlySender {
    type Value = Sender<u64>;
    type Watcher = Receiver<u64>;

    fn new(_watchers: usize) -> Self::Value {
        channel_with(0).0
    }

    #[inline]
    fn set(value: &mut Self::Value, data: u64) {
        *value.borrow_mut() = data;
    }

    fn watch(value: &mut Self::Value) -> Self::Watcher {
        value.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
        watcher.recv().await.expect("the sender is alive")
    }
}
