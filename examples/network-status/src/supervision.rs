//! Reports what the supervisor does, by following the state of its tree: a watched value like any other.

use std::cell::Cell;
use std::time::Duration;

use event_core::MemoryReader;
use event_supervisor::{NodeStatus, State, Tree};

use crate::console::Console;
use crate::failure::Failure;
use crate::tree::print_tree;

/// Reports which parts died and which are restarted, until all parts have ended. After each restart it prints the tree.
///
/// As with any value, what is quickly replaced may be skipped. So a part that died and was restarted in between is reported
/// by what the tree keeps: the number of restarts, and the last error.
///
/// While all parts are `ending`, there is no restart that could be waited for.
pub(crate) async fn report(tree: &MemoryReader<Tree>, ending: &Cell<bool>, console: &Console) {
    let mut watcher = tree.watch();
    let mut before = Tree::default();
    let mut starting = false;
    while let Ok(now) = watcher.get().await {
        let News { lines, restarted } = news(&before, &now);
        for line in lines {
            console.say("tree", line);
        }
        starting |= restarted;
        if starting && !ending.get() && has_settled(&now) {
            print_tree(&now, console);
            starting = false;
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

/// After the end: whether parts had to be dropped.
pub(crate) fn all_ended_in_time(tree: &MemoryReader<Tree>, grace: Duration) -> Result<(), Failure> {
    let tree = tree.load().unwrap_or_default();
    let overdue: Vec<_> = tree.iter().filter(|(_, part)| part.is_overdue()).map(|(path, _)| name(path)).collect();
    if overdue.is_empty() {
        return Ok(());
    }
    let what = format!("{} did not end within {grace:?}", list(&overdue));
    Err(Failure::new("cannot end cleanly", what, "Is a disk or the network stuck?"))
}

/// Whether each part works, is done, or has failed again and pauses. Members of a group are restarted one after the other, so
/// in between some may look as they did before.
fn has_settled(tree: &Tree) -> bool {
    let pauses = |path: &str| tree.get(path).is_some_and(|part| part.restart_in().is_some());
    tree.iter().all(|(path, part)| {
        // What is below a part that pauses stays as it was left.
        let mut above = path.match_indices('.').map(|(end, _)| &path[..end]);
        matches!(part.state(), State::Healthy | State::Done) || pauses(path) || above.any(pauses)
    })
}

struct News {
    lines: Vec<String>,
    /// Whether a part was restarted.
    restarted: bool,
}

fn news(before: &Tree, now: &Tree) -> News {
    let (mut died, mut late, mut begun, mut resting) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut pause = Duration::ZERO;
    for (path, part) in now.iter() {
        let (before, name) = (before.get(path), name(path));
        let has_begun = part.restarts() > before.map_or(0, NodeStatus::restarts);
        let rested = before.is_some_and(|before| before.restart_in().is_some());
        let error = || format!("{name} died: {}", part.last_error().unwrap_or("for an unknown reason"));
        if has_begun {
            begun.push(name);
            // Its death and its pause were skipped.
            if !rested && before.and_then(NodeStatus::last_error) != part.last_error() {
                died.push(error());
            }
        }
        if part.is_overdue() && !before.is_some_and(NodeStatus::is_overdue) {
            late.push(format!("{name} was told to end and did not; it is left alone"));
        }
        match part.restart_in() {
            Some(delay) if has_begun || !rested => {
                if part.state() == State::Dead {
                    late.push(error());
                }
                pause = delay;
                resting.push(name);
            }
            _ => {}
        }
    }
    let restarted = !begun.is_empty();
    let mut lines = died;
    lines.extend(restarted.then(|| format!("restarted: {}", list(&begun))));
    lines.extend(late);
    if !resting.is_empty() {
        lines.push(format!("will restart in {pause:.1?}: {}", list(&resting)));
    }
    News { lines, restarted }
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
