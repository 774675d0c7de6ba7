//! What can be done with every watcher: gets, streams, blocking forms and combinators.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use core::future::Future;
#[cfg(feature = "alloc")]
use core::time::Duration;

use crate::blocking::{BlockingIter, Relax, RelaxStrategy, relax_until_ready};
#[cfg(feature = "std")]
use crate::blocking::{Park, park_until_ready};
#[cfg(feature = "alloc")]
use crate::combinators::{Debounce, Driver, MapLatest, Sample, Throttle};
use crate::combinators::{Dedup, DedupByKey, Filter, FilterMap, Inspect, Map, Scan, SwitchMap};
use crate::error::GetError;
use crate::get::Get;
#[cfg(feature = "alloc")]
use crate::memory::MemoryValue;
use crate::stream::WatcherStream;
#[cfg(feature = "alloc")]
use crate::timer::Timer;
use crate::traits::{Watch, Watcher};

/// A watcher of any backend. See [`WatcherExt::boxed`].
#[cfg(feature = "alloc")]
pub type BoxWatcher<'a, T> = Box<dyn Watcher<Item = T> + Send + 'a>;

/// What can be done with every [`Watcher`].
pub trait WatcherExt: Watcher {
    /// A future that returns the newest data, if this watcher has not returned it yet; otherwise it waits for newer data.
    ///
    /// The first get returns the current data. What was replaced between two gets is skipped. See [`Get`] for the options.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was returned; what the options add.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has consumed nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::prelude::*;
    ///
    /// async fn consume<W: Watcher<Item = u32>>(mut watcher: W) -> u32 {
    ///     let mut sum = 0;
    ///     while let Ok(item) = watcher.get().await {
    ///         sum += item;
    ///     }
    ///     sum
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = event_core::MemoryValue::with_value(7);
    /// let watcher = value.watch();
    /// drop(value);
    /// assert_eq!(consume(watcher).await, 7);
    /// # });
    /// ```
    #[doc(alias("changed", "next", "recv", "collect", "collectLatest", "updated"))]
    fn get(&mut self) -> Get<'_, Self> {
        Get::new(self)
    }

    /// A stream of what gets return. It skips what was replaced between two items, as gets do.
    ///
    /// It ends with the first error, which is [`GetError::Closed`] for values in memory. See [`WatcherStream`].
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    /// use futures_lite::StreamExt;
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value("first");
    /// let mut stream = value.watch().into_stream();
    /// assert_eq!(stream.next().await, Some("first"));
    /// value.set("skipped");
    /// value.set("second");
    /// drop(value);
    /// assert_eq!(stream.next().await, Some("second"));
    /// assert_eq!(stream.next().await, None);
    /// # });
    /// ```
    #[doc(alias("WatchStream", "stream", "to_stream", "launchIn"))]
    fn into_stream(self) -> WatcherStream<Self>
    where
        Self: Sized,
    {
        WatcherStream::new(self)
    }

    /// [`get`](Self::get) for threads without a runtime: the thread sleeps until there is unseen data. Before it does so, it looks for a
    /// moment (10 µs), since a producer that sets at once comes before the kernel has put it to sleep.
    ///
    /// It must not be called on a thread of an async runtime, whose other tasks would wait as well.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was returned; [`GetError::Backend`] if the backend fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// let value = MemoryValue::new();
    /// let mut even = value.watch().filter(|n| n % 2 == 0);
    /// let setting = std::thread::spawn(move || (1..=4).for_each(|n| _ = value.set(n)));
    /// let last = even.blocking_iter().last();
    /// assert_eq!(last, Some(4));
    /// # setting.join().unwrap();
    /// ```
    #[cfg(feature = "std")]
    fn blocking_get(&mut self) -> Result<Self::Item, GetError> {
        let given = park_until_ready(None, |cx| self.poll_get(cx));
        given.expect("without a deadline it waits until it is ready")
    }

    /// [`blocking_get`](Self::blocking_get) for at most the time `timeout`.
    ///
    /// # Errors
    ///
    /// [`GetError::DeadlineExceeded`] once the time is up, even if there is data, so a timeout of zero never returns any. Nothing is
    /// consumed then. Otherwise as [`blocking_get`](Self::blocking_get).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// let value = MemoryValue::<u32>::new();
    /// let mut numbers = value.watch().map(|n| n + 1);
    /// let error = numbers.blocking_get_timeout(Duration::from_millis(1)).unwrap_err();
    /// assert!(error.is_deadline_exceeded());
    /// ```
    #[cfg(feature = "std")]
    fn blocking_get_timeout(&mut self, timeout: Duration) -> Result<Self::Item, GetError> {
        // Later than the clock can tell is never.
        let deadline = std::time::Instant::now().checked_add(timeout);
        park_until_ready(deadline, |cx| self.poll_get(cx)).unwrap_or(Err(GetError::DeadlineExceeded))
    }

    /// An iterator over what [`blocking_get`](Self::blocking_get) returns, until the first error.
    #[cfg(feature = "std")]
    fn blocking_iter(&mut self) -> BlockingIter<'_, Self, Park> {
        BlockingIter::new(self)
    }

    /// [`get`](Self::get) without a runtime or an operating system. Until there is unseen data, this calls `R` repeatedly, which may
    /// spin, or wait for an interrupt.
    ///
    /// `R` may return at any time. If it puts the processor to sleep, an interrupt that came since it last returned must keep the
    /// processor awake, or a wake-up would be missed. On Arm's Cortex-M, `wfe` works like that. Each call allocates its waker.
    ///
    /// # Errors
    ///
    /// As [`blocking_get`](Self::blocking_get).
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, RelaxStrategy, prelude::*};
    ///
    /// struct Yield;
    ///
    /// impl RelaxStrategy for Yield {
    ///     fn relax() {
    ///         std::thread::yield_now();
    ///     }
    /// }
    ///
    /// let value = MemoryValue::new();
    /// let mut watcher = value.watch();
    /// let setting = std::thread::spawn(move || _ = value.set(1));
    /// assert_eq!(watcher.relaxing_get::<Yield>().unwrap(), 1);
    /// # setting.join().unwrap();
    /// ```
    fn relaxing_get<R: RelaxStrategy>(&mut self) -> Result<Self::Item, GetError> {
        relax_until_ready::<R, _>(|cx| self.poll_get(cx))
    }

    /// An iterator over what [`relaxing_get`](Self::relaxing_get) returns, until the first error.
    fn relaxing_iter<R: RelaxStrategy>(&mut self) -> BlockingIter<'_, Self, Relax<R>> {
        BlockingIter::new(self)
    }

    /// Hides the type of the watcher behind a pointer, to store watchers of different types together.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{BoxWatcher, MemoryValue, prelude::*};
    ///
    /// let (a, b) = (MemoryValue::with_value(1), MemoryValue::with_value(2));
    /// let watchers: Vec<BoxWatcher<'_, i32>> = vec![a.watch().boxed(), b.watch().boxed()];
    /// # drop(watchers);
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("as_dyn", "dyn_receiver"))]
    fn boxed<'a>(self) -> BoxWatcher<'a, Self::Item>
    where
        Self: Sized + Send + 'a,
    {
        Box::new(self)
    }

    /// Changes each item by `map`.
    ///
    /// # Panics
    ///
    /// A panic of `map`, or of a filter of the get, passes through, and that item is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value(20);
    /// let mut doubled = value.watch().map(|n| n * 2);
    /// assert_eq!(doubled.get().await?, 40);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("transform"))]
    fn map<U, F: FnMut(Self::Item) -> U>(self, map: F) -> Map<Self, F>
    where
        Self: Sized,
    {
        Map::new(self, map)
    }

    /// Only the items that `predicate` accepts. What it rejects is consumed. On values in memory it runs on a borrow.
    ///
    /// [`Get::filter`] does the same for one get.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value(3);
    /// let mut even = value.watch().filter(|n| n % 2 == 0);
    /// assert!(even.get().backlog_only().await.unwrap_err().is_backlog_done());
    /// value.set(4);
    /// assert_eq!(even.get().await?, 4);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    fn filter<P: FnMut(&Self::Item) -> bool>(self, predicate: P) -> Filter<Self, P>
    where
        Self: Sized,
    {
        Filter::new(self, predicate)
    }

    /// Changes each item by `map`, and skips those for which it returns `None`. These are consumed.
    ///
    /// # Panics
    ///
    /// A panic of `map`, or of a filter of the get, passes through, and that item is consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value("none");
    /// let mut numbers = value.watch().filter_map(|text| text.parse::<u32>().ok());
    /// assert!(numbers.get().backlog_only().await.unwrap_err().is_backlog_done());
    /// value.set("7");
    /// assert_eq!(numbers.get().await?, 7);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("mapNotNull", "filterNotNull", "initialized"))]
    fn filter_map<U, F: FnMut(Self::Item) -> Option<U>>(self, map: F) -> FilterMap<Self, F>
    where
        Self: Sized,
    {
        FilterMap::new(self, map)
    }

    /// Changes each item by `scan`, which also reads and changes a state. The state begins as `init`.
    ///
    /// Only items that a get reads change the state. Items that were replaced before the next get do not. So this is for a trend or
    /// a comparison with the item before, not for counting what was set. An item that a filter of a get rejects was scanned. A
    /// clone of the watcher has a clone of the state.
    ///
    /// # Errors
    ///
    /// Those of the watcher. The state stays as it is.
    ///
    /// # Cancel safety
    ///
    /// A get that is dropped consumes nothing, and the state stays as it is.
    ///
    /// # Panics
    ///
    /// A panic of `scan`, or of a filter of the get, passes through, and that item is consumed. The state is as `scan` left it.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let celsius = MemoryValue::with_value(20);
    /// let difference = |before: &mut Option<i32>, now| before.replace(now).map(|before| now - before);
    /// let mut change = celsius.watch().scan(None, difference);
    /// assert_eq!(change.get().await?, None);
    /// celsius.set(23);
    /// assert_eq!(change.get().await?, Some(3));
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("fold", "runningFold", "runningReduce", "reduce", "accumulate"))]
    fn scan<S, U, F: FnMut(&mut S, Self::Item) -> U>(self, init: S, scan: F) -> Scan<Self, S, F>
    where
        Self: Sized,
    {
        Scan::new(self, init, scan)
    }

    /// Calls `inspect` with each item, just before a get returns it.
    ///
    /// # Panics
    ///
    /// A panic of `inspect` passes through; on memory values the item is not consumed.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value(3);
    /// let mut watcher = value.watch().inspect(|n| println!("now {n}"));
    /// assert_eq!(watcher.get().await?, 3);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("onEach", "tap", "doOnNext"))]
    fn inspect<F: FnMut(&Self::Item)>(self, inspect: F) -> Inspect<Self, F>
    where
        Self: Sized,
    {
        Inspect::new(self, inspect)
    }

    /// Skips an item that equals the last one that was returned. It keeps a clone of that.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let value = MemoryValue::with_value(3);
    /// let mut changes = value.watch().dedup();
    /// assert_eq!(changes.get().await?, 3);
    /// value.set(3);
    /// assert!(changes.get().backlog_only().await.unwrap_err().is_backlog_done());
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("distinctUntilChanged", "distinct_until_changed", "dedupe", "dedupe_cloned"))]
    fn dedup(self) -> Dedup<Self>
    where
        Self: Sized,
        Self::Item: Clone + PartialEq,
    {
        Dedup::new(self)
    }

    /// Skips an item that has the same key as the last one that was returned. It keeps that key.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let celsius = MemoryValue::with_value(20.1);
    /// let mut degrees = celsius.watch().dedup_by_key(|c: &f64| c.round() as i64);
    /// assert_eq!(degrees.get().await?, 20.1);
    /// celsius.set(19.9);
    /// celsius.set(20.6);
    /// assert_eq!(degrees.get().await?, 20.6);
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("distinctUntilChangedBy", "dedupe_map"))]
    fn dedup_by_key<K: PartialEq, F: FnMut(&Self::Item) -> K>(self, key: F) -> DedupByKey<Self, F, K>
    where
        Self: Sized,
    {
        DedupByKey::new(self, key)
    }

    /// Follows a value of values: `switch` makes a value of each item, and gets return the data of the value of the newest item.
    ///
    /// When the item changes, the next get returns the current data of the new value. What `switch` returned is dropped as soon as it
    /// is watched, so it does not keep that value open. The result is closed when both this watcher and the followed value are.
    ///
    /// # Panics
    ///
    /// A panic of `switch` passes through. That item is consumed, and the value before it is still followed.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let wired = MemoryValue::with_value("192.0.2.10");
    /// let wireless = MemoryValue::with_value("198.51.100.23");
    /// let uplink = MemoryValue::with_value(wired.reader());
    /// let mut address = uplink.watch().switch_map(|uplink| uplink);
    /// assert_eq!(address.get().await?, "192.0.2.10");
    /// uplink.set(wireless.reader());
    /// assert_eq!(address.get().await?, "198.51.100.23");
    /// wireless.set("198.51.100.77");
    /// assert_eq!(address.get().await?, "198.51.100.77");
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("flatMapLatest", "flatten", "switch", "switchMap"))]
    fn switch_map<V: Watch, F: FnMut(Self::Item) -> V>(self, switch: F) -> SwitchMap<Self, F, V>
    where
        Self: Sized,
    {
        SwitchMap::new(self, switch)
    }

    /// Runs a future for each item, which `map` makes, and returns its output. When a newer item comes first, the future is dropped.
    ///
    /// With futures that take a time of 3, and return `A` for `a`:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12
    /// items   a           b     c        d  closed
    /// gets             A                 C        D
    /// ```
    ///
    /// (The future of `b` is dropped at 6. That of `c` is ready at 9, when `d` comes; here the executor notices the future first.)
    /// The future is polled by gets only. If the value is set more often than a future takes, gets return nothing: a
    /// [`throttle`](Self::throttle) or a [`debounce`](Self::debounce) before this one helps. The last future runs to its end after the
    /// watcher is closed, and closing is reported after its output.
    ///
    /// [`backlog_only`](Get::backlog_only) waits for the future of the current item. The result cannot be cloned, since a future cannot.
    ///
    /// # Errors
    ///
    /// Those of the watcher; the future stays as it is. [`GetError::Closed`] when the watcher is closed and
    /// the last future has ended. A future that may fail has a `Result` as its output.
    ///
    /// # Cancel safety
    ///
    /// A get that is dropped consumes nothing: the future stays as it is, and the next get polls it further.
    ///
    /// # Panics
    ///
    /// A panic of `map`, of its future, or of a filter of the get passes through, and that item is consumed. A future that panicked
    /// is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// async fn resolve(name: &str) -> String {
    ///     // This may take a while.
    ///     format!("the address of {name}")
    /// }
    ///
    /// # futures_lite::future::block_on(async {
    /// let name = MemoryValue::with_value("printer");
    /// let mut address = name.watch().map_latest(resolve);
    /// assert_eq!(address.get().await?, "the address of printer");
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("mapLatest", "transformLatest", "collectLatest", "map_future", "then"))]
    fn map_latest<R: Future, F: FnMut(Self::Item) -> R>(self, map: F) -> MapLatest<Self, F, R>
    where
        Self: Sized,
    {
        MapLatest::new(self, map)
    }

    /// Returns an item when nothing newer has come for the time `quiet`.
    ///
    /// With `quiet` = 3:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11
    /// items   a        b  c              d  closed
    /// gets             a           c        d
    /// ```
    ///
    /// The time begins when a get reads the item, not when the item is set. (Above, the time of `a` is up at 3, when `b` comes. If the
    /// executor notices the timer first, `a` is returned, else it is skipped.) The last item before the end is returned
    /// immediately, and closing is reported after it. If the value is never quiet for that time, gets return only this last item;
    /// [`debounce(..).at_most(max)`](Debounce::at_most) sets a limit. [`backlog_only`](Get::backlog_only) does not wait: it returns the
    /// newest item immediately. An item that a filter of a get rejects is consumed after its quiet time.
    ///
    /// # Examples
    ///
    /// The timer is that of the runtime, for instance `tokio::time::sleep`:
    ///
    /// ```
    /// # use core::time::Duration;
    /// use event_core::{GetError, MemoryValue, Timer, prelude::*};
    ///
    /// # struct AtOnce;
    /// # impl Timer for AtOnce {
    /// #     type Sleep = core::future::Ready<()>;
    /// #     fn sleep(&self, _: Duration) -> Self::Sleep { core::future::ready(()) }
    /// # }
    /// # futures_lite::future::block_on(async {
    /// async fn save_settings(settings: MemoryValue<String>, timer: impl Timer) -> Result<(), GetError> {
    ///     let mut quiet = settings.watch().debounce(timer, Duration::from_secs(2));
    ///     println!("saving {:?}", quiet.get().await?);
    ///     Ok(())
    /// }
    /// # save_settings(MemoryValue::with_value("dark".into()), AtOnce).await
    /// # }).unwrap();
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("debounceTime"))]
    fn debounce<K: Timer>(self, timer: K, quiet: Duration) -> Debounce<Self, K>
    where
        Self: Sized,
    {
        Debounce::new(self, timer, quiet)
    }

    /// Returns at most one item per `period`: the first one immediately, and the newest one when the period is over.
    ///
    /// With `period` = 3:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12 13
    /// items   a  b  c              d     e  closed
    /// gets    a        c           d        e        end
    /// ```
    ///
    /// The period begins when an item is returned. Closing is reported only at the end of the current period. An item that a filter
    /// rejects begins no period. [`backlog_only`](Get::backlog_only) does not wait for the end of the period: it returns the current
    /// item immediately, which begins a period.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use event_core::MemoryValue;
    /// use event_core::{MemoryReader, Timer, prelude::*};
    ///
    /// # struct AtOnce;
    /// # impl Timer for AtOnce {
    /// #     type Sleep = core::future::Ready<()>;
    /// #     fn sleep(&self, _: Duration) -> Self::Sleep { core::future::ready(()) }
    /// # }
    /// # futures_lite::future::block_on(async {
    /// async fn show(progress: MemoryReader<u8>, timer: impl Timer) {
    ///     let mut calm = progress.watch().throttle(timer, Duration::from_millis(100));
    ///     while let Ok(percent) = calm.get().await {
    ///         println!("{percent} %");
    ///     }
    /// }
    /// # let progress = MemoryValue::with_value(7).reader();
    /// # show(progress, AtOnce).await
    /// # });
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("throttleTime", "throttleLatest"))]
    fn throttle<K: Timer>(self, timer: K, period: Duration) -> Throttle<Self, K>
    where
        Self: Sized,
    {
        Throttle::new(self, timer, period)
    }

    /// Checks once every `period`, and returns the newest item if it is new.
    ///
    /// With `period` = 3:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12
    /// items      a  b              c        closed
    /// gets             b                 c        end
    /// ```
    ///
    /// The first period begins with the first poll, each later one when a get notices the end of the one before. Closing is reported at
    /// the end of a period as well. A period of zero keeps the task busy.
    ///
    /// [`backlog_only`](Get::backlog_only) checks immediately and does not change the periods. Each check takes what is there: a
    /// `debounce` or a `throttle` below this one delays nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use event_core::MemoryValue;
    /// use event_core::{MemoryReader, Timer, prelude::*};
    ///
    /// # struct AtOnce;
    /// # impl Timer for AtOnce {
    /// #     type Sleep = core::future::Ready<()>;
    /// #     fn sleep(&self, _: Duration) -> Self::Sleep { core::future::ready(()) }
    /// # }
    /// # futures_lite::future::block_on(async {
    /// async fn log(celsius: MemoryReader<f32>, timer: impl Timer) {
    ///     let mut every_minute = celsius.watch().sample(timer, Duration::from_secs(60));
    ///     while let Ok(celsius) = every_minute.get().await {
    ///         println!("{celsius} degrees");
    ///     }
    /// }
    /// # let celsius = MemoryValue::with_value(20.5).reader();
    /// # log(celsius, AtOnce).await
    /// # });
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("sampleTime"))]
    fn sample<K: Timer>(self, timer: K, period: Duration) -> Sample<Self, K>
    where
        Self: Sized,
    {
        Sample::new(self, timer, period)
    }

    /// Makes a value of the watcher, so that the work of the watcher is done once for any number of consumers. The caller runs the
    /// driver, a future, which sets what the watcher returns and closes the value when it ends or is dropped.
    ///
    /// The driver also ends when the value was closed elsewhere, and when nobody can watch it any more: when there is no other handle,
    /// no reader and no watcher. With [`driver.while_watched(timer, linger)`](Driver::while_watched) it rests while nobody watches.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let text = MemoryValue::with_value("1 2 3");
    /// let sum = |text: &str| text.split(' ').flat_map(str::parse::<u32>).sum::<u32>();
    /// let (sums, driver) = text.watch().map(sum).share();
    /// let (mut one, mut other) = (sums.watch(), sums.watch());
    /// drop(text);
    /// driver.await?;
    /// assert_eq!(one.get().await?, 6);
    /// assert_eq!(other.get().await?, 6);
    /// assert!(one.get().await.unwrap_err().is_closed());
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[cfg(feature = "alloc")]
    #[doc(alias("stateIn", "shareIn", "shareReplay", "publish", "multicast", "Broadcaster"))]
    fn share(self) -> (MemoryValue<Self::Item>, Driver<Self>)
    where
        Self: Sized,
    {
        Driver::new(self)
    }
}

impl<W: Watcher + ?Sized> WatcherExt for W {}
