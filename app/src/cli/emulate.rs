//! `ocp809 emulate`: virtual cards on a real interface.

use std::path::PathBuf;

use super::{Console, demo, values};
use crate::error::AppError;
use crate::run::options::{EmulateOptions, InterfaceChoice};

/// Plays the cards of a wall on real interfaces: for tests, rehearsals and other senders
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 emulate stage.toml --if veth1 --out shown.png
  ocp809 emulate stage.toml --if 1=veth1 --if 2=veth2 --tail 1=veth3
  ocp809 emulate stage.toml --if veth1 --bare           cards as from the factory")]
pub(super) struct Args {
    /// The wall whose cards are played
    #[arg(value_name = "WALL")]
    wall: PathBuf,
    /// The interface that the cards of a port listen on; can be repeated
    #[arg(long = "if", value_name = "[PORT=]NAME", value_parser = values::interface, required = true)]
    interfaces: Vec<InterfaceChoice>,
    /// The interface at the far end of a port's loop; can be repeated
    #[arg(long = "tail", value_name = "[PORT=]NAME", value_parser = values::interface)]
    tails: Vec<InterfaceChoice>,
    /// A picture of what the cards show, written every second and at the end
    #[arg(long, value_name = "PNG", value_parser = values::picture)]
    out: Option<PathBuf>,
    /// Ends after this time; until it is interrupted when left out
    #[arg(long, value_name = "S", value_parser = demo::seconds)]
    seconds: Option<f64>,
    /// Cards as from the factory instead of configured for the wall
    #[arg(long)]
    bare: bool,
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { wall, interfaces, tails, out, seconds, bare } = args;
    let options = EmulateOptions { wall, interfaces, tails, out, seconds, bare };
    Ok(crate::run::emulate(&options, &mut console.host(&mut |_| {}))?)
}
