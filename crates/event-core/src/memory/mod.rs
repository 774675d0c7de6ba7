//! Values kept in memory.

mod at_once;
mod current;
mod cursor;
mod edit;
mod error;
mod own_place;
mod polling;
mod reader;
mod reference;
mod set_sync;
mod shared;
mod sync_mode;
mod value;
mod waits;
mod watcher;
// loom has no `Weak`.
#[cfg(not(event_core_loom))]
mod weak;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod wrap;

pub use current::Changed;
pub use error::{CasError, SetError};
pub use reader::MemoryReader;
pub use reference::{Ref, Snapshot};
pub use set_sync::{SetSync, SetSyncError, SetSyncUntil};
pub use value::MemoryValue;
pub use waits::{GetRef, ValueState, WaitFor};
pub use watcher::MemoryWatcher;
#[cfg(not(event_core_loom))]
pub use weak::WeakValue;
