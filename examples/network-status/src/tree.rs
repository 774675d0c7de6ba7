//! A picture of the supervisor's tree.

use event_core::MemoryReader;
use event_supervisor::{NodeStatus, State, Tree};

use crate::console::Console;

/// The columns of the names, indented by two for each generation.
const NAMES: usize = 12;

/// Prints the current state of each part.
pub(crate) fn print(tree: &MemoryReader<Tree>, console: &Console) {
    print_tree(&tree.load().unwrap_or_default(), console);
}

/// Prints the state of each part.
pub(crate) fn print_tree(tree: &Tree, console: &Console) {
    for (path, part) in tree.iter() {
        let indent = "  ".repeat(path.matches('.').count());
        let name = indent + path.rsplit('.').next().unwrap_or(path);
        console.say("tree", format_args!("{name:<NAMES$} {}", state(part)));
    }
}

fn state(part: &NodeStatus) -> String {
    let mut state = part.state().to_string();
    if part.is_overdue() {
        state.push_str(", overdue");
    }
    match part.restarts() {
        0 => {}
        1 => state.push_str(", restarted once"),
        times => state.push_str(&format!(", restarted {times} times")),
    }
    if let Some(pause) = part.restart_in() {
        state.push_str(&format!(", pausing for {pause:.1?}"));
    }
    match part.last_error() {
        Some(error) if part.state() == State::Dead => state.push_str(&format!(": {error}")),
        _ => {}
    }
    state
}
