//! Several threads: no wake-up is lost, the newest value wins, and no modification is lost.

use std::sync::Arc;
use std::thread;

use tokio_test::block_on;

use super::watch;

const ROUNDS: usize = 300;

#[test]
fn five_receivers_are_woken_by_one_value() {
    for _ in 0..ROUNDS {
        let (sender, receiver) = watch::channel(1);
        let mut receivers: Vec<_> = (0..5).map(|_| receiver.clone()).collect();
        let sends = thread::spawn(move || sender.send(2).unwrap());
        for receiver in &mut receivers {
            block_on(receiver.changed()).unwrap();
            assert_eq!(*receiver.borrow(), 2);
        }
        sends.join().unwrap();
    }
}

#[test]
fn a_wait_is_ended_by_what_it_waits_for_though_other_values_are_modified_meanwhile() {
    for _ in 0..ROUNDS {
        let (sender, mut receiver) = watch::channel(false);
        let sender = Arc::new(sender);
        let modifies = thread::spawn({
            let sender = Arc::clone(&sender);
            move || {
                sender.send_modify(|_| ());
                sender.send_modify(|_| ());
            }
        });
        let sends = thread::spawn(move || sender.send(true).unwrap());
        assert!(*block_on(receiver.wait_for(|is_set| *is_set)).unwrap());
        modifies.join().unwrap();
        sends.join().unwrap();
    }
}

#[test]
fn a_wait_returns_the_value_that_the_predicate_accepted() {
    for _ in 0..ROUNDS {
        let (sender, mut receiver) = watch::channel(0);
        let sends = thread::spawn(move || (1..=3).for_each(|n| sender.send(n).unwrap()));
        let mut accepted = None;
        let returned = *block_on(receiver.wait_for(|n| {
            accepted = Some(*n);
            true
        }))
        .unwrap();
        assert_eq!(accepted, Some(returned));
        drop(receiver);
        // The sender may find that nobody receives any more.
        drop(sends.join());
    }
}

#[test]
fn senders_that_are_dropped_at_the_same_time_close_the_channel() {
    for _ in 0..ROUNDS {
        let (sender, mut receiver) = watch::channel(0);
        let other = sender.clone();
        let drops = thread::spawn(move || drop(other));
        assert!(receiver.has_changed().is_ok());
        let waits = thread::spawn(move || {
            block_on(receiver.changed()).unwrap_err();
            receiver
        });
        drop(sender);
        drops.join().unwrap();
        waits.join().unwrap().has_changed().unwrap_err();
    }
}

#[test]
fn a_sender_learns_that_the_last_of_two_receivers_was_dropped() {
    for _ in 0..ROUNDS {
        let (sender, receiver) = watch::channel(0);
        let other = receiver.clone();
        let drops = [thread::spawn(move || drop(receiver)), thread::spawn(move || drop(other))];
        block_on(sender.closed());
        assert_eq!(sender.receiver_count(), 0);
        drops.into_iter().for_each(|drops| drops.join().unwrap());
    }
}

/// Answers every value, so that a lost wake-up would stop everything for ever.
#[test]
fn no_wake_up_is_lost() {
    const VALUES: usize = 20_000;
    let (there, mut receives_there) = watch::channel(0);
    let (back, mut receives_back) = watch::channel(0);
    let answers = thread::spawn(move || {
        while block_on(receives_there.changed()).is_ok() {
            let n = *receives_there.borrow_and_update();
            if back.send(n).is_err() {
                break;
            }
        }
    });
    for n in 1..=VALUES {
        match n % 3 {
            0 => there.send(n).unwrap(),
            1 => there.send_modify(|value| *value = n),
            _ => {
                assert!(!there.send_if_modified(|value| {
                    *value = n;
                    false
                }));
                assert_eq!(there.send_replace(n), n);
            }
        }
        assert_eq!(*block_on(receives_back.wait_for(|answer| *answer == n)).unwrap(), n);
    }
    drop(there);
    answers.join().unwrap();
}

#[test]
fn values_only_grow_and_the_last_one_is_received() {
    const VALUES: u64 = 30_000;
    let (sender, receiver) = watch::channel(0);
    let receives: Vec<_> = (0..3)
        .map(|which| {
            let mut receiver = receiver.clone();
            thread::spawn(move || {
                let mut last = 0;
                loop {
                    let ended = match which {
                        0 => block_on(receiver.changed()).is_err(),
                        1 => block_on(receiver.wait_for(|n| *n > last)).is_err(),
                        _ => receiver.has_changed().is_err(),
                    };
                    let n = *receiver.borrow_and_update();
                    assert!(n >= last, "{n} after {last}");
                    last = n;
                    if ended {
                        return last;
                    }
                }
            })
        })
        .collect();
    drop(receiver);
    for n in 1..=VALUES {
        sender.send_modify(|value| *value = n);
        if n % 5 == 0 {
            sender.send_if_modified(|_| false);
        }
    }
    drop(sender);
    assert!(receives.into_iter().all(|receives| receives.join().unwrap() == VALUES));
}

/// Three threads modify, two with `FnOnce` closures; one takes away what is there.
#[test]
fn no_modification_is_lost() {
    const EACH: u64 = 5_000;
    let (sender, receiver) = watch::channel(Vec::new());
    let modify: Vec<_> = (0..3)
        .map(|thread| {
            let sender = sender.clone();
            thread::spawn(move || {
                let mut replaced = Vec::new();
                for n in 0..EACH {
                    let token = Box::new((thread, n));
                    match thread {
                        0 => sender.send_modify(move |tokens| tokens.push(token)),
                        1 => {
                            _ = sender.send_if_modified(move |tokens| {
                                tokens.push(token);
                                n % 2 == 0
                            })
                        }
                        _ => replaced.extend(sender.send_replace(vec![token])),
                    }
                }
                replaced
            })
        })
        .collect();
    let mut tokens: Vec<_> = modify.into_iter().flat_map(|modifies| modifies.join().unwrap()).collect();
    tokens.extend(receiver.borrow().iter().cloned());
    assert_eq!(tokens.len() as u64, 3 * EACH, "lost, or there twice");
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len() as u64, 3 * EACH, "lost, and another one twice");
}

/// Plain sends beside modifications: a modification is applied to a value that was sent or modified, and to the newest.
#[test]
fn a_modification_beside_a_send_is_before_or_after_it() {
    const ROUNDS: u64 = 20_000;
    let (sender, _receiver) = watch::channel((0, 0));
    let sends = thread::spawn({
        let sender = sender.clone();
        move || (1..=ROUNDS).for_each(|n| sender.send((n, 0)).unwrap())
    });
    let mut last = (0, 0);
    for n in 0..ROUNDS {
        let mut before = last;
        sender.send_if_modified(|value| {
            before = *value;
            value.1 += 1;
            n % 3 == 0
        });
        assert!(before.0 > last.0 && before.1 == 0 || before == last, "{before:?} after {last:?}");
        last = (before.0, before.1 + 1);
    }
    sends.join().unwrap();
    assert_eq!(sender.borrow().0, ROUNDS);
}
