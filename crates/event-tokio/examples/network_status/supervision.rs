//! Tells what the supervisor does, by following the state of its tree: a watched value like any other.

use std::time::Duration;

use event_core::MemoryReader;

use super::console::Console;
use super::failure::Failure;
use crate::runtime::supervisor::{NodeStatus, State, Tree};

/// Tells who died, and who is restarted, until all parts have ended.
///
/// As with any value, what is quickly replaced may be skipped. A pause before a restart is not: it takes half a second at
/// least, and meanwhile the tree shows who died.
pub(crate) async fn tell(tree: &MemoryReader<Tree>, console: &Console) {
    let mut watcher = tree.watch();
    let mut before = Tree::default();
    while let Ok(now) = watcher.get().await {
        for line in news(&before, &now) {
            console.say("tree", line);
        }
        before = now;
    }
}

/// Waits until all parts are done, which they are when the service was and has closed the value.
pub(crate) async fn all_done(tree: &MemoryReader<Tree>) {
    let is_done = |tree: &Tree| !tree.is_empty() && tree.iter().all(|(_, part)| part.state() == State::Done);
    // An error means that the tree has ended.
    let _ = tree.watch().wait_for(is_done).await;
}

/// Looks back, after the end, for parts that had to be dropped.
pub(crate) fn all_ended_in_time(tree: &MemoryReader<Tree>, grace: Duration) -> Result<(), Failure> {
    let tree = tree.load().unwrap_or_default();
    let overdue: Vec<_> = tree.iter().filter(|(_, part)| part.is_overdue()).map(|(path, _)| name(path)).collect();
    if overdue.is_empty() {
        return Ok(());
    }
    let what = format!("{} did not end within {grace:?}", list(&overdue));
    Err(Failure::new("cannot end cleanly", what, "Is a disk or the network stuck?"))
}

fn news(before: &Tree, now: &Tree) -> Vec<String> {
    let mut news = Vec::new();
    let (mut begun, mut resting, mut pause) = (Vec::new(), Vec::new(), Duration::ZERO);
    for (path, part) in now.iter() {
        let before = before.get(path);
        let has_begun = part.restarts() > before.map_or(0, NodeStatus::restarts);
        let rested = !has_begun && before.is_some_and(|before| before.restart_in().is_some());
        if has_begun {
            begun.push(name(path));
        }
        if part.is_overdue() && !before.is_some_and(NodeStatus::is_overdue) {
            news.push(format!("{} was told to end and did not; it is left alone", name(path)));
        }
        match part.restart_in() {
            Some(delay) if !rested => {
                if part.state() == State::Dead {
                    news.push(format!("{} died: {}", name(path), part.last_error().unwrap_or("nobody knows why")));
                }
                pause = delay;
                resting.push(name(path));
            }
            _ => {}
        }
    }
    if !resting.is_empty() {
        news.push(format!("will restart in {pause:.1?}: {}", list(&resting)));
    }
    if !begun.is_empty() {
        news.insert(0, format!("restarted: {}", list(&begun)));
    }
    news
}

fn name(path: &str) -> &str {
    path.strip_prefix("root.").unwrap_or(path)
}

/// `a, b and c`
fn list(names: &[&str]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => names.concat(),
    }
}
