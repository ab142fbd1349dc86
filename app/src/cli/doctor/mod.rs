//! `ocp809 doctor`: what this machine still needs, each point with the exact line that mends it.

mod graphics;
mod host;
mod network;

use std::path::PathBuf;

use serde::Serialize;

use super::Console;
use crate::config::{LoadedWall, load_wall};
use crate::error::AppError;

/// Checks this machine and prints what to do about every fault
///
/// Exits with 1 if something is wrong that keeps a wall from being driven.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 doctor
  ocp809 doctor stage.toml           also whether this machine can feed that wall's ports
  ocp809 doctor --json")]
pub(super) struct Args {
    /// A wall that is to be driven from here
    #[arg(value_name = "WALL")]
    wall: Option<PathBuf>,
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    /// Nothing to do.
    Ok,
    /// It works, but worse than it could, or only some things do.
    Advice,
    /// A wall cannot be driven like this.
    Fault,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// What was looked at.
    subject: String,
    /// What it came to.
    state: State,
    /// What was found.
    text: String,
    /// The command or step that mends it; empty where there is nothing to do.
    fix: String,
}

impl Finding {
    fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Ok, text: text.into(), fix: String::new() }
    }

    fn advice(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Advice, text: text.into(), fix: fix.into() }
    }

    fn fault(subject: impl Into<String>, text: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { subject: subject.into(), state: State::Fault, text: text.into(), fix: fix.into() }
    }
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let wall = args.wall.as_deref().map(load_wall).transpose()?;
    let findings = examine(wall.as_ref(), console);
    if console.json {
        console.document(&findings)?;
    } else {
        findings.iter().try_for_each(|finding| print(finding, console))?;
    }
    let failed = findings.iter().filter(|finding| finding.state == State::Fault).count();
    if failed == 0 { Ok(()) } else { Err(AppError::ChecksFailed { failed, checks: findings.len() }) }
}

fn examine(wall: Option<&LoadedWall>, console: &Console<'_>) -> Vec<Finding> {
    let mut findings = vec![network::raw_packets()];
    findings.extend(network::interfaces(wall, &console.paths));
    findings.extend(host::findings(&console.paths));
    findings.extend(graphics::findings());
    findings
}

fn print(finding: &Finding, console: &mut Console<'_>) -> Result<(), AppError> {
    let mark = match finding.state {
        State::Ok => "ok    ",
        State::Advice => "advice",
        State::Fault => "FAULT ",
    };
    console.line(format_args!("{mark}  {}: {}", finding.subject, finding.text))?;
    if finding.fix.is_empty() { Ok(()) } else { console.line(format_args!("        -> {}", finding.fix)) }
}
