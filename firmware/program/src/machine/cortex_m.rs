//! Cortex-M: the alarm is SysTick, the sensor is PendSV.

use core::arch::asm;
use core::ops::Range;

use cortex_m::peripheral::scb::SystemHandler;
#[cfg(feature = "heap")]
use cortex_m::peripheral::scb::VectActive;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SCB, SYST};
use cortex_m_rt::{ExceptionFrame, exception};

use crate::interrupts;

/// Thumb-2 is what the Cortex-M3 has and the M0 has not; so is compare-and-swap.
pub const NAME: &str = if cfg!(target_has_atomic = "32") { "Cortex-M3 (lm3s6965evb)" } else { "Cortex-M0 (microbit)" };

/// Called once, before anything else here.
pub fn start() {
    let mut peripherals = Peripherals::take().expect("nobody else takes them");
    // SAFETY: no critical section is going on that relies on priorities.
    unsafe { peripherals.SCB.set_priority(SystemHandler::SysTick, 0x00) };
    // SAFETY: as above.
    unsafe { peripherals.SCB.set_priority(SystemHandler::PendSV, 0xC0) };
    peripherals.SYST.set_clock_source(SystClkSource::Core);
    peripherals.SYST.set_reload(0x00FF_FFFF);
    peripherals.SYST.clear_current();
    peripherals.SYST.enable_counter();
}

/// The timer's registers, after [`start`].
fn timer() -> SYST {
    // SAFETY: the alarm changes them, and the thread before the alarm is enabled or with interrupts disabled; no two at once.
    unsafe { Peripherals::steal() }.SYST
}

/// Lets the alarm ring in so many ticks. Called by the alarm, or before it is enabled.
pub fn alarm_in(ticks: u32) {
    let mut timer = timer();
    timer.set_reload(ticks);
    timer.clear_current();
}

/// From here on the alarm rings when the time has come.
pub fn enable_alarm() {
    timer().enable_interrupt();
}

/// No alarm any more.
pub fn stop() {
    let mut timer = timer();
    timer.disable_interrupt();
    timer.set_reload(0x00FF_FFFF);
    timer.clear_current();
}

/// For the alarm: whether it rings because the time has come.
pub fn had_its_time() -> bool {
    timer().has_wrapped()
}

/// Lets the alarm ring now.
pub fn pend_alarm() {
    SCB::set_pendst();
    // The interrupt is taken before the next instruction, rather than a few later.
    cortex_m::asm::isb();
}

/// Lets the sensor's handler run as soon as nothing of higher priority does.
pub fn pend_sensor() {
    SCB::set_pendsv();
}

/// Whether an interrupt handler is running.
#[cfg(feature = "heap")]
pub fn in_interrupt() -> bool {
    SCB::vect_active() != VectActive::ThreadMode
}

/// Until the next interrupt, which ends it even if interrupts are disabled.
pub fn sleep() {
    cortex_m::asm::wfi();
}

/// A clock that counts down the ticks, modulo 2^24. While no alarm is set.
pub fn ticks() -> u32 {
    !SYST::get_current() & 0x00FF_FFFF
}

/// Executes two instructions `rounds` times.
pub fn spin(rounds: u32) {
    // SAFETY: counts a register down.
    unsafe {
        asm!("2: subs {0}, #1", "bne 2b", inout(reg) rounds => _, options(nomem, nostack));
    }
}

/// From the end of the static data to the top of the RAM.
pub fn stack() -> Range<usize> {
    unsafe extern "C" {
        static __sheap: u32;
        static _stack_start: u32;
    }
    (&raw const __sheap).expose_provenance()..(&raw const _stack_start).expose_provenance()
}

#[exception]
fn SysTick() {
    interrupts::alarm();
}

#[exception]
fn PendSV() {
    interrupts::sensor();
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    panic!("hard fault: {frame:?}");
}
