//! The values are in spaces. There is no allocator: the program would not link if anything needed one.

use event_core::{MemoryValue, MemoryWatcher, Space};
use semihosting::println;

/// In the summary.
pub const NAME: &str = ", without a heap";

/// A value for the program, in a space with so much room.
macro_rules! value {
    ($T:ty, $watchers:literal, $borrows:literal) => {{
        static SPACE: event_core::Space<$T, $watchers, $borrows> = event_core::Space::new();
        event_core::MemoryValue::in_space(&SPACE)
    }};
}
pub(crate) use value;

const _: () = assert!(size_of::<Space<u32, 2, 0>>() <= 512 && size_of::<Space<u32, 8, 4>>() <= 704);

pub fn start() {}

/// There is room.
pub fn reserve<T>(_: &MemoryValue<T>) {}

/// Prints what a value takes.
pub fn measure() {
    println!("  a value: {} bytes, a watcher: {}", size_of::<MemoryValue<u32>>(), size_of::<MemoryWatcher<u32>>());
    let print = |what, size| println!("  a space for {what}: {size} bytes");
    print("a u32, 2 watchers and no borrow of replaced data", size_of::<Space<u32, 2, 0>>());
    print("4 watchers and 1 borrow", size_of::<Space<u32, 4, 1>>());
    print("8 watchers and 4 borrows", size_of::<Space<u32, 8, 4>>());
}

pub fn report() {}

pub fn check() {}
