//! `ocp809 wall adopt`: a wall file from the cards that answer.

use std::num::NonZeroU32;
use std::path::PathBuf;

use crate::cli::backend::{self, AdoptOptions};
use crate::cli::{Console, values};
use crate::error::AppError;
use crate::run::InterfaceChoice;

/// Makes a wall file from the cards that answer
///
/// Each interface becomes a port, its cards cabinets in the order of their cascade. Where they hang is not known: they are
/// laid out in rows and are then moved with `wall edit` or an editor.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall adopt stage.toml --if enp3s0
  ocp809 wall adopt stage.toml --if 1=enp3s0 --if 2=enp4s0 --columns 4")]
pub(super) struct Args {
    /// The file to write
    file: PathBuf,
    /// The interface of a port; can be repeated
    #[arg(long = "if", value_name = "[PORT=]NAME", value_parser = values::interface, required = true)]
    interfaces: Vec<InterfaceChoice>,
    /// Cabinets side by side; one row for each port when left out
    #[arg(long, value_name = "N")]
    columns: Option<NonZeroU32>,
    /// Uses the named interfaces although a network may hang on them; recorded in machine.toml
    #[arg(long)]
    confirm: bool,
    /// Replaces the file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { file, interfaces, columns, confirm, force } = args;
    if file.exists() && !force {
        return Err(AppError::Exists { path: file });
    }
    backend::adopt(&AdoptOptions { interfaces, out: file, columns: columns.map(NonZeroU32::get), confirm }, console)
}
