//! A value that is set, watched and closed.

use event_tokio::event_core::{GetError, MemoryValue};
use event_tokio::{CancellationToken, GetExt};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), GetError> {
    let (address, shutdown) = (MemoryValue::new(), CancellationToken::new());
    let mut watcher = address.watch(); // one per consumer

    address.set("192.0.2.10"); // from any thread, task or interrupt handler; never waits
    address.set("192.0.2.77");
    println!("now at {}", watcher.get().cancel_on(&shutdown).await?); // 192.0.2.77: the newest

    shutdown.cancel(); // a get that is cancelled loses nothing
    address.set("192.0.2.99");
    println!("{}", watcher.get().cancel_on(&shutdown).await.unwrap_err());
    println!("now at {}", watcher.get().await?); // 192.0.2.99

    drop(address); // the last producer: the value is closed
    println!("no more: {}", watcher.get().await.unwrap_err());
    Ok(())
}
