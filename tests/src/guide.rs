//! The pages of event-core's guide whose code needs a runtime: event-core itself depends on none.

#[doc = include_str!("../../crates/event-core/docs/guide/cluster.md")]
mod cluster {}
#[doc = include_str!("../../crates/event-core/docs/guide/pipes.md")]
mod pipes {}
#[doc = include_str!("../../crates/event-core/docs/guide/runtimes.md")]
mod runtimes {}
#[doc = include_str!("../../crates/event-core/docs/guide/shutdown.md")]
mod shutdown {}
#[doc = include_str!("../../crates/event-core/docs/guide/supervision.md")]
mod supervision {}
#[doc = include_str!("../../crates/event-core/docs/guide/time.md")]
mod time {}
