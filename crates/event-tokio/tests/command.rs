//! Child processes as runnables.

#![allow(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "tests have std")]
#![cfg(unix)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use event_tokio::supervisor::test_util::Harness;
use event_tokio::supervisor::{self, Backoff, NodeStatus, State, Tree, run_command};
use tokio::process::Command;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// A file that is not there yet.
fn file(name: &str) -> PathBuf {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    _ = fs::remove_file(&file);
    file
}

fn root(tree: &Tree) -> &NodeStatus {
    tree.get("root").expect("there is a root")
}

#[tokio::test]
async fn a_process_is_told_to_end_and_waited_for() {
    let (began, ended) = (file("began"), file("ended"));
    let script = format!(
        "trap 'echo > {}; exit 0' TERM; echo > {}; while :; do sleep 0.01; done",
        ended.display(),
        began.display()
    );
    let tree = Harness::start(run_command(shell(&script)));
    tree.healthy("root").await;
    while !began.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tree.finish().await;
    assert!(ended.exists());
}

#[tokio::test]
async fn a_process_that_succeeds_is_done_and_one_that_fails_is_dead() {
    let tree = Harness::start(run_command(shell("true")));
    tree.reaches("it to be done", |tree| root(tree).state() == State::Done).await;
    tree.finish().await;
    for (command, error) in [
        (run_command(shell("exit 3")), "\"sh\" ended: exit status: 3"),
        (run_command(shell("true")).restart_on_success(), "\"sh\" ended: exit status: 0"),
        (run_command(Command::new("/no/such/program")), "cannot start \"/no/such/program\""),
    ] {
        let tree = Harness::start(command).expect_deaths("root");
        let dead = tree.reaches("it to be dead", |tree| root(tree).state() == State::Dead).await;
        assert!(root(&dead).last_error().is_some_and(|said| said.starts_with(error)), "{dead}");
        tree.finish().await;
    }
}

#[tokio::test]
async fn a_process_is_run_again() {
    let runs = file("runs");
    let backoff = Backoff::default().first(Duration::from_millis(1)).jitter(false);
    let command = run_command(shell(&format!("echo x >> {}; exit 1", runs.display())));
    let tree = Harness::with(supervisor::builder().backoff(backoff), command).expect_deaths("root");
    tree.reaches("three restarts", |tree| root(tree).restarts() == 3).await;
    tree.finish().await;
    assert!(fs::read_to_string(&runs).is_ok_and(|runs| runs.lines().count() >= 3));
}

#[tokio::test]
async fn a_process_that_does_not_end_is_killed_after_the_grace_period() {
    let number = file("number");
    let script = format!("trap '' TERM; echo $$ > {}; while :; do sleep 0.01; done", number.display());
    let builder = supervisor::builder().grace(Duration::from_millis(20));
    let tree = builder.start(run_command(shell(&script)));
    let id = loop {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Some(Ok(id)) = fs::read_to_string(&number).ok().map(|id| id.trim().parse::<i32>()) {
            break id;
        }
    };
    let state = tree.state();
    tree.stop().await;
    assert!(root(&state.load().expect("there is a tree")).is_overdue());
    // It is gone as soon as the runtime has waited for it.
    let id = rustix::process::Pid::from_raw(id).expect("it is a number");
    while rustix::process::test_kill_process(id).is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
