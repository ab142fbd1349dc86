//! `ocp809 wall check`: what is wrong with a wall, and what its ports carry at each frame rate.

use std::path::PathBuf;

use ocp809_sender::slice::budget::{self, PortBudget, PortFull, RateLoad};
use ocp809_sender::time::Rational;
use ocp809_sender::wall::{Port, ProtocolKind, Wall};
use ocp809_sender::wire::colorlight::{GAP_UP_TO_50_FPS_US, GAP_US};
use serde_json::json;

use crate::cli::Console;
use crate::config::{LoadError, LoadedWall, load_wall};
use crate::control::rate::exact_rate;
use crate::error::AppError;

/// Reports everything that is wrong with a wall, and the load of every port
///
/// Exits with 2 if the file is wrong, and with 1 if a port cannot run at a rate that --rate asks for.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall check stage.toml
  ocp809 wall check stage.toml --rate 59.94 --rate 120
  ocp809 wall check stage.toml --json")]
pub(super) struct Args {
    /// The wall
    #[arg(value_name = "WALL")]
    file: PathBuf,
    /// A frame rate that every port must reach; can be repeated
    #[arg(long = "rate", value_name = "HZ", value_parser = rate)]
    rates: Vec<Rational>,
}

/// The rate that most sources have: a wall that does not reach it is told so.
const USUAL_HZ: f64 = 60.0;

/// Up to where Colorlight receivers are expected to show every frame, in hertz: none was tried at more.
const COLORLIGHT_HZ: f64 = 50.0;

fn rate(text: &str) -> Result<Rational, String> {
    text.parse().ok().and_then(exact_rate).ok_or_else(|| "write a frame rate such as 60 or 59.94".to_owned())
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let loaded = load_wall(&args.file)?;
    let budgets = budget::of_wall(&loaded.wall, &loaded.plan);
    let usual = exact_rate(USUAL_HZ).into_iter().filter(|_| args.rates.is_empty());
    let rates: Vec<Rational> = args.rates.iter().copied().chain(usual).collect();
    let mut full = Vec::new();
    for rate in rates {
        let found = budget::check(&loaded.wall, &loaded.plan, rate);
        full.extend(found.map_err(|source| LoadError::Slice { path: args.file.clone(), source })?);
    }
    if console.json {
        console.document(&document(args, &loaded, &budgets, &full))?;
    } else {
        console.print(text(args, &loaded, &budgets, &full))?;
    }
    // Without --rate nobody asked for one: what does not reach the usual rate is a remark.
    if args.rates.is_empty() || full.is_empty() {
        return Ok(());
    }
    Err(AppError::ChecksFailed { failed: full.len(), checks: args.rates.len() * loaded.wall.ports().len() })
}

fn text(args: &Args, loaded: &LoadedWall, budgets: &[PortBudget], full: &[PortFull]) -> String {
    let wall = &loaded.wall;
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let mut lines = vec![format!(
        "{}: {}; {}, {}, {}, {} pixels",
        args.file.display(),
        wall.name(),
        count(wall.screens().len(), "screen"),
        count(wall.cabinets().len(), "cabinet"),
        count(wall.ports().len(), "port"),
        wall.pixels()
    )];
    let rates: Vec<String> = budget::STANDARD_RATES_HZ.iter().map(|hz| format!("{:>8}", format!("{hz} Hz"))).collect();
    lines.push(format!("port        pixels  packets  bytes/frame  time/frame{}       up to", rates.concat()));
    lines.extend(budgets.iter().map(|budget| row(wall, budget)));
    lines.extend(full.iter().map(|full| if args.rates.is_empty() { format!("note: {full}") } else { full.to_string() }));
    lines.extend(notes(args, wall).into_iter().map(|note| format!("note: {note}")));
    lines.push(String::new());
    lines.join("\n")
}

/// What the figures of Colorlight ports do not say by themselves.
fn notes(args: &Args, wall: &Wall) -> Vec<String> {
    let speaks = |port: &&Port| port.protocol == ProtocolKind::Colorlight;
    let ports: Vec<_> = wall.ports().iter().filter(speaks).map(|port| port.id.to_string()).collect();
    if ports.is_empty() {
        return Vec::new();
    }
    let (ports, slow, fast) = (ports.join(", "), GAP_UP_TO_50_FPS_US / 1000, GAP_US / 1000);
    let pause = format!(
        "Colorlight ({ports}): shares and \"up to\" count the pause that receivers need before the sync packet as well, \
         {slow} ms up to 50 Hz and {fast} ms above (colorlight.gap_us sets another)"
    );
    let too_fast = args.rates.iter().filter(|rate| rate.hz() > COLORLIGHT_HZ).map(|rate| {
        format!(
            "Colorlight ({ports}): the cable may carry {:.2} Hz, but receivers are expected to show \
             {COLORLIGHT_HZ} Hz at most; try yours before you count on more",
            rate.hz()
        )
    });
    std::iter::once(pause).chain(too_fast).collect()
}

fn row(wall: &Wall, budget: &PortBudget) -> String {
    let id = wall.port(budget.port).map(|port| port.id.to_string()).unwrap_or_default();
    let load = |load: RateLoad| {
        let share = if load.fits { format!("{:.1} %", load.load_percent) } else { "full".to_owned() };
        format!("{share:>8}")
    };
    let loads: String = budget.loads().map(load).collect();
    format!(
        "{id:<8}{:>10}{:>9}{:>13}{:>12}{loads}{:>12}",
        budget.pixels,
        budget.packets,
        budget.wire_bytes,
        format!("{:.3} ms", ms(budget.wire_time_ns())),
        format!("{:.1} Hz", budget.max_rate_hz())
    )
}

#[expect(clippy::cast_precision_loss, reason = "a time for display")]
fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn document(args: &Args, loaded: &LoadedWall, budgets: &[PortBudget], full: &[PortFull]) -> serde_json::Value {
    let wall = &loaded.wall;
    let load = |load: RateLoad| json!({ "rate_hz": load.rate.hz(), "load_percent": load.load_percent, "fits": load.fits });
    let port = |budget: &PortBudget| {
        json!({
            "id": wall.port(budget.port).map(|port| port.id.to_string()),
            "pixels": budget.pixels,
            "packets": budget.packets,
            "payload_bytes": budget.payload_bytes,
            "wire_bytes": budget.wire_bytes,
            "wire_time_ms": ms(budget.wire_time_ns()),
            "max_rate_hz": budget.max_rate_hz(),
            "loads": budget.loads().map(load).collect::<Vec<_>>(),
        })
    };
    let too_full = |full: &PortFull| {
        json!({
            "port": full.port.to_string(),
            "rate_hz": full.rate.hz(),
            "text": full.to_string(),
            "ways_out": full.ways_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    json!({
        "file": args.file,
        "name": wall.name(),
        "screens": wall.screens().len(),
        "cabinets": wall.cabinets().len(),
        "pixels": wall.pixels(),
        "ports": budgets.iter().map(port).collect::<Vec<_>>(),
        "full": full.iter().map(too_full).collect::<Vec<_>>(),
        "notes": notes(args, wall),
    })
}
