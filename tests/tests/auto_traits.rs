//! What is `Send`, `Sync` and `Unpin`, and what is not: checked when this compiles.
//!
//! | | data that is | handles, watchers, borrows, futures |
//! |---|---|---|
//! | `u64` | `Send + Sync` | both |
//! | `Cell<u8>` | `Send` | neither: readers share what is set |
//! | `MutexGuard` | `Sync` | neither: whoever lets go last drops it |
//! | `Rc<()>` | neither | neither |
//!
//! Maps are the same in their keys and in their data. Errors that hand data back own it, so they are what the data is. Combinators are what they are made of: their watchers,
//! functions, timers and sleeps, and the items of those that keep one. Sleeps are boxed, so they need not be `Unpin`.

extern crate alloc;

use alloc::rc::Rc;
use core::cell::Cell;
use core::future::{Future, Pending, Ready, pending};
use core::marker::{PhantomData, PhantomPinned};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::MutexGuard;

use event_core::adapter::{CancelOn, Clock, Deadline, Unlimited};
use event_core::{
    Accept, BackendError, Backlog, BacklogOnly, Block, BlockingIter, BoxWatcher, CachedReader, CasError, Changed,
    ChannelClosed, Combine, Debounce, Dedup, DedupByKey, Driver, Everything, Filter, FilterMap, Full, Get, GetError,
    GetRef, Inspect, Map, MapLatest, MappedRef, MemoryReader, MemoryValue, MemoryWatcher, MemoryWriter, Optional, Park,
    Pipe, PipeError, PipeTo, Ref, Relax, RelaxStrategy, Sample, Scan, Select, SelectTuple, SetError, Signal, Snapshot,
    Space, StateValue, SwitchMap, Throttle, Timer, Value, ValueState, Version, WaitFor, Waiting, Watch, WatchFn,
    Watcher, WatcherExt, WatcherStream, WatcherTuple, WeakValue, WhileWatched,
};
use event_map::{
    Change, KeyWatcher, MapReader, MapSnapshot, MapWatcher, MemoryMap, RangeWatcher, SnapshotWatcher, WatchMap,
};
use static_assertions::{
    assert_impl_all as all, assert_not_impl_all as not_all, assert_not_impl_any as none, assert_obj_safe as dyn_safe,
};

type OnlySend = Cell<u8>;
type OnlySync = MutexGuard<'static, u8>;
type Neither = Rc<()>;
type Predicate = fn(&u64) -> bool;

/// For everything that shares data of type `T`: `$Type<T>` for the four kinds of data, and for data that must not move.
macro_rules! shares_data {
    ($($Type:ident<$($lifetime:lifetime,)? T $(, $more:ty)?>;)+) => { $(
        all!($Type<$($lifetime,)? u64 $(, $more)?>: Send, Sync, Unpin);
        none!($Type<$($lifetime,)? OnlySend $(, $more)?>: Send, Sync);
        none!($Type<$($lifetime,)? OnlySync $(, $more)?>: Send, Sync);
        none!($Type<$($lifetime,)? Neither $(, $more)?>: Send, Sync);
        all!($Type<$($lifetime,)? Neither $(, $more)?>: Unpin);
        all!($Type<$($lifetime,)? PhantomPinned $(, $more)?>: Send, Sync, Unpin);
    )+ };
}

// A space holds data, and shares it with whoever has a handle to the value in it.
all!(Space<u8, 1, 0>: Send, Sync);
all!(Space<Cell<u8>, 1, 0>: Send);
none!(Space<Cell<u8>, 1, 0>: Sync);
none!(Space<Rc<u8>, 1, 0>: Send, Sync);
all!(Full: Send, Sync, Unpin);

shares_data! {
    MemoryValue<T>;
    StateValue<T>;
    MemoryReader<T>;
    WeakValue<T>;
    MemoryWatcher<T>;
    MemoryWriter<T>;
    CachedReader<T>;
    Ref<'static, T>;
    MappedRef<'static, T>;
    Snapshot<T>;
    GetRef<'static, T>;
    Changed<'static, T>;
    WaitFor<'static, T, ()>;
    ValueState<'static, T>;
}

/// For errors that own data.
macro_rules! owns_data {
    ($($Type:ident;)+) => { $(
        all!($Type<u64>: Send, Sync, Unpin, core::error::Error);
        all!($Type<OnlySend>: Send);
        none!($Type<OnlySend>: Sync);
        all!($Type<OnlySync>: Sync);
        none!($Type<OnlySync>: Send);
        none!($Type<Neither>: Send, Sync);
        none!($Type<PhantomPinned>: Unpin);
    )+ };
}

owns_data! {
    SetError;
    CasError;
}

// A get is what its watcher, its predicate and what cancels it are.
type GetOf<W, P = Everything, B = Waiting, C = Pending<()>> = Get<'static, W, P, B, C>;
all!(GetOf<MemoryWatcher<u64>>: Send, Sync, Unpin);
all!(GetOf<MemoryWatcher<u64>, Predicate, BacklogOnly>: Send, Sync, Unpin);
all!(GetOf<dyn Watcher<Item = u64> + Send>: Send, Unpin);
none!(GetOf<dyn Watcher<Item = u64> + Send>: Sync);
none!(GetOf<dyn Watcher<Item = u64>>: Send, Sync);
none!(GetOf<MemoryWatcher<OnlySend>>: Send, Sync);
none!(GetOf<MemoryWatcher<Neither>>: Send, Sync);
none!(GetOf<MemoryWatcher<u64>, Neither>: Send, Sync);
none!(GetOf<MemoryWatcher<u64>, Everything, Waiting, Ready<Neither>>: Send, Sync);
none!(GetOf<MemoryWatcher<u64>, Everything, Waiting, PhantomPinned>: Unpin);
all!(GetOf<MemoryWatcher<u64>, PhantomPinned>: Send, Sync, Unpin);
none!(WaitFor<'static, u64, Neither>: Send, Sync);
all!(WaitFor<'static, u64, PhantomPinned>: Unpin);

all!(WatcherStream<MemoryWatcher<u64>>: Send, Sync, Unpin);
none!(WatcherStream<MemoryWatcher<Neither>>: Send, Sync);
none!(WatcherStream<PhantomPinned>: Unpin);
all!(BoxWatcher<'static, u64>: Send, Unpin);
none!(BoxWatcher<'static, u64>: Sync);

all!(GetError: Send, Sync, Unpin, core::error::Error);
all!(BackendError: Send, Sync, Unpin, core::error::Error);
all!(Version: Send, Sync, Unpin, Copy, Ord);
all!(Everything: Send, Sync, Unpin);
all!(Waiting: Send, Sync, Unpin);
all!(BacklogOnly: Send, Sync, Unpin);

/// For combinators of a watcher and a function, which keep no item.
macro_rules! has_function {
    ($($Type:ident<W, F $(, $more:ty)?>;)+) => { $(
        all!($Type<MemoryWatcher<u64>, Predicate $(, $more)?>: Send, Sync, Unpin);
        all!($Type<BoxWatcher<'static, Neither>, Predicate $(, $more)?>: Send, Unpin);
        none!($Type<BoxWatcher<'static, u64>, Predicate $(, $more)?>: Sync);
        none!($Type<MemoryWatcher<OnlySend>, Predicate $(, $more)?>: Send, Sync);
        none!($Type<MemoryWatcher<Neither>, Predicate $(, $more)?>: Send, Sync);
        none!($Type<MemoryWatcher<u64>, Neither $(, $more)?>: Send, Sync);
        all!($Type<MemoryWatcher<PhantomPinned>, Predicate $(, $more)?>: Unpin);
        none!($Type<PhantomPinned, Predicate $(, $more)?>: Unpin);
        none!($Type<MemoryWatcher<u64>, PhantomPinned $(, $more)?>: Unpin);
    )+ };
}

has_function! {
    Map<W, F>;
    Filter<W, F>;
    FilterMap<W, F>;
    Inspect<W, F>;
    DedupByKey<W, F, u64>;
    SwitchMap<W, F, MemoryReader<u64>>;
    ScanOf<W, F>;
    MapLatest<W, F, Ready<u64>>;
}

type ScanOf<W, F> = Scan<W, u64, F>;

none!(Scan<MemoryWatcher<u64>, Neither, Predicate>: Send, Sync);
none!(Scan<MemoryWatcher<u64>, PhantomPinned, Predicate>: Unpin);
none!(MapLatest<MemoryWatcher<u64>, Predicate, Pin<Box<dyn Future<Output = u64>>>>: Send, Sync);
all!(MapLatest<MemoryWatcher<u64>, Predicate, Pin<Box<dyn Future<Output = u64> + Send>>>: Send, Unpin);
// Runs are boxed, and cannot be cloned.
all!(MapLatest<MemoryWatcher<u64>, Predicate, PinnedSleep>: Send, Sync, Unpin);
none!(MapLatest<MemoryWatcher<u64>, Predicate, Ready<u64>>: Clone);

all!(Optional<MemoryWatcher<u64>>: Send, Sync, Unpin, Clone);
none!(Optional<MemoryWatcher<Neither>>: Send, Sync);
all!(Optional<BoxWatcher<'static, u64>>: Send, Unpin);
none!(Optional<PhantomPinned>: Unpin);

none!(DedupByKey<MemoryWatcher<u64>, Predicate, Neither>: Send, Sync);
none!(DedupByKey<MemoryWatcher<u64>, Predicate, PhantomPinned>: Unpin);
none!(SwitchMap<MemoryWatcher<u64>, Predicate, MemoryReader<Neither>>: Send, Sync);
// It keeps the watcher, not the value.
all!(SwitchMap<MemoryWatcher<u64>, Predicate, ValueOfOneThread>: Send, Sync, Unpin);

/// For combinators that keep an item.
macro_rules! keeps_an_item {
    ($($Type:ident<$W:ident $(, $more:ty)?>;)+) => { $(
        all!($Type<MemoryWatcher<u64> $(, $more)?>: Send, Sync, Unpin);
        none!($Type<MemoryWatcher<OnlySend> $(, $more)?>: Send, Sync);
        none!($Type<MemoryWatcher<Neither> $(, $more)?>: Send, Sync);
        all!($Type<BoxWatcher<'static, OnlySend> $(, $more)?>: Send);
        none!($Type<BoxWatcher<'static, Neither> $(, $more)?>: Send, Sync);
    )+ };
}

type CombineTwo<W> = Combine<(W, MemoryWatcher<u64>)>;

keeps_an_item! {
    Dedup<W>;
    CombineTwo<W>;
    CombineMany<W>;
    CombineArray<W>;
    Debounce<W, Timed>;
}

type CombineMany<W> = Combine<Vec<W>>;
type CombineArray<W> = Combine<[W; 3]>;

none!(Dedup<MemoryWatcher<PhantomPinned>>: Unpin);
none!(CombineTwo<MemoryWatcher<PhantomPinned>>: Unpin);
all!(Debounce<MemoryWatcher<PhantomPinned>, Timed>: Unpin);

all!(Select<(MemoryWatcher<u64>, BoxWatcher<'static, u64>)>: Send, Unpin);
all!(Select<(MemoryWatcher<u64>, MemoryWatcher<u64>)>: Send, Sync, Unpin);
none!(Select<(MemoryWatcher<u64>, MemoryWatcher<Neither>)>: Send, Sync);

all!(Select<Vec<MemoryWatcher<u64>>>: Send, Sync, Unpin, Clone);
all!(Select<[MemoryWatcher<u64>; 3]>: Send, Sync, Unpin, Clone);
all!(Select<Vec<BoxWatcher<'static, u64>>>: Send, Unpin);
none!(Select<Vec<BoxWatcher<'static, u64>>>: Sync, Clone);
none!(Select<Vec<MemoryWatcher<Neither>>>: Send, Sync);
none!(Select<[MemoryWatcher<Neither>; 3]>: Send, Sync);
all!(Select<Vec<MemoryWatcher<PhantomPinned>>>: Unpin);

// A driver sets a value, which shares the data.
all!(Driver<MemoryWatcher<u64>>: Send, Sync, Unpin);
all!(Driver<BoxWatcher<'static, u64>>: Send, Unpin);
none!(Driver<BoxWatcher<'static, OnlySend>>: Send, Sync);
all!(Driver<MemoryWatcher<PhantomPinned>>: Unpin);
none!(WhileWatched<BoxWatcher<'static, OnlySend>, Timed>: Send, Sync);
all!(WhileWatched<MemoryWatcher<PhantomPinned>, Sleeps<PinnedSleep, PhantomPinned>>: Unpin);

/// For combinators with a timer.
macro_rules! has_timer {
    ($($Type:ident;)+) => { $(
        all!($Type<MemoryWatcher<u64>, Timed>: Send, Sync, Unpin);
        none!($Type<MemoryWatcher<Neither>, Timed>: Send, Sync);
        none!($Type<MemoryWatcher<u64>, Sleeps<Ready<()>, Neither>>: Send, Sync);
        all!($Type<MemoryWatcher<u64>, Sleeps<Pin<Box<dyn Future<Output = ()> + Send>>>>: Send, Unpin);
        none!($Type<MemoryWatcher<u64>, Sleeps<Pin<Box<dyn Future<Output = ()> + Send>>>>: Sync);
        none!($Type<MemoryWatcher<u64>, Sleeps<Pin<Box<dyn Future<Output = ()>>>>>: Send, Sync);
        all!($Type<MemoryWatcher<u64>, Sleeps<PinnedSleep>>: Send, Sync, Unpin);
        none!($Type<MemoryWatcher<u64>, Sleeps<Ready<()>, PhantomPinned>>: Unpin);
        none!($Type<MemoryWatcher<u64>, Timed>: Clone);
    )+ };
}

has_timer! {
    Debounce;
    Throttle;
    Sample;
}

/// A timer with sleeps of type `S`, that has something of type `T`.
struct Sleeps<S, T = ()>(T, PhantomData<fn() -> S>);
type Timed = Sleeps<Ready<()>>;

impl<S: Future<Output = ()>, T> Timer for Sleeps<S, T> {
    type Sleep = S;

    fn sleep(&self, _: Duration) -> S {
        unreachable!("nothing is run")
    }
}

/// A sleep that must not be moved.
struct PinnedSleep(PhantomPinned);

impl Future for PinnedSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// A value of one thread, with watchers that may leave it.
struct ValueOfOneThread(PhantomData<Neither>);

impl Watch for ValueOfOneThread {
    type Item = u64;
    type Watcher = MemoryWatcher<u64>;

    fn watch(&self) -> MemoryWatcher<u64> {
        unreachable!("nothing is run")
    }
}

all!(WatchFn<Predicate>: Send, Sync, Unpin, Copy);
none!(WatchFn<Neither>: Send, Sync, Copy);
none!(WatchFn<PhantomPinned>: Unpin);

// An iterator is what its watcher is, whatever it does while it waits.
all!(BlockingIter<'static, MemoryWatcher<u64>, Park>: Send, Sync, Unpin);
all!(BlockingIter<'static, MemoryWatcher<u64>, Relax<Neither>>: Send, Sync, Unpin);
none!(BlockingIter<'static, MemoryWatcher<Neither>, Park>: Send, Sync);
all!(BlockingIter<'static, dyn Watcher<Item = u64> + Send, Park>: Send, Unpin);
none!(BlockingIter<'static, dyn Watcher<Item = u64> + Send, Park>: Sync);
all!(BlockingIter<'static, PhantomPinned, Park>: Unpin);
all!(Park: Send, Sync, Unpin, Block);
all!(Relax<Spin>: Send, Sync, Unpin, Block);

/// A strategy.
struct Spin;

impl RelaxStrategy for Spin {
    fn relax() {}
}

// A pipe is what its value, its channel and its filter are.
type PipeTo64<V, P = Predicate> = Pipe<V, MemoryValue<u64>, P>;
all!(Pipe<MemoryReader<u64>, MemoryValue<u64>>: Send, Sync, Unpin);
all!(PipeTo64<MemoryReader<u64>>: Send, Sync, Unpin);
none!(PipeTo64<ValueOfOneThread>: Send, Sync);
none!(PipeTo64<MemoryReader<u64>, Neither>: Send, Sync);
none!(PipeTo64<MemoryReader<u64>, PhantomPinned>: Unpin);
none!(Pipe<MemoryReader<u64>, MemoryValue<Neither>>: Send, Sync);
all!(Pipe<MemoryReader<u64>, MemoryValue<u64>, Predicate, Neither>: Send, Sync, Unpin);
all!(MemoryValue<u64>: PipeTo<(), u64>);
all!(PipeError: Send, Sync, Unpin, core::error::Error);
all!(ChannelClosed: Send, Sync, Unpin, Copy);
all!(Signal: Send, Sync, Unpin, Copy);

// What adapters make of a get is what the get is, what ends it, and their share.
type PlainGet = GetOf<MemoryWatcher<u64>>;
all!(CancelOn<PlainGet, Pending<()>>: Send, Sync, Unpin);
none!(CancelOn<GetOf<MemoryWatcher<Neither>>, Pending<()>>: Send, Sync);
none!(CancelOn<PlainGet, Neither>: Send, Sync);
none!(CancelOn<PlainGet, Pending<()>, Neither>: Send, Sync);
none!(CancelOn<PhantomPinned, Pending<()>>: Unpin);
none!(CancelOn<PlainGet, PhantomPinned>: Unpin);
all!(CancelOn<PlainGet, Pending<()>, PhantomPinned>: Unpin);
all!(Deadline<PlainGet, ClockOf<Ready<()>>>: Send, Sync, Unpin);
none!(Deadline<GetOf<MemoryWatcher<Neither>>, ClockOf<Ready<()>>>: Send, Sync);
none!(Deadline<PlainGet, ClockOf<Pin<Box<dyn Future<Output = ()>>>>>: Send, Sync);
none!(Deadline<PlainGet, ClockOf<Ready<()>>, Neither>: Send, Sync);
none!(Deadline<PlainGet, ClockOf<PinnedSleep>>: Unpin);
all!(Unlimited: Send, Sync, Unpin, Copy, Default);

/// A clock with sleeps of type `S`.
struct ClockOf<S>(PhantomData<S>);

impl<S: Future> Clock for ClockOf<S> {
    type Instant = u64;
    type Sleep = S;

    fn now() -> u64 {
        unreachable!("nothing is run")
    }

    fn sleep_until(_: u64) -> S {
        unreachable!("nothing is run")
    }
}

dyn_safe!(Watcher<Item = u64>);
dyn_safe!(Watch<Item = u64, Watcher = MemoryWatcher<u64>>);
dyn_safe!(Value<Item = u64, Watcher = MemoryWatcher<u64>>);

// Who can be used as what.
all!(MemoryValue<u64>: Watch, Value, Clone, Default, From<u64>);
all!(MemoryReader<u64>: Watch, Clone);
not_all!(MemoryReader<u64>: Value);
all!(MemoryWatcher<u64>: Watcher, Clone);
all!(BoxWatcher<'static, u64>: Watcher);
all!(Everything: Accept<u64>);
all!(Predicate: Accept<u64>);
all!(Waiting: Backlog);
all!(BacklogOnly: Backlog);
all!(Combine<(MemoryWatcher<u64>, MemoryWatcher<u8>)>: Watcher, Clone);
all!((MemoryWatcher<u64>, MemoryWatcher<u8>): WatcherTuple);
none!((MemoryWatcher<u64>, MemoryWatcher<u8>): SelectTuple);
all!((MemoryWatcher<u64>, BoxWatcher<'static, u64>): SelectTuple);
none!((MemoryWatcher<u64>,): WatcherTuple, SelectTuple);
all!(Vec<MemoryWatcher<u64>>: WatcherTuple, SelectTuple);
all!([MemoryWatcher<u64>; 40]: WatcherTuple, SelectTuple);
all!(Vec<BoxWatcher<'static, NotClone>>: SelectTuple);
none!(Vec<BoxWatcher<'static, NotClone>>: WatcherTuple);
all!(Combine<Vec<MemoryWatcher<u64>>>: Watcher, Clone);
all!(WhileWatched<MemoryWatcher<u64>, Timed>: Send, Sync, Future);
none!(WhileWatched<MemoryWatcher<u64>, Sleeps<Ready<()>, Neither>>: Send, Sync);
none!(WhileWatched<MemoryWatcher<u64>, Sleeps<Pin<Box<dyn Future<Output = ()>>>>>: Send, Sync);
none!((MemoryWatcher<u64>, MemoryWatcher<NotClone>): WatcherTuple);
all!(WatchFn<fn() -> MemoryWatcher<u64>>: Watch);
// Data that is not `Clone` can be kept and borrowed, but not got.
none!(MemoryWatcher<NotClone>: Watcher);
none!(MemoryValue<NotClone>: Watch);
all!(MemoryValue<NotClone>: Clone, Default);
all!(MemoryWatcher<NotClone>: Clone);

/// Neither `Clone` nor anything else.
struct NotClone;

/// A value can stand in a `static` and is part of no one thread.
static VALUE: MemoryValue<u64> = MemoryValue::new();

fn send<T: Send>(future: T) -> T {
    future
}

/// What tasks are made of: everything held across an await, borrows included.
#[test]
fn tasks_that_hold_on_to_data_across_an_await_can_be_sent() {
    let mut watcher = VALUE.watch();
    drop(send(async {
        let borrowed = VALUE.borrow();
        let snapshot = VALUE.borrow().map(Ref::detach);
        let got = watcher.get().filter(|n| *n > 1).until(pending::<()>()).await;
        let reference = watcher.get_ref().await;
        pending::<()>().await;
        drop((borrowed, snapshot, got, reference));
    }));
    drop(send(async {
        let present = watcher.wait_for(|n| *n > 1).await;
        VALUE.watched().await;
        drop(present);
        VALUE.unwatched().await;
    }));
}

/// The drivers and the gets of combinators are tasks as well.
#[test]
fn tasks_that_get_from_combinators_can_be_sent() {
    let (reader, timer) = (VALUE.reader(), Sleeps::<Ready<()>>((), PhantomData));
    let watcher = event_core::combine((VALUE.watch(), VALUE.watch().filter(|n| *n > 1)));
    let watcher = watcher.switch_map(move |_| reader.clone()).debounce(timer, Duration::ZERO).inspect(drop_nothing);
    let (shared, driver) = watcher.share();
    drop(send(async {
        let mut shared = shared.watch();
        (driver.await.is_ok(), shared.get().await.is_ok())
    }));
}

fn drop_nothing(_: &u64) {}

/// On one thread, data may be anything.
#[test]
fn data_of_one_thread_can_be_set_and_watched_there() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    value.set(Rc::new(Cell::new(1)));
    watcher.try_get().expect("it was set").set(2);
    assert_eq!(value.borrow().map(|data| data.get()), Some(2));
}

/// For everything that shares keys and data of a map: what is in it is as in a value.
macro_rules! shares_map {
    ($($Type:ident;)+) => { $(
        all!($Type<u64, u64>: Send, Sync, Unpin);
        all!($Type<u64, PhantomPinned>: Send, Sync, Unpin);
        none!($Type<u64, OnlySend>: Send, Sync);
        none!($Type<u64, OnlySync>: Send, Sync);
        none!($Type<u64, Neither>: Send, Sync);
        none!($Type<Neither, u64>: Send, Sync);
        none!($Type<Rc<u8>, u64>: Send, Sync);
    )+ };
}

shares_map! {
    MemoryMap;
    MapReader;
    MapWatcher;
    RangeWatcher;
    KeyWatcher;
    SnapshotWatcher;
    MapSnapshot;
}

all!(Change<u64, u64>: Send, Sync, Unpin, Copy);
all!(Change<u64, OnlySend>: Send);
none!(Change<u64, OnlySend>: Sync);
all!(event_map::Iter<'static, u64, u64>: Send, Sync, Unpin, DoubleEndedIterator, ExactSizeIterator);
all!(MemoryMap<u64, u64>: Watch, WatchMap, Clone, Default);
all!(MapReader<u64, u64>: Watch, WatchMap, Clone);
all!(MapWatcher<u64, u64>: Watcher, Clone);
all!(RangeWatcher<u64, u64>: Watcher, Clone);
all!(KeyWatcher<u64, u64>: Watcher, Clone);
all!(SnapshotWatcher<u64, NotClone>: Watcher, Clone);
all!(MapSnapshot<u64, NotClone>: Clone, Default);

/// A map can stand in a `static` as well.
static MAP: MemoryMap<u64, u64> = MemoryMap::new();

#[test]
fn tasks_that_watch_maps_can_be_sent() {
    let (mut all, mut key, mut states) = (MAP.watch(), MAP.watch_key(1), MAP.watch_snapshots());
    drop(send(async {
        let snapshot = MAP.snapshot();
        let change = all.get().filter(|change| change.key > 1).until(pending::<()>()).await;
        let data = key.get().await;
        let state = states.get().await;
        drop((snapshot, change, data, state));
    }));
}
