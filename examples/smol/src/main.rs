//! A sensor, an average and an alarm on smol, which needs nothing but `event-core`.
//!
//! `cargo run -p on-smol`

#![allow(clippy::std_instead_of_core, reason = "a program has std")]

use std::time::Duration;

use event_core::{GetError, MemoryReader, MemoryValue, combine, prelude::*};
use smol::Timer;

/// Produces: a reading every few milliseconds.
async fn sensor(celsius: MemoryValue<f32>) {
    for reading in [20.0, 20.5, 21.0, 35.0, 36.0, 36.5] {
        celsius.set(reading);
        Timer::after(Duration::from_millis(20)).await;
    }
} // the last handle is dropped: the value is closed

/// Consumes two values together, and reports only changes.
async fn alarm(celsius: MemoryReader<f32>, limit: MemoryReader<f32>) -> Result<(), GetError> {
    let mut too_hot = combine((celsius.watch(), limit.watch())).map(|(celsius, limit)| celsius > limit).dedup();
    loop {
        println!("alarm: {}", if too_hot.get().await? { "on" } else { "off" });
    }
}

/// Consumes slowly: what is replaced meanwhile is skipped.
async fn display(celsius: MemoryReader<f32>) -> Result<(), GetError> {
    let mut calm = celsius.watch().throttle(Timer::after, Duration::from_millis(50));
    loop {
        println!("{} degrees", calm.get().await?);
    }
}

fn main() {
    smol::block_on(async {
        let (celsius, limit) = (MemoryValue::new(), MemoryValue::with_value(30.0));
        let alarm = smol::spawn(alarm(celsius.reader(), limit.reader()));
        let display = smol::spawn(display(celsius.reader()));
        sensor(celsius).await;
        drop(limit);
        println!("display: {}", display.await.unwrap_err());
        println!("alarm: {}", alarm.await.unwrap_err());
    });
}
