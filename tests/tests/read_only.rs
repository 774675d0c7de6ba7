//! R1: a cached read of an unchanged value writes to no memory of the value. Its memory is made read-only meanwhile, so that a
//! write ends the process.

#![cfg(target_os = "linux")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::alloc::System;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use event_core::{CachedReader, MemoryValue};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect};

/// What is allocated while [`APART`] says so has pages of its own, which are never given back.
struct Pages;

#[global_allocator]
static ALLOCATOR: Pages = Pages;

const SIZE: usize = 1 << 20;
static START: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
static USED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static APART: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: either all is left to the system's allocator, or it is a piece of the pages that was never handed out before.
unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !APART.get() {
            // SAFETY: as the caller promised.
            return unsafe { System.alloc(layout) };
        }
        // Room for any alignment.
        let from = USED.fetch_add(layout.size() + layout.align(), Ordering::Relaxed).next_multiple_of(layout.align());
        assert!(from + layout.size() <= SIZE);
        START.load(Ordering::Relaxed).cast::<u8>().wrapping_add(from)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        let start = START.load(Ordering::Relaxed).cast::<u8>();
        if start.is_null() || !(start..start.wrapping_add(SIZE)).contains(&memory) {
            // SAFETY: as the caller promised: it came from the system's allocator.
            unsafe { System.dealloc(memory, layout) }
        }
    }
}

fn map_pages() {
    let both = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: new pages, which nobody uses yet.
    let start = unsafe { mmap_anonymous(ptr::null_mut(), SIZE, both, MapFlags::PRIVATE) }.expect("there is memory");
    START.store(start, Ordering::Relaxed);
}

fn protect(flags: MprotectFlags) {
    // SAFETY: these pages are mapped, and a write to them, if they are made read-only, ends the process.
    unsafe { mprotect(START.load(Ordering::Relaxed), SIZE, flags) }.expect("the pages are mapped");
}

/// Everything that belongs to the value is in the pages.
fn apart<R>(make: impl FnOnce() -> R) -> R {
    APART.set(true);
    let made = make();
    APART.set(false);
    made
}

const WHAT: &str = "EVENT_READ_ONLY";

/// What is tried in a process of its own, by its name.
fn attempt(what: &str) {
    map_pages();
    let (value, mut watcher, mut cached) = apart(|| {
        let value = MemoryValue::with_value(String::from("unchanged"));
        let (watcher, cached) = (value.watch(), value.cached());
        (value, watcher, cached)
    });
    watcher.mark_seen();
    assert!(cached.load().is_some());
    protect(MprotectFlags::READ);
    for _ in 0..100 {
        match what {
            "load" => assert_eq!(cached.load().map(String::len), Some(9)),
            "peek" => assert_eq!(cached.peek().map(String::len), Some(9)),
            "has_changed" => assert!(!cached.has_changed()),
            // These pin, and the last one sets.
            "borrow" => assert!(value.borrow().is_some()),
            "load a value" => assert!(value.load().is_some()),
            "set" => _ = value.set(String::new()),
            other => panic!("nothing is called {other:?}"),
        }
    }
    protect(MprotectFlags::READ | MprotectFlags::WRITE);
    drop::<(MemoryValue<String>, CachedReader<String>)>((value, cached));
}

/// Whether this process lives through it, as long as it is the value's memory that ends it.
fn is_read_only(what: &str) -> bool {
    const SIGSEGV: i32 = 11;
    let status = Command::new(env::current_exe().expect("this test is a program"))
        .args(["r1_a_cached_read_of_an_unchanged_value_writes_nothing", "--exact"])
        .env(WHAT, what)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a program can be started");
    assert!(status.success() || status.signal() == Some(SIGSEGV), "{what}: {status}");
    status.success()
}

#[test]
fn r1_a_cached_read_of_an_unchanged_value_writes_nothing() {
    if let Ok(what) = env::var(WHAT) {
        return attempt(&what);
    }
    for what in ["load", "peek", "has_changed"] {
        assert!(is_read_only(what), "{what} wrote to the value");
    }
    for what in ["borrow", "load a value", "set"] {
        assert!(!is_read_only(what), "{what} has to write: nothing is tested");
    }
}
