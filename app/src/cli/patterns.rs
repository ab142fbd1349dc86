//! `ocp809 patterns`: which test patterns there are.

use ocp809_calibration::pattern::catalog::{FULL_FLAG, FULL_HELP, PATTERNS, PatternInfo};
use serde_json::json;

use super::Console;
use crate::control::nearest;
use crate::error::AppError;

/// Lists the test patterns with their parameters
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 patterns
  ocp809 patterns grey
  ocp809 do pattern grey 20%
  ocp809 run stage.toml --source 'pattern:grey?level=20'")]
pub(super) struct Args {
    /// Only this one
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let chosen: Vec<&PatternInfo> =
        PATTERNS.iter().filter(|info| args.name.as_deref().is_none_or(|name| name == info.name)).collect();
    if let (Some(name), true) = (&args.name, chosen.is_empty()) {
        let meant = nearest(name, PATTERNS.iter().map(|info| info.name)).unwrap_or_default();
        return Err(AppError::Usage {
            problem: format!("there is no pattern {name:?}"),
            way_out: format!("did you mean {meant}? `ocp809 patterns` lists them"),
        });
    }
    if console.json {
        let documents: Vec<_> = chosen.iter().map(|info| document(info)).collect();
        return console.document(&documents);
    }
    for info in chosen {
        console.line(format_args!("{:<16}{}", info.name, info.help))?;
        for parameter in info.parameters {
            let (expectation, default) = (parameter.kind.expectation(), parameter.kind.default_text());
            console.line(format_args!("    {:<12}{}: {expectation}, {default} when left out", parameter.key, parameter.help))?;
        }
    }
    console.line(format_args!("\nEvery pattern takes `{FULL_FLAG}`: {FULL_HELP}."))
}

fn document(info: &PatternInfo) -> serde_json::Value {
    let parameters: Vec<_> = info
        .parameters
        .iter()
        .map(|parameter| {
            json!({
                "key": parameter.key,
                "help": parameter.help,
                "takes": parameter.kind.expectation(),
                "default": parameter.kind.default_text(),
            })
        })
        .collect();
    json!({ "name": info.name, "help": info.help, "parameters": parameters })
}
