//! The futures of a memory value that are not `Get`.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::polling::Polling;
use super::reference::Ref;
use super::shared::{Shared, SharedRef};
#[cfg(feature = "alloc")]
use super::value::MemoryValue;
use crate::error::GetError;
use crate::wakers::Place;

/// Waits for data and borrows it. Made by [`MemoryWatcher::get_ref`](crate::MemoryWatcher::get_ref).
///
/// # Panics
///
/// When it is polled again after it was ready.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct GetRef<'a, T> {
    polling: Option<Polling<'a, T>>,
}

impl<'a, T> GetRef<'a, T> {
    pub(super) fn new(polling: Polling<'a, T>) -> Self {
        Self { polling: Some(polling) }
    }
}

/// One step of a future that gives its `Polling` up when it is ready.
fn step<'a, T, P: FnMut(&T) -> bool>(
    polling: &mut Option<Polling<'a, T>>,
    cx: &mut Context<'_>,
    accept: &mut P,
) -> Poll<Result<Ref<'a, T>, GetError>> {
    let active = polling.as_mut().expect("the future was polled after it was ready");
    let given = ready!(active.poll_ref(cx, |data, _| accept(data)));
    *polling = None;
    Poll::Ready(given)
}

impl<'a, T> Future for GetRef<'a, T> {
    type Output = Result<Ref<'a, T>, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        step(&mut self.polling, cx, &mut |_| true)
    }
}

impl<T> fmt::Debug for GetRef<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetRef").finish_non_exhaustive()
    }
}

/// Waits for data that a predicate accepts. Made by [`MemoryWatcher::wait_for`](crate::MemoryWatcher::wait_for).
///
/// # Panics
///
/// When it is polled again after it was ready. A panic of the predicate passes through.
#[must_use = "futures do nothing unless awaited or polled"]
pub struct WaitFor<'a, T, P> {
    polling: Option<Polling<'a, T>>,
    looked_at_present: bool,
    accept: P,
}

impl<'a, T, P> WaitFor<'a, T, P> {
    pub(super) fn new(polling: Polling<'a, T>, accept: P) -> Self {
        Self { polling: Some(polling), looked_at_present: false, accept }
    }
}

/// The predicate is only called, never pinned.
impl<T, P> Unpin for WaitFor<'_, T, P> {}

impl<'a, T, P: FnMut(&T) -> bool> Future for WaitFor<'a, T, P> {
    type Output = Result<Ref<'a, T>, GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.looked_at_present {
            let present = this.polling.as_mut().and_then(|polling| polling.present(|data, _| (this.accept)(data)));
            this.looked_at_present = true;
            if let Some(present) = present {
                this.polling = None;
                return Poll::Ready(Ok(present));
            }
        }
        step(&mut this.polling, cx, &mut this.accept)
    }
}

impl<T, P> fmt::Debug for WaitFor<'_, T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").finish_non_exhaustive()
    }
}

/// Waits until a value is watched or no longer watched, read, used, or open. Made by
/// [`MemoryValue::watched`](crate::MemoryValue::watched), [`unwatched`](crate::MemoryValue::unwatched),
/// [`unread`](crate::MemoryValue::unread), [`abandoned`](crate::MemoryValue::abandoned), and by `closed` of
/// [`MemoryValue`](crate::MemoryValue::closed), [`MemoryReader`](crate::MemoryReader::closed) and
/// [`MemoryWatcher`](crate::MemoryWatcher::closed).
#[must_use = "futures do nothing unless awaited or polled"]
pub struct ValueState<'a, T> {
    shared: SharedRef<'a, T>,
    awaited: Awaited,
    /// A place of `shared.producers`, once it has waited.
    place: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Awaited {
    Watched,
    Unwatched,
    Unread,
    Abandoned,
    Closed,
    /// Closed or abandoned: whatever is set, nobody will see it.
    #[cfg(feature = "alloc")]
    Useless,
}

impl<'a, T> ValueState<'a, T> {
    pub(super) fn new(shared: SharedRef<'a, T>, awaited: Awaited) -> Self {
        Self { shared, awaited, place: None }
    }
}

impl Awaited {
    fn is_so<T>(self, shared: &Shared<T>) -> bool {
        match self {
            Self::Watched => shared.watcher_count() != 0,
            Self::Unwatched => shared.watcher_count() == 0,
            Self::Unread => shared.reader_count() == 0,
            Self::Abandoned => shared.is_abandoned(),
            Self::Closed => shared.is_closed(),
            #[cfg(feature = "alloc")]
            Self::Useless => shared.is_closed() || shared.is_abandoned(),
        }
    }

    /// Ready when it is so. `place` is of `shared.producers`, once this has waited.
    fn poll<T>(self, shared: &Shared<T>, place: &mut Option<Place>, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_so(shared) {
            return Poll::Ready(());
        }
        let place = place.get_or_insert_with(|| shared.producers.claim());
        // SAFETY: the place was claimed from this list.
        unsafe { shared.producers.arm(place, cx.waker()) };
        // Whoever changes the count, or closes, after this look finds the node armed.
        if self.is_so(shared) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl<T> Future for ValueState<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.awaited.poll(this.shared.get(), &mut this.place, cx)
    }
}

impl<T> Drop for ValueState<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            // SAFETY: the place was claimed from this list.
            unsafe { self.shared.get().producers.release(place) };
        }
    }
}

impl<T> fmt::Debug for ValueState<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ValueState").field("awaited", &self.awaited).finish_non_exhaustive()
    }
}

/// A handle that knows when there is no use in setting any more.
#[cfg(feature = "alloc")]
pub(crate) struct Production<T> {
    value: MemoryValue<T>,
    /// A place of the value's `producers`, once it has waited.
    place: Option<Place>,
}

#[cfg(feature = "alloc")]
impl<T> Production<T> {
    pub(crate) fn new(value: MemoryValue<T>) -> Self {
        Self { value, place: None }
    }

    pub(crate) fn value(&self) -> &MemoryValue<T> {
        &self.value
    }

    /// Ready when the value is closed, or there is neither another handle, nor a reader, nor a watcher.
    pub(crate) fn poll_useless(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Awaited::Useless.poll(self.value.shared().get(), &mut self.place, cx)
    }

    /// Whether there is a watcher. If [`poll_useless`](Self::poll_useless) was pending before this, the first watcher that comes
    /// afterwards, or the last one that goes, wakes the waker of that poll: it is woken when any of the counts changes, and it armed
    /// before this reads one of them.
    pub(crate) fn is_watched(&self) -> bool {
        self.value.shared().get().watcher_count() != 0
    }
}

#[cfg(feature = "alloc")]
impl<T> Drop for Production<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            // SAFETY: the place was claimed from this list.
            unsafe { self.value.shared().get().producers.release(place) };
        }
    }
}
