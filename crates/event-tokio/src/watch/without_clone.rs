//! What a sender can do with values that cannot be cloned, where it does something else with those that can.
//!
//! A method call finds the methods of [`Sender`](super::Sender) itself first, and there those for `T: Clone` only if `T` is; then
//! those here, behind its `Deref`.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;
use std::thread;

use event_core::MemoryValue;

use super::shared::{Modifications, Stored};

/// What is inside of a [`Sender`](super::Sender), and a method for values that cannot be cloned.
pub struct SenderWithoutClone<T> {
    pub(super) value: MemoryValue<Stored<T>>,
    pub(super) modifications: Arc<Modifications>,
}

impl<T> SenderWithoutClone<T> {
    /// As [`Sender::send_replace`](super::Sender::send_replace), which see: waits until the old value is not borrowed.
    pub fn send_replace(&self, value: T) -> T {
        let mut replaced = self.replace(value);
        let mut waits = Waits::default();
        loop {
            match replaced {
                Ok(old) => return old,
                Err(old) => {
                    waits.wait();
                    replaced = old.try_into_inner().map(|stored| stored.data);
                }
            }
        }
    }

    /// Replaces the value; returns the old one, or what borrows it if it is borrowed elsewhere as well.
    pub(super) fn replace(&self, value: T) -> Result<T, event_core::Ref<'_, Stored<T>>> {
        // Between a modification that has begun and its end this would return what the modification has not modified yet.
        let turn = self.modifications.turn();
        let Ok(replaced) = self.value.replace_then(Stored::new(value), || drop(turn)) else {
            unreachable!("a value with a handle is open: nobody else can close it")
        };
        let old = replaced.expect("a channel always holds a value");
        old.try_into_inner().map(|stored| stored.data)
    }
}

impl<T> fmt::Debug for SenderWithoutClone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderWithoutClone").finish_non_exhaustive()
    }
}

/// Waits between looks at something that tells nobody when it is over.
#[derive(Default)]
struct Waits(u32);

impl Waits {
    fn wait(&mut self) {
        const YIELDS: u32 = 10;
        const LONGEST: Duration = Duration::from_millis(1);
        if self.0 < YIELDS {
            thread::yield_now();
        } else {
            thread::sleep((Duration::from_micros(1) * (1 << (self.0 - YIELDS).min(10))).min(LONGEST));
        }
        self.0 = self.0.saturating_add(1);
    }
}
