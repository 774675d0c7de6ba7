//! Why the program is to end though nobody has asked it to: a watched value, which parts set and main waits for.
//!
//! A part that fails is restarted, and that mostly helps: what it stumbled over may be gone. Where it cannot help, since a person
//! has to do something first, the part gives up: it says why, and waits for the end that main then orders.

use event_core::MemoryValue;
use event_supervisor::{BoxError, Context};

use crate::failure::Failure;

/// Whether the program is to end, and how. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Ending(MemoryValue<Result<(), Failure>>);

impl Ending {
    /// There is no use in going on.
    pub(crate) fn is_due(&self) {
        self.tell(Ok(()));
    }

    /// For a part that no restart would help: ends the program. Ready when the part is to end.
    pub(crate) async fn give_up(&self, why: Failure, cx: &Context) -> Result<(), BoxError> {
        self.tell(Err(why));
        cx.cancelled().await;
        Ok(())
    }

    fn tell(&self, outcome: Result<(), Failure>) {
        // The first failure is the one to tell: others may follow from it. Of two at the same time either will do.
        if self.outcome().is_ok() {
            self.0.set(outcome);
        }
    }

    /// Waits until the program is to end.
    pub(crate) async fn came(&self) {
        // There is no error: the value is not closed while it is here.
        let _ = self.0.watch().get().await;
    }

    /// How the program is to end, as far as that is known.
    pub(crate) fn outcome(&self) -> Result<(), Failure> {
        self.0.load().unwrap_or(Ok(()))
    }
}
