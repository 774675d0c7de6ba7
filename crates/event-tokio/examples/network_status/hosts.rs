//! The first consumer: keeps a hosts file in step with the network.

use event_core::{GetError, MemoryWatcher};
use event_tokio::GetExt;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::console::Console;
use crate::failure::Failure;
use crate::hosts_file::HostsFile;
use crate::status::{Names, NetworkStatus};

/// Replaces `file` whenever the network has other names and addresses than those in it.
pub(crate) async fn keep(
    file: HostsFile,
    mut network: MemoryWatcher<NetworkStatus>,
    console: Console,
    shutdown: CancellationToken,
) -> Result<(), Failure> {
    let mut written: Option<Names> = None;
    loop {
        // A renewed lease is news to others; here the filter passes it over before it is even copied.
        let is_other = |status: &NetworkStatus| written.as_ref() != Some(&status.names);
        let names = match network.get().filter(is_other).cancel_on(&shutdown).await {
            Ok(status) => status.names,
            Err(GetError::Cancelled) => return Ok(()),
            Err(error) => {
                console.say("hosts", format_args!("ends, because {error}"));
                return Ok(());
            }
        };
        let (path, content) = (file.path().display().to_string(), content(&names));
        // Disks are slow, and the other parts have to go on.
        let replacing = spawn_blocking({
            let file = file.clone();
            move || file.replace(&content)
        });
        let replaced = replacing.await.map_err(Failure::panicked)??;
        let how = if replaced { "wrote" } else { "left alone, being right already," };
        console.say("hosts", format_args!("{how} {path}: {names}"));
        written = Some(names);
    }
}

fn content(names: &Names) -> String {
    let mut content = String::from("# Kept by network_status.\n127.0.0.1 localhost\n::1 localhost\n");
    for address in &names.addresses {
        content.push_str(&format!("{address} {}\n", names.hostname));
    }
    content
}
