//! A web service whose configuration is a watched value: it is read again when its file changes, and every request sees what is
//! current. Ctrl-C ends it when the requests in progress are answered.
//!
//! `cargo run -p config-reload -- examples/config-reload/config.json`, then edit that file.

#![allow(clippy::std_instead_of_core, reason = "a program has std")]

use std::error::Error;
use std::path::{Path, PathBuf};

use axum::extract::State;
use axum::response::Html;
use axum::{Router, routing::get};
use event_tokio::event_core::{MemoryReader, StateValue};
use event_tokio::{CancellationToken, GetExt};
use notify::Watcher;
use tokio::net::TcpListener;

#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
struct Config {
    title: String,
    text: String,
}

fn read(path: &Path) -> Result<Config, Box<dyn Error>> {
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}

/// A request borrows the current configuration; a new one may be set meanwhile.
async fn page(State(config): State<MemoryReader<Config>>) -> Html<String> {
    let config = config.borrow().expect("a state always holds data");
    Html(format!("<!doctype html><title>{0}</title><h1>{0}</h1><p>{1}</p>\n", config.title, config.text))
}

/// Something that has to act on a change, rather than read what is current.
async fn report(config: MemoryReader<Config>, shutdown: CancellationToken) {
    let mut config = config.watch();
    while let Ok(config) = config.get().cancel_on(&shutdown).await {
        println!("configuration: {config:?}");
    }
    println!("ended");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Some(path) = std::env::args_os().nth(1).map(PathBuf::from).filter(|path| path.as_os_str() != "--help") else {
        println!(
            "usage: config-reload FILE [ADDRESS]\n\nServes a page that shows what is in FILE: {{\"title\": .., \"text\": ..}}"
        );
        return Ok(());
    };
    let path = path.canonicalize()?;
    let address = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let config = StateValue::new(read(&path)?);
    let reader = config.reader();

    // The producer. Editors often replace a file, so its directory is watched; reading the file is an event, too.
    let mut files = notify::recommended_watcher({
        let path = path.clone();
        move |event: notify::Result<notify::Event>| match event {
            Ok(event) if event.kind.is_access() || !event.paths.contains(&path) => {}
            _ => match read(&path) {
                Ok(newest) => _ = config.set_if_not_eq(newest),
                Err(error) => eprintln!("the configuration stays as it is: {error}"),
            },
        }
    })?;
    files.watch(path.parent().expect("a file is in a directory"), notify::RecursiveMode::NonRecursive)?;

    let shutdown = CancellationToken::new();
    let reporting = tokio::spawn(report(reader.clone(), shutdown.clone()));
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = Router::new().route("/", get(page)).with_state(reader);
    axum::serve(listener, service).with_graceful_shutdown(async { _ = tokio::signal::ctrl_c().await }).await?;
    shutdown.cancel();
    Ok(reporting.await?)
}
