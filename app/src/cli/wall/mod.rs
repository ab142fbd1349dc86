//! `ocp809 wall`: make, check, look at and change wall files.

mod adopt;
mod check;
mod edit;
mod new;
mod show;

use clap::Subcommand;

use super::Console;
use crate::config::LoadError;
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

/// Why a wall that was made up cannot be: its problems without lines, because no file has them.
fn unwritten(error: LoadError) -> AppError {
    let LoadError::Problems(problems) = error else { return error.into() };
    let mut texts: Vec<_> = problems.problems().iter().map(|problem| problem.text.clone()).collect();
    texts.dedup();
    AppError::Usage {
        problem: format!("no such wall is possible: {}", texts.join("; ")),
        way_out: "nothing was written".to_owned(),
    }
}
