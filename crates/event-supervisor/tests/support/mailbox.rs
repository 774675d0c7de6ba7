//! A channel that holds one item.

use std::future::poll_fn;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use event_core::{ChannelClosed, PipeSink, PipeTo};

/// Both ends of it. Clones are the same one.
#[derive(Debug)]
pub(crate) struct Mailbox<T> {
    inside: Arc<Mutex<Inside<T>>>,
}

#[derive(Debug)]
struct Inside<T> {
    item: Option<T>,
    waiting: Vec<Waker>,
}

impl<T> Mailbox<T> {
    pub(crate) fn new() -> Self {
        Self { inside: Arc::new(Mutex::new(Inside { item: None, waiting: Vec::new() })) }
    }

    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the item out, as soon as there is one.
    pub(crate) async fn receive(&self) -> T {
        poll_fn(|cx| self.exchange(cx, |item| item.take())).await
    }

    /// Tries to do something to the item, and waits for a change if it gives nothing.
    fn exchange<R>(&self, cx: &Context<'_>, exchange: impl FnOnce(&mut Option<T>) -> Option<R>) -> Poll<R> {
        let mut inside = self.lock();
        let Some(result) = exchange(&mut inside.item) else {
            inside.waiting.push(cx.waker().clone());
            return Poll::Pending;
        };
        let waiting = mem::take(&mut inside.waiting);
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
        Poll::Ready(result)
    }
}

impl<T> Clone for Mailbox<T> {
    fn clone(&self) -> Self {
        Self { inside: Arc::clone(&self.inside) }
    }
}

impl<A, T: Send> PipeTo<A, T> for Mailbox<T> {
    fn sink<'a>(&'a self) -> Box<dyn PipeSink<T> + Send + 'a>
    where
        T: 'a,
    {
        Box::new(self.clone())
    }
}

impl<T> PipeSink<T> for Mailbox<T> {
    fn poll_send(&mut self, cx: &mut Context<'_>, newest: &mut Option<T>) -> Poll<Result<(), ChannelClosed>> {
        self.exchange(cx, |item| {
            if item.is_some() {
                return None;
            }
            *item = newest.take();
            Some(Ok(()))
        })
    }

    fn poll_closed(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
