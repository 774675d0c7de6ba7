//! A value that is set, watched and closed.

use event_tokio::event_core::{GetError, MemoryValue};
use event_tokio::{CancellationToken, GetExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), GetError> {
    let address = MemoryValue::new();
    let shutdown = CancellationToken::new();

    // Every consumer has a watcher. Its first get returns the current value, later ones wait for something newer.
    let mut watcher = address.watch();

    // Producers set, from any thread, task or interrupt handler. They never wait.
    address.set("192.0.2.10");
    address.set("192.0.2.77");

    // A slow consumer gets the newest, not the history.
    println!("now at {}", watcher.get().cancel_on(&shutdown).await?); // 192.0.2.77

    // A get can be cancelled at any time. Nothing is lost by it.
    shutdown.cancel();
    address.set("192.0.2.99");
    println!("{}", watcher.get().cancel_on(&shutdown).await.unwrap_err());
    println!("now at {}", watcher.get().await?); // 192.0.2.99

    // When the last producer is dropped, the value is closed.
    drop(address);
    println!("no more: {}", watcher.get().await.unwrap_err());
    Ok(())
}
