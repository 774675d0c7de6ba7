//! Time, as far as the core needs it.

use core::future::Future;
use core::time::Duration;

/// Something that can wait. Every adapter has one for its runtime; firmware can have its own.
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
    /// Ready when the time has passed.
    type Sleep: Future<Output = ()>;

    /// Waits for `duration`, counted from this call. Dropping the future ends the wait.
    fn sleep(&self, duration: Duration) -> Self::Sleep;
}
