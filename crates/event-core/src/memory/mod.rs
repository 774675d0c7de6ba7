//! Values kept in memory.

// rustdoc lists the methods of a type in the order of these modules: first what every program uses.
mod value;
mod watcher;

mod reader;
mod state;
mod writer;

mod edit;
mod transition;

mod current;

mod cached;

mod set_sync;

mod counts;
// loom has no `Weak`.
#[cfg(not(event_core_loom))]
mod weak;

mod at_once;
mod channel;
mod cursor;
mod error;
mod mapped;
mod own_place;
mod polling;
mod reference;
mod shared;
mod snapshot;
mod sync_mode;
mod waits;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod wrap;

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
