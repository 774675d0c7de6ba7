#![doc = include_str!("../docs/guide/index.md")]

// The names that the pages link to. (A page is resolved here, where its module stands.)
#[allow(unused_imports, reason = "only links use them")]
use crate::*;

// Code that needs no other crate is run with this crate's tests.
#[doc = include_str!("../docs/guide/first-value.md")]
pub mod first_value {}
#[doc = include_str!("../docs/guide/waiting.md")]
pub mod waiting {}
#[doc = include_str!("../docs/guide/closing.md")]
pub mod closing {}
#[doc = include_str!("../docs/guide/choosing.md")]
pub mod choosing {}
#[doc = include_str!("../docs/guide/reading-fast.md")]
pub mod reading_fast {}
#[doc = include_str!("../docs/guide/one-producer.md")]
pub mod one_producer {}
#[doc = include_str!("../docs/guide/combining.md")]
pub mod combining {}
#[cfg_attr(feature = "std", doc = include_str!("../docs/guide/threads.md"))]
#[cfg_attr(not(feature = "std"), doc = "Waiting on threads needs the feature `std`.")]
pub mod threads {}
#[doc = include_str!("../docs/guide/testing.md")]
pub mod testing {}
#[doc = include_str!("../docs/guide/backend.md")]
pub mod backend {}

// Code that needs a runtime is run where the runtimes are: in `tests/src/guide.rs` of the repository.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/cluster.md")]
pub mod cluster {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/shutdown.md")]
pub mod shutdown {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/time.md")]
pub mod time {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/pipes.md")]
pub mod pipes {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/supervision.md")]
pub mod supervision {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/runtimes.md")]
pub mod runtimes {}

// Code beside that of a neighbour is run where the neighbours are: in `benches/src/coming_from.rs`.
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/comparison.md")]
pub mod comparison {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/from-tokio-watch.md")]
pub mod from_tokio_watch {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/from-eyeball.md")]
pub mod from_eyeball {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/from-embassy.md")]
pub mod from_embassy {}
#[cfg(not(doctest))]
#[doc = include_str!("../docs/guide/from-arc-swap.md")]
pub mod from_arc_swap {}
#[doc = include_str!("../docs/guide/from-state-flow.md")]
pub mod from_state_flow {}
#[doc = include_str!("../docs/guide/from-go.md")]
pub mod from_go {}
