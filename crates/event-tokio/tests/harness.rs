//! The harness for trees under test: it fails where it should.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]

use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use event_tokio::supervisor::test_util::Harness;
use event_tokio::supervisor::{self, BoxError, Context, Runnable, Signal, boxed};
use tokio::runtime::Builder;

async fn good(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    cx.cancelled().await;
    Ok(())
}

async fn deaf(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    pending().await
}

async fn dies(cx: Context) -> Result<(), BoxError> {
    cx.signal(Signal::Healthy);
    Err("no lease".into())
}

/// A good root with this child.
fn above(child: impl Runnable<Context> + 'static) -> impl Runnable<Context> + 'static {
    let mut child = Some(boxed(child));
    move |cx: Context| {
        let child = child.take();
        async move {
            cx.run("child", child.ok_or("it is run once")?)?;
            cx.children_healthy().await;
            good(cx).await
        }
    }
}

/// What a test says that fails.
fn says(test: impl AsyncFnOnce()) -> String {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("there is a thread");
    let failed = std::panic::catch_unwind(AssertUnwindSafe(|| runtime.block_on(test())));
    let payload = failed.expect_err("it should fail");
    let formatted = payload.downcast_ref::<String>().cloned();
    formatted.unwrap_or_else(|| payload.downcast_ref::<&str>().map_or(String::new(), |said| (*said).to_owned()))
}

#[tokio::test]
async fn a_good_tree_passes() {
    let tree = Harness::start(above(good));
    tree.healthy("root").await;
    tree.healthy("root.child").await;
    tree.finish().await;
    let tree = Harness::start(above(dies)).expect_deaths("root.child");
    tree.reaches("a death", |tree| tree.get("root.child").is_some_and(|child| child.last_error().is_some())).await;
    tree.finish().await;
}

#[test]
fn a_death_that_is_not_expected_fails() {
    let said = says(async || {
        let tree = Harness::start(above(dies)).expect_deaths("root");
        tree.reaches("a death", |tree| tree.get("root.child").is_some_and(|child| child.last_error().is_some())).await;
        tree.finish().await;
    });
    assert!(said.starts_with("these died: root.child\n") && said.contains("last error: no lease"), "{said}");
}

#[test]
fn what_is_not_healthy_in_time_is_named() {
    let said = says(async || {
        let tree = Harness::start(above(async |_: Context| pending::<Result<(), BoxError>>().await));
        tree.healthy("root").await;
        tree.finish().await;
    });
    assert_eq!(said, "this waited 10s for root to be healthy:\nnew  root\nnew    child");
}

#[test]
fn what_does_not_end_is_named() {
    let said = says(async || {
        let tree = Harness::start(above(deaf));
        tree.healthy("root").await;
        tree.finish().await;
    });
    assert!(said.starts_with("these did not end within the grace period: root.child\n"), "{said}");
    // Nor does the harness wait as long as the grace period.
    let said = says(async || {
        let builder = supervisor::builder().grace(Duration::from_secs(1000));
        let tree = Harness::with(builder, above(deaf)).patience(Duration::from_secs(1));
        tree.healthy("root").await;
        tree.finish().await;
    });
    assert!(said.starts_with("the tree does not end; this hangs: root.child\n"), "{said}");
}

#[test]
fn a_tree_that_ends_is_not_waited_for() {
    let said = says(async || {
        let tree = Harness::with(supervisor::builder().limit(0, Duration::from_secs(1)), dies).expect_deaths("root");
        tree.reaches("something that never comes", |_| false).await;
        tree.finish().await;
    });
    assert!(said.starts_with("the tree ended, and this waited for something that never comes:\ndead  root"), "{said}");
}

#[test]
fn a_harness_that_is_forgotten_fails() {
    let said = says(async || drop(Harness::start(good)));
    assert_eq!(said, "the harness was dropped without `finish`");
}
