//! Where in the tree a runnable stands.

use alloc::sync::Arc;

/// The numbers of a runnable's ancestors and its own, from the root on. A number that is greater was given later.
///
/// So places are ordered as a tree is drawn: a parent, then all of its descendants; siblings in the order of their start.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place(Arc<[u64]>);

impl Place {
    pub(crate) fn root(number: u64) -> Self {
        Self(Arc::new([number]))
    }

    pub(crate) fn child(&self, number: u64) -> Self {
        Self(self.0.iter().copied().chain([number]).collect())
    }

    /// How many ancestors there are.
    pub(crate) fn depth(&self) -> usize {
        self.0.len() - 1
    }

    pub(crate) fn is_at_or_below(&self, ancestor: &Self) -> bool {
        self.0.starts_with(&ancestor.0)
    }
}
