//! The floor of the fan-out rows: what waking the tasks costs when nothing else is done.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use core::task::{Poll, Waker};
use std::sync::OnceLock;

use crate::column::{Column, Role};
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "floor",
    Role::Floor,
    None,
    "is no peer but a lower bound: wakers in a plain array, stored once and all woken by every \
     set, and one atomic load per delivery. Correct only for tasks whose waker never changes.",
)
.fan_out::<Floor>();

struct Floor;

struct Wakers {
    data: AtomicU64,
    taken: AtomicUsize,
    places: Box<[OnceLock<Waker>]>,
}

struct Place {
    wakers: Arc<Wakers>,
    index: usize,
    stored: bool,
    last: u64,
}

impl Store for Floor {
    type Value = Arc<Wakers>;

    fn new(watchers: usize) -> Self::Value {
        let places = (0..watchers).map(|_| OnceLock::new()).collect();
        Arc::new(Wakers { data: AtomicU64::new(0), taken: AtomicUsize::new(0), places })
    }

    #[inline]
    fn set(value: &Self::Value, data: u64) {
        // Ordering: Relaxed, because the fence does it. The fence is partner to the one in
        // `poll_next`: a task stores its waker and then looks at the data, a set stores the data
        // and then looks for wakers, and at least one of the two must see the other.
        value.data.store(data, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        for waker in value.places.iter().filter_map(OnceLock::get) {
            waker.wake_by_ref();
        }
    }

    #[inline]
    fn read(value: &Self::Value) -> u64 {
        // Ordering: nothing is read through this number.
        value.data.load(Ordering::Relaxed)
    }
}

impl Follow for Floor {
    type Watcher = Place;

    fn watch(value: &Self::Value) -> Self::Watcher {
        // Ordering: it only hands out numbers.
        let index = value.taken.fetch_add(1, Ordering::Relaxed);
        Place { wakers: Arc::clone(value), index, stored: false, last: 0 }
    }

    #[inline]
    fn next(watcher: &mut Self::Watcher) -> impl Future<Output = u64> {
        poll_fn(|cx| watcher.poll_next(cx.waker()))
    }
}

impl Place {
    #[inline]
    fn poll_next(&mut self, waker: &Waker) -> Poll<u64> {
        if !self.stored {
            self.wakers.places[self.index].get_or_init(|| waker.clone());
            self.stored = true;
            // Ordering: SeqCst, partner to the fence in `set`.
            fence(Ordering::SeqCst);
        }
        // Ordering: nothing is read through this number. Once the waker is stored, being polled
        // after a wake-up orders it.
        let data = self.wakers.data.load(Ordering::Relaxed);
        if data == self.last {
            return Poll::Pending;
        }
        self.last = data;
        Poll::Ready(data)
    }
}

impl FanOut for Floor {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        loop {
            each(poll_fn(|cx| watcher.poll_next(cx.waker())).await);
        }
    }
}
