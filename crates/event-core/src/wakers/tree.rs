//! Where the nodes are: leaves of up to a word's worth of nodes, directories of up to a word's worth of leaves.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;
use core::ptr::{self, NonNull};

use super::node::Node;
use crate::room::Room;
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::sync::{first_look, plain};

/// A group of nodes. Its alignment leaves room for a node's number in the low bits of a pointer to it.
#[cfg_attr(target_pointer_width = "32", repr(align(32)))]
#[cfg_attr(not(target_pointer_width = "32"), repr(align(64)))]
pub(super) struct Leaf {
    /// Bit n: node n is armed. Not used in the first leaf, whose bits are in the root.
    pub(super) armed: AtomicUsize,
    /// Bit n: node n has an owner, or is an orphan, or does not exist.
    taken: AtomicUsize,
    /// Bit n: node n is marked. What that means, and the lock under which it is done, is the business of the marks' keeper.
    #[cfg(feature = "alloc")]
    marked: AtomicUsize,
    nodes: Room<Node>,
    /// Null for the first leaf. Known when the leaf is linked.
    directory: plain::AtomicPtr<Directory>,
    /// Which bit of the directory's summary stands for this leaf.
    summary_bit: usize,
}

/// How many nodes the first leaf has; their armed bits are the low bits of the root.
pub(crate) const FIRST_NODES: usize = 3;

impl Leaf {
    const_unless_loom! {
        /// A leaf with these nodes, the one of this number in its directory, which is not known yet.
        fn of(nodes: Room<Node>, number: usize) -> Self {
            // Nodes that do not exist are taken for ever.
            let taken = if nodes.len() == usize::BITS as usize { 0 } else { usize::MAX << nodes.len() };
            Self {
                armed: AtomicUsize::new(0),
                taken: AtomicUsize::new(taken),
                #[cfg(feature = "alloc")]
                marked: AtomicUsize::new(0),
                nodes,
                directory: plain::AtomicPtr::new(ptr::null_mut()),
                summary_bit: 1 << number,
            }
        }
    }

    #[cfg(feature = "alloc")]
    fn new(nodes: usize, directory: &Directory, number: usize) -> Self {
        let this = Self::of(Room::on_heap((0..nodes).map(|_| Node::new()).collect()), number);
        this.belongs_to(directory);
        this
    }

    /// The first leaf of a list.
    #[cfg(feature = "alloc")]
    fn first() -> Self {
        Self::of(Room::on_heap((0..FIRST_NODES).map(|_| Node::new()).collect()), 0)
    }

    /// Says which directory has it, which outlives it. Before it is linked there.
    fn belongs_to(&self, directory: &Directory) {
        // Ordering: Relaxed. The link releases it.
        self.directory.store(ptr::from_ref(directory).cast_mut(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn node(&self, number: usize) -> &Node {
        &self.nodes.get()[number]
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
        unsafe { self.nodes.get().get_unchecked(number) }
    }

    /// The directory above and the bit that stands for this leaf there; `None` for the first leaf.
    #[inline]
    pub(super) fn above(&self) -> Option<(&Directory, usize)> {
        // Ordering: Relaxed. Whoever knows this leaf has acquired the link to it.
        let directory = self.directory.load(Ordering::Relaxed);
        // SAFETY: null, or the directory that holds this leaf, which lives longer.
        let directory = unsafe { directory.as_ref() }?;
        Some((directory, self.summary_bit))
    }

    /// Takes a node without an owner.
    #[inline]
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
    #[inline]
    pub(super) fn free(&self, number: usize) {
        // Ordering: Release, partner: `claim`.
        self.taken.fetch_and(!(1 << number), Ordering::Release);
    }

    /// Marks the nodes that have an owner who is not about to leave, and no other. Says how many they are.
    #[cfg(feature = "alloc")]
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
    #[cfg(feature = "alloc")]
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
    leaves: Room<AtomicPtr<Leaf>>,
    next: AtomicPtr<Directory>,
}

impl Directory {
    const_unless_loom! {
        fn of(leaves: Room<AtomicPtr<Leaf>>) -> Self {
            Self { summary: AtomicUsize::new(0), leaves, next: AtomicPtr::new(ptr::null_mut()) }
        }
    }

    #[cfg(feature = "alloc")]
    fn new(leaves: usize) -> Self {
        Self::of(Room::on_heap((0..leaves).map(|_| AtomicPtr::new(ptr::null_mut())).collect()))
    }

    pub(super) fn leaf(&self, number: usize) -> Option<&Leaf> {
        follow(&self.leaves.get()[number])
    }
}

/// All directories and leaves of a list. They are added, and go with the list.
pub(super) struct Tree {
    first: AtomicPtr<Leaf>,
    directories: AtomicPtr<Directory>,
    is_lent: bool,
}

/// The first directory is small, and its leaves grow, so that ten watchers do not pay for hundreds.
#[cfg(all(feature = "alloc", not(any(event_core_loom, event_core_shuttle))))]
const SMALL_LEAVES: [usize; 3] = [8, 16, 32];
#[cfg(all(feature = "alloc", not(any(event_core_loom, event_core_shuttle))))]
const SMALL_DIRECTORY: usize = 8;
/// How many nodes the other leaves have, and how many leaves the other directories.
#[cfg(all(feature = "alloc", not(any(event_core_loom, event_core_shuttle))))]
const LARGE: usize = usize::BITS as usize;

/// In the models the first directory has room for two neighbours, and every further one for one watcher.
#[cfg(all(feature = "alloc", any(event_core_loom, event_core_shuttle)))]
const SMALL_LEAVES: [usize; 1] = [2];
#[cfg(all(feature = "alloc", any(event_core_loom, event_core_shuttle)))]
const SMALL_DIRECTORY: usize = 1;
#[cfg(all(feature = "alloc", any(event_core_loom, event_core_shuttle)))]
const LARGE: usize = 1;

/// How many nodes the first directory has room for.
#[cfg(all(test, feature = "alloc"))]
pub(crate) const FIRST_BELOW: usize = {
    let (mut nodes, mut leaf) = (0, 0);
    while leaf < SMALL_DIRECTORY {
        nodes += nodes_of(leaf);
        leaf += 1;
    }
    nodes
};

/// How many nodes a leaf of the first directory has.
#[cfg(feature = "alloc")]
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

/// Puts `target` at a link, unless somebody else was faster. Says whether it did.
fn link<T>(link: &AtomicPtr<T>, target: NonNull<T>) -> bool {
    // Ordering: SeqCst, partner: `follow`, in `Sweep`. First half of `PlaceThenLook`: the one who links looks afterwards whether it still
    // has to wait; weaker, it could look first. As a Release it makes the target's contents visible. Relaxed on failure: what is there is
    // not looked at.
    link.compare_exchange(ptr::null_mut(), target.as_ptr(), Ordering::SeqCst, Ordering::Relaxed).is_ok()
}

/// [`link`], of something made for this.
#[cfg(feature = "alloc")]
fn link_new<T>(to: &AtomicPtr<T>, target: T) {
    let target = NonNull::from(Box::leak(Box::new(target)));
    if !link(to, target) {
        // SAFETY: it came from a box, above, and was not linked, so nobody else knows it.
        drop(unsafe { Box::from_raw(target.as_ptr()) });
    }
}

/// Frees what a link leads to.
///
/// # Safety
///
/// It came there by `link_new`, nobody looks at it any more, and the link is not followed again.
#[cfg(feature = "alloc")]
unsafe fn unlink<T>(link: &AtomicPtr<T>) -> Option<Box<T>> {
    // Ordering: Relaxed. The caller has the tree to itself.
    let target = NonNull::new(link.load(Ordering::Relaxed))?;
    // SAFETY: it came from a box in `link_new`, and the caller vouches for the rest.
    Some(unsafe { Box::from_raw(target.as_ptr()) })
}

impl Tree {
    const_unless_loom! {
        /// Without leaves. If they are lent, it has never more than those that are [linked](Self::lend) in the beginning.
        pub(super) fn new(is_lent: bool) -> Self {
            let (first, directories) = (AtomicPtr::new(ptr::null_mut()), AtomicPtr::new(ptr::null_mut()));
            Self { first, directories, is_lent }
        }
    }

    #[inline]
    pub(super) fn first(&self) -> Option<&Leaf> {
        follow(&self.first)
    }

    pub(super) fn directories(&self) -> Directories<'_> {
        Directories(&self.directories)
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = &Leaf> {
        let below = self.directories().flat_map(|directory| directory.leaves.get().iter().map_while(follow));
        self.first().into_iter().chain(below)
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.leaves().map(|leaf| leaf.nodes.len()).sum()
    }

    /// Adds a leaf, or finds that another thread has just done so. False if there can be no more.
    pub(super) fn grow(&self) -> bool {
        #[cfg(feature = "alloc")]
        if !self.is_lent {
            self.grow_on_heap();
        }
        !self.is_lent
    }

    #[cfg(feature = "alloc")]
    fn grow_on_heap(&self) {
        if self.first().is_none() {
            return link_new(&self.first, Leaf::first());
        }
        let mut directories = self.directories();
        let mut number = 0;
        loop {
            let small = number == 0;
            let Some(directory) = directories.next() else {
                link_new(directories.0, Directory::new(if small { SMALL_DIRECTORY } else { LARGE }));
                continue;
            };
            let leaves = directory.leaves.get();
            if let Some(vacant) = leaves.iter().position(|leaf| follow(leaf).is_none()) {
                let nodes = if small { nodes_of(vacant) } else { LARGE };
                return link_new(&leaves[vacant], Leaf::new(nodes, directory, vacant));
            }
            number += 1;
        }
    }
}

#[cfg(feature = "alloc")]
impl Drop for Tree {
    fn drop(&mut self) {
        if self.is_lent {
            return;
        }
        // SAFETY: on the heap. `&mut self`: no node has an owner any more, and no setter is here.
        drop(unsafe { unlink(&self.first) });
        // SAFETY: as above.
        let mut directory = unsafe { unlink(&self.directories) };
        while let Some(gone) = directory {
            for leaf in gone.leaves.get() {
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

/// Room for the nodes of a list: those of the first leaf, and `MORE`.
pub(crate) struct LentNodes<const MORE: usize> {
    first: LentFirst,
    nodes: [Node; MORE],
    leaf: Leaf,
    leaves: [AtomicPtr<Leaf>; 1],
    directory: Directory,
}

/// Room for the nodes of the first leaf only.
pub(crate) struct LentFirst {
    nodes: [Node; FIRST_NODES],
    leaf: Leaf,
}

impl LentFirst {
    const_unless_loom! {
        pub(crate) fn new() -> Self {
            Self { nodes: array_of![Node::new(); FIRST_NODES], leaf: Leaf::of(Room::for_lent(FIRST_NODES), 0) }
        }
    }

    /// Lends it to a list that has nothing else. May be done again.
    pub(super) fn lend(&'static self, tree: &Tree) {
        self.leaf.nodes.lend(&self.nodes);
        link(&tree.first, NonNull::from(&self.leaf));
    }
}

impl<const MORE: usize> LentNodes<MORE> {
    const_unless_loom! {
        pub(crate) fn new() -> Self {
            Self {
                first: LentFirst::new(),
                nodes: array_of![Node::new(); MORE],
                leaf: Leaf::of(Room::for_lent(MORE), 0),
                leaves: [AtomicPtr::new(ptr::null_mut())],
                directory: Directory::of(Room::for_lent(1)),
            }
        }
    }

    /// Lends it to a list that has nothing else. May be done again.
    pub(super) fn lend(&'static self, tree: &Tree) {
        self.first.lend(tree);
        self.leaf.nodes.lend(&self.nodes);
        self.leaf.belongs_to(&self.directory);
        self.directory.leaves.lend(&self.leaves);
        link(&self.leaves[0], NonNull::from(&self.leaf));
        link(&tree.directories, NonNull::from(&self.directory));
    }
}
