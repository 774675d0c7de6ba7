//! Where the program begins and how it ends: system calls, and what rustc's core expects to be linked with.

use core::arch::{asm, global_asm};
use core::panic::PanicInfo;

const WRITE: usize = 1;
const EXIT_GROUP: usize = 231;

/// A system call with up to three arguments.
///
/// # Safety
///
/// As the call demands.
unsafe fn call(number: usize, arguments: [usize; 3]) -> usize {
    let result;
    // SAFETY: the registers are those of the system call convention; the rest the caller vouches for.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            out("rcx") _,
            out("r11") _,
            options(nostack)
        );
    }
    result
}

/// To the standard output.
pub fn print(text: &str) {
    // SAFETY: reads this many bytes from there.
    unsafe { call(WRITE, [1, text.as_ptr().expose_provenance(), text.len()]) };
}

pub fn exit(status: usize) -> ! {
    loop {
        // SAFETY: touches no memory.
        unsafe { call(EXIT_GROUP, [status, 0, 0]) };
    }
}

// The stack is aligned to 16 bytes before the call, as the calling convention has it.
global_asm!(".globl _start", "_start:", "xor ebp, ebp", "and rsp, -16", "call {begin}", "ud2", begin = sym begin);

extern "C" fn begin() -> ! {
    crate::main();
    exit(0);
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    print("bare x86-64: a panic\n");
    exit(101);
}

/// The core that rustup brings was compiled for unwinding and names these two. Nothing calls them: a panic ends the program.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    exit(102);
}
