//! Time, as far as the core needs it.

use core::future::Future;
use core::time::Duration;

/// Something that can wait. Every adapter has one for its runtime; firmware can have its own.
///
/// Every function from a duration to a future is one, such as `smol::Timer::after` or `tokio::time::sleep`:
///
/// ```
/// use core::time::Duration;
/// use event_core::{MemoryValue, prelude::*};
///
/// /// For tests in which time passes immediately. What it returns does not matter.
/// async fn after(duration: Duration) -> Duration {
///     duration
/// }
///
/// # futures_lite::future::block_on(async {
/// let value = MemoryValue::with_value(1);
/// let mut settled = value.watch().debounce(after, Duration::from_secs(1));
/// assert_eq!(settled.get().await.unwrap(), 1);
/// # });
/// ```
///
/// A type of its own can be one as well:
///
/// ```
/// use core::time::Duration;
/// use event_core::Timer;
///
/// /// For tests in which no time shall pass.
/// struct Never;
///
/// impl Timer for Never {
///     type Sleep = core::future::Pending<()>;
///
///     fn sleep(&self, _: Duration) -> Self::Sleep {
///         core::future::pending()
///     }
/// }
/// ```
pub trait Timer {
    /// Ready when the time has passed. What it returns is dropped.
    type Sleep: Future;

    /// Waits for `duration`, counted from this call. Dropping the future ends the wait.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}

impl<F, S> Timer for F
where
    F: Fn(Duration) -> S,
    S: Future,
{
    type Sleep = S;

    fn sleep(&self, duration: Duration) -> S {
        self(duration)
    }
}
