//! Workers on threads, a configuration that they read in a hot loop, and a thread that reports progress. There is no runtime.
//!
//! `cargo run -p on-threads`

#![allow(clippy::std_instead_of_core, reason = "a program has std")]

use std::thread;
use std::time::Duration;

use event_core::{GetError, MemoryValue, StateValue};

#[derive(Clone)]
struct Config {
    divisor: u64,
}

fn main() {
    let config = StateValue::new(Config { divisor: 3 });
    let done = MemoryValue::with_value(0_u64);

    let mut reported = done.watch();
    let reporter = thread::spawn(move || {
        loop {
            match reported.blocking_get_timeout(Duration::from_millis(100)) {
                Ok(done) => println!("{done} done"),
                Err(GetError::DeadlineExceeded) => println!("no progress"),
                Err(error) => return println!("reporter: {error}"),
            }
        }
    });

    let reader = config.reader();
    let hits: u64 = thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                let (done, mut config) = (done.clone(), reader.cached());
                scope.spawn(move || {
                    let mut hits = 0;
                    for n in 0..100_000_u64 {
                        // One atomic load, as long as nobody changes the configuration.
                        let config = config.load().expect("a state always holds data");
                        hits += u64::from((n + worker) % config.divisor == 0);
                        if n % 25_000 == 0 {
                            done.update(|done| *done += 1);
                        }
                    }
                    hits
                })
            })
            .collect();
        config.set(Config { divisor: 5 }); // the workers see it in their next step
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).sum()
    });
    drop(done); // the last handle: the reporter gets the newest number, and then the end
    reporter.join().expect("the reporter does not panic");
    println!("{hits} hits");
}
