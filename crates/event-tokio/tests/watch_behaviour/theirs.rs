//! The original.

use tokio::sync::watch;

#[path = "closing.rs"]
mod closing;
#[path = "cooperation.rs"]
mod cooperation;
#[path = "kinds.rs"]
mod kinds;
#[path = "modifying.rs"]
mod modifying;
#[path = "seeing.rs"]
mod seeing;
#[path = "threads.rs"]
mod threads;
#[path = "waiting.rs"]
mod waiting;
