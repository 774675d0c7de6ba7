//! A setter's way through the waker list: takes the armed bits level by level, and wakes.

use core::mem;

use super::node::Node;
use super::tree::{Directories, Directory, Leaf};
use super::{BELOW, FIRST_NODES, Nodes};
use crate::sync::atomic::Ordering;
use crate::sync::{Handshake, handshake};

/// What a setter has taken and not yet woken.
pub(super) struct Sweep<'a> {
    list: &'a Nodes,
    /// The leaf at hand, and the bits taken from it; without a leaf, none.
    leaf: Option<&'a Leaf>,
    nodes: usize,
    /// The directory at hand, and the bits taken from its summary; without a directory, none.
    directory: Option<&'a Directory>,
    leaves: usize,
    /// The directories to come.
    directories: Option<Directories<'a>>,
}

/// Wakes those for whom the bits stand that were taken from the root. A panic of a waker passes through when the others have
/// been woken.
#[inline]
pub(super) fn sweep(list: &Nodes, taken: usize) {
    match list.tree.first() {
        // One waiter is the most frequent number, and nobody has to be looked after if it panics.
        Some(leaf) if taken < BELOW && taken & taken.wrapping_sub(1) == 0 && taken != 0 => {
            Ticket::new(list, leaf, taken.trailing_zeros() as usize).wake();
        }
        leaf => Sweep::new(list, leaf, taken).run(),
    }
}

impl<'a> Sweep<'a> {
    fn new(list: &'a Nodes, leaf: Option<&'a Leaf>, taken: usize) -> Self {
        if taken & BELOW != 0 {
            handshake(Handshake::PublishThenFollow);
        }
        Self {
            list,
            leaf,
            nodes: taken & ((1 << FIRST_NODES) - 1),
            directory: None,
            leaves: 0,
            directories: (taken & BELOW != 0).then(|| list.tree.directories()),
        }
    }

    #[inline(never)]
    fn run(mut self) {
        self.each(Ticket::wake);
        // Nothing is left for `drop`.
        mem::forget(self);
    }

    #[inline]
    fn each(&mut self, wake: impl Fn(Ticket<'a>)) {
        loop {
            if let Some(leaf) = self.leaf {
                while self.nodes != 0 {
                    let number = self.nodes.trailing_zeros() as usize;
                    self.nodes &= self.nodes - 1;
                    wake(Ticket::new(self.list, leaf, number));
                }
            }
            if self.directories.is_none() || !self.next_leaf() && !self.next_directory() {
                return;
            }
        }
    }

    fn next_leaf(&mut self) -> bool {
        let (Some(directory), 1..) = (self.directory, self.leaves) else { return false };
        let number = self.leaves.trailing_zeros() as usize;
        self.leaves &= self.leaves - 1;
        self.leaf = directory.leaf(number);
        // Ordering: AcqRel, partner: `set_bit`. Acquire: it brings the wakers along. Release, and a swap even if nothing may be
        // armed here: a watcher that arms after this must see the words above as taken.
        self.nodes = self.leaf.map_or(0, |leaf| leaf.armed.swap(0, Ordering::AcqRel));
        true
    }

    fn next_directory(&mut self) -> bool {
        self.directory = self.directories.as_mut().and_then(Iterator::next);
        let Some(directory) = self.directory else { return false };
        // Ordering: AcqRel, partner: `set_bit`. Acquire: it brings along the leaves that were linked before their bits were set. Release
        // as for the words of the leaves.
        self.leaves = directory.summary.swap(0, Ordering::AcqRel);
        true
    }
}

impl Drop for Sweep<'_> {
    /// Wakes those who come after a waker that panicked.
    #[cold]
    fn drop(&mut self) {
        self.each(Ticket::wake_while_unwinding);
    }
}

/// The right to read the waker of a node that was armed.
pub(super) struct Ticket<'a> {
    list: &'a Nodes,
    leaf: &'a Leaf,
    number: usize,
    node: &'a Node,
}

impl<'a> Ticket<'a> {
    /// `number` is that of a bit that was taken.
    #[inline]
    fn new(list: &'a Nodes, leaf: &'a Leaf, number: usize) -> Self {
        // SAFETY: the number of an armed bit.
        let node = unsafe { leaf.node_unchecked(number) };
        Self { list, leaf, number, node }
    }

    #[inline]
    fn wake(self) {
        // SAFETY: `self` is the ticket.
        unsafe { self.node.wake() };
    }

    /// Like `wake`, but a second panic does not end the process, where that can be had.
    #[cold]
    fn wake_while_unwinding(self) {
        #[cfg(feature = "std")]
        if let Err(panic) = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| self.wake())) {
            // Its destructor may panic as well, and what that panics with is not looked at any more.
            let dropped = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| drop(panic)));
            mem::forget(dropped);
        }
        #[cfg(not(feature = "std"))]
        self.wake();
    }
}

impl Drop for Ticket<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.node.give_back() {
            // SAFETY: the owner has gone, and this was the last ticket.
            unsafe { self.list.free(self.leaf, self.number) };
        }
    }
}
