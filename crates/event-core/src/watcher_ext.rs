//! What can be done with every watcher: gets, streams, blocking forms and combinators.

use alloc::boxed::Box;
use core::future::Future;
use core::time::Duration;

use crate::blocking::{BlockingIter, Relax, RelaxStrategy, relax_until_ready};
#[cfg(feature = "std")]
use crate::blocking::{Park, park_until_ready};
use crate::combinators::{
    Debounce, Dedup, DedupByKey, Driver, Filter, FilterMap, Inspect, Map, MapLatest, Sample, Scan, SwitchMap, Throttle,
};
use crate::error::GetError;
use crate::get::Get;
use crate::memory::MemoryValue;
use crate::stream::WatcherStream;
use crate::timer::Timer;
use crate::traits::{Watch, Watcher};

/// A watcher of any backend. See [`WatcherExt::boxed`].
pub type BoxWatcher<'a, T> = Box<dyn Watcher<Item = T> + Send + 'a>;

/// What can be done with every [`Watcher`].
pub trait WatcherExt: Watcher {
    /// A future for the present data, or for something newer than what the last `get` gave.
    ///
    /// The first `get` gives what is present; every later one waits for a newer version. It is always the newest that
    /// is given; what came and went between two gets is skipped. See [`Get`] for the options.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was given; what the options add.
    ///
    /// # Cancel safety
    ///
    /// A dropped future consumed nothing.
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

    /// A stream of what `get` would give, conflated in the same way.
    ///
    /// It ends with the first error, which is [`GetError::Closed`] for memory values. See [`WatcherStream`].
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

    /// [`get`](Self::get) for threads without a runtime: the thread sleeps until there is something to give.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] once the value is closed and its newest data was given; [`GetError::Backend`] as the backend says.
    ///
    /// # Panics
    ///
    /// Never by itself. It must not be called on a runtime's thread, whose other tasks would wait as well.
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
    /// [`GetError::DeadlineExceeded`] once the time is up, even if there is data: so a timeout of zero never gives any. Else as
    /// [`blocking_get`](Self::blocking_get). Nothing is consumed then.
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

    /// What [`blocking_get`](Self::blocking_get) gives, until the first error.
    #[cfg(feature = "std")]
    fn blocking_iter(&mut self) -> BlockingIter<'_, Self, Park> {
        BlockingIter::new(self)
    }

    /// [`get`](Self::get) without a runtime or an operating system: until there is something to give, the processor does
    /// what `R` says, over and over. That may be to spin, or to wait for an interrupt.
    ///
    /// `R` may return at any time. If it puts the processor to sleep, an interrupt that has come since the last time it
    /// returned must keep it awake, or a wake-up in between would be slept through: on Arm's Cortex-M, `wfe` does so. Each
    /// call allocates its waker.
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

    /// What [`relaxing_get`](Self::relaxing_get) gives, until the first error.
    fn relaxing_iter<R: RelaxStrategy>(&mut self) -> BlockingIter<'_, Self, Relax<R>> {
        BlockingIter::new(self)
    }

    /// The same watcher behind a pointer, to store watchers of different kinds together.
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
    #[doc(alias("as_dyn", "dyn_receiver"))]
    fn boxed<'a>(self) -> BoxWatcher<'a, Self::Item>
    where
        Self: Sized + Send + 'a,
    {
        Box::new(self)
    }

    /// What `map` makes of each item.
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

    /// The items that `predicate` accepts. What it rejects is consumed; on memory values it runs on the data in place.
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

    /// What `map` makes of the items, where that is something. The others are consumed.
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

    /// What `scan` makes of each item and of a state, which begins as `init` and which `scan` may change.
    ///
    /// Only items that are got change the state. What is skipped, because something newer came before the next get, does not:
    /// this is for a trend or a comparison with the item before, not for counting what was set. What a filter of a get rejects has
    /// been scanned. A clone of the watcher has a clone of the state.
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
    /// let mut change = celsius.watch().scan(None, |before, now| before.replace(now).map(|before| now - before));
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

    /// Shows each item to `inspect` just before it is given.
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

    /// Skips what equals the last item given. It keeps a clone of that.
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

    /// Skips what has the same key as the last item given. It keeps that key.
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

    /// Follows a value whose items lead to further values: gives the data of the one that the newest item leads to.
    ///
    /// When the item changes, the first get gives what is present in the new value. What `switch` returned is dropped as soon as
    /// it is watched, so it does not keep that value open. It is closed when the watcher and the value that is followed are.
    ///
    /// # Panics
    ///
    /// A panic of `switch` passes through. That item is consumed, and the value before it is followed further.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let (wired, wireless) = (MemoryValue::with_value("192.0.2.10"), MemoryValue::with_value("198.51.100.23"));
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

    /// The output of the future that `map` makes of each item. When something newer comes first, that future is dropped.
    ///
    /// With a `map` that takes a time of 3, and makes `A` of `a`:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12
    /// items   a           b     c        d  closed
    /// given            A                 C        D
    /// ```
    ///
    /// (The run of `b` is dropped at 6. That of `c` is over at 9, when `d` comes; here the executor notices the run first.) A run is
    /// polled by gets, and only by them. If the value is set more often than a run takes, nothing is returned: a
    /// [`throttle`](Self::throttle) or a [`debounce`](Self::debounce) before this one helps. The last run goes on after the watcher
    /// is closed, and the end is reported after its output.
    ///
    /// [`backlog_only`](Get::backlog_only) waits for the run of what is there. It cannot be cloned, since a run cannot.
    ///
    /// # Errors
    ///
    /// Those of the watcher; the run stays as it is. [`GetError::Closed`] when the watcher is closed and
    /// the last run is over. A future that may fail has a `Result` as its output.
    ///
    /// # Cancel safety
    ///
    /// A get that is dropped consumes nothing: the run stays where it is, and the next get goes on with it.
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
    #[doc(alias("mapLatest", "transformLatest", "collectLatest", "map_future", "then"))]
    fn map_latest<R: Future, F: FnMut(Self::Item) -> R>(self, map: F) -> MapLatest<Self, F, R>
    where
        Self: Sized,
    {
        MapLatest::new(self, map)
    }

    /// Gives an item when nothing newer has come for the time `quiet`.
    ///
    /// With `quiet` = 3, the items in the upper line, each at its time, are given as in the lower one:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11
    /// items   a        b  c              d  closed
    /// given            a           c        d
    /// ```
    ///
    /// The time is counted from when the item was got, not from when it was set: somebody has to wait for that. (Above, `a` and
    /// `b` come at the same time, 3: if the timer is the first to be noticed, `a` is given, else it is skipped.) The last
    /// item before the end is given at once, and the end after it. Of a value that is never quiet, nothing but that is given,
    /// unless there is a limit: [`debounce(..).at_most(max)`](Debounce::at_most). [`backlog_only`](Get::backlog_only) does not wait for quiet: it gives the newest item at once. An item that a filter of a
    /// get rejects is consumed after its quiet time.
    ///
    /// # Examples
    ///
    /// With a timer of a runtime's adapter, such as event-tokio's:
    ///
    /// ```
    /// # use core::time::Duration;
    /// use event_core::{MemoryValue, Timer, prelude::*};
    ///
    /// # struct AtOnce;
    /// # impl Timer for AtOnce {
    /// #     type Sleep = core::future::Ready<()>;
    /// #     fn sleep(&self, _: Duration) -> Self::Sleep { core::future::ready(()) }
    /// # }
    /// # futures_lite::future::block_on(async {
    /// async fn save_settings(settings: MemoryValue<String>, timer: impl Timer) -> Result<(), event_core::GetError> {
    ///     let mut quiet = settings.watch().debounce(timer, Duration::from_secs(2));
    ///     println!("saving {:?}", quiet.get().await?);
    ///     Ok(())
    /// }
    /// # save_settings(MemoryValue::with_value("dark".into()), AtOnce).await
    /// # }).unwrap();
    /// ```
    #[doc(alias("debounceTime"))]
    fn debounce<K: Timer>(self, timer: K, quiet: Duration) -> Debounce<Self, K>
    where
        Self: Sized,
    {
        Debounce::new(self, timer, quiet)
    }

    /// Gives at most one item per `period`: the first one at once, and when the period since the last one given is over,
    /// the newest.
    ///
    /// With `period` = 3:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12 13
    /// items   a  b  c              d     e  closed
    /// given   a        c           d        e        end
    /// ```
    ///
    /// The period begins when an item is given. That the value is closed is told when it is over. An item that a filter
    /// rejects begins no period. [`backlog_only`](Get::backlog_only) does not wait for the period to be over: it gives what is
    /// there, which begins a period.
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
    #[doc(alias("throttleTime", "throttleLatest"))]
    fn throttle<K: Timer>(self, timer: K, period: Duration) -> Throttle<Self, K>
    where
        Self: Sized,
    {
        Throttle::new(self, timer, period)
    }

    /// Looks once every `period`, and gives the newest item if it is new.
    ///
    /// With `period` = 3:
    ///
    /// ```text
    /// time    0  1  2  3  4  5  6  7  8  9  10 11 12
    /// items      a  b              c        closed
    /// given            b                 c        end
    /// ```
    ///
    /// The first period begins with the first poll, every other one when the one before was noticed to be over: in a get that
    /// came late, at once. That the value is closed is told at such a time as well. A period of zero keeps the task busy.
    ///
    /// [`backlog_only`](Get::backlog_only) looks at once, and leaves the periods alone. Every look is for the backlog: a
    /// `debounce` or a `throttle` below delays nothing.
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
    #[doc(alias("sampleTime"))]
    fn sample<K: Timer>(self, timer: K, period: Duration) -> Sample<Self, K>
    where
        Self: Sized,
    {
        Sample::new(self, timer, period)
    }

    /// Makes a value of the watcher, so that what it does is done once for any number of consumers. The caller runs the
    /// driver, which sets what the watcher gives, and closes the value when it ends or is dropped.
    ///
    /// The driver also ends when the value was closed elsewhere, and when nobody is left who could watch it: no other handle, no
    /// reader, no watcher. With [`driver.while_watched(timer, linger)`](Driver::while_watched) it rests while nobody watches.
    ///
    /// # Examples
    ///
    /// ```
    /// use event_core::{MemoryValue, prelude::*};
    ///
    /// # futures_lite::future::block_on(async {
    /// let text = MemoryValue::with_value("1 2 3");
    /// let (sums, driver) = text.watch().map(|text| text.split(' ').flat_map(str::parse::<u32>).sum::<u32>()).share();
    /// let (mut one, mut other) = (sums.watch(), sums.watch());
    /// drop(text);
    /// driver.await?;
    /// assert_eq!(one.get().await?, 6);
    /// assert_eq!(other.get().await?, 6);
    /// assert!(one.get().await.unwrap_err().is_closed());
    /// # Ok::<(), event_core::GetError>(()) }).unwrap();
    /// ```
    #[doc(alias("stateIn", "shareIn", "shareReplay", "publish", "multicast", "Broadcaster"))]
    fn share(self) -> (MemoryValue<Self::Item>, Driver<Self>)
    where
        Self: Sized,
    {
        Driver::new(self)
    }
}

impl<W: Watcher + ?Sized> WatcherExt for W {}
