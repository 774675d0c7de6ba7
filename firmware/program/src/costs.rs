//! What the usual operations cost, in instructions, when nothing interrupts them; and what a value takes of the heap.

use core::hint::black_box;
use core::task::{Context, Waker};

use event_core::{MemoryValue, Watcher};
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
