//! What is `Send`, `Sync` and `Unpin`, and what is not: checked when this compiles.
//!
//! | | data that is | handles, watchers, borrows, futures |
//! |---|---|---|
//! | `u64` | `Send + Sync` | both |
//! | `Cell<u8>` | `Send` | neither: readers share what is set |
//! | `MutexGuard` | `Sync` | neither: whoever lets go last drops it |
//! | `Rc<()>` | neither | neither |
//!
//! Errors that hand data back own it, so they are what the data is.

extern crate alloc;

use alloc::rc::Rc;
use core::cell::Cell;
use core::future::{Pending, Ready, pending};
use core::marker::PhantomPinned;
use std::sync::MutexGuard;

use event_core::{
    Accept, BackendError, Backlog, BacklogOnly, BoxWatcher, CasError, Everything, Get, GetError, GetRef, MemoryReader,
    MemoryValue, MemoryWatcher, Ref, SetError, Snapshot, Value, ValueState, Version, WaitFor, Waiting, Watch, Watcher,
    WatcherStream, WeakValue,
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

shares_data! {
    MemoryValue<T>;
    MemoryReader<T>;
    WeakValue<T>;
    MemoryWatcher<T>;
    Ref<'static, T>;
    Snapshot<T>;
    GetRef<'static, T>;
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

/// On one thread, data may be anything.
#[test]
fn data_of_one_thread_can_be_set_and_watched_there() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    value.set(Rc::new(Cell::new(1)));
    watcher.try_get().expect("it was set").set(2);
    assert_eq!(value.borrow().map(|data| data.get()), Some(2));
}
