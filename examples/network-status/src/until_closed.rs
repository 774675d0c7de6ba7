//! A pipe whose work is done when its value is closed.

use event_core::{PipeError, Runnable};
use event_supervisor::{BoxError, Context, Signal};

use crate::console::Console;

/// Runs a pipe. When its value is closed, that is no failure: the pipe is dropped, and its channel closed by that, so that
/// the receiver learns of the end as well.
pub(crate) struct UntilClosed<P> {
    /// `None` when it is done.
    pipe: Option<P>,
    console: Console,
}

impl<P> UntilClosed<P> {
    pub(crate) fn new(pipe: P, console: Console) -> Self {
        Self { pipe: Some(pipe), console }
    }
}

impl<P: Runnable<Context>> Runnable<Context> for UntilClosed<P> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        if let Some(pipe) = &mut self.pipe {
            match pipe.run(cx.clone()).await {
                Err(error) if error.downcast_ref().is_some_and(PipeError::is_value_closed) => {
                    self.console.say("pipe", format_args!("ends, because {error}"));
                }
                ended => return ended,
            }
        }
        self.pipe = None;
        cx.signal(Signal::Done);
        Ok(())
    }
}
