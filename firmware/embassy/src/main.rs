//! An interrupt reads a sensor and sets a value; two embassy tasks follow it. There is no heap.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicI16, Ordering};

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::{entry, exception};
use embassy_executor::Executor;
use event_core::{MemoryValue, Space};
use semihosting::{println, process};

/// Two watchers. No reading is borrowed after it was replaced.
static SPACE: Space<i16, 2, 0> = Space::new();
static TEMPERATURE: MemoryValue<i16> = MemoryValue::in_space(&SPACE);

/// Stands for reading a sensor: the temperature rises from 20 degrees.
#[exception]
fn SysTick() {
    static NEXT: AtomicI16 = AtomicI16::new(20);
    // Ordering: Relaxed. Only this handler uses it.
    TEMPERATURE.set(NEXT.fetch_add(1, Ordering::Relaxed));
}

/// Shows each reading that it is in time for.
#[embassy_executor::task]
async fn show() {
    let mut watcher = TEMPERATURE.watch();
    while let Ok(celsius) = watcher.get().await {
        println!("{celsius} degrees");
    }
}

/// Waits until it is too hot.
#[embassy_executor::task]
async fn alarm() {
    let mut watcher = TEMPERATURE.watch();
    if let Ok(celsius) = watcher.get().filter(|celsius| *celsius >= 30).await {
        println!("too hot: {celsius} degrees");
        process::exit(0);
    }
}

#[entry]
fn main() -> ! {
    static EXECUTOR: static_cell::StaticCell<Executor> = static_cell::StaticCell::new();
    let mut timer = cortex_m::Peripherals::take().expect("nobody else takes them").SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(1_000_000);
    timer.enable_counter();
    timer.enable_interrupt();
    EXECUTOR.init(Executor::new()).run(|spawner| {
        spawner.spawn(show().expect("it was not spawned before"));
        spawner.spawn(alarm().expect("it was not spawned before"));
    })
}
