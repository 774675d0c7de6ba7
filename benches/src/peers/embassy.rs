//! embassy-sync's watch, on its thread-safe mutex and on the one that never leaves a thread.

use core::marker::PhantomData;

use embassy_sync::blocking_mutex::raw::{CriticalSectionRawMutex, NoopRawMutex, RawMutex};
use embassy_sync::watch::{Receiver, Watch};

use crate::column::{Column, Role};
use crate::rows::MOST_WATCHERS;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::special::Plain;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "embassy",
    Role::Peer,
    Some("embassy-sync"),
    "on `CriticalSectionRawMutex`, which here is one lock for the whole process.",
)
.store::<Embassy<CriticalSectionRawMutex>>()
.follow::<Embassy<CriticalSectionRawMutex>>()
.threads::<Embassy<CriticalSectionRawMutex>>()
.special::<Plain<Embassy<CriticalSectionRawMutex>>>()
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

impl<M: RawMutex + 'static> Store for Embassy<M> {
    // Receivers borrow the watch, and tasks ask for `'static`. In firmware this is a static; here
    // one is leaked per batch.
    type Value = &'static Watch<M, u64, MOST_WATCHERS>;

    fn new(_watchers: usize) -> Self::Value {
        Box::leak(Box::new(Watch::new_with(0)))
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        value.sender().send(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        value.try_get().expect("there is data from the start")
    }
}

impl<M: RawMutex + 'static> Follow for Embassy<M> {
    type Watcher = Receiver<'static, M, u64, MOST_WATCHERS>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.receiver().expect("fewer receivers than places")
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> u64 {
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
