//! The programs of the suite `random_program`, over values, handles, watchers, borrows and combinators, step by step against a
//! model that is plainly sequential; and those of the suite `unruly`, whose user code panics and comes back in. The fuzzer chooses the
//! steps, by what they reach.
#![no_main]

extern crate alloc;

#[path = "../../tests/tests/combinators/clock.rs"]
mod clock;
#[path = "../../tests/tests/random_program/derived.rs"]
mod derived;
#[path = "../../tests/tests/random_program/digits.rs"]
mod digits;
#[path = "../../tests/tests/combinators/expression.rs"]
mod expression;
#[path = "../../tests/tests/random_program/model.rs"]
mod model;
#[path = "../../tests/tests/random_program/program.rs"]
mod program;
#[path = "../../tests/tests/combinators/reference.rs"]
mod reference;
#[path = "../../tests/tests/random_program/step.rs"]
#[allow(dead_code, reason = "what makes steps for proptest")]
mod step;
#[path = "../../tests/tests/unruly/program.rs"]
mod unruly;
#[path = "../../tests/tests/combinators/watching.rs"]
mod watching;

use libfuzzer_sys::fuzz_target;

use digits::Digits;
use step::Step;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    if kind % 2 == 1 {
        return unruly::run(bytes);
    }
    let numbers = bytes.chunks(8).map(|chunk| {
        let mut number = [0; 8];
        number[..chunk.len()].copy_from_slice(chunk);
        u64::from_le_bytes(number)
    });
    let steps: Vec<_> = numbers.map(|number| Step::cut_from(&mut Digits(number))).collect();
    program::run(&steps);
});
