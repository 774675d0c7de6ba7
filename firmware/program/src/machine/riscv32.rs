//! RISC-V in QEMU's `virt`: the alarm is the timer interrupt, the sensor is the software interrupt.
//!
//! The hardware knows no priorities between the two: the sensor's handler lets interrupts in again, the timer's only.

use core::arch::asm;
use core::ops::Range;
use core::ptr;

use portable_atomic::{AtomicU32, Ordering};
use riscv::interrupt::Interrupt;
use riscv::register::mie;
use riscv_rt::core_interrupt;

use crate::interrupts;

pub const NAME: &str = if cfg!(target_has_atomic = "32") { "riscv32imac (virt)" } else { "riscv32imc (virt)" };

/// Registers of the CLINT. Of the time and of what it is compared with, the low halves: the 10 MHz that it counts at fill
/// them in seven minutes, and the program is through by then.
const SOFTWARE_INTERRUPT: usize = 0x0200_0000;
const COMPARE: usize = 0x0200_4000;
const COMPARE_HIGH: usize = 0x0200_4004;
const TIME: usize = 0x0200_BFF8;

fn write(register: usize, value: u32) {
    // SAFETY: one of the registers above, which are there on this machine and are nobody else's.
    unsafe { ptr::with_exposed_provenance_mut::<u32>(register).write_volatile(value) };
}

fn read(register: usize) -> u32 {
    // SAFETY: as for `write`.
    unsafe { ptr::with_exposed_provenance::<u32>(register).read_volatile() }
}

/// When the alarm is due. Written where no alarm can ring: by the alarm, or before it is enabled.
static DUE: AtomicU32 = AtomicU32::new(u32::MAX);

/// How many handlers are running, inside each other.
static DEPTH: AtomicU32 = AtomicU32::new(0);

fn now() -> u32 {
    read(TIME)
}

fn set_due(time: u32) {
    // Ordering: Relaxed. One processor.
    DUE.store(time, Ordering::Relaxed);
    write(COMPARE, time);
}

/// Called once, before anything else here.
pub fn start() {
    set_due(u32::MAX);
    write(COMPARE_HIGH, 0);
    // SAFETY: the handlers are ready.
    unsafe { mie::set_msoft() };
    // SAFETY: as above.
    unsafe { mie::set_mtimer() };
    // SAFETY: as above, and no critical section is going on.
    unsafe { riscv::interrupt::enable() };
}

/// Lets the alarm ring in so many ticks. Called by the alarm, or before it is enabled.
pub fn alarm_in(ticks: u32) {
    set_due(now() + ticks);
}

/// From here on the alarm rings when the time has come. Here it does in any case.
pub fn enable_alarm() {}

/// No alarm any more.
pub fn stop() {
    set_due(u32::MAX);
}

/// For the alarm: whether it rings because the time has come.
pub fn had_its_time() -> bool {
    // Ordering: Relaxed. One processor.
    let due = DUE.load(Ordering::Relaxed);
    let has_come = now() >= due;
    if !has_come {
        // It was pended: back to when it is due.
        write(COMPARE, due);
    }
    has_come
}

/// Lets the alarm ring now.
pub fn pend_alarm() {
    write(COMPARE, 0);
}

/// Lets the sensor's handler run as soon as nothing of higher priority does.
pub fn pend_sensor() {
    write(SOFTWARE_INTERRUPT, 1);
}

/// Whether an interrupt handler is running.
#[cfg(feature = "heap")]
pub fn in_interrupt() -> bool {
    // Ordering: Relaxed. One processor.
    DEPTH.load(Ordering::Relaxed) != 0
}

/// Until the next interrupt, which ends it even if interrupts are disabled.
pub fn sleep() {
    riscv::asm::wfi();
}

/// A clock, modulo 2^24.
pub fn ticks() -> u32 {
    now() & 0x00FF_FFFF
}

/// Executes two instructions `rounds` times.
pub fn spin(rounds: u32) {
    // SAFETY: counts a register down.
    unsafe {
        asm!("2: addi {0}, {0}, -1", "bnez {0}, 2b", inout(reg) rounds => _, options(nomem, nostack));
    }
}

/// From the end of the static data to the top of the RAM.
pub fn stack() -> Range<usize> {
    unsafe extern "C" {
        static __ebss: u32;
        static _stack_start: u32;
    }
    (&raw const __ebss).expose_provenance()..(&raw const _stack_start).expose_provenance()
}

fn counted_in(handler: impl FnOnce()) {
    // Ordering: Relaxed, all. One processor, and a handler that interrupts this one leaves what it found.
    let depth = DEPTH.load(Ordering::Relaxed);
    DEPTH.store(depth + 1, Ordering::Relaxed);
    handler();
    DEPTH.store(depth, Ordering::Relaxed);
}

#[core_interrupt(Interrupt::MachineTimer)]
fn alarm() {
    counted_in(interrupts::alarm);
}

#[core_interrupt(Interrupt::MachineSoft)]
fn sensor() {
    write(SOFTWARE_INTERRUPT, 0);
    // SAFETY: only narrows what can interrupt.
    unsafe { mie::clear_msoft() };
    // SAFETY: in a handler, in no critical section, and what caused it was cleared.
    counted_in(|| unsafe { riscv::interrupt::nested(interrupts::sensor) });
    // SAFETY: the handlers are ready; interrupts are disabled until this one returns.
    unsafe { mie::set_msoft() };
}
