//! What a command can fail with, which exit code that is, and how it is shown: the sentence, its causes, the lines of a file.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use miette::{GraphicalReportHandler, GraphicalTheme};
use ocp809_sender::transport::open::OpenError;
use ocp809_sender::transport::pcap::CaptureError;
use ocp809_sender::wall::edit::EditError;
use ocp809_sender::wall::layout::LayoutError;
use serde_json::json;
use thiserror::Error as ThisError;

use crate::bench::BenchError;
use crate::config::{DocumentProblems, LoadError, SaveError};
use crate::control::{ConnectError, Outcome};
use crate::demo::DemoError;
use crate::run::{BindError, RunError};

/// Success, and a reader that went away.
pub const EXIT_OK: u8 = 0;
/// A check failed, or a command was refused.
pub const EXIT_CHECK: u8 = 1;
/// The command line or a document is wrong.
pub const EXIT_USAGE: u8 = 2;
/// An interface or a card is missing or must not be used.
pub const EXIT_NIC: u8 = 3;
/// The GPU that was asked for does not work.
pub const EXIT_GPU: u8 = 4;
/// Interrupted from the keyboard or by the system.
pub const EXIT_INTERRUPTED: u8 = 130;

/// Why a command ended without success.
#[derive(Debug, ThisError)]
pub enum AppError {
    /// A document cannot be opened.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A file cannot be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A file that would be replaced.
    #[error("{} exists already: --force replaces it", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is no running show.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The running show refused or failed.
    #[error("{}", outcome.problem().unwrap_or_default())]
    NotDone {
        /// What became of the command.
        outcome: Outcome,
    },
    /// The running show has ended.
    #[error("the show has ended")]
    ShowEnded,
    /// A layout that is not possible.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// An edit that is not possible.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Some checks failed; they have been printed.
    #[error("{failed} of {checks} checks failed")]
    ChecksFailed {
        /// How many failed.
        failed: usize,
        /// How many there were.
        checks: usize,
    },
    /// The show runs, but not as it should.
    #[error("the show runs with {grave} {} of severity error or critical", if *grave == 1 { "alarm" } else { "alarms" })]
    Alarms {
        /// How many.
        grave: usize,
    },
    /// A capture cannot be read.
    #[error(transparent)]
    Capture(#[from] CaptureError),
    /// An interface cannot be used.
    #[error(transparent)]
    Interface(#[from] OpenError),
    /// A picture cannot be written.
    #[error("cannot write the picture {}", path.display())]
    Picture {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Output cannot be written.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// Output cannot be encoded.
    #[error("cannot write the output as JSON")]
    Json(#[from] serde_json::Error),
    /// A command line that cannot be understood.
    #[error("{0}")]
    CommandLine(String),
    /// The words of the command line contradict each other.
    #[error("{problem}; {way_out}")]
    Usage {
        /// What is wrong.
        problem: String,
        /// The way out.
        way_out: String,
    },
    /// The demo failed.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The main job failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A measurement failed, or is not possible here.
    #[error(transparent)]
    Bench(#[from] BenchError),
}

impl AppError {
    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => EXIT_OK,
            Self::NotDone { .. } | Self::ShowEnded | Self::ChecksFailed { .. } | Self::Alarms { .. } => EXIT_CHECK,
            Self::Capture(error) => capture_code(error),
            Self::Bench(error) => bench_code(error),
            Self::Interface(_) => EXIT_NIC,
            Self::Demo(error) => demo_code(error),
            Self::Run(error) => run_code(error),
            Self::Load(_)
            | Self::Save(_)
            | Self::Exists { .. }
            | Self::Connect(_)
            | Self::Layout(_)
            | Self::Edit(_)
            | Self::Picture { .. }
            | Self::Output(_)
            | Self::Json(_)
            | Self::CommandLine(_)
            | Self::Usage { .. } => EXIT_USAGE,
        }
    }

    /// What is wrong with a document, if that is it.
    fn problems(&self) -> Option<&DocumentProblems> {
        let (Self::Load(load)
        | Self::Demo(DemoError::Wall(load))
        | Self::Run(RunError::Load(load) | RunError::Bind(BindError::Machine(load)))) = self
        else {
            return None;
        };
        if let LoadError::Problems(problems) = load { Some(problems) } else { None }
    }

    /// The error for people: every problem of a document with its lines, or the sentence and its causes.
    #[must_use]
    pub fn for_people(&self, color: bool) -> String {
        let mut text = String::new();
        if let Some(problems) = self.problems() {
            let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
            let handler = GraphicalReportHandler::new_themed(theme).with_width(120);
            for diagnostic in problems.diagnostics() {
                // Writing into a string fails only if a report cannot format itself; the sentence below remains.
                let _shown = handler.render_report(&mut text, &diagnostic);
            }
            if problems.unlisted() > 0 {
                text.extend(["and ", &problems.unlisted().to_string(), " more\n"]);
            }
        }
        let sentence = std::iter::once(format!("error: {self}"));
        let causes = causes(self).into_iter().map(|cause| format!("  because: {cause}"));
        sentence.chain(causes).for_each(|line| text.extend([line.as_str(), "\n"]));
        text
    }

    /// The error for programs.
    #[must_use]
    pub fn for_programs(&self) -> serde_json::Value {
        let problems = self.problems().map(DocumentProblems::reports).unwrap_or_default();
        json!({ "error": self.to_string(), "causes": causes(self), "exit_code": self.exit_code(), "problems": problems })
    }
}

/// A file that is not there is a mistake of the command line, as everywhere else.
const fn capture_code(error: &CaptureError) -> u8 {
    if matches!(error, CaptureError::Open { .. }) { EXIT_USAGE } else { EXIT_CHECK }
}

const fn bench_code(error: &BenchError) -> u8 {
    match error {
        BenchError::Open(_) | BenchError::Transport(_) => EXIT_NIC,
        BenchError::Missing(_) | BenchError::Unmade(_) | BenchError::Path(_) | BenchError::Thread(_) | BenchError::Wrong(_) => {
            EXIT_CHECK
        }
    }
}

const fn demo_code(error: &DemoError) -> u8 {
    match error {
        DemoError::Wall(_) | DemoError::Setting(_) | DemoError::Write { .. } => EXIT_USAGE,
        DemoError::Path(_) => EXIT_GPU,
        DemoError::Interrupted { .. } => EXIT_INTERRUPTED,
        DemoError::Show(_) | DemoError::NoPicture | DemoError::Signals(_) | DemoError::Window(_) => EXIT_CHECK,
    }
}

const fn run_code(error: &RunError) -> u8 {
    match error {
        RunError::Bind(error) => bind_code(error),
        RunError::Load(_)
        | RunError::NoPort
        | RunError::Save(_)
        | RunError::Server(_)
        | RunError::Setting(_)
        | RunError::Source { .. }
        | RunError::Write { .. } => EXIT_USAGE,
        RunError::Alarm(_) | RunError::Discover { .. } | RunError::Adopt(_) | RunError::Driven(_) | RunError::Unfed(_) => {
            EXIT_NIC
        }
        RunError::Path(_) => EXIT_GPU,
        RunError::Interrupted { .. } => EXIT_INTERRUPTED,
        RunError::Engine(_) | RunError::Virtual(_) | RunError::Capture(_) | RunError::Signals(_) => EXIT_CHECK,
    }
}

const fn bind_code(error: &BindError) -> u8 {
    match error {
        BindError::Unconfirmed(_)
        | BindError::Open(_)
        | BindError::NoAddress(_)
        | BindError::Unbound { .. }
        | BindError::Taken { .. }
        | BindError::TooSlow { .. } => EXIT_NIC,
        BindError::WhichPort { .. }
        | BindError::UnknownPort { .. }
        | BindError::Twice { .. }
        | BindError::NoLoop { .. }
        | BindError::Machine(_)
        | BindError::Save(_) => EXIT_USAGE,
    }
}

/// What caused an error, outermost first. A cause that only repeats what was said is left out.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut causes = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.contains(&text) {
            causes.push(text.clone());
            said = text;
        }
        next = cause.source();
    }
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let pipe = AppError::Output(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(pipe.exit_code(), EXIT_OK);
        assert_eq!(AppError::Output(io::Error::from(io::ErrorKind::StorageFull)).exit_code(), EXIT_USAGE);
    }

    #[test]
    fn causes_follow_the_sentence_without_repeating_it() {
        let error = AppError::Load(LoadError::Io { path: "gone.toml".into(), source: io::Error::from(io::ErrorKind::NotFound) });
        assert_eq!(error.for_people(false), "error: cannot read gone.toml\n  because: entity not found\n");
        assert_eq!(error.for_programs()["exit_code"], 2);
    }
}
