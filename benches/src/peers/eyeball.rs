//! eyeball's observable that is shared between threads.

use core::task::{Context, Poll, Waker};
use std::sync::Mutex;

use eyeball::{SharedObservable, Subscriber};
use eyeball_im::{ObservableVector, Vector, VectorDiff, VectorSubscriberStream};
use futures_util::StreamExt;

use crate::column::{Column, Role};
use crate::rows::Plain;
use crate::rows::fan_out::FanOut;
use crate::rows::follow::Follow;
use crate::rows::map::Maps;
use crate::rows::payload::Payload;
use crate::rows::store::Store;

pub(super) const COLUMN: Column =
    Column::new("eyeball", Role::Peer, Some("eyeball"), "`SharedObservable` on its lock of the standard library; maps: `eyeball_im::ObservableVector`, whose indices are the \
 keys, behind a lock.")
        .store::<Eyeball>()
        .follow::<Eyeball>()
        .threads::<Eyeball>()
        .special::<Plain<Eyeball>>()
.produce::<Plain<Eyeball>>()
.large::<Eyeball>()
        .fan_out::<Eyeball>()
.map::<ObservedVector>();

struct Eyeball;

impl<T: Payload> Store<T> for Eyeball {
    type Value = SharedObservable<T>;

    fn new(_watchers: usize) -> Self::Value {
        SharedObservable::new(T::numbered(0))
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

impl<T: Payload> Follow<T> for Eyeball {
    type Watcher = Subscriber<T>;

    fn watch(value: &Self::Value) -> Self::Watcher {
        value.subscribe()
    }

    #[inline]
    async fn next(watcher: &mut Self::Watcher) -> T {
        watcher.next().await.expect("the observable is alive")
    }
}

impl FanOut for Eyeball {
    async fn follow(mut watcher: Self::Watcher, mut each: impl FnMut(u64) + Send + 'static) {
        while let Some(data) = watcher.next().await {
            each(data);
        }
    }
}

/// A vector whose indices are the keys, behind a lock.
struct ObservedVector;

impl Maps for ObservedVector {
    type Map = Mutex<ObservableVector<u64>>;
    type Follower = VectorSubscriberStream<u64>;
    type Picture = Vector<u64>;

    fn new(keys: u64) -> Self::Map {
        let mut vector = ObservableVector::new();
        vector.append((0..keys).map(|_| 0).collect());
        Mutex::new(vector)
    }

    #[inline]
    fn set(map: &Self::Map, key: u64, data: u64) {
        map.lock().expect("nobody panics").set(key as usize, data);
    }

    fn follow(map: &Self::Map) -> Self::Follower {
        map.lock().expect("nobody panics").subscribe().into_stream()
    }

    #[inline]
    fn drain(_: &Self::Map, follower: &mut Self::Follower, mut each: impl FnMut(u64, u64)) {
        let mut cx = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(diff)) = follower.poll_next_unpin(&mut cx) {
            match diff {
                VectorDiff::Set { index, value } => each(index as u64, value),
                VectorDiff::Reset { values } => {
                    values.into_iter().enumerate().for_each(|(index, value)| each(index as u64, value));
                }
                _ => {}
            }
        }
    }

    #[inline]
    fn picture(map: &Self::Map) -> Self::Picture {
        (**map.lock().expect("nobody panics")).clone()
    }

    #[inline]
    fn read(picture: &Self::Picture, key: u64) -> u64 {
        picture[key as usize]
    }

    #[inline]
    fn differences(old: &Self::Picture, new: &Self::Picture, mut each: impl FnMut(u64, u64)) {
        for (key, (data, _)) in new.iter().zip(old).enumerate().filter(|(_, (data, old))| data != old) {
            each(key as u64, *data);
        }
    }
}
