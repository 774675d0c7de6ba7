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

#[cfg(feature = "alloc")]
mod set_sync;

mod counts;
mod weak;

mod at_once;
mod channel;
mod coming;
mod cursor;
mod error;
mod holder;
mod mapped;
mod own_place;
mod polling;
mod reference;
mod shared;
mod snapshot;
mod space;
#[cfg(feature = "alloc")]
mod sync_mode;
#[cfg(not(feature = "alloc"))]
#[path = "no_sync_mode.rs"]
mod sync_mode;
mod waits;
#[cfg(all(test, not(any(event_core_loom, event_core_shuttle))))]
mod wrap;

pub use cached::CachedReader;
pub use current::Changed;
pub use error::{CasError, Full, SetError};
pub use mapped::MappedRef;
pub use reader::MemoryReader;
pub use reference::Ref;
#[cfg(feature = "alloc")]
pub use set_sync::{SetSync, SetSyncError, SetSyncUntil};
pub use snapshot::Snapshot;
pub use space::Space;
pub use state::StateValue;
pub use value::MemoryValue;
#[cfg(feature = "alloc")]
pub(crate) use waits::Production;
pub use waits::{GetRef, ValueState, WaitFor};
pub use watcher::MemoryWatcher;
pub use weak::WeakValue;
pub use writer::MemoryWriter;
