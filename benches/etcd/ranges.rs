//! Ranges beside the bare client: how long a first list takes, what a thousand watchers of one prefix cost, and what a reader of a
//! stream of changes costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use etcd_client::{Client, GetOptions, WatchOptions};
use event_core::MemoryReader;
use event_etcd::{Bytes, EtcdClient, EtcdMap, EtcdValue, Status};
use event_map::MemoryMap;
use event_test_servers::Server;
use tokio::sync::Barrier;
use tokio::sync::oneshot::Sender;
use tokio::task::JoinSet;

use super::{decode, micros, quartiles, resident};

const KEYS: usize = 10_000;
const WATCHERS: usize = 1_000;
const PREFIX: &str = "range/";

type Map = EtcdMap<Vec<u8>, Arc<[u8]>>;

async fn connect(server: &Server) -> EtcdClient {
    EtcdClient::connect([server.endpoint()]).await.expect("the server answers")
}

fn map(client: &EtcdClient) -> Map {
    EtcdMap::builder(client).prefix(PREFIX).map_with(Bytes, Bytes).build().expect("a prefix")
}

fn value(client: &EtcdClient) -> EtcdValue<Vec<u8>> {
    EtcdValue::builder(client).prefix(PREFIX).decoder(decode).build().expect("a prefix")
}

/// Stores the keys.
pub(crate) async fn fill(server: &Server) {
    let client = connect(server).await;
    let mut tasks = JoinSet::new();
    for writer in 0..50 {
        let client = client.clone();
        tasks.spawn(async move {
            for key in (writer..KEYS).step_by(50) {
                let key = client.key(format!("{PREFIX}{key:06}")).expect("a key");
                key.set(format!("{:0100}", 1)).await.expect("it is stored");
            }
        });
    }
    tasks.join_all().await;
}

/// A first list, into a map of the client's own, and one get after the other.
pub(crate) async fn list(server: &Server, blocks: usize) {
    let client = connect(server).await;
    let mut bare = Client::connect([server.endpoint()], None).await.expect("the server answers");
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..blocks {
        let begun = Instant::now();
        let answer = bare.get(PREFIX, Some(GetOptions::new().with_prefix())).await.expect("it answers");
        let all: std::collections::BTreeMap<_, _> =
            answer.kvs().iter().map(|pair| (pair.key().to_vec(), pair.value().to_vec())).collect();
        times[0].push(micros(begun.elapsed()));
        assert_eq!(all.len(), KEYS);

        let begun = Instant::now();
        let map = map(&client);
        map.ready().await.expect("it answers");
        times[1].push(micros(begun.elapsed()));
        assert_eq!(map.len(), KEYS);
        drop(map);
        // What was shared is given back.
        tokio::time::sleep(Duration::from_millis(20)).await;

        let begun = Instant::now();
        let mut watcher = value(&client).watch();
        for _ in 0..KEYS {
            watcher.get().await.expect("it is there");
        }
        times[2].push(micros(begun.elapsed()));
        drop(watcher);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    println!("first list of {KEYS} keys of 100 bytes, {blocks} times in turn\n");
    println!(
        "| bare get into a BTreeMap, ms | EtcdMap ready | ratio | EtcdWatcher, all keys | ratio |\n|---:|---:|---:|---:|---:|"
    );
    let ratio = |of: &[f64]| {
        let mut ratios: Vec<_> = of.iter().zip(&times[0]).map(|(ours, theirs)| ours / theirs).collect();
        quartiles(&mut ratios)[1]
    };
    let ratios = [ratio(&times[1]), ratio(&times[2])];
    let [bare, map, watcher] = times.map(|mut times| quartiles(&mut times)[1] / 1e3);
    println!("| {bare:.1} | {map:.1} | {:.2} | {watcher:.1} | {:.2} |\n", ratios[0], ratios[1]);
}

/// A thousand watchers of one prefix: until each has a first item, and until one put has reached all; beside as many watchers of
/// a map in memory that one bare watch feeds.
pub(crate) async fn one_prefix(server: &Server, rounds: usize) {
    println!(
        "{WATCHERS} watchers of {KEYS} keys\n\n| | first item, ms | one put reaches all, ms | grown by, KiB |\n|---|---:|---:|---:|"
    );
    for round in 0..rounds {
        let before = resident();
        let client = connect(server).await;
        let value = value(&client);
        let fan_out = FanOut::start((0..WATCHERS).map(|_| value.watch()));
        fan_out.report(server, "EtcdWatcher", before, 3 * round + 2).await;

        let before = resident();
        let client = connect(server).await;
        let map = map(&client);
        let fan_out = FanOut::start((0..WATCHERS).map(|_| map.watch()));
        fan_out.report(server, "EtcdMap", before, 3 * round + 3).await;
        drop(map);

        let before = resident();
        let (map, begun) = (MemoryMap::<Vec<u8>, Arc<[u8]>>::new(), Instant::now());
        let fan_out = FanOut::start((0..WATCHERS).map(|_| map.watch()));
        let feed = tokio::spawn(feed(server.endpoint(), map));
        fan_out.report_from(server, "a bare watch into a MemoryMap", before, 3 * round + 4, begun).await;
        feed.abort();
    }
    println!();
}

async fn feed(endpoint: String, map: MemoryMap<Vec<u8>, Arc<[u8]>>) {
    let mut bare = Client::connect([endpoint], None).await.expect("the server answers");
    let answer = bare.get(PREFIX, Some(GetOptions::new().with_prefix())).await.expect("it answers");
    map.transaction(|edit| {
        for pair in answer.kvs() {
            edit.insert(pair.key().to_vec(), pair.value().into());
        }
    });
    let from = answer.header().map_or(0, |header| header.revision()) + 1;
    let options = WatchOptions::new().with_prefix().with_start_revision(from);
    let mut stream = bare.watch(PREFIX, Some(options)).await.expect("it can be watched");
    while let Ok(Some(response)) = stream.message().await {
        map.transaction(|edit| {
            for pair in response.events().iter().filter_map(|event| event.kv()) {
                edit.insert(pair.key().to_vec(), pair.value().into());
            }
        });
    }
}

struct FanOut {
    begun: Instant,
    started: Arc<Barrier>,
    reached: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl FanOut {
    fn start<W: event_core::Watcher + Send + 'static>(watchers: impl Iterator<Item = W>) -> Self
    where
        W::Item: Send,
    {
        let begun = Instant::now();
        let (started, reached) = (Arc::new(Barrier::new(WATCHERS + 1)), Arc::new(AtomicU64::new(0)));
        let mut tasks = JoinSet::new();
        for mut watcher in watchers {
            let (started, reached) = (Arc::clone(&started), Arc::clone(&reached));
            tasks.spawn(async move {
                use event_core::WatcherExt;
                watcher.get().await.expect("it is there");
                started.wait().await;
                for _ in 1..KEYS {
                    watcher.get().await.expect("it is there");
                }
                started.wait().await;
                watcher.get().await.expect("it is put");
                // Ordering: a counter; the last one is waited for.
                reached.fetch_add(1, Ordering::Relaxed);
                started.wait().await;
                std::future::pending::<()>().await;
            });
        }
        Self { begun, started, reached, _tasks: tasks }
    }

    async fn report(self, server: &Server, name: &str, before: Option<u64>, number: usize) {
        let begun = self.begun;
        self.report_from(server, name, before, number, begun).await;
    }

    async fn report_from(self, server: &Server, name: &str, before: Option<u64>, number: usize, begun: Instant) {
        self.started.wait().await;
        let first = begun.elapsed();
        self.started.wait().await;
        // All of them wait.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let grown = resident().zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
        let client = connect(server).await;
        let key = client.key(format!("{PREFIX}{:06}", KEYS / 2)).expect("a key");
        let mut times = Vec::new();
        let begun = Instant::now();
        key.set(format!("{number:0100}")).await.expect("it is stored");
        let put = begun.elapsed();
        self.started.wait().await;
        times.push(micros(begun.elapsed().saturating_sub(put)));
        // Ordering: the barrier orders it.
        assert_eq!(self.reached.load(Ordering::Relaxed), WATCHERS as u64);
        println!("| {name} | {:.1} | {:.2} | {grown} |", first.as_secs_f64() * 1e3, times[0] / 1e3);
    }
}

/// How long a writer and a reader do it in turns, and how often per second.
#[derive(Clone, Copy)]
pub(crate) struct Stream {
    pub(crate) turns: usize,
    pub(crate) turn: Duration,
    pub(crate) rate: u32,
}

/// Changes of a hundred keys at a rate. Each holds when it was put, so a reader knows how long it took.
pub(crate) async fn stream(server: &Server, size: Stream) {
    println!("{} puts a second of 100 keys, {} turns of {:?} each\n", size.rate, size.turns, size.turn);
    println!("| reader | p50, µs | p99, µs | longest, ms | processor time per change, µs |\n|---|---:|---:|---:|---:|");
    let begun = Instant::now();
    let mut ours = Reading::default();
    let mut map = Reading::default();
    let mut bare = Reading::default();
    for _ in 0..size.turns {
        let stop = Arc::new(AtomicBool::new(false));
        for kind in 0..3 {
            stop.store(false, Ordering::Relaxed);
            let (endpoint, stopped) = (server.endpoint(), Arc::clone(&stop));
            let (ready, reads) = tokio::sync::oneshot::channel();
            // The name is for profiles.
            let reader = std::thread::Builder::new().name(format!("reader {kind}"));
            let reader = reader.spawn(move || read(kind, &endpoint, &stopped, begun, ready)).expect("a thread");
            // What is put before somebody reads would count how long that takes to begin.
            reads.await.expect("it begins");
            write(server, size, begun).await;
            stop.store(true, Ordering::Relaxed);
            // One more, which ends it.
            let client = connect(server).await;
            client.key("stream/00").expect("a key").set(stamp(begun)).await.expect("it is stored");
            let reading = tokio::task::spawn_blocking(|| reader.join()).await.expect("it is waited for");
            [&mut ours, &mut map, &mut bare][kind].add(reading.expect("it does not panic"));
        }
    }
    let rows =
        [("EtcdWatcher", &mut ours), ("EtcdMap", &mut map), ("bare etcd-client", &mut bare)].map(|(name, reading)| {
            reading.times.sort_unstable();
            let at = |part: f64| reading.times[(reading.times.len() as f64 * part) as usize] as f64 / 1e3;
            let (p50, p99, cpu) = (at(0.5), at(0.99), reading.busy as f64 / 1e3 / reading.times.len() as f64);
            let longest = *reading.times.last().expect("some arrived") as f64 / 1e6;
            println!("| {name} | {p50:.0} | {p99:.0} | {longest:.1} | {cpu:.1} |");
            [p50, p99, cpu]
        });
    for (name, row) in [("EtcdWatcher", rows[0]), ("EtcdMap", rows[1])] {
        let [p50, p99, cpu] = [0, 1, 2].map(|at| row[at] / rows[2][at]);
        println!("\n{name} beside the bare client: p50 {p50:.2}, p99 {p99:.2}, processor time {cpu:.2}");
    }
}

fn stamp(begun: Instant) -> Vec<u8> {
    format!("{:0100}", begun.elapsed().as_nanos()).into_bytes()
}

async fn write(server: &Server, size: Stream, begun: Instant) {
    let client = connect(server).await;
    let mut ticks = tokio::time::interval(Duration::from_millis(2));
    let (start, mut sent, mut tasks) = (Instant::now(), 0_u32, JoinSet::new());
    while start.elapsed() < size.turn {
        ticks.tick().await;
        while f64::from(sent) < start.elapsed().as_secs_f64() * f64::from(size.rate) {
            let key = client.key(format!("stream/{:02}", sent % 100)).expect("a key");
            tasks.spawn(async move { key.set(stamp(begun)).await.expect("it is stored") });
            sent += 1;
        }
        while tasks.try_join_next().is_some() {}
    }
    tasks.join_all().await;
}

#[derive(Default)]
struct Reading {
    times: Vec<u64>,
    busy: u64,
    /// When the reader began.
    since: u64,
}

impl Reading {
    fn add(&mut self, other: Self) {
        self.times.extend(other.times);
        self.busy += other.busy;
    }

    fn note(&mut self, data: &[u8], begun: Instant) {
        let sent: u64 = std::str::from_utf8(data).ok().and_then(|text| text.parse().ok()).expect("a stamp");
        // What the first list returns was put before.
        if sent < self.since {
            return;
        }
        self.times.push((begun.elapsed().as_nanos() as u64).saturating_sub(sent));
    }
}

/// On a thread and a runtime of its own, so that its processor time can be told from others'.
fn read(kind: usize, endpoint: &str, stop: &AtomicBool, begun: Instant, ready: Sender<()>) -> Reading {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut reading = Reading::default();
        let start = |reading: &mut Reading| {
            reading.since = begun.elapsed().as_nanos() as u64;
            ready.send(()).expect("it is waited for");
            busy()
        };
        let before;
        // Ordering: what is put after it was set is waited for.
        let done = || stop.load(Ordering::Relaxed);
        match kind {
            0 => {
                let client = EtcdClient::connect([endpoint]).await.expect("the server answers");
                let all = EtcdValue::builder(&client).prefix("stream/").decoder(decode).build().expect("a prefix");
                let mut watcher = all.watch();
                while watcher.get().backlog_only().await.is_ok() {}
                // Now it follows.
                let _ = poll_once(watcher.get()).await;
                is_synced(&watcher.status()).await;
                before = start(&mut reading);
                while let Ok(data) = watcher.get().await {
                    reading.note(&data, begun);
                    if done() {
                        break;
                    }
                }
            }
            1 => {
                let client = EtcdClient::connect([endpoint]).await.expect("the server answers");
                let map: Map =
                    EtcdMap::builder(&client).prefix("stream/").map_with(Bytes, Bytes).build().expect("a prefix");
                is_synced(&map.status()).await;
                let mut watcher = map.watch();
                while watcher.get().backlog_only().await.is_ok() {}
                before = start(&mut reading);
                while let Ok(change) = watcher.get().await {
                    reading.note(&change.value.expect("nothing is deleted"), begun);
                    if done() {
                        break;
                    }
                }
            }
            _ => {
                let mut client = Client::connect([endpoint], None).await.expect("the server answers");
                let options = WatchOptions::new().with_prefix();
                let mut stream = client.watch("stream/", Some(options)).await.expect("it can be watched");
                before = start(&mut reading);
                while let Ok(Some(response)) = stream.message().await {
                    for pair in response.events().iter().filter_map(|event| event.kv()) {
                        reading.note(pair.value(), begun);
                    }
                    if done() {
                        break;
                    }
                }
            }
        }
        reading.busy = busy().saturating_sub(before);
        reading
    })
}

async fn is_synced(status: &MemoryReader<Status>) {
    status.watch().get().filter(Status::is_synced).await.expect("the client is there");
}

/// The result of a future that is ready now.
async fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// How long this thread has worked, in nanoseconds.
fn busy() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
