//! `ocp809 wall show`: the wall as a picture for those who hang and cable it.

use std::path::PathBuf;

use ocp809_sender::wall::diagram::View;
use serde_json::json;

use crate::cli::{Console, wall_picture};
use crate::config::load_wall;
use crate::error::AppError;
use crate::picture_file;

/// Draws a wall: cabinets with their numbers, coloured by port, and the way of the cable
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall show stage.toml --out stage.png
  ocp809 wall show stage.toml --back --out stage-back.png       for those who cable it")]
pub(super) struct Args {
    /// The wall
    #[arg(value_name = "WALL")]
    file: PathBuf,
    /// The picture to write; the wall's name with .png when left out
    #[arg(long, value_name = "PNG")]
    out: Option<PathBuf>,
    /// The longer side of the picture, in pixels
    #[arg(long, value_name = "PX", default_value_t = 1600, value_parser = clap::value_parser!(u32).range(256..=8192))]
    size: u32,
    /// As seen from behind
    #[arg(long)]
    back: bool,
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let wall = load_wall(&args.file)?.wall;
    let view = if args.back { View::Back } else { View::Front };
    let out = args.out.clone().unwrap_or_else(|| args.file.with_extension("png"));
    let picture = wall_picture::draw(&wall, view, wall_picture::scale_for(&wall, args.size));
    picture_file::save(&picture, &out).map_err(|source| AppError::Picture { path: out.clone(), source })?;
    let (width, height) = picture.dimensions();
    if console.json {
        return console.document(&json!({ "picture": out, "width": width, "height": height }));
    }
    console.line(format_args!("{}: {width}x{height}", out.display()))
}
