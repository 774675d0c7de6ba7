//! The first consumer: keeps a hosts file in step with the network.

use event_core::{MemoryReader, Runnable};
use event_supervisor::{BoxError, Context, Signal};

use crate::console::Console;
use crate::ending::Ending;
use crate::hosts_file::HostsFile;
use crate::runtime::Runtime;
use crate::status::{Names, NetworkStatus};

/// Replaces `file` whenever the network has other names and addresses than those in it.
pub(crate) struct Hosts<R> {
    pub(crate) file: HostsFile,
    pub(crate) network: MemoryReader<NetworkStatus>,
    pub(crate) console: Console,
    pub(crate) ending: Ending,
    pub(crate) runtime: R,
}

impl<R: Runtime> Runnable<Context> for Hosts<R> {
    async fn run(&mut self, cx: Context) -> Result<(), BoxError> {
        let mut network = self.network.watch();
        let mut written: Option<Names> = None;
        cx.signal(Signal::Healthy);
        loop {
            // A renewed lease is news to others; here the filter skips it before it is even copied.
            let is_other = |status: &NetworkStatus| written.as_ref() != Some(&status.names);
            let names = match network.get().filter(is_other).until(cx.cancelled()).await {
                Ok(status) => status.names,
                Err(error) if error.is_closed() => {
                    self.console.say("hosts", format_args!("ends, because {error}"));
                    cx.signal(Signal::Done);
                    return Ok(());
                }
                // Cancelled: whatever is returned then is no failure.
                Err(error) => return Err(error.into()),
            };
            // Disks are slow, and the other parts have to go on. Once begun, it is finished.
            let (file, content) = (self.file.clone(), content(&names));
            let replaced = match self.runtime.blocking(move || file.replace(&content)).await {
                Ok(replaced) => replaced,
                Err(failure) => return self.ending.give_up(failure, &cx).await,
            };
            let how = if replaced { "wrote" } else { "left alone, since it is right:" };
            self.console.say("hosts", format_args!("{how} {}: {names}", self.file.path().display()));
            written = Some(names);
        }
    }
}

fn content(names: &Names) -> String {
    let mut content = String::from("# Kept by network-status.\n127.0.0.1 localhost\n::1 localhost\n");
    for address in &names.addresses {
        content.push_str(&format!("{address} {}\n", names.hostname));
    }
    content
}
