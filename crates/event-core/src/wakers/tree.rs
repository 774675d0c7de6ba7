//! Where the nodes are: leaves of up to a word's worth of nodes, directories of up to a word's worth of leaves.

use alloc::boxed::Box;
use core::ptr::{self, NonNull};

use super::node::Node;
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::first_look;

/// A group of nodes. Its alignment leaves room for a node's number in the low bits of a pointer to it.
#[repr(align(64))]
pub(super) struct Leaf {
    /// Bit n: node n is armed. Not used in the first leaf, whose bits are in the root.
    pub(super) armed: AtomicUsize,
    /// Bit n: node n has an owner, or is an orphan, or does not exist.
    taken: AtomicUsize,
    /// Bit n: node n is marked. What that means, and the lock under which it is done, is the business of the marks' keeper.
    marked: AtomicUsize,
    nodes: Box<[Node]>,
    /// Null for the first leaf.
    directory: *const Directory,
    /// Which bit of the directory's summary stands for this leaf.
    summary_bit: usize,
}

// SAFETY: the pointer to the directory is read-only, and directories are `Sync` and outlive their leaves.
unsafe impl Send for Leaf {}
// SAFETY: as above.
unsafe impl Sync for Leaf {}

/// How many nodes the first leaf has; their armed bits are the low bits of the root.
pub(crate) const FIRST_NODES: usize = 3;

impl Leaf {
    fn new(nodes: usize, directory: *const Directory, number: usize) -> Self {
        Self {
            armed: AtomicUsize::new(0),
            // Nodes that do not exist are taken for ever.
            taken: AtomicUsize::new(usize::MAX.checked_shl(nodes as u32).unwrap_or(0)),
            marked: AtomicUsize::new(0),
            nodes: (0..nodes).map(|_| Node::new()).collect(),
            directory,
            summary_bit: 1 << number,
        }
    }

    /// The first leaf of a list.
    pub(super) fn first() -> Self {
        Self::new(FIRST_NODES, ptr::null(), 0)
    }

    #[inline]
    pub(super) fn node(&self, number: usize) -> &Node {
        &self.nodes[number]
    }

    /// [`node`](Self::node), on the hot paths.
    ///
    /// # Safety
    ///
    /// There is such a node: the number came from [`claim`](Self::claim), or is that of an armed bit, which only the owner of
    /// such a number sets.
    #[inline]
    pub(super) unsafe fn node_unchecked(&self, number: usize) -> &Node {
        debug_assert!(number < self.nodes.len());
        // SAFETY: the caller vouches for it.
        unsafe { self.nodes.get_unchecked(number) }
    }

    /// The directory above and the bit that stands for this leaf there; `None` for the first leaf.
    #[inline]
    pub(super) fn above(&self) -> Option<(&Directory, usize)> {
        // SAFETY: null, or the directory that holds this leaf, which lives longer.
        let directory = unsafe { self.directory.as_ref() }?;
        Some((directory, self.summary_bit))
    }

    /// Takes a node without an owner.
    pub(super) fn claim(&self) -> Option<usize> {
        // Ordering: Relaxed. Only a proposal; the `fetch_or` decides.
        let mut taken = first_look(&self.taken, Ordering::Relaxed);
        loop {
            let number = taken.trailing_ones();
            let bit = 1_usize.checked_shl(number)?;
            // Ordering: Acquire, partner: `free`. Weaker, the node's previous life might not be over for us.
            taken = self.taken.fetch_or(bit, Ordering::Acquire);
            if taken & bit == 0 {
                self.node(number as usize).adopt();
                return Some(number as usize);
            }
        }
    }

    /// Gives a node back that was cleared.
    pub(super) fn free(&self, number: usize) {
        // Ordering: Release, partner: `claim`.
        self.taken.fetch_and(!(1 << number), Ordering::Release);
    }

    /// Marks the nodes that have an owner who is not about to leave, and no other. Says how many they are.
    pub(super) fn mark_owned(&self) -> usize {
        // Ordering: Relaxed. Nothing but the bits is looked at, and how recent they are the caller sees to.
        let taken = self.taken.load(Ordering::Relaxed);
        let is_owned = |&number: &usize| taken & 1 << number != 0 && !self.node(number).is_leaving();
        let owned = (0..self.nodes.len()).filter(is_owned).fold(0_usize, |bits, number| bits | 1 << number);
        // Ordering: Relaxed. Under the keeper's lock.
        self.marked.store(owned, Ordering::Relaxed);
        owned.count_ones() as usize
    }

    /// Marks a node, or takes its mark away. Says whether it was marked.
    pub(super) fn set_mark(&self, number: usize, mark: bool) -> bool {
        // Ordering: Relaxed, both. Under the keeper's lock.
        let marked = self.marked.load(Ordering::Relaxed);
        let bit = 1 << number;
        self.marked.store(if mark { marked | bit } else { marked & !bit }, Ordering::Relaxed);
        marked & bit != 0
    }
}

/// A group of leaves.
pub(super) struct Directory {
    /// Bit n: a node of leaf n may be armed.
    pub(super) summary: AtomicUsize,
    leaves: Box<[AtomicPtr<Leaf>]>,
    next: AtomicPtr<Directory>,
}

impl Directory {
    fn new(leaves: usize) -> Self {
        Self {
            summary: AtomicUsize::new(0),
            leaves: (0..leaves).map(|_| AtomicPtr::new(ptr::null_mut())).collect(),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn leaf(&self, number: usize) -> Option<&Leaf> {
        follow(&self.leaves[number])
    }
}

/// All directories and leaves of a list. They are added, and go with the list.
pub(super) struct Tree {
    first: AtomicPtr<Leaf>,
    directories: AtomicPtr<Directory>,
}

/// The first directory is small, and its leaves grow, so that ten watchers do not pay for hundreds.
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
const SMALL_LEAVES: [usize; 3] = [8, 16, 32];
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
const SMALL_DIRECTORY: usize = 8;
/// How many nodes the other leaves have, and how many leaves the other directories.
#[cfg(not(any(event_core_loom, event_core_shuttle)))]
const LARGE: usize = usize::BITS as usize;

/// In the models the first directory has room for two neighbours, and every further one for one watcher.
#[cfg(any(event_core_loom, event_core_shuttle))]
const SMALL_LEAVES: [usize; 1] = [2];
#[cfg(any(event_core_loom, event_core_shuttle))]
const SMALL_DIRECTORY: usize = 1;
#[cfg(any(event_core_loom, event_core_shuttle))]
const LARGE: usize = 1;

/// How many nodes the first directory has room for.
#[cfg(test)]
pub(crate) const FIRST_BELOW: usize = {
    let (mut nodes, mut leaf) = (0, 0);
    while leaf < SMALL_DIRECTORY {
        nodes += nodes_of(leaf);
        leaf += 1;
    }
    nodes
};

/// How many nodes a leaf of the first directory has.
const fn nodes_of(leaf: usize) -> usize {
    if leaf < SMALL_LEAVES.len() { SMALL_LEAVES[leaf] } else { LARGE }
}

/// The target of a link, if it has one.
fn follow<T>(link: &AtomicPtr<T>) -> Option<&T> {
    // Ordering: SeqCst, partner: `link`. Second half of `PublishThenFollow`; weaker, a setter could overlook a directory whose
    // watcher has not seen what was published. As an Acquire: what the link leads to is there. SeqCst for watchers as well: one
    // that finds the directory that another has linked comes after the link in the order of all of these.
    let target = link.load(Ordering::SeqCst);
    // SAFETY: links are null or lead to what `link` put there, which lives as long as the tree, longer than `link`.
    unsafe { target.as_ref() }
}

/// Puts `target` at a link, unless somebody else was faster.
fn link<T>(link: &AtomicPtr<T>, target: T) {
    let target = Box::into_raw(Box::new(target));
    // Ordering: SeqCst, partner: `follow`, in `Sweep`. The one who links looks afterwards whether it still has to wait; weaker, it
    // could look first. (The watchers of a value have the fence of `PlaceThenLook` between the two, which alone would do; those of
    // other lists have not.) As a Release it makes the target's contents visible. Relaxed on failure: what is there is not
    // looked at.
    if link.compare_exchange(ptr::null_mut(), target, Ordering::SeqCst, Ordering::Relaxed).is_err() {
        // SAFETY: it came from `Box::into_raw` above and was not linked, so nobody else knows it.
        drop(unsafe { Box::from_raw(target) });
    }
}

/// Frees what a link leads to.
///
/// # Safety
///
/// Nobody looks at the target any more, and the link is not followed again.
unsafe fn unlink<T>(link: &AtomicPtr<T>) -> Option<Box<T>> {
    // Ordering: Relaxed. The caller has the tree to itself.
    let target = NonNull::new(link.load(Ordering::Relaxed))?;
    // SAFETY: it came from `Box::into_raw` in `link`, and the caller vouches for the rest.
    Some(unsafe { Box::from_raw(target.as_ptr()) })
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { first: AtomicPtr::new(ptr::null_mut()), directories: AtomicPtr::new(ptr::null_mut()) }
    }

    #[inline]
    pub(super) fn first(&self) -> Option<&Leaf> {
        follow(&self.first)
    }

    pub(super) fn directories(&self) -> Directories<'_> {
        Directories(&self.directories)
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        let below = self.directories().flat_map(|directory| directory.leaves.iter().map_while(follow));
        self.first().into_iter().chain(below)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.leaves().map(|leaf| leaf.nodes.len()).sum()
    }

    /// Adds a leaf, or finds that another thread has just done so.
    pub(super) fn grow(&self) {
        if self.first().is_none() {
            return link(&self.first, Leaf::first());
        }
        let mut directories = self.directories();
        let mut number = 0;
        loop {
            let small = number == 0;
            let Some(directory) = directories.next() else {
                link(directories.0, Directory::new(if small { SMALL_DIRECTORY } else { LARGE }));
                continue;
            };
            if let Some(vacant) = directory.leaves.iter().position(|leaf| follow(leaf).is_none()) {
                let nodes = if small { nodes_of(vacant) } else { LARGE };
                return link(&directory.leaves[vacant], Leaf::new(nodes, directory, vacant));
            }
            number += 1;
        }
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // SAFETY: `&mut self`: no node has an owner any more, and no setter is here.
        drop(unsafe { unlink(&self.first) });
        // SAFETY: as above.
        let mut directory = unsafe { unlink(&self.directories) };
        while let Some(mut gone) = directory {
            for leaf in &mut gone.leaves {
                // SAFETY: as above.
                drop(unsafe { unlink(leaf) });
            }
            // SAFETY: as above.
            directory = unsafe { unlink(&gone.next) };
        }
    }
}

/// The directories from one link on.
pub(super) struct Directories<'a>(&'a AtomicPtr<Directory>);

impl<'a> Iterator for Directories<'a> {
    type Item = &'a Directory;

    fn next(&mut self) -> Option<&'a Directory> {
        let directory = follow(self.0)?;
        self.0 = &directory.next;
        Some(directory)
    }
}
