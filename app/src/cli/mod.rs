//! The command line: what can be typed, and one file for each command. Everything writes to a [`Console`], so that tests
//! read what people read.

mod bench;
mod console;
mod demo;
mod discover;
mod doctor;
mod emulate;
mod generate;
mod get;
mod inspect;
mod patterns;
mod progress;
mod run;
mod send;
mod show_action;
mod status;
mod values;
mod wall;
pub mod wall_picture;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, FromArgMatches, Parser, Subcommand};

pub use console::Console;

use crate::control::{ACTIONS, Socket};
use crate::error::{AppError, EXIT_OK, EXIT_USAGE};

/// LED wall sender: calibrates and corrects a picture, slices it per module and streams it to cascaded cards.
#[derive(Debug, Parser)]
#[command(name = "ocp809", version, max_term_width = 100, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Examples:
  ocp809 demo                                      the whole main job on a virtual wall
  ocp809 wall new stage.toml --cabinets 4x2 --module 128x128
  ocp809 wall check stage.toml                     load of every port, and what is wrong
  ocp809 run stage.toml --source cmd:'ffmpeg -i show.mov -pix_fmt yuv420p -f yuv4mpegpipe -'
  ocp809 do brightness 35%
  ocp809 status --follow
  ocp809 doctor                                    what this machine still needs

Exit codes: 0 done, 1 a check failed or a command was refused, 2 wrong command line or document,
3 interface or card, 4 GPU, 130 interrupted.";

/// Options of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Results as JSON on stdout, errors as JSON on stderr
    #[arg(long, global = true)]
    json: bool,
    /// Results and errors only: no remarks, no progress
    #[arg(long, short, global = true)]
    quiet: bool,
    /// What is logged to stderr: error, warn, info, debug, trace, or TARGET=LEVEL pairs; `RUST_LOG` when left out
    #[arg(long, global = true, value_name = "FILTER")]
    log: Option<String>,
    /// The control socket of the show; the user's own when left out
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    Do(show_action::Args),
    Status(status::Args),
    Get(get::GetArgs),
    Set(get::SetArgs),
    Send(send::Args),
    Emulate(emulate::Args),
    Wall(wall::Args),
    Discover(discover::Args),
    Inspect(inspect::Args),
    Patterns(patterns::Args),
    Doctor(doctor::Args),
    Bench(bench::Args),
    Generate(generate::Args),
}

impl Command {
    /// What is logged when nobody asks for more. A job that ends by itself says in its error what went wrong.
    const fn usual_log(&self) -> &'static str {
        if matches!(self, Self::Send(_)) { "error" } else { "warn" }
    }
}

/// The whole command line as clap knows it; actions get their help from the table of actions.
#[must_use]
pub fn command() -> clap::Command {
    let command = <Cli as clap::CommandFactory>::command();
    command.mut_subcommand("do", |parent| {
        ACTIONS.iter().fold(parent, |parent, action| {
            let example = format!("Example:\n  ocp809 do {}", action.example);
            parent.mut_subcommand(action.name, |sub| sub.about(action.help.trim_end_matches('.')).after_help(example))
        })
    })
}

/// Runs one command line and returns its exit code. `start_logging` is left out by tests.
pub fn run(args: impl IntoIterator<Item = OsString>, console: &mut Console<'_>, start_logging: bool) -> u8 {
    let args: Vec<OsString> = args.into_iter().collect();
    // What cannot be understood as a whole still says how its error is wanted.
    console.json = args.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let cli = match command().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(refusal) => return explain(&refusal, console),
    };
    console.json = cli.global.json;
    console.quiet = cli.global.quiet;
    if let Some(socket) = cli.global.socket {
        console.paths.socket = socket;
    }
    let usual = cli.command.usual_log();
    if start_logging && let Err(error) = crate::logging::start(cli.global.log.as_deref(), usual, console.err_is_terminal) {
        report(&AppError::CommandLine(error.to_string()), console);
        return EXIT_USAGE;
    }
    let done = dispatch(cli.command, console).and_then(|()| console.flush());
    match done {
        Ok(()) => EXIT_OK,
        Err(error) => {
            report(&error, console);
            error.exit_code()
        }
    }
}

fn dispatch(command: Command, console: &mut Console<'_>) -> Result<(), AppError> {
    match command {
        Command::Demo(args) => demo::run(args, console),
        Command::Run(args) => run::run(args, console),
        Command::Do(args) => show_action::run(args, console),
        Command::Status(args) => status::run(&args, console),
        Command::Get(args) => get::get(args, console),
        Command::Set(args) => get::set(args, console),
        Command::Send(args) => send::run(args, console),
        Command::Emulate(args) => emulate::run(args, console),
        Command::Wall(args) => wall::run(args, console),
        Command::Discover(args) => discover::run(args, console),
        Command::Inspect(args) => inspect::run(&args, console),
        Command::Patterns(args) => patterns::run(&args, console),
        Command::Doctor(args) => doctor::run(&args, console),
        Command::Bench(args) => bench::run(args, console),
        Command::Generate(args) => generate::run(&args, console),
    }
}

/// Help and version are results; everything else that clap says is a wrong command line.
fn explain(refusal: &clap::Error, console: &mut Console<'_>) -> u8 {
    let text = refusal.render();
    let shown = if console.err_is_terminal { text.ansi().to_string() } else { text.to_string() };
    if matches!(refusal.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // A reader that went away has seen enough.
        let _closed = console.print(&text).and_then(|()| console.flush());
        return EXIT_OK;
    }
    if console.json {
        report(&AppError::CommandLine(complaint(&text.to_string())), console);
    } else {
        console.note(shown.trim_end());
    }
    EXIT_USAGE
}

/// What clap says without the frame that it puts around it for people.
fn complaint(text: &str) -> String {
    let told = text.split("\n\nUsage:").next().unwrap_or(text).split("\n\nFor more information").next().unwrap_or(text);
    let told = told.strip_prefix("error: ").unwrap_or(told);
    told.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn report(error: &AppError, console: &mut Console<'_>) {
    if error.exit_code() == EXIT_OK {
        return;
    }
    let text = if console.json { format!("{:#}", error.for_programs()) } else { error.for_people(console.err_is_terminal) };
    console.note(text.trim_end());
}

/// The running show.
fn connect(console: &Console<'_>) -> Result<Socket, AppError> {
    Ok(Socket::connect(&console.paths.socket)?)
}

#[cfg(test)]
mod tests;
