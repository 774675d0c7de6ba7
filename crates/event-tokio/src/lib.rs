//! Watched values on tokio.
