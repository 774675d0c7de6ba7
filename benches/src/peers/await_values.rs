//! await_values' values and observers.

use await_values::{Observer, Value};
use futures_util::StreamExt;

use crate::column::{Column, Role};
use crate::rows::MOST_WATCHERS;
use crate::rows::Plain;
use crate::rows::check::Check;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column = Column::new(
    "await_values",
    Role::Peer,
    Some("await_values"),
    "spins while another thread sets, and a reader beside it can get older data after newer, so a cell may break; a watcher takes no notice of equal data. With 10,000 watchers a batch does not end.",
)
.store::<AwaitValues>()
.follow::<AwaitValues>()
.threads::<AwaitValues>()
.special::<Plain<AwaitValues>>()
.produce::<Plain<AwaitValues>>()
.large::<AwaitValues>()
.check::<AwaitValues>()
.fan_out::<AwaitValues>()
.most_tasks(MOST_WATCHERS);

struct AwaitValues;

impl<T: Payload> Store<T> for AwaitValues {
    type Value = Value<T>;

    fn new(_watchers: usize) -> Self::Value {
        Value::new(T::numbered(0))
    }

    #[inline]
    fn set(value: &Self::Value, data: T) {
        value.set(data);
    }

    #[inline]
    fn read(value: &Self::Value) -> T {
        value.get()
    }
}

impl<T: Payload> Follow<T> for AwaitValues {
    type Watcher = Observer<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.observe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.next().await.expect("the value is alive")
    }
}

impl Check for AwaitValues {
    #[inline]
    fn has_changed(watcher: &mut Self::Watcher) -> bool {
        watcher.is_dirty()
    }
}

impl FanOut for AwaitValues {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Some(data) = watcher.next().await {
            each(data);
        }
    }
}
