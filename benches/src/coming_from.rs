//! The pages of event-core's guide that compare with a neighbour: this is where all of those are dependencies.

#[doc = include_str!("../../crates/event-core/docs/guide/from-arc-swap.md")]
mod arc_swap {}
#[doc = include_str!("../../crates/event-core/docs/guide/comparison.md")]
mod comparison {}
#[doc = include_str!("../../crates/event-core/docs/guide/from-embassy.md")]
mod embassy {}
#[doc = include_str!("../../crates/event-core/docs/guide/from-eyeball.md")]
mod eyeball {}
#[doc = include_str!("../../crates/event-core/docs/guide/from-tokio-watch.md")]
mod tokio_watch {}
