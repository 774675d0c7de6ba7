//! The persistent map inside.
//!
//! [`rpds`]'s red-black tree: a change copies the nodes on the way to the key and shares everything else, entries included. So the
//! state before a change stays what it was, a snapshot is a count, and neither keys nor data are cloned.
//!
//! A change, and a lookup, in nanoseconds of processor time, the keys in no particular order:
//!
//! | keys | | change, 10 | 1,000 | 100,000 | lookup, 10 | 1,000 | 100,000 |
//! |---|---|---|---|---|---|---|---|
//! | `u64` | rpds 1.2 `RedBlackTreeMapSync` | 114 | 403 | 2,060 | 3 | 13 | 1,210 |
//! | | imbl 7.0 `OrdMap` | 108 | 349 | 1,080 | 6 | 22 | 168 |
//! | | immutable-chunkmap 2.1 `Map`, chunks of 32 | 99 | 380 | 1,320 | 5 | 8 | 69 |
//! | `String` | rpds | 137 | 484 | 2,540 | 10 | 51 | 1,720 |
//! | | imbl | 262 | 987 | 5,270 | 12 | 52 | 1,160 |
//! | | immutable-chunkmap | 414 | 1,380 | 9,040 | 39 | 79 | 1,680 |
//!
//! The other two keep many entries in a node. Numbers as keys are then read without following pointers, and iterating 100,000 keys
//! takes a twentieth of the time. But a change clones the keys beside the one that changes, which is user code and, for a `String`,
//! an allocation each; and the keys of tables mostly are strings. Beside that, imbl needs std and has another licence, and
//! immutable-chunkmap has thirty blocks of unsafe code and names no oldest compiler; rpds has none of its own.

/// An ordered persistent map, to be shared between threads.
pub(crate) type Tree<K, V> = rpds::RedBlackTreeMapSync<K, V>;
