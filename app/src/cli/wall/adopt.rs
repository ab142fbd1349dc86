//! `ocp809 wall adopt`: a wall file from the cards that answer.

use std::path::PathBuf;

use ocp809_sender::geometry::PixelSize;
use serde_json::json;

use super::unwritten;
use crate::cli::{Console, values};
use crate::config::{parse_wall, to_text, write_atomically};
use crate::error::AppError;
use crate::run::{AdoptOptions, DiscoverOptions, adopt};

/// Makes a wall file from the cards that answer
///
/// Each interface becomes a port of its name. What cards know of themselves is taken over: modules, scan, transfer, serial
/// numbers. Where each cabinet hangs, no card knows: the cable is laid out there and back, row by row; `wall edit` moves
/// what hangs elsewhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall adopt stage.toml --if enp3s0 --columns 4
  ocp809 wall adopt stage.toml --if enp3s0 --if enp4s0 --columns 8 --cabinet 128x128")]
pub(super) struct Args {
    /// The file to write
    file: PathBuf,
    /// The interface to ask on; can be repeated
    #[arg(long = "if", value_name = "NAME", required = true)]
    interfaces: Vec<String>,
    /// Cabinets side by side; one row per port when left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    columns: Option<u32>,
    /// Pixels of a cabinet whose card does not know it
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = values::size)]
    cabinet: Option<PixelSize>,
    /// Distance between two LEDs in millimetres
    #[arg(long, value_name = "MM", default_value_t = 2.6)]
    pitch: f64,
    /// What people call the wall; the file's name when left out
    #[arg(long)]
    name: Option<String>,
    /// Uses the named interfaces although a network may hang on them; recorded in machine.toml
    #[arg(long)]
    confirm: bool,
    /// How long answers are waited for
    #[arg(long, value_name = "MS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=60_000))]
    wait: u32,
    /// Replaces the file if it exists
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { file, interfaces, columns, cabinet, pitch, name, confirm, wait, force } = args;
    if file.exists() && !force {
        return Err(AppError::Exists { path: file });
    }
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let options = AdoptOptions { name: name.unwrap_or_else(stem), columns, cabinet, pitch_mm: pitch };
    let asked = DiscoverOptions { interfaces, confirm, wait_ms: wait };
    let text = to_text(&adopt(&asked, &options, &mut console.host_aside(&mut |_| {}))?)?;
    let (_, wall) = parse_wall(&file.display().to_string(), &text).map_err(unwritten)?;
    write_atomically(&file, text.as_bytes())?;
    let (cabinets, pixels, ports) = (wall.cabinets().len(), wall.pixels(), wall.ports().len());
    if console.json {
        return console.document(&json!({ "file": file, "cabinets": cabinets, "pixels": pixels, "ports": ports }));
    }
    console.line(format_args!("{}: {cabinets} cabinets, {pixels} pixels on {ports} ports", file.display()))
}
