//! What watching threads do: each of them something else that has to come to the same.

use alloc::collections::VecDeque;
use core::future::poll_fn;
use core::mem;
use core::sync::atomic::Ordering;
use core::task::Poll;

use event_core::{GetError, MemoryWatcher, Snapshot, Version};
use event_tests::by_hand::Task;
use event_tests::census::Citizen;
use event_tests::seed::Random;
use event_tests::threads::block_on;

use crate::arena::{Arena, SETTERS, setter_and_number};

/// One watcher's account of what it was shown.
pub(crate) struct Account<'a> {
    arena: &'a Arena,
    watcher: usize,
    /// The newest of each setter's data.
    newest: [u64; SETTERS + 1],
    version: Version,
}

impl<'a> Account<'a> {
    pub(crate) fn new(arena: &'a Arena, watcher: usize) -> Self {
        Self { arena, watcher, newest: [0; SETTERS + 1], version: Version::INITIAL }
    }

    /// Was shown this for the first time.
    fn see(&mut self, citizen: &Citizen) {
        let data = citizen.data();
        let (setter, number) = setter_and_number(data);
        let before = mem::replace(&mut self.newest[setter], number);
        assert!(before < number, "watcher {}: number {number} of setter {setter} came after {before}", self.watcher);
        self.arena.seen[self.watcher].store(data, Ordering::SeqCst);
        if self.arena.newest.load(Ordering::SeqCst) == data {
            self.arena.coordinator.unpark();
        }
    }

    fn see_version(&mut self, version: Version) {
        let before = mem::replace(&mut self.version, version);
        assert!(before < version, "watcher {}: {version} came after {before}", self.watcher);
    }
}

/// A way to watch, until the value is closed.
pub(crate) type Way = fn(MemoryWatcher<Citizen>, Account<'_>, Random) -> GetError;

pub(crate) const WAYS: [Way; 8] = [
    with_one_waker,
    with_a_waker_per_get,
    with_a_filter,
    holding_references,
    cloning_and_dropping,
    cancelling_by_hand,
    cancelling_with_until,
    waiting_for_something,
];

/// Does `round` until it fails.
fn until_closed(mut round: impl FnMut() -> Result<(), GetError>) -> GetError {
    loop {
        if let Err(error) = round() {
            return error;
        }
    }
}

fn with_one_waker(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, _: Random) -> GetError {
    block_on(async {
        loop {
            match watcher.get().await {
                Ok(citizen) => account.see(&citizen),
                Err(error) => break error,
            }
        }
    })
}

fn with_a_waker_per_get(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, _: Random) -> GetError {
    until_closed(|| block_on(watcher.get()).map(|citizen| account.see(&citizen)))
}

fn with_a_filter(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, mut random: Random) -> GetError {
    until_closed(|| {
        let get = watcher.get().filter(|citizen| {
            account.see(citizen);
            random.one_in(4)
        });
        block_on(get).map(drop)
    })
}

fn holding_references(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, mut random: Random) -> GetError {
    let mut held: VecDeque<Snapshot<Citizen>> = VecDeque::new();
    until_closed(|| {
        let reference = block_on(watcher.get_ref())?;
        account.see(&reference);
        account.see_version(reference.version());
        if random.one_in(2) {
            held.push_back(reference.detach());
        }
        while held.len() as u64 > random.below(12) {
            held.pop_front();
        }
        assert!(held.iter().map(Snapshot::version).is_sorted());
        assert!(held.iter().all(|snapshot| snapshot.data() != 0));
        Ok(())
    })
}

fn cloning_and_dropping(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, mut random: Random) -> GetError {
    until_closed(|| {
        block_on(watcher.get()).map(|citizen| account.see(&citizen))?;
        if random.one_in(2) {
            // The copy has never waited; the original, which perhaps has, goes.
            watcher = watcher.clone();
        } else {
            let waiting = &mut watcher.clone();
            if let Poll::Ready(polled) = Task::new().poll(waiting.get()) {
                // Which the original has not seen yet.
                drop(polled?);
            }
        }
        Ok(())
    })
}

fn cancelling_by_hand(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, mut random: Random) -> GetError {
    let task = Task::new();
    until_closed(|| {
        for _ in 0..random.below(4) {
            let polled = if random.one_in(2) { task.poll(watcher.get()) } else { Task::new().poll(watcher.get()) };
            if let Poll::Ready(polled) = polled {
                account.see(&polled?);
            }
        }
        block_on(watcher.get()).map(|citizen| account.see(&citizen))
    })
}

fn cancelling_with_until(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, random: Random) -> GetError {
    let mut random = random;
    until_closed(|| {
        let mut patience = random.below(3);
        let cancel = poll_fn(|cx| {
            if patience == 0 {
                return Poll::Ready(());
            }
            patience -= 1;
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        match block_on(watcher.get().until(cancel)) {
            Err(error) if error.is_cancelled() => {}
            got => return got.map(|citizen| account.see(&citizen)),
        }
        block_on(watcher.get()).map(|citizen| account.see(&citizen))
    })
}

fn waiting_for_something(mut watcher: MemoryWatcher<Citizen>, mut account: Account<'_>, random: Random) -> GetError {
    let mut random = random;
    until_closed(|| {
        let mut present = true;
        let seen = account.arena.seen[account.watcher].load(Ordering::Relaxed);
        let reference = block_on(watcher.wait_for(|citizen| {
            // What is present is shown once more.
            if !mem::take(&mut present) || citizen.data() != seen {
                account.see(citizen);
            }
            random.one_in(3)
        }))?;
        drop(reference);
        match watcher.try_get() {
            Ok(citizen) => account.see(&citizen),
            Err(error) if error.is_backlog_done() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    })
}
