//! `ocp809 run`: the headless main job.

use std::path::PathBuf;

use super::{Console, values};
use crate::config::GpuChoice;
use crate::control::{PropertyPath, Value};
use crate::error::AppError;
use crate::run::options::{InterfaceChoice, RunOptions};

/// Drives a wall until it is told to stop
///
/// A missing interface, card or source is an alarm and is tried again; --strict ends instead. The show goes on where it
/// was when it last ended, black out included. `ocp809 do`, `get`, `set` and `status` act on it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 run stage.toml --source pattern:bars
  ocp809 run evening.show.toml --if 1=enp3s0 --if 2=enp4s0
  ocp809 run stage.toml --if enp3s0 --tail enp4s0        a loop, fed from both ends
  ffmpeg -i show.mov -pix_fmt yuv420p -f yuv4mpegpipe - | ocp809 run stage.toml --source pipe:- --set brightness.percent=35")]
pub(super) struct Args {
    /// A wall.toml or a show.toml
    #[arg(value_name = "WALL|SHOW")]
    document: PathBuf,
    /// What to show: pattern:NAME, image:FILE, cmd:PROGRAM, pipe:-, or a source of the show; the last one when left out
    #[arg(long, value_name = "URI")]
    source: Option<String>,
    /// The interface of a port, in front of what machine.toml says; can be repeated
    #[arg(long = "if", value_name = "[PORT=]NAME", value_parser = values::interface)]
    interfaces: Vec<InterfaceChoice>,
    /// The interface at the far end of a port's loop, in front of what machine.toml says; can be repeated
    #[arg(long = "tail", value_name = "[PORT=]NAME", value_parser = values::interface)]
    tails: Vec<InterfaceChoice>,
    /// Uses the named interfaces although a network may hang on them; recorded in machine.toml
    #[arg(long)]
    confirm: bool,
    /// Ends where an interface, a card or the source is missing
    #[arg(long)]
    strict: bool,
    /// Pushes another sender from the wall
    #[arg(long)]
    take_over: bool,
    /// A value to start with; can be repeated
    #[arg(long = "set", value_name = "PATH=VALUE", value_parser = values::setting)]
    settings: Vec<(PropertyPath, Value)>,
    /// Where pixels are computed: auto, cpu, or a part of a GPU's name; machine.toml when left out
    #[arg(long, value_name = "CHOICE", value_parser = gpu)]
    gpu: Option<GpuChoice>,
}

fn gpu(text: &str) -> Result<GpuChoice, String> {
    match text {
        "" => Err("write auto, cpu, or a part of a GPU's name".to_owned()),
        "auto" => Ok(GpuChoice::Auto),
        "cpu" => Ok(GpuChoice::Cpu),
        name => Ok(GpuChoice::Named(name.to_owned())),
    }
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { document, source, interfaces, tails, confirm, strict, take_over, settings, gpu } = args;
    let options = RunOptions { document, source, interfaces, tails, confirm, strict, take_over, settings, gpu };
    Ok(crate::run::run(&options, &mut console.host(&mut |_| {}))?)
}
