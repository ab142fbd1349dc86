//! `ocp809 bench`: every figure of this program, measured again on this machine.

mod table;
mod text;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use super::progress::Bar;
use super::{Console, demo};
use crate::bench::{self, BenchError, BenchOptions, BenchReport, Part};
use crate::error::AppError;

/// Measures this program on this machine: pixels, packets, latches, delays, uploads
///
/// Everything that is compared has its turn in every round; figures are medians, with the smallest and largest round beside
/// them. Parts that send make a network of their own, which nobody else sees and nothing is left of; that needs root. Without
/// it they are left out aloud, and the command exits with 0, unless such a part was asked for by name: then with 1.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 bench                                     everything that this user may measure
  sudo ocp809 bench all --json > figures.json      everything, for programs
  ocp809 bench pixel-path --threads 1,2,8 --seconds 30
  sudo ocp809 bench transmit --rounds 9
  sudo ocp809 bench uhd60 --seconds 60             one minute of 4K at 60 Hz")]
pub(super) struct Args {
    /// What to measure; everything when left out
    #[arg(value_name = "PART", value_enum)]
    parts: Vec<Choice>,
    /// Seconds of measuring for each part; preparation comes on top
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = seconds)]
    seconds: f64,
    /// Rounds into which these are cut
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=1000))]
    rounds: u16,
    /// Numbers of threads that are compared; 1 and all cores when left out
    #[arg(long, value_name = "N,N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Vec<u16>,
    /// Measures the pixel path of a GPU too
    #[arg(long)]
    gpu: bool,
}

/// A word for what is to be measured.
#[derive(Debug, Clone, Copy)]
enum Choice {
    Part(Part),
    All,
}

impl ValueEnum for Choice {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Part(Part::PixelPath),
            Self::Part(Part::Growth),
            Self::Part(Part::Wire),
            Self::Part(Part::Latch),
            Self::Part(Part::Latency),
            Self::Part(Part::Upload),
            Self::Part(Part::Transmit),
            Self::Part(Part::Uhd60),
            Self::All,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Part(part) => part.to_possible_value(),
            Self::All => Some(PossibleValue::new("all").help("Everything, as when nothing is named")),
        }
    }
}

/// The parts that these words name; none is all of them.
fn named(choices: &[Choice]) -> Vec<Part> {
    let parts = choices.iter().map(|choice| match choice {
        Choice::Part(part) => Some(*part),
        Choice::All => None,
    });
    parts.collect::<Option<_>>().unwrap_or_default()
}

/// The shortest time that gives every round something to measure, in seconds.
const LEAST_SECONDS: f64 = 0.01;

/// A time that makes sense for a measurement: at most an hour.
fn seconds(text: &str) -> Result<f64, String> {
    let seconds = demo::seconds(text).ok().filter(|seconds| (LEAST_SECONDS..=3_600.0).contains(seconds));
    seconds.ok_or_else(|| "write seconds from 0.01 to 3600".to_owned())
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { parts, seconds, rounds, threads, gpu } = args;
    let threads = threads.into_iter().map(usize::from).collect();
    let parts = named(&parts);
    let options = BenchOptions { parts, seconds, rounds: rounds.into(), threads, gpu };
    let bar = Bar::new(console, "parts");
    let report = bench::run(&options, &mut |progress| bar.show(progress));
    drop(bar);
    let report = report?;
    if console.json {
        console.document(&report)?;
    } else {
        console.print(text::text(&report))?;
    }
    let wanted = options.parts.into_iter().find(|&part| !is_there(part, &report));
    let Some(missing) = wanted else { return Ok(()) };
    let why = report.left_out.into_iter().find(|left| left.part == missing).map(|left| left.why);
    Err(AppError::Bench(BenchError::Missing(why.unwrap_or_default())))
}

/// Whether a part was measured, at least some of it.
const fn is_there(part: Part, report: &BenchReport) -> bool {
    match part {
        Part::PixelPath => report.pixel_path.is_some(),
        Part::Growth => report.growth.is_some(),
        Part::Wire => report.wire.is_some(),
        Part::Latch => report.latch.is_some(),
        Part::Latency => report.latency.is_some(),
        Part::Upload => report.upload.is_some(),
        Part::Transmit => report.transmit.is_some(),
        Part::Uhd60 => report.uhd60.is_some(),
    }
}
