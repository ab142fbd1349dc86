//! `ocp809 send`: a given number of frames, then the end.

use std::num::NonZeroU64;
use std::path::PathBuf;

use super::progress::Bar;
use super::{Console, values};
use crate::control::{PropertyPath, Value};
use crate::error::AppError;
use crate::run::options::{SendOptions, SendTarget};
use crate::run::{CardAnswers, SendReport};

/// Sends a number of frames and ends
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 send stage.toml --source pattern:bars --frames 1 --to pcap:bars.pcapng
  ocp809 send stage.toml --source image:logo.png --frames 60 --to virtual:wall.png
  ocp809 send stage.toml --source pattern:white --frames 600 --to if:enp3s0")]
pub(super) struct Args {
    /// A wall.toml or a show.toml
    #[arg(value_name = "WALL|SHOW")]
    document: PathBuf,
    /// What to show: pattern:NAME, image:FILE, cmd:PROGRAM, pipe:-, or a source of the show
    #[arg(long, value_name = "URI")]
    source: String,
    /// How many wall frames
    #[arg(long, value_name = "N", default_value = "1")]
    frames: NonZeroU64,
    /// Where to: pcap:FILE, if:NAME, if:PORT=NAME,.., virtual, virtual:PNG
    #[arg(long, value_name = "TARGET", value_parser = values::target)]
    to: SendTarget,
    /// Uses the named interfaces although a network may hang on them; recorded in machine.toml
    #[arg(long)]
    confirm: bool,
    /// A value to start with; can be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = values::setting)]
    settings: Vec<(PropertyPath, Value)>,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { document, source, frames, to, confirm, settings } = args;
    let options = SendOptions { document, source, frames: frames.get(), target: to, confirm, settings };
    let bar = Bar::new(console, "frames");
    let sent = crate::run::send(&options, &mut console.host(&mut |progress| bar.show(progress)));
    drop(bar);
    let report = sent?;
    if console.json {
        return console.document(&report);
    }
    console.line(summary(&report))
}

fn summary(report: &SendReport) -> String {
    let counted = |count: u64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    #[expect(clippy::cast_precision_loss, reason = "a time for people")]
    let seconds = report.milliseconds as f64 / 1000.0;
    let dropped = match report.dropped {
        0 => String::new(),
        dropped => format!("; {} left out: this host or a link was too slow", counted(dropped, "frame")),
    };
    let cards = match report.cards {
        Some(CardAnswers { answered: 0, of: 1.. }) => "; no card answered".to_owned(),
        Some(CardAnswers { answered, of }) if answered < of => format!("; {answered} of {} answered", counted(of as u64, "card")),
        Some(_) | None => String::new(),
    };
    let (frames, packets) = (counted(report.frames, "frame"), counted(report.packets, "packet"));
    format!("{frames} in {packets} to {} within {seconds:.1} s{dropped}{cards}", report.to)
}
