//! One `set` to `get` over a server on loopback, beside a bare put and watch of the same data with `etcd-client`; and what a
//! thousand watchers of a thousand keys cost; and ranges.
//!
//! The two take turns in one run. Each block is so many round trips of the one and as many of the other; the ratio is that
//! of the blocks' medians, of which the median and the quartiles are printed.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "benchmarks have std")]

use std::process::ExitCode;
use std::time::{Duration, Instant};

use etcd_client::{Client, WatchStream};
use event_etcd::{BoxError, EtcdClient, EtcdValue, EtcdWatcher};
use event_test_servers::{Options, Server, install};
use tokio::task::JoinSet;

#[path = "etcd/ranges.rs"]
mod ranges;

use ranges::Stream;

const HELP: &str = "\
Measures watched values in an etcd server on loopback, which it starts itself.

Usage: cargo bench -p event-benches --bench etcd --features etcd-client [-- OPTIONS]

Options:
  --quick        a few round trips, to see that it works; the figures mean little
  --only PART    one part: trips, watchers, list, prefix or stream
  --rate NUMBER  so many puts a second, instead of 5,000, for the stream
  --help         this text";

const KEYS: usize = 1000;

const PARTS: [&str; 5] = ["trips", "watchers", "list", "prefix", "stream"];

#[derive(Clone, Copy)]
struct Size {
    blocks: usize,
    trips: usize,
    lists: usize,
    stream: Stream,
}

const FULL: Size =
    Size { blocks: 100, trips: 40, lists: 30, stream: Stream { turns: 10, turn: Duration::from_secs(2), rate: 5_000 } };
const QUICK: Size =
    Size { blocks: 5, trips: 10, lists: 3, stream: Stream { turns: 1, turn: Duration::from_millis(200), rate: 1_000 } };

fn main() -> ExitCode {
    let (mut size, mut only) = (FULL, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match &*argument {
            // What cargo adds.
            "--bench" => {}
            "--quick" => size = QUICK,
            "--only" => only = arguments.next(),
            "--rate" => {
                let Some(rate) = arguments.next().and_then(|rate| rate.parse().ok()) else {
                    eprintln!("--rate needs a number\n\n{HELP}");
                    return ExitCode::from(2);
                };
                size.stream.rate = rate;
            }
            "--help" | "-h" => {
                println!("{HELP}");
                return ExitCode::SUCCESS;
            }
            other => {
                eprintln!("there is no option {other:?}\n\n{HELP}");
                return ExitCode::from(2);
            }
        }
    }
    if only.as_ref().is_some_and(|only| !PARTS.contains(&&**only)) {
        eprintln!("there is no such part\n\n{HELP}");
        return ExitCode::from(2);
    }
    let etcd = match install() {
        Ok(etcd) => etcd,
        Err(missing) => {
            eprintln!("skipped: the benchmark beside etcd's client, since there is no etcd: {missing}");
            return ExitCode::SUCCESS;
        }
    };
    let server = Server::start(&etcd, Options::new());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be had").block_on(measure(&server, size, only.as_deref()));
    ExitCode::SUCCESS
}

async fn measure(server: &Server, size: Size, only: Option<&str>) {
    let is_wanted = |part: &str| only.is_none_or(|only| only == part);
    if is_wanted("trips") {
        println!("set to get over loopback, {} blocks of {} round trips each\n", size.blocks, size.trips);
        println!("| data | event-etcd, µs | etcd-client, µs | ratio (quartiles) |\n|---|---:|---:|---:|");
        for bytes in [16, 4096] {
            round_trips(server, size, bytes).await;
        }
        println!();
    }
    if is_wanted("watchers") {
        thousand(server).await;
        println!();
    }
    if is_wanted("list") || is_wanted("prefix") {
        ranges::fill(server).await;
    }
    if is_wanted("list") {
        ranges::list(server, size.lists).await;
    }
    if is_wanted("prefix") {
        ranges::one_prefix(server, 1 + size.lists / 10).await;
    }
    if is_wanted("stream") {
        ranges::stream(server, size.stream).await;
    }
}

fn decode(_key: &[u8], bytes: Option<&[u8]>) -> Result<Vec<u8>, BoxError> {
    Ok(bytes.unwrap_or_default().to_vec())
}

async fn round_trips(server: &Server, size: Size, bytes: usize) {
    let client = EtcdClient::connect([server.endpoint()]).await.expect("the server answers");
    let value = EtcdValue::builder(&client).key(format!("ours {bytes}")).decoder(decode).build().expect("a key");
    let mut watcher = value.watch();
    value.set("begins").await.expect("it is stored");
    watcher.get().await.expect("it is there");

    let mut bare = Client::connect([server.endpoint()], None).await.expect("the server answers");
    let key = format!("bare {bytes}");
    let mut stream = bare.watch(&*key, None).await.expect("it can be watched");
    stream.message().await.expect("it is being watched");

    let mut number = 0;
    let mut data = || {
        number += 1;
        format!("{number:0bytes$}").into_bytes()
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..size.blocks {
        let mut times = Vec::new();
        for _ in 0..size.trips {
            times.push(trip(&value, &mut watcher, data()).await);
        }
        ours.push(quartiles(&mut times)[1]);
        let mut times = Vec::new();
        for _ in 0..size.trips {
            times.push(bare_trip(&mut bare, &key, &mut stream, data()).await);
        }
        theirs.push(quartiles(&mut times)[1]);
    }
    let mut ratios: Vec<_> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
    let [low, middle, high] = quartiles(&mut ratios);
    let [[_, ours, _], [_, theirs, _]] = [quartiles(&mut ours), quartiles(&mut theirs)];
    println!("| {bytes} bytes | {ours:.0} | {theirs:.0} | {middle:.2} ({low:.2}..{high:.2}) |");
}

async fn trip(value: &EtcdValue<Vec<u8>>, watcher: &mut EtcdWatcher<Vec<u8>>, data: Vec<u8>) -> f64 {
    let start = Instant::now();
    value.set(data.clone()).await.expect("it is stored");
    let got = watcher.get().await.expect("it arrives");
    let time = micros(start.elapsed());
    assert_eq!(got, data);
    time
}

async fn bare_trip(client: &mut Client, key: &str, stream: &mut WatchStream, data: Vec<u8>) -> f64 {
    let start = Instant::now();
    client.put(key, data.clone(), None).await.expect("it is stored");
    let response = stream.message().await.expect("it arrives").expect("the stream goes on");
    let got = response.events().last().and_then(|event| event.kv()).map(|pair| pair.value().to_vec());
    let time = micros(start.elapsed());
    assert_eq!(got, Some(data));
    time
}

/// A thousand watchers of a thousand keys over one client: how long until all are in sync, and what they keep.
async fn thousand(server: &Server) {
    let client = EtcdClient::connect([server.endpoint()]).await.expect("the server answers");
    let mut values = Vec::new();
    for key in 0..KEYS {
        let value = EtcdValue::builder(&client).key(format!("{key}")).decoder(decode).build().expect("a key");
        value.set("1").await.expect("it is stored");
        values.push(value);
    }
    let (before, start) = (resident(), Instant::now());
    let mut tasks = JoinSet::new();
    for value in values {
        tasks.spawn(async move {
            let mut watcher = value.watch();
            watcher.get().await.expect("it is there");
            watcher
        });
    }
    let watchers = tasks.join_all().await;
    let listed = start.elapsed();
    let kept = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    print!("{} watchers of as many keys: each has its first data after {listed:.0?}", watchers.len());
    match kept {
        Some(kilobytes) => println!("; the process has grown by {kilobytes} KiB"),
        None => println!("; how the process has grown is not known here"),
    }
}

/// The memory that this process has, in KiB.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The first quartile, the median and the third one.
fn quartiles(numbers: &mut [f64]) -> [f64; 3] {
    numbers.sort_unstable_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| numbers[(numbers.len() - 1) * quarter / 4])
}
