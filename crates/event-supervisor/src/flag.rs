//! Something that happens once and can be waited for.

use core::convert::Infallible;

use event_core::{MemoryValue, ValueState};

/// Lowered at first, then raised for ever: a value that is only ever closed.
#[derive(Clone, Debug)]
pub(crate) struct Flag(MemoryValue<Infallible>);

impl Flag {
    pub(crate) const fn new() -> Self {
        Self(MemoryValue::new())
    }

    pub(crate) fn raise(&self) {
        self.0.close();
    }

    pub(crate) fn is_raised(&self) -> bool {
        self.0.is_closed()
    }

    pub(crate) fn raised(&self) -> ValueState<'_, Infallible> {
        self.0.closed()
    }
}
