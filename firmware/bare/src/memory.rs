//! The functions on memory that rustc's code calls and a libc would have.

use core::arch::asm;

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for both places.
    unsafe {
        asm!("rep movsb", inout("rcx") count => _, inout("rdi") to => _, inout("rsi") from => _,
            options(nostack, preserves_flags));
    }
    to
}

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8 {
    if to.addr().wrapping_sub(from.addr()) >= count {
        // SAFETY: forwards, since nothing is overwritten that is still to be read. The caller vouches for the rest.
        return unsafe { memcpy(to, from, count) };
    }
    // SAFETY: backwards, from the last byte on; there is one, or the places would not overlap. The caller vouches for the rest.
    unsafe {
        asm!("std", "rep movsb", "cld", inout("rcx") count => _, inout("rdi") to.wrapping_add(count - 1) => _,
            inout("rsi") from.wrapping_add(count - 1) => _, options(nostack));
    }
    to
}

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, count: usize) -> *mut u8 {
    // SAFETY: the caller vouches for the place.
    unsafe {
        asm!("rep stosb", inout("rcx") count => _, inout("rdi") to => _, in("al") byte as u8,
            options(nostack, preserves_flags));
    }
    to
}

/// # Safety
///
/// As in C.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
    for place in 0..count {
        // Volatile, or this would be compiled into a call of itself.
        // SAFETY: the caller vouches for `count` bytes.
        let byte = unsafe { one.wrapping_add(place).read_volatile() };
        // SAFETY: as above.
        let beside = unsafe { other.wrapping_add(place).read_volatile() };
        if byte != beside {
            return i32::from(byte) - i32::from(beside);
        }
    }
    0
}
