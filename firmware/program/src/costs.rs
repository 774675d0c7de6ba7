//! What the usual operations cost, in instructions, when nothing interrupts them; and what a value takes of the heap.

use core::future::Future;
use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Waker};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::watch::Watch;
use event_core::{MemoryValue, Watcher};
use portable_atomic::Ordering;
use semihosting::println;

use crate::{heap, machine};

/// So that an instruction more or less shows.
const TIMES: u32 = 1_000;

/// The emulator counts instructions and calls it time: how many pass in a million ticks.
fn instructions_per_million_ticks() -> u64 {
    const ROUNDS: u32 = 100_000;
    let ticks = ticks_of(|| machine::spin(ROUNDS));
    2 * u64::from(ROUNDS) * 1_000_000 / u64::from(ticks.max(1))
}

fn ticks_of(f: impl FnOnce()) -> u32 {
    let before = machine::ticks();
    f();
    machine::ticks().wrapping_sub(before) & 0x00FF_FFFF
}

/// Prints what everything costs.
pub fn measure() {
    measure_operations();
    measure_what_is_masked();
    heap::measure();
}

fn measure_operations() {
    let per_million_ticks = instructions_per_million_ticks();
    let instructions = |mut f: &mut dyn FnMut(u32)| {
        let ticks = ticks_of(|| (0..TIMES).for_each(&mut f));
        u64::from(ticks) * per_million_ticks / 1_000_000 / u64::from(TIMES)
    };
    let empty = instructions(&mut |n| _ = black_box(n));
    let print = |what, f: &mut dyn FnMut(u32)| {
        println!("  {what}: {} instructions", instructions(f).saturating_sub(empty));
    };

    static VALUE: MemoryValue<u32> = heap::value!(u32, 2, 0);
    let value = &VALUE;
    value.set(0);
    print("set, nobody watches", &mut |n| _ = value.set(n));
    print("load", &mut |_| _ = black_box(value.load()));
    print("update", &mut |_| _ = value.update(|data| *data += 1));
    let mut watcher = value.watch();
    print("set and get", &mut |n| {
        value.set(n);
        _ = black_box(watcher.try_get());
    });
    let mut cx = Context::from_waker(Waker::noop());
    print("wait, set that wakes, get", &mut |n| {
        _ = black_box(watcher.poll_get(&mut cx));
        value.set(n);
        _ = black_box(watcher.poll_get(&mut cx));
    });
    print("make and drop a watcher", &mut |_| drop(black_box(value.watch())));
}

/// How long interrupts are disabled at the longest: for an exchange of a word where there is no compare-and-swap, else never; and
/// in embassy-sync's `Watch`, for all of a `send`, the wakers included.
fn measure_what_is_masked() {
    let per_million_ticks = instructions_per_million_ticks();
    let print = |what, ticks: u32| {
        let instructions = u64::from(ticks) * per_million_ticks / 1_000_000 / u64::from(TIMES);
        println!("  {what}: {instructions} instructions");
    };
    if !cfg!(target_has_atomic = "32") {
        let word = portable_atomic::AtomicU32::new(0);
        // Ordering: Relaxed. Nobody else knows it.
        let exchange = |n| _ = black_box(word.compare_exchange(n, n + 1, Ordering::Relaxed, Ordering::Relaxed));
        print("an exchange, with interrupts disabled", ticks_of(|| (0..TIMES).for_each(exchange)));
    }
    static OTHER: Watch<CriticalSectionRawMutex, u32, 2> = Watch::new();
    let mut cx = Context::from_waker(Waker::noop());
    let (sender, mut receivers) = (OTHER.sender(), [(); 2].map(|()| OTHER.receiver().expect("there is room for two")));
    let mut ticks = 0;
    for n in 0..TIMES {
        for receiver in &mut receivers {
            _ = black_box(pin!(receiver.changed()).poll(&mut cx));
            _ = black_box(pin!(receiver.changed()).poll(&mut cx));
        }
        ticks += ticks_of(|| sender.send(n));
    }
    print("embassy-sync's send to two that wait, nearly all of it with interrupts disabled", ticks);
}
