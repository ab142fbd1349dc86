//! `ocp809 discover`: which cards answer.

use super::Console;
use crate::error::AppError;
use crate::run::{DiscoverOptions, DiscoverReport};

/// Asks which cards are there
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 discover
  ocp809 discover --if enp3s0 --json")]
pub(super) struct Args {
    /// The interface to ask on; all that have a cable and no network on them when left out; can be repeated
    #[arg(long = "if", value_name = "NAME")]
    interfaces: Vec<String>,
    /// Uses the named interfaces although a network may hang on them; recorded in machine.toml
    #[arg(long, requires = "interfaces")]
    confirm: bool,
    /// How long answers are waited for
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=60_000))]
    wait: u32,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { interfaces, confirm, wait } = args;
    let options = DiscoverOptions { interfaces, confirm, wait_ms: wait };
    let reports = crate::run::discover(&options, &mut console.host_aside(&mut |_| {}))?;
    if console.json {
        return console.document(&reports);
    }
    if reports.is_empty() {
        return console.line("no interface was asked: name one with --if");
    }
    for report in &reports {
        console.line(format_args!("{}: {}", report.interface, counted(report)))?;
        for card in &report.cards {
            let master = card.master.as_ref().map(|mac| format!(", driven by {mac}")).unwrap_or_default();
            let serial = if card.serial.is_empty() { "no serial" } else { &card.serial };
            // People count from 1; `place` in JSON counts from 0.
            let number = u32::from(card.place) + 1;
            console.line(format_args!("  card {number:>3}  {serial}  {} {}{master}", card.model, card.firmware))?;
        }
    }
    Ok(())
}

fn counted(report: &DiscoverReport) -> String {
    match report.cards.len() {
        0 => "no card answers".to_owned(),
        1 => "1 card".to_owned(),
        many => format!("{many} cards"),
    }
}
