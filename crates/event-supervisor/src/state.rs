//! What is known of one runnable.

use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

/// How a runnable is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum State {
    /// It was started, and has not said anything yet.
    New,
    /// It signalled that it does its work.
    Healthy,
    /// It signalled that its work is done. Its children may still run.
    Done,
    /// It returned or panicked without being done. It waits for its restart.
    Dead,
    /// It was cancelled, because of the death of a sibling or further up, or for good.
    Cancelled,
}

impl State {
    /// The word for it, as in `Display`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Healthy => "healthy",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it does its work, or has done it.
    pub(crate) fn is_ready(self) -> bool {
        matches!(self, Self::Healthy | Self::Done)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of one runnable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeStatus {
    pub(crate) state: State,
    pub(crate) since: Duration,
    pub(crate) restarts: u64,
    pub(crate) restart_in: Option<Duration>,
    pub(crate) overdue: bool,
    pub(crate) last_error: Option<Arc<str>>,
}

impl NodeStatus {
    pub(crate) const fn new(since: Duration) -> Self {
        Self { state: State::New, since, restarts: 0, restart_in: None, overdue: false, last_error: None }
    }

    /// How it is doing.
    #[must_use]
    pub fn state(&self) -> State {
        self.state
    }

    /// When the state last changed: the time from the start of the supervisor to then, by the runtime's
    /// [clock](crate::Runtime::now).
    #[must_use]
    pub fn since(&self) -> Duration {
        self.since
    }

    /// How often it was started again, since its parent was.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    /// The delay before its restart, counted from when that was decided; `None` when it does not wait for one.
    #[must_use]
    pub fn restart_in(&self) -> Option<Duration> {
        self.restart_in
    }

    /// Whether it did not end within the grace period after it was last cancelled.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        self.overdue
    }

    /// Why it died the last time, with all causes; it stays after the restart.
    #[must_use]
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Writes all but the state, each remark after `separator`.
    pub(crate) fn write_remarks(&self, out: &mut dyn fmt::Write, mut separator: &str) -> fmt::Result {
        let mut remark = |remark: fmt::Arguments<'_>| {
            out.write_str(separator)?;
            separator = ", ";
            out.write_fmt(remark)
        };
        if self.overdue {
            remark(format_args!("overdue"))?;
        }
        if let Some(delay) = self.restart_in {
            remark(format_args!("restart in {}", Rounded(delay)))?;
        }
        match self.restarts {
            0 => {}
            1 => remark(format_args!("restarted once"))?,
            times => remark(format_args!("restarted {times} times"))?,
        }
        self.last_error.as_ref().map_or(Ok(()), |error| remark(format_args!("last error: {}", OneLine(error))))
    }
}

impl fmt::Display for NodeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.state)?;
        self.write_remarks(f, ", ")
    }
}

/// A duration with at most three digits, if it is shorter than a thousand seconds: `333ms`, `1.5s`, `64s`.
pub(crate) struct Rounded(pub(crate) Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        // The size of a step that leaves three digits.
        let mut step = 1;
        while nanos / step >= 1000 && step < 1_000_000_000 {
            step *= 10;
        }
        let rounded = nanos.saturating_add(step / 2) / step * step;
        let (seconds, rest) = (rounded / 1_000_000_000, (rounded % 1_000_000_000) as u32);
        // More than fits was rounded up from the greatest duration.
        let rounded = u64::try_from(seconds).map_or(self.0, |seconds| Duration::new(seconds, rest));
        write!(f, "{rounded:?}")
    }
}

/// A text whose line breaks and other control characters are escaped.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            char if char.is_control() => write!(f, "{}", char.escape_debug()),
            char => fmt::Write::write_char(f, char),
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn durations_are_rounded_to_three_digits() {
        let rounded = |nanos| Rounded(Duration::from_nanos(nanos)).to_string();
        assert_eq!(rounded(332_876_603), "333ms");
        assert_eq!(rounded(1_499_999_999), "1.5s");
        assert_eq!(rounded(999_999_999), "1s");
        assert_eq!(rounded(500_000_000), "500ms");
        assert_eq!(rounded(64_499_000_000), "64.5s");
        assert_eq!(rounded(123_456_789_000), "123s");
        assert_eq!((rounded(0), rounded(7)), ("0ns".into(), "7ns".into()));
        assert_eq!(Rounded(Duration::MAX).to_string(), alloc::format!("{:?}", Duration::MAX));
    }

    #[test]
    fn an_error_of_several_lines_is_shown_in_one() {
        let mut status = NodeStatus::new(Duration::ZERO);
        status.last_error = Some("no lease:\n\tΩ \"x\"".into());
        assert_eq!(status.to_string(), "new, last error: no lease:\\n\\tΩ \"x\"");
    }
}
