//! `ocp809 do`: the actions of technicians' buttons, on a running show.

use clap::Subcommand;

use super::{Console, connect, values};
use crate::control::{Action, BrightnessLevel, Client, Command, Outcome, PresetPart, Request, Target};
use crate::error::AppError;

/// Acts on a running show: black out, brightness, presets and more
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 do black-out
  ocp809 do brightness 400nit --fade 2000
  ocp809 do preset 3 --only brightness
  ocp809 do stop")]
pub(super) struct Args {
    #[command(subcommand)]
    action: Word,
}

// One word per row of `control::ACTIONS`, which also holds their help; a test compares the two.
#[derive(Debug, Subcommand)]
enum Word {
    BlackOut(Fade),
    Freeze,
    Normal(Fade),
    Brightness {
        /// A percentage such as 35%, or a luminance such as 400nit
        #[arg(value_parser = values::parsed::<BrightnessLevel>)]
        level: BrightnessLevel,
        #[command(flatten)]
        fade: Fade,
    },
    Trim {
        /// group:ID or cabinet:ID
        #[arg(value_parser = values::parsed::<Target>)]
        part: Target,
        /// Brightness against the rest of the screen, 0 to 200%
        #[arg(value_parser = values::percent)]
        percent: f64,
        #[command(flatten)]
        fade: Fade,
    },
    Preset {
        /// Its number
        number: u16,
        #[command(flatten)]
        parts: Parts,
        #[command(flatten)]
        fade: Fade,
    },
    StorePreset {
        /// The number to store under; what is there is replaced
        number: u16,
        /// What people call it
        #[arg(long, default_value = "")]
        name: String,
        #[command(flatten)]
        parts: Parts,
    },
    DeletePreset {
        /// Its number
        number: u16,
    },
    Source {
        /// pattern:NAME, image:FILE, cmd:PROGRAM, pipe:-, or a source of the show
        uri: String,
    },
    Pattern {
        /// A pattern with its parameters, as `ocp809 patterns` lists them; off ends it
        #[arg(required = true, num_args = 1.., value_name = "PATTERN")]
        words: Vec<String>,
    },
    Identify {
        /// Its id in wall.toml; off ends it
        cabinet: String,
    },
    Lock,
    Unlock,
    TakeOver,
    InstallKey,
    SaveCards,
    Stop,
}

#[derive(Debug, clap::Args)]
struct Fade {
    /// How long the change takes, in milliseconds
    #[arg(long = "fade", value_name = "MS", default_value_t = 0)]
    fade_ms: u32,
}

#[derive(Debug, clap::Args)]
struct Parts {
    /// Only this part: brightness, color, source, pattern or output; can be repeated
    #[arg(long, value_name = "PART", value_parser = values::word::<PresetPart>)]
    only: Vec<PresetPart>,
}

impl From<Word> for Action {
    fn from(word: Word) -> Self {
        match word {
            Word::BlackOut(Fade { fade_ms }) => Self::BlackOut { fade_ms },
            Word::Freeze => Self::Freeze,
            Word::Normal(Fade { fade_ms }) => Self::Normal { fade_ms },
            Word::Brightness { level, fade: Fade { fade_ms } } => Self::Brightness { level, fade_ms },
            Word::Trim { part, percent, fade: Fade { fade_ms } } => Self::Trim { part, percent, fade_ms },
            Word::Preset { number, parts: Parts { only }, fade: Fade { fade_ms } } => Self::Preset { number, only, fade_ms },
            Word::StorePreset { number, name, parts: Parts { only } } => Self::StorePreset { number, name, only },
            Word::DeletePreset { number } => Self::DeletePreset { number },
            Word::Source { uri } => Self::Source { uri },
            Word::Pattern { words } => Self::Pattern { pattern: words.join(" ") },
            Word::Identify { cabinet } => Self::Identify { cabinet },
            Word::Lock => Self::Lock,
            Word::Unlock => Self::Unlock,
            Word::TakeOver => Self::TakeOver,
            Word::InstallKey => Self::InstallKey,
            Word::SaveCards => Self::SaveCards,
            Word::Stop => Self::Stop,
        }
    }
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let action = Action::from(args.action);
    // What asks all cards for something is done when they have answered.
    let is_only_asked = matches!(action, Action::InstallKey | Action::SaveCards);
    let outcome = send(Request::Do(action), console)?;
    report(&outcome, console)?;
    if is_only_asked && !console.json && !console.quiet {
        console.line("asked; `ocp809 status --follow` tells what becomes of it")?;
    }
    Ok(())
}

/// Sends a request to the running show; a refusal or a failure is an error.
pub(super) fn send(request: Request, console: &Console<'_>) -> Result<Outcome, AppError> {
    let outcome = connect(console)?.send(Command::new("cli", request)).outcome;
    if outcome.is_success() { Ok(outcome) } else { Err(AppError::NotDone { outcome }) }
}

/// Says what is now in effect, where that is not what was asked: silence means done.
pub(super) fn report(outcome: &Outcome, console: &mut Console<'_>) -> Result<(), AppError> {
    if console.json {
        return console.document(outcome);
    }
    let Outcome::Done(readings) = outcome else { return Ok(()) };
    for reading in readings.iter().filter(|reading| reading.asked != reading.actual) {
        let property = reading.path.property.property();
        let (asked, actual) = (property.display(&reading.asked), property.display(&reading.actual));
        console.line(format_args!("{}: {asked} was asked, {actual} is in effect", reading.path))?;
    }
    Ok(())
}
