//! The quick check that the core needs neither std nor libc: a program for x86-64 Linux that is linked with nothing.

#![no_std]
#![no_main]

extern crate alloc;

mod arena;
mod linux;
mod memory;

use alloc::string::String;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use event_core::{MemoryValue, RelaxStrategy, WatcherExt};

static NAME: MemoryValue<String> = MemoryValue::new();

/// Nothing comes here in between, so there is nothing to wait for.
struct DoNotWait;

impl RelaxStrategy for DoNotWait {
    fn relax() {
        linux::exit(3);
    }
}

fn check(passed: &mut usize, what: &str, is_so: bool) {
    if !is_so {
        linux::print("  FAILED: ");
        linux::print(what);
        linux::print("\nbare x86-64: failed\n");
        linux::exit(1);
    }
    *passed += 1;
}

fn main() {
    let mut passed = 0;
    let mut cx = Context::from_waker(Waker::noop());
    let mut watcher = NAME.watch();
    check(&mut passed, "without data a get waits", pin!(watcher.get()).poll(&mut cx).is_pending());

    NAME.set(String::from("one"));
    NAME.update(|name| name.push_str(" and two"));
    let got = pin!(watcher.get()).poll(&mut cx);
    check(&mut passed, "a get gives the newest", matches!(got, Poll::Ready(Ok(name)) if name == "one and two"));
    check(&mut passed, "and only once", watcher.try_get().is_err());

    let borrowed = NAME.borrow();
    NAME.set(String::from("three"));
    check(&mut passed, "a borrow keeps its data", borrowed.is_some_and(|name| *name == "one and two"));
    let got = watcher.relaxing_get::<DoNotWait>();
    check(&mut passed, "a thread without a runtime gets as well", got.is_ok_and(|name| name == "three"));

    NAME.close();
    check(&mut passed, "the end is seen", watcher.relaxing_get::<DoNotWait>().is_err_and(|error| error.is_closed()));

    linux::print("bare x86-64: ");
    // A single digit is enough for them.
    linux::print(&"0123456789"[passed..=passed]);
    linux::print(" passed, 0 failed\n");
}
