//! Keys, ranges and prefixes out of any bytes: what they have in them, as etcd would see it.
#![no_main]

#[path = "../../crates/event-etcd/src/range.rs"]
#[allow(dead_code, reason = "what the crate has for other purposes")]
mod range;

/// As much of the crate's errors as the ranges need.
mod error {
    #[derive(Debug)]
    #[allow(dead_code, reason = "shown, and not looked at")]
    pub(crate) enum Error {
        InvalidArgument(String),
    }
}

use libfuzzer_sys::fuzz_target;

use range::KeyRange;

/// Whether etcd finds a key in a range, by the words of its API: no end means the one key, and an end of a zero byte means none.
fn has(range: &KeyRange, key: &[u8]) -> bool {
    let (start, end) = (range.start(), range.end());
    match end {
        [] => key == start,
        [0] => key >= start,
        _ => start <= key && key < end,
    }
}

/// Keys near the edges of what these bytes can mean.
fn keys(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut keys =
        vec![bytes.to_vec(), [bytes, &[0]].concat(), [bytes, &[0xff, 0xff]].concat(), vec![0], vec![0xff; 9]];
    for length in 0..bytes.len() {
        let mut key = bytes[..=length].to_vec();
        for step in [1, u8::MAX] {
            let last = key.last_mut().expect("it is not empty");
            *last = last.wrapping_add(step);
            keys.push(key.clone());
        }
        keys.push(bytes[..length].to_vec());
    }
    // etcd has no empty key.
    keys.retain(|key| !key.is_empty());
    keys
}

fuzz_target!(|input: (&[u8], &[u8])| {
    let (one, other) = input;
    let all = [keys(one), keys(other)].concat();

    let prefix = KeyRange::prefix(one);
    for key in &all {
        assert_eq!(has(&prefix, key), key.starts_with(one), "{key:?} in {prefix:?}, the prefix {one:?}");
    }

    match KeyRange::key(one) {
        Ok(range) => {
            assert_eq!(range.as_key(), Some(one));
            all.iter().for_each(|key| assert_eq!(has(&range, key), key == one));
        }
        Err(_) => assert!(one.is_empty()),
    }

    match KeyRange::range(one..other) {
        Ok(range) => {
            assert_eq!(range.as_key(), None);
            let expected = |key: &[u8]| one <= key && key < other;
            all.iter().for_each(|key| assert_eq!(has(&range, key), expected(key), "{key:?} in {range:?}"));
        }
        Err(_) => assert!(one.is_empty() || other <= one),
    }
    let _ = format!("{prefix:?}");
});
