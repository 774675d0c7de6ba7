//! Crashes on demand, to show that they are survived: one of the producer, and after it one of the consumer.

use std::future::pending;
use std::panic::resume_unwind;
use std::time::Duration;

use event_core::{MemoryValue, Runnable};
use futures_lite::future::or;

use event_supervisor::{BoxError, BoxRunnable, Context, boxed};

const WHY: &str = "as --crash-after asked";

/// Who crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// By a panic.
    Producer,
    /// By an error.
    Consumer,
}

/// The crashes that were asked for, if they were.
pub(crate) struct Crashes {
    /// Whose turn it is, and `None` in the end. Like anything that is to be known after a restart, it is outside of the runs.
    next: MemoryValue<Option<Role>>,
    after: Option<Duration>,
}

impl Crashes {
    /// First of the producer, then of the consumer, each so long after it has begun for the first time in its turn.
    pub(crate) fn after(after: Option<Duration>) -> Self {
        Self { next: MemoryValue::with_value(after.map(|_| Role::Producer)), after }
    }

    /// What `part` is, and when its turn has come, a crash.
    pub(crate) fn of(&self, role: Role, part: BoxRunnable) -> BoxRunnable {
        match self.after {
            Some(after) => boxed(Crashing { role, part, next: self.next.clone(), after }),
            None => part,
        }
    }
}

struct Crashing {
    role: Role,
    part: BoxRunnable,
    next: MemoryValue<Option<Role>>,
    after: Duration,
}

impl Runnable<Context> for Crashing {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let Self { role, part, next, after } = self;
        let crash = async {
            if next.load() != Some(Some(*role)) {
                return pending().await;
            }
            cx.sleep(*after).await;
            match role {
                Role::Producer => {
                    next.set(Some(Role::Consumer));
                    // A panic without the report on standard error, which belongs to panics that nobody has asked for.
                    resume_unwind(Box::new(WHY))
                }
                Role::Consumer => {
                    next.set(None);
                    Err(WHY.into())
                }
            }
        };
        or(part.run(cx.clone()), crash).await
    }
}
