//! The smallest useful program: an interrupt sets, and two consumers wait for it in the thread. It is built to be weighed, with
//! event-core, with embassy-sync's `Watch`, and with neither.

#![no_std]
#![no_main]

use core::future::Future;
use core::hint::black_box;
use core::panic::PanicInfo;
use core::pin::pin;
use core::task::{Context, Waker};

// Their critical sections are linked.
#[cfg(target_arch = "arm")]
use cortex_m as _;
#[cfg(target_arch = "arm")]
use cortex_m_rt::{entry, exception};
#[cfg(target_arch = "riscv32")]
use riscv as _;
#[cfg(target_arch = "riscv32")]
use riscv_rt::{core_interrupt, entry};

#[cfg(feature = "event-core")]
mod value {
    use event_core::{MemoryValue, MemoryWatcher, Space};

    static SPACE: Space<u32, 2, 0> = Space::new();
    static VALUE: MemoryValue<u32> = MemoryValue::in_space(&SPACE);

    pub type Watcher = MemoryWatcher<u32>;

    pub fn set(data: u32) {
        VALUE.set(data);
    }

    pub fn watch() -> Watcher {
        VALUE.watch()
    }

    pub async fn get(watcher: &mut Watcher) -> u32 {
        watcher.get().await.unwrap_or(0)
    }
}

#[cfg(feature = "embassy-sync")]
mod value {
    use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
    use embassy_sync::watch::{Receiver, Watch};

    static VALUE: Watch<CriticalSectionRawMutex, u32, 2> = Watch::new();

    pub type Watcher = Receiver<'static, CriticalSectionRawMutex, u32, 2>;

    pub fn set(data: u32) {
        VALUE.sender().send(data);
    }

    pub fn watch() -> Watcher {
        VALUE.receiver().unwrap()
    }

    pub async fn get(watcher: &mut Watcher) -> u32 {
        watcher.changed().await
    }
}

#[cfg(not(any(feature = "event-core", feature = "embassy-sync")))]
mod value {
    pub struct Watcher;

    pub fn set(data: u32) {
        core::hint::black_box(data);
    }

    pub fn watch() -> Watcher {
        Watcher
    }

    pub async fn get(_: &mut Watcher) -> u32 {
        core::hint::black_box(0)
    }
}

#[cfg(target_arch = "arm")]
#[exception]
fn SysTick() {
    value::set(black_box(1));
}

#[cfg(target_arch = "riscv32")]
#[core_interrupt(riscv::interrupt::Interrupt::MachineTimer)]
fn timer() {
    value::set(black_box(1));
}

#[entry]
fn main() -> ! {
    let mut cx = Context::from_waker(Waker::noop());
    let (mut first, mut second) = (value::watch(), value::watch());
    loop {
        // What an executor would do, without one.
        for watcher in [&mut first, &mut second] {
            _ = black_box(pin!(value::get(watcher)).poll(&mut cx));
        }
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
