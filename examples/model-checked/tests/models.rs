//! Models of the gate. With loom every interleaving is tried; without, each runs a few times on threads:
//!
//! ```sh
//! RUSTFLAGS="--cfg event_core_loom" cargo test --release --target-dir target/loom -p model-checked
//! ```

#[cfg(event_core_loom)]
use loom::{future::block_on, thread};
use model_checked::Gate;
#[cfg(not(event_core_loom))]
use {futures_lite::future::block_on, std::thread};

#[cfg(event_core_loom)]
fn explore(model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    // Enough to find what is wrong with code of this size; without a bound it takes hours.
    builder.preemption_bound = Some(2);
    builder.check(model);
}

#[cfg(not(event_core_loom))]
fn explore(model: impl Fn()) {
    (0..100).for_each(|_| model());
}

/// Whoever waits passes, however the threads are interleaved, and all agree on who opened the gate.
fn two_openers_and_one_who_waits() {
    let gate = Gate::new();
    let mut waiting = gate.waiting();
    let openers = [1, 2].map(|who| {
        let gate = gate.clone();
        thread::spawn(move || gate.open(who))
    });
    let seen = block_on(waiting.passed()).expect("somebody opens it");
    for opener in openers {
        assert_eq!(opener.join().expect("nobody panics"), seen, "two threads believe that they were first");
    }
}

#[test]
fn all_agree_on_who_opened_the_gate() {
    explore(two_openers_and_one_who_waits);
}
