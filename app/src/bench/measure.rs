//! How a figure is made of rounds. Everything that is compared is measured in turn, because only ratios within one run mean
//! something on a machine that others use too.

use ocp809_sender::stream::{Histogram, Latency};
use ocp809_sender::time::Clock;
use ocp809_sender::transport::laboratory::process_time_ns;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the rounds of a measurement came to.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The one in the middle: the figure.
    pub median: f64,
    /// The largest.
    pub max: f64,
    /// How many there were.
    pub rounds: usize,
}

impl Spread {
    /// The spread of these values; all zero when there are none.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(0.0);
        Self { min: at(0), median: at(sorted.len() / 2), max: at(sorted.len().saturating_sub(1)), rounds: sorted.len() }
    }

    /// One value over another, round by round: what disturbed a round disturbed both.
    pub(super) fn of_ratio(over: &[f64], under: &[f64]) -> Self {
        let ratios: Vec<f64> =
            over.iter().zip(under).filter(|(_, under)| **under > 0.0).map(|(over, under)| over / under).collect();
        Self::of(&ratios)
    }
}

/// How long something took, over many times, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quantiles {
    /// Times.
    pub count: u64,
    /// Half of them were not longer.
    pub p50_us: f64,
    /// 99 of 100 were not longer.
    pub p99_us: f64,
    /// The longest.
    pub max_us: f64,
}

impl Quantiles {
    pub(super) fn of(histogram: &Histogram) -> Self {
        let Latency { count, p50_ns, p99_ns, max_ns } = histogram.latency();
        Self { count, p50_us: exact(p50_ns) / 1e3, p99_us: exact(p99_ns) / 1e3, max_us: exact(max_ns) / 1e3 }
    }
}

/// A ratio that somebody set a goal for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    /// What is divided by what.
    pub name: String,
    /// The quotient, round by round.
    pub value: Spread,
    /// What it should reach at least; `None` where it is only stated.
    pub at_least: Option<f64>,
}

/// The cost of one unit of work (a frame, a copy), round by round, in nanoseconds.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    /// Time on the wall clock.
    pub(super) wall_ns: Vec<f64>,
    /// Processor time of the whole process.
    pub(super) cpu_ns: Vec<f64>,
}

impl Cost {
    /// Repeats `unit` for about `slice_ns`, at least once, and notes what one came to.
    pub(super) fn round<E>(
        &mut self,
        clock: &dyn Clock,
        slice_ns: u64,
        unit: &mut dyn FnMut() -> Result<(), E>,
    ) -> Result<(), E> {
        let (begun, processor) = (clock.now(), process_time_ns());
        let mut units = 0_u32;
        let spent_ns = loop {
            unit()?;
            units += 1;
            let spent_ns = clock.now().since(begun);
            if spent_ns >= slice_ns || units == u32::MAX {
                break spent_ns;
            }
        };
        self.wall_ns.push(exact(spent_ns) / f64::from(units));
        self.cpu_ns.push(exact(process_time_ns().saturating_sub(processor)) / f64::from(units));
        Ok(())
    }
}

/// A count as a number to calculate with: exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "counts and nanoseconds of a measurement")]
pub(super) const fn exact(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::{ManualClock, Nanos};

    #[test]
    fn a_spread_is_of_sorted_values() {
        let spread = Spread::of(&[3.0, 1.0, 10.0, 2.0, 2.5]);
        assert_eq!(spread, Spread { min: 1.0, median: 2.5, max: 10.0, rounds: 5 });
        assert_eq!(Spread::of(&[]), Spread::default());
        let ratio = Spread::of_ratio(&[10.0, 30.0, 8.0], &[5.0, 10.0, 0.0]);
        assert_eq!(ratio, Spread { min: 2.0, median: 3.0, max: 3.0, rounds: 2 }, "nothing is divided by zero");
    }

    #[test]
    fn a_round_lasts_its_slice_and_counts_every_unit() {
        let clock = ManualClock::at(Nanos(1_000));
        let mut cost = Cost::default();
        let mut units = 0;
        let done = cost.round::<()>(&clock, 95, &mut || {
            units += 1;
            clock.advance(10);
            Ok(())
        });
        assert_eq!((done, units, cost.wall_ns.as_slice()), (Ok(()), 10, [10.0].as_slice()), "ten of ten");
        let failed = cost.round(&clock, 95, &mut || Err("no"));
        assert_eq!((failed, cost.wall_ns.len()), (Err("no"), 1), "a failure is no figure");
        let once = cost.round::<()>(&clock, 0, &mut || {
            clock.advance(7);
            Ok(())
        });
        assert_eq!((once, cost.wall_ns.as_slice()), (Ok(()), [10.0, 7.0].as_slice()), "at least one");
    }
}
