//! What differs between the machines: two interrupts, a timer, sleeping.
//!
//! *The alarm* is the timer's interrupt and has the highest priority: nothing interrupts it. It can also be pended by the
//! program. *The sensor* is an interrupt of low priority that the program pends; the alarm interrupts it.

#[cfg(target_arch = "arm")]
mod cortex_m;
#[cfg(target_arch = "riscv32")]
mod riscv32;

#[cfg(target_arch = "arm")]
pub use self::cortex_m::{
    NAME, alarm_in, enable_alarm, had_its_time, pend_alarm, pend_sensor, sleep, spin, stack, start, stop, ticks,
};
#[cfg(target_arch = "riscv32")]
pub use self::riscv32::{
    NAME, alarm_in, enable_alarm, had_its_time, pend_alarm, pend_sensor, sleep, spin, stack, start, stop, ticks,
};

#[cfg(all(target_arch = "arm", feature = "heap"))]
pub use self::cortex_m::in_interrupt;
#[cfg(all(target_arch = "riscv32", feature = "heap"))]
pub use self::riscv32::in_interrupt;

use core::ops::Range;

use event_core::RelaxStrategy;
use portable_atomic::{AtomicBool, Ordering};

/// Whether there was an interrupt, or another reason to look round, since somebody last waited.
static SOMETHING_HAPPENED: AtomicBool = AtomicBool::new(false);

/// Lets the next [`WaitForInterrupt::relax`] return at once.
pub fn something_happened() {
    // Ordering: Relaxed. One processor: an interrupt handler and what it interrupts see each other's stores in order.
    SOMETHING_HAPPENED.store(true, Ordering::Relaxed);
}

/// Sleeps until the next interrupt, unless there was one since the last call.
///
/// Whoever waits looks at something and then sleeps. An interrupt that comes in between must not be slept through, so the
/// handlers leave word. (Cortex-M has that built in, as the event register of `wfe`; RISC-V has not.)
pub struct WaitForInterrupt;

impl RelaxStrategy for WaitForInterrupt {
    fn relax() {
        // With interrupts disabled a pending one still ends the sleep; its handler runs at the end of the critical section.
        critical_section::with(|_| {
            // Ordering: Relaxed, both. No handler runs meanwhile.
            if !SOMETHING_HAPPENED.load(Ordering::Relaxed) {
                sleep();
            }
            SOMETHING_HAPPENED.store(false, Ordering::Relaxed);
        });
    }
}

/// What unused stack is filled with.
const UNUSED: u32 = 0x5AFE_57AC;

/// Fills the part of the stack that is not in use.
pub fn paint_stack() {
    let here = 0_u32;
    // What is above is in use, and so may be a little below it.
    let top = (&raw const here).addr() - 256;
    for address in words(stack().start..top) {
        // SAFETY: between the static data and the frame of this function, with room to spare, there is nothing.
        unsafe { core::ptr::with_exposed_provenance_mut::<u32>(address).write_volatile(UNUSED) };
    }
}

/// How much stack was used at most, in bytes, since [`paint_stack`]; and how much there is.
pub fn stack_used() -> (usize, usize) {
    let stack = stack();
    let untouched = words(stack.clone()).take_while(|&address| {
        // SAFETY: RAM, and every bit pattern is a number.
        let word = unsafe { core::ptr::with_exposed_provenance::<u32>(address).read_volatile() };
        word == UNUSED
    });
    (stack.len() - 4 * untouched.count(), stack.len())
}

fn words(addresses: Range<usize>) -> impl Iterator<Item = usize> {
    addresses.step_by(4)
}
