//! Log lines on stderr, and the brake for errors that could come with every frame.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use ocp809_sender::time::{NANOS_PER_SECOND, Nanos};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Why logging was not set up.
#[derive(Debug, Error)]
#[error("{text:?} is no log filter: write a level such as debug, or TARGET=LEVEL pairs such as ocp809_app::engine=trace,info")]
pub struct FilterError {
    /// What was written.
    pub text: String,
    /// What the reader says.
    pub source: ParseError,
}

/// Starts logging to stderr. `--log` goes before `RUST_LOG`; without both, `usual` is shown and worse.
///
/// # Errors
///
/// When the filter cannot be read.
pub fn start(filter: Option<&str>, usual: &str, color: bool) -> Result<(), FilterError> {
    let from_environment = std::env::var("RUST_LOG").ok().filter(|text| !text.is_empty());
    let text = filter.map(str::to_owned).or(from_environment).unwrap_or_else(|| usual.to_owned());
    let filter = EnvFilter::try_new(&text).map_err(|source| FilterError { text, source })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(color);
    // A second start in one process, as in tests, keeps the first one's settings.
    let _already_started = subscriber.try_init();
    Ok(())
}

/// Lets one message per second through and counts the others: for errors on the frame path. Lock-free.
#[derive(Debug, Default)]
pub struct OncePerSecond {
    next: AtomicU64,
    held_back: AtomicU64,
}

impl OncePerSecond {
    /// Ready for its first message.
    #[must_use]
    pub const fn new() -> Self {
        Self { next: AtomicU64::new(0), held_back: AtomicU64::new(0) }
    }

    /// Whether a message may be logged now; if so, how many were held back since the last one.
    pub fn allow(&self, now: Nanos) -> Option<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let is_due = now.0 >= next
            && self
                .next
                .compare_exchange(next, now.0.saturating_add(NANOS_PER_SECOND), Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_due {
            return Some(self.held_back.swap(0, Ordering::Relaxed));
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_per_second_passes_and_knows_of_the_others() {
        let brake = OncePerSecond::new();
        let second = |n: u64| Nanos(n * NANOS_PER_SECOND + 5);
        assert_eq!(brake.allow(second(1)), Some(0), "the first passes");
        assert_eq!(brake.allow(second(1)), None);
        assert_eq!(brake.allow(Nanos(second(1).0 + NANOS_PER_SECOND - 1)), None);
        assert_eq!(brake.allow(second(2)), Some(2));
        assert_eq!(brake.allow(second(9)), Some(0));
    }
}
