//! `ocp809 wall new`: a rectangular wall of equal cabinets.

use std::path::PathBuf;

use clap::ValueEnum;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::layout::{self, CableOrder, Grid};
use ocp809_sender::wall::{LinkSpec, LinkTransfer, ProtocolKind, WireFormat};
use serde_json::json;

use super::unwritten;
use crate::cli::{Console, values};
use crate::config::{parse_wall, to_text, write_atomically};
use crate::error::AppError;

/// Makes the file of a rectangular wall of equal cabinets
///
/// Holes, half tiles and several screens are edits of the file that comes out.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall new stage.toml --cabinets 4x2 --module 128x128
  ocp809 wall new stage.toml --cabinets 15x9 --module 64x64 --modules 2x2 --ports 4 --order column
  ocp809 wall new foyer.toml --cabinets 2x2 --module 64x32 --modules 1x2 --protocol colorlight")]
pub(super) struct Args {
    /// The file to write
    file: PathBuf,
    /// Cabinets side by side x on top of each other
    #[arg(long, value_name = "COLUMNSxROWS", value_parser = values::size)]
    cabinets: PixelSize,
    /// Pixels of one module
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = values::size)]
    module: PixelSize,
    /// Modules of one cabinet
    #[arg(long, value_name = "COLUMNSxROWS", default_value = "1x1", value_parser = values::size)]
    modules: PixelSize,
    /// Ports, each with an equal share of the cabinets along the cable
    #[arg(long, value_name = "N", default_value_t = 1)]
    ports: u16,
    /// The way of the cable, seen from the front
    #[arg(long, value_enum, default_value_t = Order::Serpentine)]
    order: Order,
    /// What the ports speak: ocp809 or colorlight
    #[arg(long, value_name = "PROTOCOL", default_value = "ocp809", value_parser = values::word::<ProtocolKind>)]
    protocol: ProtocolKind,
    /// Link speed in Mbit/s: 1000, 2500, 5000, 10000 or 25000
    #[arg(long, value_name = "MBIT", default_value_t = 1000)]
    rate: u32,
    /// Largest Ethernet payload in bytes, 1500 to 9000
    #[arg(long, value_name = "BYTES", default_value_t = 1500)]
    mtu: u16,
    /// Bits per sample on the wire: rgb8, rgb10, rgb12 or rgb16
    #[arg(long, value_name = "FORMAT", default_value = "rgb8", value_parser = values::word::<WireFormat>)]
    format: WireFormat,
    /// How samples become light in the cards: source, linear, power or srgb
    #[arg(long, value_name = "TRANSFER", default_value = "power", value_parser = values::word::<LinkTransfer>)]
    transfer: LinkTransfer,
    /// Distance between two LEDs in millimetres
    #[arg(long, value_name = "MM", default_value_t = 2.6)]
    pitch: f64,
    /// What people call the wall; the file's name when left out
    #[arg(long)]
    name: Option<String>,
    /// Replaces the file if it exists
    #[arg(long)]
    force: bool,
}

/// The way of the cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Order {
    /// Row by row, each from left to right
    Raster,
    /// Row by row, there and back
    Serpentine,
    /// Column by column, down and up
    Column,
}

impl From<Order> for CableOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Raster => Self::Raster,
            Order::Serpentine => Self::Serpentine,
            Order::Column => Self::Column,
        }
    }
}

pub(super) fn run(args: Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let Args { file, cabinets, module, modules, ports, order, protocol, rate, mtu, format, transfer, pitch, name, force } = args;
    if file.exists() && !force {
        return Err(AppError::Exists { path: file });
    }
    let stem = || file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let dither = transfer != LinkTransfer::Source;
    let grid = Grid {
        name: name.unwrap_or_else(stem),
        columns: cabinets.width,
        rows: cabinets.height,
        module,
        modules,
        ports,
        protocol,
        link: LinkSpec { rate_mbit: rate, mtu, format, transfer, dither, ..LinkSpec::default() },
        pitch_mm: pitch,
    };
    let text = to_text(&layout::build(&grid, order.into())?)?;
    // What a layout allows can still break a limit of walls; such a file is not written.
    let (_, wall) = parse_wall(&file.display().to_string(), &text).map_err(unwritten)?;
    write_atomically(&file, text.as_bytes())?;
    let (cabinets, pixels) = (wall.cabinets().len(), wall.pixels());
    if console.json {
        return console.document(&json!({ "file": file, "cabinets": cabinets, "pixels": pixels, "ports": wall.ports().len() }));
    }
    console.line(format_args!("{}: {cabinets} cabinets, {pixels} pixels", file.display()))
}
