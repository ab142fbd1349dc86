//! A value that moves linearly from where it is to where it was asked to be, as a pure function of time.

use ocp809_sender::time::Nanos;

/// A level (a share, a factor) on its way to a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fade {
    from: f64,
    to: f64,
    start: Nanos,
    duration_ns: u64,
}

impl Fade {
    /// A level that rests.
    #[must_use]
    pub const fn at(level: f64) -> Self {
        Self { from: level, to: level, start: Nanos(0), duration_ns: 0 }
    }

    /// The level at an instant.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "fades last seconds: far below 2^53 ns")]
    pub fn level(&self, now: Nanos) -> f64 {
        let passed = now.since(self.start);
        if passed >= self.duration_ns {
            return self.to;
        }
        let share = passed as f64 / self.duration_ns as f64;
        self.from + (self.to - self.from) * share
    }

    /// Where it is going.
    #[must_use]
    pub const fn target(&self) -> f64 {
        self.to
    }

    /// Whether it has arrived.
    #[must_use]
    pub const fn is_done(&self, now: Nanos) -> bool {
        now.since(self.start) >= self.duration_ns
    }

    /// Sets off to a new target from wherever the level is now.
    pub fn go(&mut self, target: f64, now: Nanos, duration_ms: u32) {
        *self = Self { from: self.level(now), to: target, start: now, duration_ns: u64::from(duration_ms) * 1_000_000 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_fade_is_linear_and_ends_exactly() {
        let mut fade = Fade::at(0.0);
        fade.go(1.0, Nanos(10 * MS), 1000);
        assert!((fade.level(Nanos(510 * MS)) - 0.5).abs() < 1e-12, "half way at half time");
        assert!((fade.level(Nanos(1010 * MS)) - 1.0).abs() < f64::EPSILON, "exactly at the end");
        assert!(!fade.is_done(Nanos(1009 * MS)) && fade.is_done(Nanos(1010 * MS)), "and done");
    }

    #[test]
    fn a_change_of_mind_starts_from_the_present_level() {
        let mut fade = Fade::at(0.0);
        fade.go(1.0, Nanos(0), 1000);
        fade.go(0.0, Nanos(500 * MS), 250);
        assert!((fade.level(Nanos(500 * MS)) - 0.5).abs() < 1e-12, "no jump");
        assert!(fade.level(Nanos(750 * MS)).abs() < f64::EPSILON, "and back");
        fade.go(0.7, Nanos(800 * MS), 0);
        assert!((fade.level(Nanos(800 * MS)) - 0.7).abs() < f64::EPSILON, "no duration: at once");
    }
}
