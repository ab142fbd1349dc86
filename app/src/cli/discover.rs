//! `ocp809 discover`: which cards answer.

use super::{Console, backend};
use crate::error::AppError;
use crate::run::options::DiscoverOptions;

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
    backend::discover(&DiscoverOptions { interfaces, confirm, wait_ms: wait }, console)
}
