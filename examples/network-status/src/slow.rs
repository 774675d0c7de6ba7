//! The third consumer: slow, and yet it gets the newest state.

use std::time::Duration;

use event_core::{MemoryReader, Runnable};
use event_supervisor::{BoxError, Context, Signal};
use futures_lite::future::or;

use crate::console::Console;
use crate::status::NetworkStatus;

/// Gets the newest state, rests, and gets the newest again.
pub(crate) struct Slow {
    pub(crate) network: MemoryReader<NetworkStatus>,
    pub(crate) rest: Duration,
    pub(crate) console: Console,
}

impl Runnable<Context> for Slow {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut network = self.network.watch();
        cx.signal(Signal::Healthy);
        loop {
            match network.get().until(cx.cancelled()).await {
                Ok(status) => {
                    let missed = match network.missed() {
                        0 => "missed nothing".to_owned(),
                        1 => "missed 1 version".to_owned(),
                        n => format!("missed {n} versions"),
                    };
                    self.console.say("slow", format_args!("{missed}, now at: {}", status.event));
                }
                Err(error) if error.is_closed() => {
                    self.console.say("slow", format_args!("ends, because {error}"));
                    cx.signal(Signal::Done);
                    return Ok(());
                }
                // Cancelled: whatever is returned then is no failure.
                Err(error) => return Err(error.into()),
            }
            or(cx.cancelled(), cx.sleep(self.rest)).await;
        }
    }
}
