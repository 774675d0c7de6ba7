//! A value made of a watcher, while somebody wants it.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::share::Driver;
use crate::error::GetError;
use crate::timer::Timer;
use crate::traits::Watcher;

impl<W: Watcher> Driver<W> {
    /// Rests while nobody watches the value: then the driver does not poll its watcher, so its work is not done.
    ///
    /// It begins to rest when there has been no watcher for the time `linger`, which bridges the gap between one watcher and the
    /// next. It continues when the next watcher is made. It also rests before the first watcher. With `linger` = 3:
    ///
    /// ```text
    /// time     0  1  2  3  4  5  6  7  8  9  10 11 12 13
    /// items    a        b     c        d           e
    /// watched     yes      no                yes   no
    /// set         a     b     c              d     e
    /// ```
    ///
    /// The time begins when the driver finds that the last watcher was dropped. While it rests,
    ///
    /// - the value keeps its data, which may be old: a watcher that is made then returns that first, and newer data as soon as the
    ///   driver has run. So do [`load`](crate::MemoryValue::load) and `borrow`: a [`MemoryReader`](crate::MemoryReader) is not a
    ///   watcher, and does not wake the driver;
    /// - the watcher inside is kept, with what it has seen. The value that it watches counts it as a watcher, and a
    ///   [`set_sync`](crate::MemoryValue::set_sync) there waits for it;
    /// - the end of the watcher inside is noticed only when the driver continues. The driver itself ends as before: when the value
    ///   is closed elsewhere, and when nobody can watch it any more.
    ///
    /// # Errors
    ///
    /// Those of the driver.
    ///
    /// # Cancel safety
    ///
    /// It can be moved to another task at any time. Dropped, it closes the value.
    ///
    /// # Panics
    ///
    /// A panic of the watcher or of the timer passes through. It can be polled again.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::time::Duration;
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # async fn after(_: Duration) {}
    /// # futures_lite::future::block_on(async {
    /// let text = MemoryValue::with_value("1 2 3");
    /// let parse = |text: &str| text.split(' ').flat_map(str::parse::<u32>).sum::<u32>();
    /// let (sums, driver) = text.watch().map(parse).share();
    /// let mut driver = driver.while_watched(after, Duration::from_secs(5));
    ///
    /// assert!(futures_lite::future::poll_once(&mut driver).await.is_none());
    /// assert_eq!(sums.load(), None, "nobody watches, so nothing is parsed");
    /// let mut watcher = sums.watch();
    /// assert!(futures_lite::future::poll_once(&mut driver).await.is_none());
    /// assert_eq!(watcher.get().await?, 6);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("WhileSubscribed", "SharingStarted", "refCount", "ref_count"))]
    pub fn while_watched<K: Timer>(self, timer: K, linger: Duration) -> WhileWatched<W, K> {
        WhileWatched { driver: self, timer, linger, is_resting: true, sleep: Box::pin(None) }
    }
}

/// A driver that rests while nobody watches its value. Made by [`Driver::while_watched`].
#[must_use = "futures do nothing unless awaited or polled"]
pub struct WhileWatched<W: Watcher, K: Timer> {
    driver: Driver<W>,
    timer: K,
    linger: Duration,
    is_resting: bool,
    /// The one place for all sleeps: until it begins to rest. `None` while somebody watches, and while it rests.
    sleep: Pin<Box<Option<K::Sleep>>>,
}

/// The watcher and the timer are only called, never pinned.
impl<W: Watcher, K: Timer> Unpin for WhileWatched<W, K> {}

impl<W: Watcher, K: Timer> WhileWatched<W, K> {
    /// Looks whether somebody watches, or did until not long ago.
    fn poll_resting(&mut self, cx: &mut Context<'_>) -> bool {
        if self.driver.production.is_watched() {
            self.is_resting = false;
            self.sleep.set(None);
        } else if !self.is_resting {
            if self.sleep.is_none() {
                self.sleep.set(Some(self.timer.sleep(self.linger)));
            }
            self.is_resting = self.sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_ready());
            if self.is_resting {
                self.sleep.set(None);
            }
        }
        self.is_resting
    }
}

impl<W: Watcher, K: Timer> Future for WhileWatched<W, K> {
    type Output = Result<(), GetError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), GetError>> {
        let this = &mut *self;
        // This comes first, so that no watcher comes or goes unnoticed after the look whether there is one.
        let ended = this.driver.production.poll_useless(cx).map(Ok);
        let ended = if ended.is_ready() || this.poll_resting(cx) { ended } else { this.driver.poll_watcher(cx) };
        this.driver.close_if_ready(ended)
    }
}

impl<W: Watcher + fmt::Debug, K: Timer> fmt::Debug for WhileWatched<W, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WhileWatched")
            .field("driver", &self.driver)
            .field("linger", &self.linger)
            .field("rests", &self.is_resting)
            .finish_non_exhaustive()
    }
}
