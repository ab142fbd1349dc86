//! The figures of this program, measured again on any machine by one command. Nothing here prints.
//!
//! A part is measured in rounds in which everything that it compares has its turn. Parts that send on interfaces make a network
//! of their own and are left out where they may not; the report says so.

mod chain;
mod copy;
mod growth;
mod latch;
mod latency;
mod machine;
mod measure;
mod network;
mod pixel_path;
mod proof;
mod transmit;
mod uhd60;
mod upload;
mod walls;
mod wire;

use std::fmt::Display;
use std::io;
use std::num::NonZeroUsize;
use std::sync::Arc;

use ocp809_sender::time::{Clock, NANOS_PER_SECOND, Nanos, SystemClock};
use ocp809_sender::transport::{OpenError, TransportError};
use ocp809_shaders::PathError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use copy::CopyRow;
pub use growth::{GrowthReport, GrowthRow};
pub use latch::{LatchReport, LatchRow};
pub use latency::{LatencyReport, LatencyRow};
pub use machine::Machine;
pub use measure::{Quantiles, Ratio, Spread};
pub use pixel_path::{PixelPathReport, PixelPathRow};
pub use proof::ProofRow;
pub use transmit::{TransmitReport, TransmitRow};
pub use uhd60::Uhd60Report;
pub use upload::{UploadReport, UploadRow};
pub use walls::{Calibration, Input, Order, Work};
pub use wire::{WireReport, WireRow};

use crate::run::Progress;

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Frames per second of the pixel path, beside a plain copy
    PixelPath,
    /// Time and memory from 128x128 to 8K
    Growth,
    /// Pixels that a gigabit port carries, counted packet by packet
    Wire,
    /// How evenly latches leave
    Latch,
    /// From a picture in memory to packets and the latch at a card
    Latency,
    /// Coefficients on their way into virtual cards
    Upload,
    /// Processor time and system calls of a packet (root)
    Transmit,
    /// 4K at 60 Hz, calibrated pixel by pixel and sent (root)
    #[value(name = "uhd60")]
    Uhd60,
}

impl Part {
    /// All of them, in the order in which they are measured.
    pub const ALL: [Self; 8] = [
        // Memory that was given back, and kept by the process, would hide how much a small wall needs.
        Self::Growth,
        Self::PixelPath,
        Self::Wire,
        Self::Latch,
        Self::Latency,
        Self::Upload,
        Self::Transmit,
        Self::Uhd60,
    ];
}

/// What is to be measured, and how long.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchOptions {
    /// The parts; none is all of them.
    pub parts: Vec<Part>,
    /// Seconds of measuring for each part, preparation not counted, 0.01 to 3600.
    pub seconds: f64,
    /// Rounds into which these are cut, 1 to 1000.
    pub rounds: usize,
    /// Numbers of threads that are compared; none is one, and as many as there are cores.
    pub threads: Vec<usize>,
    /// Whether a GPU is measured too.
    pub gpu: bool,
}

/// Everything that was measured. Parts that were not asked for are missing; those that could not be measured are in
/// `left_out`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BenchReport {
    /// Version of this form.
    pub schema_version: u32,
    /// Where and when.
    pub machine: Machine,
    /// Seconds of measuring for each part.
    pub seconds: f64,
    /// Rounds of each figure.
    pub rounds: usize,
    /// The pixel path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pixel_path: Option<PixelPathReport>,
    /// Time and memory over size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<GrowthReport>,
    /// What links carry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireReport>,
    /// Punctuality.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latch: Option<LatchReport>,
    /// From memory to a card.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyReport>,
    /// Calibration into cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upload: Option<UploadReport>,
    /// Packets into interfaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transmit: Option<TransmitReport>,
    /// 4K at 60 Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uhd60: Option<Uhd60Report>,
    /// What could not be measured here.
    pub left_out: Vec<LeftOut>,
}

/// Something that could not be measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// The part that it belongs to.
    pub part: Part,
    /// What is missing, and how to get it.
    pub why: String,
}

/// What preparing may take, in multiples of the time for measuring.
const PREPARATION: u64 = 4;

/// The form that this version writes.
const SCHEMA_VERSION: u32 = 1;

/// Why something is not measured.
#[derive(Debug, Error)]
pub enum BenchError {
    /// This machine or this user lacks something.
    #[error("{0}")]
    Missing(String),
    /// A wall, plan or picture of the measurement cannot be made.
    #[error("what is measured cannot be made: {0}")]
    Unmade(String),
    /// The pixel path fails.
    #[error(transparent)]
    Path(PathError),
    /// An interface cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Packets are not taken.
    #[error("packets of the measurement were not taken")]
    Transport(#[from] TransportError),
    /// The system gives no thread.
    #[error("the system gives no thread")]
    Thread(#[source] io::Error),
    /// What was sent did not arrive as it must.
    #[error("{0}")]
    Wrong(String),
}

impl BenchError {
    fn unmade(why: impl Display) -> Self {
        Self::Unmade(why.to_string())
    }
}

/// The options as the parts use them.
struct Plan {
    seconds: f64,
    rounds: usize,
    threads: Vec<usize>,
    gpu: bool,
    clock: Arc<dyn Clock>,
}

impl Plan {
    fn new(options: &BenchOptions) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let mut threads = if options.threads.is_empty() { vec![1, cores] } else { options.threads.clone() };
        for threads in &mut threads {
            *threads = (*threads).max(1);
        }
        threads.sort_unstable();
        threads.dedup();
        let rounds = options.rounds.clamp(1, 1_000);
        Self { seconds: options.seconds, rounds, threads, gpu: options.gpu, clock: Arc::new(SystemClock::new()) }
    }

    /// A part's time in nanoseconds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to an hour")]
    fn time_ns(&self) -> u64 {
        (self.seconds.clamp(0.01, 3_600.0) * measure::exact(NANOS_PER_SECOND)) as u64
    }

    /// The time of one of so many that have their turn in every round.
    fn slice_ns(&self, turns: usize) -> u64 {
        self.time_ns() / (self.rounds.max(1) * turns.max(1)) as u64
    }

    /// Whether a part that began at `begun` has taken so much longer than it was given, by preparing, that what is left of it
    /// is left out.
    fn is_over(&self, begun: Nanos) -> bool {
        self.clock.now().since(begun) > PREPARATION * self.time_ns()
    }

    /// The most threads that are compared.
    fn most_threads(&self) -> usize {
        self.threads.iter().copied().max().unwrap_or(1)
    }
}

/// Measures; `progress` hears how many parts are done.
///
/// # Errors
/// [`BenchError`] of what should work everywhere. What this machine lacks is reported instead.
pub fn run(options: &BenchOptions, progress: &mut dyn FnMut(Progress)) -> Result<BenchReport, BenchError> {
    let plan = Plan::new(options);
    let mut report = BenchReport {
        schema_version: SCHEMA_VERSION,
        machine: Machine::here(),
        seconds: options.seconds,
        rounds: plan.rounds,
        pixel_path: None,
        growth: None,
        wire: None,
        latch: None,
        latency: None,
        upload: None,
        transmit: None,
        uhd60: None,
        left_out: Vec::new(),
    };
    let parts: Vec<Part> =
        Part::ALL.into_iter().filter(|part| options.parts.is_empty() || options.parts.contains(part)).collect();
    let of = parts.len() as u64;
    for (part, done) in parts.into_iter().zip(0..) {
        progress(Progress { done, of });
        match measure_part(part, &plan, &mut report) {
            Err(BenchError::Missing(why)) => report.left_out.push(LeftOut { part, why }),
            other => other?,
        }
    }
    progress(Progress { done: of, of });
    Ok(report)
}

fn measure_part(part: Part, plan: &Plan, report: &mut BenchReport) -> Result<(), BenchError> {
    let mut leave_out = |why| report.left_out.push(LeftOut { part, why });
    match part {
        Part::PixelPath => report.pixel_path = Some(pixel_path::measure(plan, &mut leave_out)?),
        Part::Growth => report.growth = Some(growth::measure(plan, &mut leave_out)?),
        Part::Wire => report.wire = Some(wire::measure()?),
        Part::Latch => report.latch = Some(latch::measure(plan)?),
        Part::Latency => report.latency = Some(latency::measure(plan, &mut leave_out)?),
        Part::Upload => report.upload = Some(upload::measure(plan, &mut leave_out)?),
        Part::Transmit => report.transmit = Some(transmit::measure(plan, &mut leave_out)?),
        Part::Uhd60 => report.uhd60 = Some(uhd60::measure(plan)?),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
