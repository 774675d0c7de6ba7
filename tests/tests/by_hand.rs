//! The part of the conformance suite that is polled by hand.

event_tests::by_hand!();
