//! Changes that take time: straight lines between two numbers on the monotonic clock.

use ocp809_sender::time::Nanos;

use super::path::PropertyPath;

const NANOS_PER_MS: u64 = 1_000_000;

/// A straight line from one number to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    from: f64,
    to: f64,
    start: Nanos,
    duration_ns: u64,
}

impl Line {
    /// A line that has always been at `value`.
    #[must_use]
    pub const fn flat(value: f64) -> Self {
        Self { from: value, to: value, start: Nanos(0), duration_ns: 0 }
    }

    /// A line from `from` to `to` that begins at `start` and takes `ms` milliseconds.
    #[must_use]
    pub const fn new(from: f64, to: f64, start: Nanos, ms: u32) -> Self {
        Self { from, to, start, duration_ns: ms as u64 * NANOS_PER_MS }
    }

    /// The number at an instant.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share of a fade: 53 bits of nanoseconds are 104 days")]
    pub fn at(&self, now: Nanos) -> f64 {
        let passed = now.since(self.start);
        if passed >= self.duration_ns {
            return self.to;
        }
        let share = passed as f64 / self.duration_ns as f64;
        (self.to - self.from).mul_add(share, self.from)
    }

    /// Whether the line has reached its end.
    #[must_use]
    pub const fn is_done(&self, now: Nanos) -> bool {
        now.since(self.start) >= self.duration_ns
    }
}

/// A property on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct PropertyFade {
    /// The property.
    pub path: PropertyPath,
    /// Its way.
    pub line: Line,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_starts_ends_and_is_half_way_in_the_middle() {
        let line = Line::new(10.0, 20.0, Nanos(1_000), 2);
        assert!((line.at(Nanos(0)) - 10.0).abs() < 1e-12, "before");
        assert!((line.at(Nanos(1_001_000)) - 15.0).abs() < 1e-12, "middle");
        assert!((line.at(Nanos(9_000_000)) - 20.0).abs() < 1e-12, "after");
        assert!(!line.is_done(Nanos(2_000_999)) && line.is_done(Nanos(2_001_000)));
    }
}
