//! `ocp809 wall edit`: turn, mirror, move and exchange cabinets in a wall file, with its comments kept.

use std::path::PathBuf;

use ocp809_sender::geometry::{PixelPoint, Rotation};
use ocp809_sender::ids::{CabinetId, CabinetModelId, GroupId, ScreenId};
use ocp809_sender::wall::WallSpec;
use ocp809_sender::wall::edit::{self, EditError, Pivot, Replacement, Selection};
use serde_json::json;

use crate::cli::{Console, values};
use crate::config::{edited, load_wall_spec, parse_wall, write_atomically};
use crate::error::AppError;

/// Turns, mirrors, moves or exchanges cabinets; comments in the file stay
///
/// A wall that would be wrong afterwards is not written, unless it was wrong before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  ocp809 wall edit stage.toml --row 2 --rotate 180           a row that hangs upside down
  ocp809 wall edit stage.toml --screen left --mirror --together
  ocp809 wall edit stage.toml --cabinet B3 --move 0,128
  ocp809 wall edit stage.toml --cabinet B3 --serial OCP-0042  another card in its place")]
pub(super) struct Args {
    /// The wall
    #[arg(value_name = "WALL")]
    file: PathBuf,
    #[command(flatten)]
    selected: Selected,
    #[command(flatten)]
    change: Change,
    /// Turns or mirrors all selected cabinets like one board, instead of each where it hangs
    #[arg(long)]
    together: bool,
    /// Writes another file instead of this one
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Shows what would change and writes nothing
    #[arg(long)]
    dry_run: bool,
}

/// Which cabinets.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Selected {
    /// A row of cabinets, counted from 1 at the top
    #[arg(long, value_name = "N", conflicts_with_all = ["column", "group", "cabinets"])]
    row: Option<usize>,
    /// A column of cabinets, counted from 1 at the left
    #[arg(long, value_name = "N", conflicts_with_all = ["group", "cabinets"])]
    column: Option<usize>,
    /// The cabinets of a group
    #[arg(long, value_name = "ID", conflicts_with_all = ["cabinets", "screen"])]
    group: Option<String>,
    /// A cabinet; can be repeated
    #[arg(long = "cabinet", value_name = "ID", conflicts_with = "screen")]
    cabinets: Vec<String>,
    /// All cabinets of a screen, or the screen of --row and --column
    #[arg(long, value_name = "ID")]
    screen: Option<String>,
}

/// What happens to them.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Change {
    /// Turns them clockwise: 90, 180 or 270 degrees
    #[arg(long, value_name = "DEGREES", value_parser = rotation)]
    rotate: Option<Rotation>,
    /// Mirrors them left to right
    #[arg(long)]
    mirror: bool,
    /// Moves them by columns and rows of pixels
    #[arg(long = "move", value_name = "COLUMNS,ROWS", value_parser = values::step, allow_hyphen_values = true)]
    by: Option<(i64, i64)>,
    /// Moves one cabinet to a column and row of its screen
    #[arg(long, value_name = "COLUMN,ROW", value_parser = values::step)]
    to: Option<(i64, i64)>,
    /// The serial number of the card that is now in one cabinet
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,
    /// The sticker of the cabinet that now hangs in its place
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// The model of the cabinet that now hangs in its place
    #[arg(long, value_name = "ID")]
    model: Option<String>,
}

fn rotation(text: &str) -> Result<Rotation, String> {
    let degrees = text.parse().ok().filter(|&degrees: &u16| degrees != 0);
    degrees.and_then(Rotation::from_degrees).ok_or_else(|| "write 90, 180 or 270".to_owned())
}

pub(super) fn run(args: &Args, console: &mut Console<'_>) -> Result<(), AppError> {
    let loaded = load_wall_spec(&args.file)?;
    let selection = args.selected.selection();
    let new = change(&loaded.spec, &selection, args)?;
    let text = edited(&loaded.text, &loaded.spec, &new)?;
    let name = args.file.display().to_string();
    // A wall that was wrong before may be on its way to being right.
    if parse_wall(&name, &loaded.text).is_ok() {
        parse_wall(&name, &text)?;
    }
    let out = args.out.as_ref().unwrap_or(&args.file);
    if !args.dry_run {
        write_atomically(out, text.as_bytes())?;
    }
    report(&loaded.spec, &new, console)
}

impl Selected {
    fn selection(&self) -> Selection {
        let screen = self.screen.as_deref().map(ScreenId::from);
        match (self.row, self.column, &self.group, screen) {
            (Some(number), _, _, screen) => Selection::Row { screen, number },
            (_, Some(number), _, screen) => Selection::Column { screen, number },
            (_, _, Some(group), _) => Selection::Group(GroupId::from(group.as_str())),
            (_, _, _, Some(screen)) => Selection::Screen(screen),
            (None, None, None, None) => {
                Selection::Cabinets(self.cabinets.iter().map(|id| CabinetId::from(id.as_str())).collect())
            }
        }
    }
}

fn change(spec: &WallSpec, selection: &Selection, args: &Args) -> Result<WallSpec, AppError> {
    let pivot = if args.together { Pivot::Together } else { Pivot::Each };
    let Change { rotate, mirror, by, to, serial, label, model } = &args.change;
    let new = match (rotate, mirror, by, to) {
        (Some(rotation), ..) => edit::rotate(spec, selection, *rotation, pivot)?,
        (_, true, ..) => edit::mirror(spec, selection, pivot)?,
        (_, _, Some((columns, rows)), _) => edit::shift(spec, selection, *columns, *rows)?,
        (_, _, _, Some((x, y))) => {
            let cabinet = the_cabinet(selection, "--to")?;
            let off_screen = || EditError::OffScreen { cabinet: cabinet.clone(), x: *x, y: *y };
            let corner = u32::try_from(*x).ok().zip(u32::try_from(*y).ok()).ok_or_else(off_screen)?;
            edit::move_to(spec, &cabinet, PixelPoint::new(corner.0, corner.1))?
        }
        (None, false, None, None) => {
            let cabinet = the_cabinet(selection, "--serial, --label and --model")?;
            let now = spec.cabinets.iter().find(|other| other.id == cabinet);
            let by = Replacement {
                serial: serial.clone().or_else(|| now.and_then(|now| now.serial.clone())),
                asset_label: label.clone().or_else(|| now.and_then(|now| now.asset_label.clone())),
                model: model.as_deref().map(CabinetModelId::from),
            };
            edit::replace(spec, &cabinet, &by)?
        }
    };
    Ok(new)
}

/// The one cabinet that is selected.
fn the_cabinet(selection: &Selection, option: &str) -> Result<CabinetId, AppError> {
    let only = match selection {
        Selection::Cabinets(ids) => match ids.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        },
        Selection::Row { .. } | Selection::Column { .. } | Selection::Group(_) | Selection::Screen(_) => None,
    };
    only.ok_or_else(|| AppError::Usage {
        problem: format!("{option} is about one cabinet"),
        way_out: "name it with --cabinet ID".to_owned(),
    })
}

/// The cabinets that have changed, as they hang now.
fn report(old: &WallSpec, new: &WallSpec, console: &mut Console<'_>) -> Result<(), AppError> {
    let pairs = old.cabinets.iter().zip(&new.cabinets);
    let changed: Vec<_> = pairs.filter(|(old, new)| old != new).map(|(_, new)| new).collect();
    if console.json {
        return console.document(&json!({ "changed": changed }));
    }
    for cabinet in &changed {
        let mirrored = if cabinet.mirror { ", mirrored" } else { "" };
        let (id, x, y, rotation) = (&cabinet.id, cabinet.x, cabinet.y, cabinet.rotation);
        let serial = cabinet.serial.as_ref().map(|serial| format!(", serial {serial}")).unwrap_or_default();
        let model = &cabinet.model;
        console.line(format_args!("{id}: {model} at column {x}, row {y}, turned by {rotation} degrees{mirrored}{serial}"))?;
    }
    if changed.is_empty() { console.line("nothing has changed") } else { Ok(()) }
}
