//! Values kept in memory.

mod at_once;
mod cached;
mod channel;
mod counts;
mod current;
mod cursor;
mod edit;
mod error;
mod mapped;
mod own_place;
mod polling;
mod reader;
mod reference;
mod set_sync;
mod shared;
mod snapshot;
mod state;
mod sync_mode;
mod transition;
mod value;
mod waits;
mod watcher;
// loom has no `Weak`.
#[cfg(not(event_core_loom))]
mod weak;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod wrap;
mod writer;

pub use cached::CachedReader;
pub use current::Changed;
pub use error::{CasError, SetError};
pub use mapped::MappedRef;
pub use reader::MemoryReader;
pub use reference::Ref;
pub use set_sync::{SetSync, SetSyncError, SetSyncUntil};
pub use snapshot::Snapshot;
pub use state::StateValue;
pub use value::MemoryValue;
pub(crate) use waits::Production;
pub use waits::{GetRef, ValueState, WaitFor};
pub use watcher::MemoryWatcher;
#[cfg(not(event_core_loom))]
pub use weak::WeakValue;
pub use writer::MemoryWriter;
