//! `ocp809 get` and `ocp809 set`: properties of a running show.

use serde_json::json;

use super::{Console, show_action, values};
use crate::control::{Assignment, Kind, Outcome, PROPERTIES, Property, PropertyPath, Reading, Request, Value};
use crate::error::AppError;

/// Shows properties of a running show
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 get
  ocp809 get brightness.percent screen:left/color.gamma
  ocp809 get --list                  all properties with their help; needs no running show")]
pub(super) struct GetArgs {
    /// Properties, as PATH or screen:ID/PATH; all when left out
    #[arg(value_name = "PATH", value_parser = values::parsed::<PropertyPath>)]
    paths: Vec<PropertyPath>,
    /// Lists what there is, with ranges and help, instead of asking a show
    #[arg(long, conflicts_with = "paths")]
    list: bool,
}

/// Changes properties of a running show: all or none
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 set brightness.percent=35
  ocp809 set color.temperature_k=6500 color.duv=0.002 --fade 3000
  ocp809 set screen:left/color.gain.red=97.5")]
pub(super) struct SetArgs {
    /// Properties and their new values
    #[arg(value_name = "PATH=VALUE", value_parser = values::setting, required = true)]
    settings: Vec<(PropertyPath, Value)>,
    /// How long the change takes, in milliseconds; only numbers that fade take time
    #[arg(long = "fade", value_name = "MS", default_value_t = 0)]
    fade_ms: u32,
}

pub(super) fn get(args: GetArgs, console: &mut Console<'_>) -> Result<(), AppError> {
    if args.list {
        return list(console);
    }
    let Outcome::Done(readings) = show_action::send(Request::Get(args.paths), console)? else { return Ok(()) };
    if console.json {
        return console.document(&readings);
    }
    readings.iter().try_for_each(|reading| console.line(shown(reading)))
}

fn shown(reading: &Reading) -> String {
    let property = reading.path.property.property();
    let asked = property.display(&reading.asked);
    if reading.asked == reading.actual {
        return format!("{} = {asked}", reading.path);
    }
    format!("{} = {asked}, in effect {}", reading.path, property.display(&reading.actual))
}

pub(super) fn set(args: SetArgs, console: &mut Console<'_>) -> Result<(), AppError> {
    let assign = |(path, value)| Assignment { path, value, fade_ms: args.fade_ms };
    let outcome = show_action::send(Request::Set(args.settings.into_iter().map(assign).collect()), console)?;
    show_action::report(&outcome, console)
}

fn list(console: &mut Console<'_>) -> Result<(), AppError> {
    if console.json {
        let rows: Vec<_> = PROPERTIES.iter().map(|row| json!({ "property": row, "default": row.default_value() })).collect();
        return console.document(&rows);
    }
    for row in PROPERTIES {
        console.line(format_args!("{}  {}", row.path, range(row)))?;
        console.line(format_args!("    {}", row.help))?;
    }
    Ok(())
}

/// What a property takes, and what it starts with.
fn range(row: &Property) -> String {
    let default = row.display(&row.default_value());
    match row.kind {
        Kind::Switch { .. } => format!("on or off, at first {default}"),
        Kind::Number { min, max, unset, .. } => {
            let or = unset.map(|word| format!(" or {word}")).unwrap_or_default();
            let sign = row.unit.sign();
            format!("{min} to {max}{}{sign}{or}, at first {default}", if sign.is_empty() || sign == "%" { "" } else { " " })
        }
        Kind::Choice { options, .. } => {
            let words: Vec<_> = options.iter().map(|option| option.word).collect();
            format!("{}, at first {default}", words.join(" | "))
        }
        Kind::Text { .. } => format!("text, at first {default}"),
    }
}
