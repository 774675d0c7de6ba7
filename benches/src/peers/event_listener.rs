//! A mutex and an event of event-listener, as most people write it.

use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard};

use event_listener::{Event, Listener, listener};

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::blocking::Blocking;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "Mutex + Event",
    Role::Peer,
    Some("event-listener"),
    "a mutex of the standard library around the data and its version, and an `event_listener::Event`: as most people write it.",
)
.store::<Listening>()
.follow::<Listening>()
.threads::<Listening>()
.special::<Plain<Listening>>()
.produce::<Plain<Listening>>()
.large::<Listening>()
.check::<Listening>()
.blocking::<Listening>()
.fan_out::<Listening>();

struct Listening;

#[derive(Default)]
struct Shared<T> {
    /// The data, and how often it was set.
    state: Mutex<(T, u64)>,
    changed: Event,
}

struct Watcher<T> {
    shared: Arc<Shared<T>>,
    seen: u64,
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, (T, u64)> {
        self.state.lock().expect("nobody panics")
    }
}

impl<T: Payload> Watcher<T> {
    #[inline]
    fn newer(&mut self) -> Option<T> {
        let state = self.shared.state();
        if state.1 == self.seen {
            return None;
        }
        self.seen = state.1;
        Some(state.0.clone())
    }
}

impl<T: Payload> Store<T> for Listening {
    type Value = Arc<Shared<T>>;

    fn new(_watchers: usize) -> Self::Value {
        Arc::new(Shared { state: Mutex::new((T::numbered(0), 0)), changed: Event::new() })
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        let mut state = value.state();
        *state = (data, state.1 + 1);
        drop(state);
        value.changed.notify(usize::MAX);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.state().0.clone()
    }
}

impl<T: Payload> Follow<T> for Listening {
    type Watcher = Watcher<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        Watcher { shared: Arc::clone(value), seen: 0 }
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        loop {
            if let Some(data) = watcher.newer() {
                return data;
            }
            let shared = Arc::clone(&watcher.shared);
            listener!(shared.changed => listener);
            // It may have been set before there was a listener.
            if let Some(data) = watcher.newer() {
                return data;
            }
            listener.await;
        }
    }
}

impl Check for Listening {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.shared.state().1 != watcher.seen
    }
}

impl Blocking for Listening {
    type Watcher = Watcher<u64>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        Watcher { shared: Arc::clone(value), seen: value.state().1 }
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> u64 {
        loop {
            if let Some(data) = watcher.newer() {
                return data;
            }
            let shared = Arc::clone(&watcher.shared);
            listener!(shared.changed => listener);
            if let Some(data) = watcher.newer() {
                return data;
            }
            listener.wait();
        }
    }
}

impl FanOut for Listening {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        loop {
            each(<Self as Follow<u64>>::next(&mut watcher).await);
        }
    }
}
