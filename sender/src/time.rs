//! Time as integers: nanoseconds on a clock that is passed in, exact frame rates, and the frame clock that hosts share.
//!
//! Protocol code never reads a clock. [`Clock`] is the only door to one, so that tests run on [`ManualClock`].

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nanoseconds per second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Leap seconds between UTC and TAI since 2017-01-01 (IERS Bulletin C); the kernel's own offset is used where it is set.
pub const TAI_MINUS_UTC_S: u64 = 37;

/// An instant on the monotonic clock, in nanoseconds from an arbitrary origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Nanos(pub u64);

/// An instant of International Atomic Time, in nanoseconds from 1970-01-01 00:00:00 TAI (IEEE 1588, 802.1AS). 0 means "unknown".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Tai(pub u64);

impl Nanos {
    /// This instant and `ns` nanoseconds.
    #[must_use]
    pub const fn after(self, ns: u64) -> Self {
        Self(self.0.saturating_add(ns))
    }

    /// Nanoseconds since `earlier`; 0 when that lies in the future.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The only way to read the time and to wait for it.
pub trait Clock: Send + Sync {
    /// The monotonic instant.
    fn now(&self) -> Nanos;
    /// The same instant as atomic time.
    fn tai(&self) -> Tai;
    /// Waits until the monotonic instant; returns at once when it has passed.
    fn sleep_until(&self, deadline: Nanos);
    /// Waits until the monotonic instant to within microseconds, at the price of a little processor time.
    fn meet(&self, deadline: Nanos) {
        self.sleep_until(deadline);
    }
}

/// A sleep ends late by the kernel's timer slack (50 us) and a wake-up; the rest before a deadline is spun.
const SPIN_NS: u64 = 150_000;

/// The machine's clocks.
#[derive(Debug)]
pub struct SystemClock {
    origin: Instant,
}

impl SystemClock {
    /// A clock whose origin is now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everything else is given")]
    pub fn new() -> Self {
        Self { origin: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Nanos {
        // An origin offset of one second keeps "a little before start" representable.
        Nanos(NANOS_PER_SECOND.saturating_add(u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)))
    }

    fn tai(&self) -> Tai {
        let utc = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_nanos()).unwrap_or(0));
        Tai(utc.saturating_add(TAI_MINUS_UTC_S * NANOS_PER_SECOND))
    }

    fn sleep_until(&self, deadline: Nanos) {
        let left = deadline.since(self.now());
        if left > 0 {
            std::thread::sleep(Duration::from_nanos(left));
        }
    }

    fn meet(&self, deadline: Nanos) {
        self.sleep_until(Nanos(deadline.0.saturating_sub(SPIN_NS)));
        while self.now() < deadline {
            core::hint::spin_loop();
        }
    }
}

/// A clock that moves only when it is told to: for tests and for the deterministic in-memory wall.
#[derive(Debug, Default)]
pub struct ManualClock {
    now: AtomicU64,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: Nanos) -> Self {
        Self { now: AtomicU64::new(now.0) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, ns: u64) {
        self.now.fetch_add(ns, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Nanos {
        Nanos(self.now.load(Ordering::SeqCst))
    }

    fn tai(&self) -> Tai {
        Tai(self.now.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, deadline: Nanos) {
        self.now.fetch_max(deadline.0, Ordering::SeqCst);
    }
}

/// A rate in events per second as an exact fraction: 60000/1001 is 59.94 Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rational {
    numerator: u32,
    denominator: NonZeroU32,
}

impl Rational {
    /// `numerator` / `denominator`; `None` when either is 0.
    #[must_use]
    pub const fn new(numerator: u32, denominator: u32) -> Option<Self> {
        match NonZeroU32::new(denominator) {
            Some(denominator) if numerator > 0 => Some(Self { numerator, denominator }),
            _ => None,
        }
    }

    /// A whole number of events per second, at least 1.
    #[must_use]
    pub const fn whole(per_second: NonZeroU32) -> Self {
        Self { numerator: per_second.get(), denominator: NonZeroU32::MIN }
    }

    /// The fraction's numerator.
    #[must_use]
    pub const fn numerator(self) -> u32 {
        self.numerator
    }

    /// The fraction's denominator.
    #[must_use]
    pub const fn denominator(self) -> u32 {
        self.denominator.get()
    }

    /// The rate as a floating-point number, for display.
    #[must_use]
    pub fn hz(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator.get())
    }

    /// The instant of event `n`, in nanoseconds from event 0, rounded down.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "u64 nanoseconds reach 584 years")]
    pub const fn instant_ns(self, n: u64) -> u64 {
        (n as u128 * self.denominator.get() as u128 * NANOS_PER_SECOND as u128 / self.numerator as u128) as u64
    }

    /// The newest event that is not later than `ns` nanoseconds after event 0.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "fewer than one event per nanosecond")]
    pub const fn index_at(self, ns: u64) -> u64 {
        // n is the largest with floor(n P) <= ns, P = d 1e9 / num: the largest with n P < ns + 1.
        let scaled = (ns as u128 + 1) * self.numerator as u128;
        let per_event = self.denominator.get() as u128 * NANOS_PER_SECOND as u128;
        ((scaled - 1) / per_event) as u64
    }

    /// Nanoseconds between two events, rounded down.
    #[must_use]
    pub const fn period_ns(self) -> u64 {
        self.instant_ns(1)
    }
}

/// Frame n of the show is presented at n periods after the TAI epoch, so that every host numbers the same frame alike
/// and dithers it with the same phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameClock {
    rate: Rational,
}

impl FrameClock {
    /// A frame clock of this rate.
    #[must_use]
    pub const fn new(rate: Rational) -> Self {
        Self { rate }
    }

    /// The frame rate.
    #[must_use]
    pub const fn rate(self) -> Rational {
        self.rate
    }

    /// When frame `n` is presented.
    #[must_use]
    pub const fn present_at(self, n: u64) -> Tai {
        Tai(self.rate.instant_ns(n))
    }

    /// The first frame that is presented strictly after `tai`.
    #[must_use]
    pub const fn next_after(self, tai: Tai) -> u64 {
        self.rate.index_at(tai.0) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ntsc_rates_do_not_drift_over_a_century() {
        let rate = Rational::new(60_000, 1_001).unwrap_or_else(|| unreachable!("valid"));
        let century_frames = 100 * 365 * 24 * 3_600 * 60_000 / 1_001;
        let ns = rate.instant_ns(century_frames);
        assert!(100 * 365 * 24 * 3_600 * NANOS_PER_SECOND - ns < 16_683_334, "one frame of a century: {ns}");
    }

    proptest! {
        #[test]
        fn the_index_of_an_events_instant_is_that_event(num in 1_u32..500_000, den in 1_u32..2_000, n in 0_u64..200_000_000_000) {
            let Some(rate) = Rational::new(num, den) else { return Ok(()) };
            prop_assume!(rate.period_ns() > 1_000 && n.checked_mul(rate.period_ns() + 1).is_some());
            let ns = rate.instant_ns(n);
            prop_assert_eq!(rate.index_at(ns), n);
            if ns > 0 {
                prop_assert_eq!(rate.index_at(ns - 1), n - 1);
            }
        }
    }
}
