//! async-std's clock, and its timers.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::time::Instant;

use event_core::Timer;
use event_core::adapter::Clock;

/// async-std's clock, which is the standard library's, for the deadlines of gets.
#[derive(Debug)]
pub struct AsyncStdClock(());

impl Clock for AsyncStdClock {
    type Instant = Instant;
    type Sleep = Sleep;

    fn now() -> Instant {
        Instant::now()
    }

    fn sleep_until(at: Instant) -> Sleep {
        Sleep(async_io::Timer::at(at))
    }
}

/// async-std's timers, for whatever takes a [`Timer`].
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use event_async_std::AsyncStdTimer;
/// use event_core::Timer;
///
/// async_std::task::block_on(async {
///     let begin = Instant::now();
///     AsyncStdTimer.sleep(Duration::from_millis(10)).await;
///     assert!(begin.elapsed() >= Duration::from_millis(10));
/// });
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncStdTimer;

impl Timer for AsyncStdTimer {
    type Sleep = Sleep;

    /// A duration that is longer than the clock can represent never passes.
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep(async_io::Timer::after(duration))
    }
}

/// Ready when its time has come. Made by [`AsyncStdTimer`] and by deadlines.
///
/// It is what `async_std::task::sleep` waits for, with a name and without a box. Dropping it ends the wait.
///
/// # Panics
///
/// When it has to wait and the system refuses the reactor a thread or a descriptor. It needs no runtime: the reactor starts
/// when it is first used.
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited or polled"]
pub struct Sleep(async_io::Timer);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(|_| ())
    }
}
