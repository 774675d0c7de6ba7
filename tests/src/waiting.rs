//! W2, W5 and W6: that whoever waits is woken, and that giving up costs nothing.

use alloc::sync::Arc;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use std::sync::Mutex;

use event_core::MemoryValue;
use event_core::prelude::*;

use crate::by_hand::{Act, Task};
use crate::runtime::{Backend, Runtime};

/// Two tasks that do nothing unless woken by each other. A lost wake-up hangs.
pub async fn w2_no_wake_up_is_lost_between_two_tasks<R: Runtime, B: Backend>() {
    let (ping, pong) = (Arc::new(B::create().await), Arc::new(B::create().await));
    let other = {
        let (mut pings, pong) = (ping.watch(), Arc::clone(&pong));
        R::spawn(async move {
            for n in 1..=B::ROUNDS {
                assert_eq!(pings.get().await.unwrap(), n);
                B::set(&pong, n).await;
            }
        })
    };
    let mut pongs = pong.watch();
    for n in 1..=B::ROUNDS {
        B::set(&ping, n).await;
        assert_eq!(pongs.get().await.unwrap(), n);
    }
    other.await;
}

/// Is ready when it has been polled so many times, and sees to it that it is.
pub(crate) async fn after_polls(mut polls: u32) {
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        match polls.checked_sub(1) {
            None => Poll::Ready(()),
            Some(left) => {
                polls = left;
                Poll::Pending
            }
        }
    })
    .await;
}

/// Tasks that watch steadily, beside others that cancel their gets, and drop and clone their watchers all the time.
pub async fn w2_restless_neighbours_take_no_wake_up_along<R: Runtime>() {
    const STEADY: u64 = 4;
    const ROUNDS: u64 = 300;
    let value = Arc::new(MemoryValue::with_value(0));
    let arrived = Arc::new(MemoryValue::with_value(0));
    let steady: Vec<_> = (0..STEADY)
        .map(|_| {
            let (mut watcher, arrived) = (value.watch_changes(), Arc::clone(&arrived));
            R::spawn(async move {
                for n in 1..=ROUNDS {
                    assert_eq!(watcher.get().await.unwrap(), n);
                    arrived.update(|count| *count += 1);
                }
            })
        })
        .collect();
    let restless: Vec<_> = (1..=STEADY as u32)
        .map(|patience| {
            let reader = value.reader();
            R::spawn(async move {
                let mut watcher = reader.watch();
                loop {
                    match watcher.get().until(after_polls(patience)).await {
                        Err(error) if error.is_closed() => break,
                        Err(_) => watcher = watcher.clone(),
                        Ok(n) if n % 2 == 0 => watcher = reader.watch_changes(),
                        Ok(_) => {}
                    }
                    R::yield_now().await;
                }
            })
        })
        .collect();

    let mut arrivals = arrived.watch();
    for n in 1..=ROUNDS {
        value.set(n);
        // Everyone has to arrive before the next set could make up for a lost wake-up.
        drop(arrivals.wait_for(|count| *count == n * STEADY).await.unwrap());
    }
    for task in steady {
        task.await;
    }
    value.close();
    for task in restless {
        task.await;
    }
}

/// What can be done to two watchers.
const STEPS: [fn(&mut TwoWatchers); 7] = [
    |it| it.poll(0, 0),
    |it| it.poll(0, 1),
    |it| it.poll(1, 2),
    |it| it.poll(1, 0),
    TwoWatchers::set,
    |it| it.renew(0),
    |it| it.copy(1, 0),
];

/// Every order of six steps: polls with wakers that change or stay, sets, dropped and cloned watchers.
pub fn w2_whoever_waits_is_woken_whatever_came_before() {
    const LENGTH: u32 = 6;
    for mut number in 0..STEPS.len().pow(LENGTH) {
        let mut it = TwoWatchers::new();
        for _ in 0..LENGTH {
            STEPS[number % STEPS.len()](&mut it);
            number /= STEPS.len();
        }
        it.set();
        it.poll(0, 0);
        it.poll(1, 1);
        assert!(it.waiting.iter().all(Option::is_none), "there was unseen data: the polls had to be ready");
    }
}

struct TwoWatchers {
    value: MemoryValue<u64>,
    watchers: [event_core::MemoryWatcher<u64>; 2],
    tasks: [Task; 3],
    /// Which task polled the watcher last, if that was left waiting, and how often the task had been woken before.
    waiting: [Option<(usize, usize)>; 2],
    set: u64,
}

impl TwoWatchers {
    fn new() -> Self {
        let value = MemoryValue::new();
        let watchers = [value.watch(), value.watch()];
        Self { value, watchers, tasks: Default::default(), waiting: [None; 2], set: 0 }
    }

    fn poll(&mut self, watcher: usize, task: usize) {
        let before = self.tasks[task].wakes();
        self.waiting[watcher] = match self.tasks[task].poll(self.watchers[watcher].get()) {
            Poll::Pending => Some((task, before)),
            Poll::Ready(result) => {
                assert_eq!(result.unwrap(), self.set);
                None
            }
        };
    }

    fn set(&mut self) {
        self.set += 1;
        self.value.set(self.set);
        for (task, before) in self.waiting.iter_mut().filter_map(Option::take) {
            assert!(self.tasks[task].wakes() > before, "task {task} waited and was not woken");
        }
    }

    fn renew(&mut self, watcher: usize) {
        self.watchers[watcher] = self.value.watch();
        self.waiting[watcher] = None;
    }

    fn copy(&mut self, from: usize, to: usize) {
        self.watchers[to] = self.watchers[from].clone();
        self.waiting[to] = None;
    }
}

/// At every place of a poll where other code runs, that code sets. The poll must not end as if nothing had been set.
pub fn w2_a_set_in_the_midst_of_a_poll_is_not_overlooked() {
    // Beside five others that wait it has no bit of its own in the root, and the bit that it shares is set already.
    for (act, others) in [(Act::Clone, 0), (Act::Drop, 0), (Act::Clone, 5), (Act::Drop, 5)] {
        for waited_before in [false, true] {
            let value = MemoryValue::new();
            let (before, now, beside) = (Task::new(), Task::new(), Task::new());
            let mut waiting: Vec<_> = (0..others).map(|_| value.watch()).collect();
            waiting.iter_mut().for_each(|watcher| assert!(beside.poll(watcher.get()).is_pending()));
            let mut watcher = value.watch();
            if waited_before {
                assert!(before.poll(watcher.get()).is_pending());
            }
            // The waker that is cloned is the new one; the one that is dropped is the old one.
            let interfering = if act == Act::Clone { &now } else { &before };
            let setter = value.clone();
            interfering.on(act, move || {
                setter.set(1);
            });

            let polled = now.poll(watcher.get());
            if value.is_set() {
                let noticed = matches!(polled, Poll::Ready(Ok(1))) || now.wakes() > 0;
                assert!(noticed, "set during {act:?}, waited before: {waited_before}, beside {others}");
            }
            before.remove_hooks();
            now.remove_hooks();
        }
    }
}

/// While a setter is half-way through waking, watchers wait again: for the next set, with the same waker or another.
pub fn w2_a_watcher_that_waits_again_during_a_wake_is_woken_by_the_next_set() {
    for count in [1, 4, 5, 100] {
        let value = MemoryValue::new();
        let watchers: Arc<Vec<_>> = Arc::new((0..count).map(|_| Mutex::new(value.watch())).collect());
        let tasks: Vec<_> = (0..count).map(|_| Task::new()).collect();
        for (watcher, task) in watchers.iter().zip(&tasks) {
            assert!(task.poll(watcher.lock().unwrap().get()).is_pending());
        }
        // Who is woken first polls everyone, half of them with another waker. First there is data, then there is none.
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let (all, old, now_waiting) = (Arc::clone(&watchers), tasks.clone(), Arc::clone(&waiting));
        tasks[0].on(Act::Wake, move || {
            for (number, watcher) in all.iter().enumerate() {
                let task = if number % 2 == 0 { old[number].clone() } else { Task::new() };
                let mut watcher = watcher.lock().unwrap();
                if task.poll(watcher.get()).is_ready() {
                    assert!(task.poll(watcher.get()).is_pending());
                }
                let wakes = task.wakes();
                now_waiting.lock().unwrap().push((task, wakes));
            }
        });
        value.set(1);
        tasks[0].remove_hooks();
        value.set(2);
        let waiting = waiting.lock().unwrap();
        assert!(waiting.len() >= count);
        for (number, (task, before)) in waiting.iter().enumerate() {
            assert!(task.wakes() > *before, "watcher {number} of {count} was not woken");
        }
    }
}

/// A set that interrupts another one wakes all who wait for it, and leaves none of them to the one that it interrupted: that
/// may be a less important one, which does not go on until those who wait have been seen to.
pub fn w2_a_set_that_interrupts_another_one_wakes_everyone_itself() {
    for count in [2, 5, 12, 13, 100] {
        for interrupted in [0, count / 2, count - 1] {
            let value = MemoryValue::new();
            let watchers: Arc<Vec<_>> = Arc::new((0..count).map(|_| Mutex::new(value.watch())).collect());
            let tasks: Arc<Vec<_>> = Arc::new((0..count).map(|_| Task::new()).collect());
            for (watcher, task) in watchers.iter().zip(&*tasks) {
                assert!(task.poll(watcher.lock().unwrap().get()).is_pending());
            }
            let (setter, all, who) = (value.clone(), Arc::clone(&watchers), Arc::clone(&tasks));
            tasks[interrupted].on(Act::Wake, move || {
                if setter.load() != Some(1) {
                    return;
                }
                // Everyone gets 1, and waits for 2.
                let mut before = Vec::new();
                for (watcher, task) in all.iter().zip(&*who) {
                    let mut watcher = watcher.lock().unwrap();
                    assert!(task.poll(watcher.get()).is_ready() && task.poll(watcher.get()).is_pending());
                    before.push(task.wakes());
                }
                setter.set(2);
                for (number, (task, before)) in who.iter().zip(before).enumerate() {
                    assert!(
                        task.wakes() > before,
                        "watcher {number} of {count} is left to the set that was interrupted"
                    );
                }
            });
            value.set(1);
            assert_eq!(value.load(), Some(2));
            tasks[interrupted].remove_hooks();
        }
    }
}

/// The setter that is about to call a waker, or is in the middle of it, has a right to it.
pub fn w2_a_waker_is_kept_until_it_has_woken_though_the_watcher_has_another_one_by_then() {
    for count in [1, 5, 100] {
        let value = MemoryValue::new();
        let watchers: Arc<Vec<_>> = Arc::new((0..count).map(|_| Mutex::new(value.watch())).collect());
        let (old, new) = (Task::new(), Task::new());
        for watcher in &*watchers {
            assert!(old.poll(watcher.lock().unwrap().get()).is_pending());
        }
        let (all, first, second) = (Arc::clone(&watchers), old.clone(), new.clone());
        old.on(Act::Wake, move || {
            let before = first.stored_wakers();
            for watcher in &*all {
                let mut watcher = watcher.lock().unwrap();
                watcher.mark_seen();
                assert!(second.poll(watcher.get()).is_pending());
            }
            let (kept, woken) = (first.stored_wakers(), first.wakes());
            assert!(kept > 0 && kept <= before, "{kept} of {before} are left while number {woken} is being called");
        });
        value.set(1);
        old.remove_hooks();
        assert_eq!((old.stored_wakers(), new.stored_wakers()), (0, count), "in the end, one for each");
        value.set(2);
        assert_eq!(new.wakes(), count);
    }
}

/// Polled and dropped, with data coming before, between and after.
pub async fn w5_a_dropped_get_consumes_nothing<R: Runtime, B: Backend>() {
    let value = B::create().await;
    let mut watcher = value.watch();
    poll_once(watcher.get()).await;
    B::set(&value, 1).await;
    drop(watcher.get());
    assert_eq!(watcher.get().await.unwrap(), 1);
    poll_once(watcher.get().filter(|_| true)).await;
    B::set(&value, 2).await;
    assert_eq!(watcher.get().await.unwrap(), 2);
}

/// Polls once, which has to be in vain, and drops.
async fn poll_once<F: Future>(future: F) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

/// Cancelled when it had been woken already: the data is there for the next get.
pub fn w5_a_get_that_was_woken_and_then_dropped_consumed_nothing() {
    let value = MemoryValue::new();
    let mut watcher = value.watch();
    let task = Task::new();
    {
        let mut get = pin!(watcher.get());
        assert!(task.poll(get.as_mut()).is_pending());
        value.set(1);
        assert_eq!(task.wakes(), 1);
    }
    {
        let mut get = pin!(watcher.get_ref());
        let Poll::Ready(Ok(data)) = task.poll(get.as_mut()) else { panic!("it is still there") };
        assert_eq!(*data, 1);
    }
}

/// One watcher, a thousand tasks that came and went.
pub fn w5_a_thousand_cancelled_waits_leave_at_most_one_waker() {
    let value = MemoryValue::<u64>::new();
    let mut watcher = value.watch();
    let tasks: Vec<_> = (0..1000).map(|_| Task::new()).collect();
    let stored = || tasks.iter().map(Task::stored_wakers).sum::<usize>();
    for (number, task) in tasks.iter().enumerate() {
        assert!(match number % 4 {
            0 => task.poll(watcher.get()).is_pending(),
            1 => task.poll(watcher.get_ref()).is_pending(),
            2 => task.poll(watcher.get().filter(|n| *n > 0)).is_pending(),
            _ => task.poll(watcher.wait_for(|n| *n > 0)).is_pending(),
        });
        assert!(stored() <= 1, "after {} waits", number + 1);
    }
    value.set(1);
    assert_eq!(tasks.iter().map(Task::wakes).sum::<usize>(), 1, "nobody else waits");
    drop(watcher);
    assert_eq!(stored(), 0);
}

/// No later set is needed for it.
pub fn w6_dropping_a_watcher_gives_its_place_and_its_waker_up_at_once() {
    let value = MemoryValue::<u64>::new();
    let task = Task::new();
    let mut watchers: Vec<_> = (0..100).map(|_| value.watch()).collect();
    for watcher in &mut watchers {
        assert!(task.poll(watcher.get()).is_pending());
    }
    assert_eq!((value.watcher_count(), task.stored_wakers()), (100, 100));
    for left in (0..100).rev() {
        drop(watchers.swap_remove(left / 2));
        assert_eq!((value.watcher_count(), task.stored_wakers()), (left, left));
    }
    value.set(1);
    assert_eq!(task.wakes(), 0, "nobody waits any more");
}

/// The setter that is about to wake the watcher finishes, and then the place is free.
pub fn w6_a_watcher_can_be_dropped_while_it_is_being_woken() {
    let value = MemoryValue::<u64>::new();
    let (first, second) = (Task::new(), Task::new());
    let watchers = Arc::new(Mutex::new(vec![value.watch(), value.watch()]));
    for (watcher, task) in watchers.lock().unwrap().iter_mut().zip([&first, &second]) {
        assert!(task.poll(watcher.get()).is_pending());
    }
    let (both, woken) = (Arc::clone(&watchers), first.clone());
    first.on(Act::Wake, move || {
        both.lock().unwrap().clear();
        assert_eq!(woken.stored_wakers(), 1, "this one is being called");
    });
    value.set(1);
    first.remove_hooks();
    assert_eq!(value.watcher_count(), 0);
    assert_eq!((first.stored_wakers(), second.stored_wakers()), (0, 0));
}
