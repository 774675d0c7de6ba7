//! A gate that is opened once, by whoever comes first, for everybody who waits: an example of code that is checked together with
//! event-core. The models are in `tests/models.rs`.

use event_core::{GetError, MemoryValue, MemoryWatcher};

/// Closed at first. A clone is the same gate.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Who opened it.
    opened_by: MemoryValue<u32>,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn new() -> Self {
        Self { opened_by: MemoryValue::new() }
    }

    /// Opens it, unless it is open. Returns who opened it.
    pub fn open(&self, who: u32) -> u32 {
        let (first, _) = self.opened_by.transition(|opened_by| match opened_by {
            Some(first) => (None, *first),
            None => (Some(who), who),
        });
        first
    }

    /// For one task that waits.
    #[must_use]
    pub fn waiting(&self) -> Waiting {
        Waiting { watcher: self.opened_by.watch() }
    }
}

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

/// Waits at a gate.
#[derive(Debug)]
pub struct Waiting {
    watcher: MemoryWatcher<u32>,
}

impl Waiting {
    /// Waits until the gate is open. Returns who opened it.
    ///
    /// # Errors
    ///
    /// [`GetError::Closed`] if all gates were dropped, and nobody has opened it.
    ///
    /// # Cancel safety
    ///
    /// A dropped future leaves everything as it was.
    pub async fn passed(&mut self) -> Result<u32, GetError> {
        self.watcher.wait_for(|_| true).await.map(|first| *first)
    }
}
