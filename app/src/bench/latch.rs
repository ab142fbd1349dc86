//! How evenly latches leave: this program's way of waiting for a deadline, and the usual one under normal scheduling, in turn.

use std::thread;

use ocp809_sender::stream::Histogram;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos};
use ocp809_sender::transport::realtime::make_punctual;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::measure::{Quantiles, Ratio, Spread, exact};
use super::{BenchError, Plan};

/// Deadlines per second.
const RATES: [u64; 2] = [60, 240];

/// The priority of the engine's frame thread.
const PRIORITY: u8 = 50;

/// What was measured of punctuality.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatchReport {
    /// One row for each rate and way of waiting.
    pub rows: Vec<LatchRow>,
    /// The usual way's jitter over ours, round by round (p50).
    pub ratios: Vec<Ratio>,
}

/// One way of waiting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatchRow {
    /// Deadlines per second.
    pub rate: u64,
    /// The way.
    pub way: String,
    /// Whether the thread had a real-time priority.
    pub real_time: bool,
    /// From a deadline to the instant at which the thread went on.
    pub late: Quantiles,
    /// By how much the time between two such instants differs from the period.
    pub interval_jitter: Quantiles,
}

/// How a thread waits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As the frame thread does.
    Ours,
    /// nanosleep, and nothing asked of the scheduler.
    Usual,
}

impl Way {
    const ALL: [Self; 2] = [Self::Ours, Self::Usual];

    const fn name(self) -> &'static str {
        match self {
            Self::Ours => "sleep, then spin; SCHED_FIFO and short timer slack where allowed",
            Self::Usual => "nanosleep under normal scheduling",
        }
    }
}

/// A way's rounds.
struct Trial {
    way: Way,
    real_time: bool,
    late: Histogram,
    jitter: Histogram,
    /// Median jitter of each round, in nanoseconds.
    medians: Vec<f64>,
}

/// Measures both ways at both rates.
pub(super) fn measure(plan: &Plan) -> Result<LatchReport, BenchError> {
    let mut report = LatchReport { rows: Vec::new(), ratios: Vec::new() };
    for rate in RATES {
        let mut trials = Way::ALL.map(|way| Trial {
            way,
            real_time: false,
            late: Histogram::new(),
            jitter: Histogram::new(),
            medians: Vec::new(),
        });
        // An interval needs two deadlines.
        let deadlines = (plan.slice_ns(RATES.len() * Way::ALL.len()) / (NANOS_PER_SECOND / rate)).max(2);
        for _ in 0..plan.rounds {
            for trial in &mut trials {
                trial.round(plan.clock.as_ref(), rate, deadlines)?;
            }
        }
        let [ours, usual] = &trials;
        report.ratios.push(Ratio {
            name: format!("nanosleep over ours, interval jitter p50, {rate} Hz"),
            value: Spread::of_ratio(&usual.medians, &ours.medians),
            at_least: Some(5.0),
        });
        report.rows.extend(trials.iter().map(|trial| trial.row(rate)));
    }
    Ok(report)
}

impl Trial {
    /// Meets deadlines on a thread of its own: how it is scheduled must not outlive it.
    fn round(&mut self, clock: &dyn Clock, rate: u64, deadlines: u64) -> Result<(), BenchError> {
        let way = self.way;
        let punctual = move || {
            let real_time = way == Way::Ours && make_punctual(PRIORITY).real_time.is_ok();
            (real_time, meet(clock, way, rate, deadlines))
        };
        let (real_time, met) = thread::scope(|scope| {
            let thread =
                thread::Builder::new().name("latch".to_owned()).spawn_scoped(scope, punctual).map_err(BenchError::Thread)?;
            thread.join().map_err(|_| BenchError::unmade("the punctual thread panicked"))
        })?;
        self.real_time = real_time;
        let mut round = Histogram::new();
        for jitter in jitters(&met, NANOS_PER_SECOND / rate) {
            round.add(jitter);
            self.jitter.add(jitter);
        }
        for (deadline, instant) in &met {
            self.late.add(instant.since(*deadline));
        }
        self.medians.push(exact(round.latency().p50_ns));
        Ok(())
    }

    fn row(&self, rate: u64) -> LatchRow {
        LatchRow {
            rate,
            way: self.way.name().to_owned(),
            real_time: self.real_time,
            late: Quantiles::of(&self.late),
            interval_jitter: Quantiles::of(&self.jitter),
        }
    }
}

/// Deadlines, and when the thread went on.
fn meet(clock: &dyn Clock, way: Way, rate: u64, deadlines: u64) -> Vec<(Nanos, Nanos)> {
    let (begun, period_ns) = (clock.now(), NANOS_PER_SECOND / rate);
    let mut met = Vec::with_capacity(usize::try_from(deadlines).unwrap_or(0));
    for number in 1..=deadlines {
        let deadline = begun.after(number * period_ns);
        match way {
            Way::Ours => clock.meet(deadline),
            Way::Usual => clock.sleep_until(deadline),
        }
        met.push((deadline, clock.now()));
    }
    met
}

/// How much each interval differs from the period.
fn jitters(met: &[(Nanos, Nanos)], period_ns: u64) -> impl Iterator<Item = u64> {
    met.windows(2).filter_map(move |pair| match pair {
        [(_, before), (_, after)] => Some(after.since(*before).abs_diff(period_ns)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::ManualClock;

    #[test]
    fn a_clock_that_is_never_late_has_no_jitter() {
        let clock = ManualClock::at(Nanos(77));
        let met = meet(&clock, Way::Ours, 250, 5);
        assert_eq!(met.len(), 5);
        assert!(met.iter().all(|(deadline, instant)| deadline == instant), "{met:?}");
        assert_eq!(jitters(&met, 4_000_000).collect::<Vec<_>>(), [0; 4]);
    }

    #[test]
    fn jitter_is_of_intervals_and_lateness_of_deadlines() {
        let met = [(10, 12), (20, 22), (30, 35), (40, 40)].map(|(deadline, at)| (Nanos(deadline), Nanos(at)));
        assert_eq!(jitters(&met, 10).collect::<Vec<_>>(), [0, 3, 5], "always late alike is even");
    }
}
