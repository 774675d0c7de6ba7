//! Models of gets that do not wait: they say that nothing is new only if nothing is.
//!
//! What goes wrong without the comparison with the word's own tag takes three preemptions. Shuttle finds it within a second; loom
//! would take hours, and looks for other things.

use super::{Effort, explore, thread};
use crate::memory::MemoryValue;
use crate::sync::Arc;

/// `interrupted` looks at version 1, and publishes or gives up later. Meanwhile the slot that the watcher has looked at is
/// freed, and `interrupted` may claim it and write a version there that the watcher has seen.
fn backlog_against(interrupted: impl FnOnce(&MemoryValue<usize>) + Send + 'static) {
    let value = Arc::new(MemoryValue::with_value(1));
    let interrupted = thread::spawn({
        let value = Arc::clone(&value);
        move || interrupted(&value)
    });
    let mut watcher = value.watch();
    value.set(2);
    assert!(watcher.try_get().is_ok());
    value.set(3);
    let setter = thread::spawn({
        let value = Arc::clone(&value);
        move || _ = value.set(4)
    });
    let got = watcher.try_get();
    assert!(got.is_ok(), "there is something newer than what the watcher got, and it says {got:?}");
    interrupted.join().unwrap();
    setter.join().unwrap();
}

#[test]
fn a_backlog_against_an_update() {
    explore(Effort { preemptions: 1, at_least: 500 }, || {
        backlog_against(|value| assert!(value.update(|n| *n += 100)));
    });
}

#[test]
fn a_backlog_against_a_compare_and_set() {
    explore(Effort { preemptions: 1, at_least: 500 }, || {
        backlog_against(|value| _ = value.compare_and_set(value.version(), 100));
    });
}
