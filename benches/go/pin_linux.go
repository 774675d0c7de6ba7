package main

import (
	"runtime"
	"syscall"
	"unsafe"
)

// pin puts this thread on a processor that it shares with no other thread of the row, if there are enough of them. On a busy machine
// two threads would otherwise often take turns on one. If the system refuses, the row is measured all the same.
func pin(thread int) {
	var processors [1024 / 64]uint64
	processor := thread % runtime.NumCPU()
	processors[processor/64] = 1 << (processor % 64)
	_, _, _ = syscall.RawSyscall(syscall.SYS_SCHED_SETAFFINITY, 0, unsafe.Sizeof(processors), uintptr(unsafe.Pointer(&processors)))
}
