//! `ocp809 wall`: make, check, look at and change wall files.

mod adopt;
mod check;
mod edit;
mod new;
mod show;

use clap::Subcommand;

use super::Console;
use crate::error::AppError;

/// Makes, checks, shows and changes wall files
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Args),
    Adopt(adopt::Args),
    Check(check::Args),
    Show(show::Args),
    Edit(edit::Args),
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    match args.command {
        Command::New(args) => new::run(args, console),
        Command::Adopt(args) => adopt::run(args, console),
        Command::Check(args) => check::run(&args, console),
        Command::Show(args) => show::run(&args, console),
        Command::Edit(args) => edit::run(&args, console),
    }
}
