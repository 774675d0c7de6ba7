//! What the program finds out about itself.

use core::fmt;

use portable_atomic::{AtomicU32, Ordering};
use semihosting::println;

static PASSED: AtomicU32 = AtomicU32::new(0);
static FAILED: AtomicU32 = AtomicU32::new(0);

/// Something that must be so. Not for interrupt handlers, since it prints.
pub fn check(what: &str, is_so: bool) {
    check_that(is_so, format_args!("{what}"));
}

/// A number that must be at least so great, for the rest to mean anything.
pub fn check_at_least(least: u32, number: u32, what: &str) {
    check_that(number >= least, format_args!("{number} {what} (at least {least})"));
}

fn check_that(is_so: bool, what: fmt::Arguments<'_>) {
    let (count, word) = if is_so { (&PASSED, "ok") } else { (&FAILED, "FAILED") };
    // Ordering: Relaxed. A number, on one processor.
    count.fetch_add(1, Ordering::Relaxed);
    println!("  {word}: {what}");
}

/// Prints the summary and gives the exit status.
pub fn summary(machine: &str, form: &str) -> i32 {
    // Ordering: Relaxed. Numbers, on one processor.
    let (passed, failed) = (PASSED.load(Ordering::Relaxed), FAILED.load(Ordering::Relaxed));
    println!("{machine}{form}: {passed} passed, {failed} failed");
    i32::from(failed != 0)
}
