//! What the tests of pipes need of a channel, and how they poll a run.

use alloc::boxed::Box;
use core::fmt;
use core::future::{Future, pending};
use core::pin::Pin;
use core::task::Poll;
use std::sync::mpsc::TryRecvError;

use event_core::{MemoryValue, Pipe, PipeError, PipeTo, Watch};

use crate::by_hand::Task;

/// A channel with so many places, which pipes can lead to. A new one costs one file in `tests/tests`.
pub trait Channel: 'static {
    /// The adapter's own type in [`PipeTo`].
    type Adapter: 'static;
    /// Where a pipe leads to.
    type Sender<T: Send + 'static>: PipeTo<Self::Adapter, T> + Clone + Send + Sync + 'static;
    /// Where its items come out. The channel is closed when it is dropped.
    type Receiver<T: Send + 'static>;
    /// Whether a pipe that has nothing to send is told that the channel was closed. Else it notices with the next item.
    const TELLS_THE_IDLE: bool;
    /// Whether who waits for a place keeps the turn when the item is replaced by a newer one.
    const KEEPS_THE_TURN: bool;

    /// A new channel with this many places.
    fn bounded<T: Send + 'static>(places: usize) -> (Self::Sender<T>, Self::Receiver<T>);

    /// Sends an item if there is a place for it; whether there was.
    fn try_send<T: Send + 'static>(sender: &Self::Sender<T>, item: T) -> bool;

    /// The next item.
    ///
    /// # Errors
    ///
    /// Which one says whether there may be another one later.
    fn try_receive<T: Send + 'static>(receiver: &mut Self::Receiver<T>) -> Result<T, TryRecvError>;

    /// Closes the channel. What is in it can be received all the same.
    fn close<T: Send + 'static>(receiver: &mut Self::Receiver<T>);
}

/// A pipe without a filter, into a channel.
type PipeInto<C, V, T> = Pipe<V, <C as Channel>::Sender<T>, fn(&T) -> bool, <C as Channel>::Adapter>;

/// What the adapter's `pipe` does.
pub(super) fn pipe<C, V>(value: V, to: C::Sender<V::Item>) -> PipeInto<C, V, V::Item>
where
    C: Channel,
    V: Watch<Item: Send + 'static>,
{
    Pipe::new(value, to)
}

/// A run of a pipe, polled by hand.
pub(super) struct Run<'a> {
    future: Pin<Box<dyn Future<Output = Result<(), PipeError>> + 'a>>,
    task: Task,
    /// How often the task had been woken before the latest poll.
    wakes: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(future: impl Future<Output = Result<(), PipeError>> + 'a) -> Self {
        Self { future: Box::pin(future), task: Task::new(), wakes: 0 }
    }

    /// Forwards all of `value` into a channel with one place. Nothing cancels it.
    pub(super) fn of<C, V>(value: V) -> (Self, C::Receiver<V::Item>)
    where
        C: Channel,
        V: Watch<Item: Send + 'static> + 'static,
    {
        let (sender, receiver) = C::bounded(1);
        let mut pipe = pipe::<C, _>(value, sender);
        (Self::new(async move { pipe.run_until(pending::<()>()).await }), receiver)
    }

    /// A run that has sent 1, which is in the channel's only place, and waits for a place for 2, which is in the value.
    pub(super) fn that_waits_for_a_place<C: Channel>() -> (MemoryValue<u32>, Self, C::Receiver<u32>) {
        let value = MemoryValue::with_value(1);
        let (mut run, receiver) = Self::of::<C, _>(value.clone());
        run.poll_to_wait();
        value.set(2);
        assert!(run.is_woken());
        run.poll_to_wait();
        (value, run, receiver)
    }

    pub(super) fn poll(&mut self) -> Poll<Result<(), PipeError>> {
        self.wakes = self.task.wakes();
        self.task.poll(self.future.as_mut())
    }

    /// Polls it, and it does not end.
    #[track_caller]
    pub(super) fn poll_to_wait(&mut self) {
        let polled = self.poll();
        assert!(polled.is_pending(), "it ended: {polled:?}");
    }

    /// Polls it, and it ends.
    #[track_caller]
    pub(super) fn poll_to_end(&mut self) -> Result<(), PipeError> {
        let Poll::Ready(result) = self.poll() else { panic!("it goes on") };
        result
    }

    /// Whether it was woken since the latest poll began.
    pub(super) fn is_woken(&self) -> bool {
        self.task.wakes() > self.wakes
    }

    /// Moves it to another task. The old one may be woken, which is nothing to the run.
    pub(super) fn change_tasks(&mut self) {
        (self.task, self.wakes) = (Task::new(), 0);
    }
}

impl fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("task", &self.task).finish_non_exhaustive()
    }
}
