//! Sets past the end of the versions, which begin again, and of the part of them that a 32-bit word has room for.

use event_core::{MemoryValue, Version};

use crate::{heap, report};

/// The word has room for 20 bits of the version. This is some more, and more than the versions that are left.
const SETS: u32 = (1 << 20) + 1_000;

/// Sets `SETS` times. The program is built with `--cfg event_core_wrap_soon`, so the versions begin again meanwhile.
pub fn check() {
    static VALUE: MemoryValue<u32> = heap::value!(u32, 1, 0);
    let value = &VALUE;
    let mut watcher = value.watch();
    value.set(0);
    let (mut before, mut wraps, mut wrong) = (value.version(), 0, 0);
    _ = watcher.try_get();
    for n in 1..=SETS {
        let version = value.set(n);
        let expected = if before.as_u64() == u64::from(u32::MAX) { 1 } else { before.as_u64() + 1 };
        wraps += u32::from(version.as_u64() < before.as_u64());
        wrong += u32::from(version.as_u64() != expected || version == Version::INITIAL);
        before = version;
        // Most of the time it sleeps; in the last sets before and the first ones after the wrap it gets each.
        let near_the_wrap = version.as_u64() < 100 || version.as_u64() > u64::from(u32::MAX - 100);
        if near_the_wrap || n % 4_096 == 0 {
            wrong += u32::from(!watcher.has_changed() || watcher.try_get().ok() != Some(n) || watcher.has_changed());
        }
    }
    report::check("the versions began again once", wraps == 1);
    report::check("and nothing was lost or doubled by it", wrong == 0);
    report::check("the last data is there", value.load() == Some(SETS) && value.version() == before);
}
