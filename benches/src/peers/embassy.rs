//! embassy-sync's watch, on its thread-safe mutex and on the one that never leaves a thread.

use core::marker::PhantomData;

use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex, RawMutex};
use embassy_sync::watch::{Receiver, Watch};

use crate::column::{Column, Role};
use crate::rows::MOST_WATCHERS;
use crate::rows::Plain;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "embassy",
    Role::Peer,
    Some("embassy-sync"),
    "on `CriticalSectionRawMutex`, which here is one lock for the whole process, with room for 1,000 receivers in each value, used or not.",
)
.store::<Embassy<CriticalSectionRawMutex>>()
.follow::<Embassy<CriticalSectionRawMutex>>()
.threads::<Embassy<CriticalSectionRawMutex>>()
.special::<Plain<Embassy<CriticalSectionRawMutex>>>()
.produce::<Plain<Embassy<CriticalSectionRawMutex>>>()
.large::<Embassy<CriticalSectionRawMutex>>()
.most_tasks(MOST_WATCHERS)
.fan_out::<Embassy<CriticalSectionRawMutex>>();

pub(super) const ONE_THREAD_COLUMN: Column = Column::new(
    "embassy, one thread",
    Role::OneThread,
    None,
    "on `NoopRawMutex`, which is no lock at all: single-thread-only, and so never the best peer.",
)
.store::<Embassy<NoopRawMutex>>()
.follow::<Embassy<NoopRawMutex>>();

struct Embassy<M>(PhantomData<M>);

impl<M: RawMutex + 'static, T: Payload> Store<T> for Embassy<M> {
    // Receivers borrow the watch, and tasks ask for `'static`. In firmware this is a static; here
    // one is leaked per batch.
    type Value = &'static Watch<M, T, MOST_WATCHERS>;

    fn new(_watchers: usize) -> Self::Value {
        Box::leak(Box::new(Watch::new_with(T::numbered(0))))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.sender().send(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.try_get().expect("there is data from the start")
    }
}

impl<M: RawMutex + 'static, T: Payload> Follow<T> for Embassy<M> {
    type Watcher = Receiver<'static, M, T, MOST_WATCHERS>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.receiver().expect("fewer receivers than places")
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.changed().await
    }
}

impl FanOut for Embassy<CriticalSectionRawMutex> {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        loop {
            each(watcher.changed().await);
        }
    }
}
