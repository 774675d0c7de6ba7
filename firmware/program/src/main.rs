//! Watched values on a microcontroller: interrupt handlers set, tasks get, and the program checks itself.

#![no_std]
#![no_main]

mod costs;
mod executors;
mod followers;
#[cfg(feature = "heap")]
mod heap;
#[cfg(not(feature = "heap"))]
#[path = "no_heap.rs"]
mod heap;
mod interrupts;
mod machine;
mod marks;
mod phases;
mod random;
mod reading;
mod report;
mod wrap;

#[cfg(target_arch = "arm")]
use cortex_m_rt::entry;
#[cfg(target_arch = "riscv32")]
use riscv_rt::entry;
use semihosting::{println, process};

#[entry]
fn main() -> ! {
    machine::paint_stack();
    heap::start();
    machine::start();
    println!("{}", machine::NAME);

    costs::measure();
    wrap::check();
    phases::run();

    let (stack, stack_size) = machine::stack_used();
    heap::report();
    println!("  stack: {stack} of {stack_size} bytes");
    check_the_heap();
    process::exit(report::summary(machine::NAME, heap::NAME))
}

fn check_the_heap() {
    report::check("the stack did not reach the static data", machine::stack_used().0 < machine::stack_used().1);
    heap::check();
}
