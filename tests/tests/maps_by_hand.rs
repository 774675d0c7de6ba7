//! Maps, polled by hand; with an allocator that counts.

use event_tests::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

event_tests::maps_by_hand!();
