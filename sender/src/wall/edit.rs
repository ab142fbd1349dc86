//! Edits of a whole wall: turn, move and replace cabinets by row, column, group or name.
//!
//! Each edit takes a document and gives a new one, so that undo is keeping the old one. An edit does not judge the result:
//! [`super::Wall::from_spec`] does, with all its problems at once.

use std::collections::BTreeSet;

use super::spec::{CabinetSpec, WallSpec};
use crate::geometry::{Orientation, PixelPoint, PixelRect, Rotation};
use crate::ids::{CabinetId, CabinetModelId, GroupId, ScreenId};

/// Which cabinets an edit is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// The cabinets of a screen whose top edges lie in one line; rows are counted from 1 at the top.
    Row {
        /// The screen; may be left out where there is only one.
        screen: Option<ScreenId>,
        /// From 1 at the top.
        number: usize,
    },
    /// The cabinets of a screen whose left edges lie in one line; columns are counted from 1 at the left.
    Column {
        /// The screen; may be left out where there is only one.
        screen: Option<ScreenId>,
        /// From 1 at the left.
        number: usize,
    },
    /// The cabinets of a group.
    Group(GroupId),
    /// Named cabinets.
    Cabinets(Vec<CabinetId>),
    /// All cabinets of a screen.
    Screen(ScreenId),
}

/// What a turn does to several cabinets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pivot {
    /// Each cabinet turns where it hangs: its top left corner stays.
    Each,
    /// All turn together like one board, whose top left corner stays.
    Together,
}

/// What changes when a cabinet is exchanged. Its name, place and wiring stay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replacement {
    /// Serial number of the new card.
    pub serial: Option<String>,
    /// The new cabinet's sticker.
    pub asset_label: Option<String>,
    /// Its model, where it is another one.
    pub model: Option<CabinetModelId>,
}

/// Why an edit is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The selection names a cabinet that does not exist.
    #[error("there is no cabinet \"{id}\"")]
    UnknownCabinet {
        /// As given.
        id: CabinetId,
    },
    /// The selection names a screen that does not exist.
    #[error("there is no screen \"{id}\"; there are: {}", known.iter().map(ScreenId::as_str).collect::<Vec<_>>().join(", "))]
    UnknownScreen {
        /// As given.
        id: ScreenId,
        /// All screens.
        known: Vec<ScreenId>,
    },
    /// The wall has several screens and the selection does not say which.
    #[error("the wall has {} screens; name one of: {}", known.len(), known.iter().map(ScreenId::as_str).collect::<Vec<_>>().join(", "))]
    WhichScreen {
        /// All screens.
        known: Vec<ScreenId>,
    },
    /// The screen has no such row or column.
    #[error("screen {screen} has {count} {}, counted from 1; there is no {number}", if *rows { "rows" } else { "columns" })]
    NoLine {
        /// The screen.
        screen: ScreenId,
        /// Rows, not columns.
        rows: bool,
        /// As given.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// No cabinet belongs to the group.
    #[error("no cabinet belongs to the group \"{group}\"; add `groups = [\"{group}\"]` to its cabinets")]
    EmptyGroup {
        /// As given.
        group: GroupId,
    },
    /// No cabinet was named, or the screen has none.
    #[error("no cabinet is selected; name at least one")]
    NothingSelected,
    /// Cabinets on two screens cannot turn together.
    #[error(
        "cabinets on the screens {first} and {second} cannot turn together; turn each where it hangs, or one screen at a time"
    )]
    TwoScreens {
        /// Screen of the first cabinet.
        first: ScreenId,
        /// Another one.
        second: ScreenId,
    },
    /// A cabinet would leave the raster of all screens.
    #[error("cabinet {cabinet} would stand at column {x}, row {y}; the smallest position is 0, 0")]
    OffScreen {
        /// The cabinet.
        cabinet: CabinetId,
        /// Column.
        x: i64,
        /// Row.
        y: i64,
    },
    /// A cabinet's model or rotation is wrong, so that its size is not known.
    #[error("the size of cabinet {cabinet} is not known; correct its model \"{model}\" and its rotation first")]
    SizeUnknown {
        /// The cabinet.
        cabinet: CabinetId,
        /// Its model.
        model: CabinetModelId,
    },
}

/// Turns the selected cabinets clockwise.
///
/// # Errors
/// When the selection is empty or unclear, or a cabinet's size is not known.
pub fn rotate(spec: &WallSpec, selection: &Selection, rotation: Rotation, pivot: Pivot) -> Result<WallSpec, EditError> {
    turn(spec, selection, Orientation { mirror: false, rotation }, pivot)
}

/// Mirrors the selected cabinets left to right.
///
/// # Errors
/// When the selection is empty or unclear, or a cabinet's size is not known.
pub fn mirror(spec: &WallSpec, selection: &Selection, pivot: Pivot) -> Result<WallSpec, EditError> {
    turn(spec, selection, Orientation { mirror: true, rotation: Rotation::Deg0 }, pivot)
}

/// Moves the selected cabinets by a number of columns and rows.
///
/// # Errors
/// When the selection is empty or unclear, or a cabinet would get a negative position.
pub fn shift(spec: &WallSpec, selection: &Selection, columns: i64, rows: i64) -> Result<WallSpec, EditError> {
    let selected = select(spec, selection)?;
    let mut edited = spec.clone();
    for cabinet in pick_mut(&mut edited, &selected) {
        let (x, y) = (i64::from(cabinet.x).saturating_add(columns), i64::from(cabinet.y).saturating_add(rows));
        let off_screen = || EditError::OffScreen { cabinet: cabinet.id.clone(), x, y };
        let position = u32::try_from(x).ok().zip(u32::try_from(y).ok()).ok_or_else(off_screen)?;
        (cabinet.x, cabinet.y) = position;
    }
    Ok(edited)
}

/// Moves one cabinet to a position on its screen.
///
/// # Errors
/// When there is no such cabinet.
pub fn move_to(spec: &WallSpec, cabinet: &CabinetId, to: PixelPoint) -> Result<WallSpec, EditError> {
    let selected = select(spec, &Selection::Cabinets(vec![cabinet.clone()]))?;
    let mut edited = spec.clone();
    for cabinet in pick_mut(&mut edited, &selected) {
        (cabinet.x, cabinet.y) = (to.x, to.y);
    }
    Ok(edited)
}

/// Puts another cabinet in the place of one.
///
/// # Errors
/// When there is no such cabinet.
pub fn replace(spec: &WallSpec, cabinet: &CabinetId, by: &Replacement) -> Result<WallSpec, EditError> {
    let selected = select(spec, &Selection::Cabinets(vec![cabinet.clone()]))?;
    let mut edited = spec.clone();
    for cabinet in pick_mut(&mut edited, &selected) {
        cabinet.serial.clone_from(&by.serial);
        cabinet.asset_label.clone_from(&by.asset_label);
        if let Some(model) = &by.model {
            cabinet.model = model.clone();
        }
    }
    Ok(edited)
}

/// Positions of the selected cabinets in the document; never empty.
///
/// # Errors
/// When nothing is selected or the selection is unclear.
pub fn select(spec: &WallSpec, selection: &Selection) -> Result<BTreeSet<usize>, EditError> {
    let positions = |wanted: &dyn Fn(&CabinetSpec) -> bool| {
        let cabinets = spec.cabinets.iter().enumerate();
        cabinets.filter(|(_, cabinet)| wanted(cabinet)).map(|(position, _)| position).collect::<BTreeSet<_>>()
    };
    let selected = match selection {
        Selection::Row { screen, number } => {
            let line = line(spec, screen.as_ref(), *number, true)?;
            positions(&|c| c.screen == line.0 && c.y == line.1)
        }
        Selection::Column { screen, number } => {
            let line = line(spec, screen.as_ref(), *number, false)?;
            positions(&|c| c.screen == line.0 && c.x == line.1)
        }
        Selection::Group(group) => Some(positions(&|c| c.groups.contains(group)))
            .filter(|found| !found.is_empty())
            .ok_or_else(|| EditError::EmptyGroup { group: group.clone() })?,
        Selection::Cabinets(ids) => ids.iter().map(|id| position_of(spec, id)).collect::<Result<_, _>>()?,
        Selection::Screen(id) => {
            let screen = the_screen(spec, Some(id))?;
            positions(&|c| c.screen == screen)
        }
    };
    if selected.is_empty() { Err(EditError::NothingSelected) } else { Ok(selected) }
}

fn position_of(spec: &WallSpec, id: &CabinetId) -> Result<usize, EditError> {
    spec.cabinets.iter().position(|c| c.id == *id).ok_or_else(|| EditError::UnknownCabinet { id: id.clone() })
}

/// The screen that is meant.
fn the_screen(spec: &WallSpec, given: Option<&ScreenId>) -> Result<ScreenId, EditError> {
    let known = || spec.screens.iter().map(|s| s.id.clone()).collect::<Vec<_>>();
    match (given, spec.screens.as_slice()) {
        (None, [only]) => Ok(only.id.clone()),
        (None, _) => Err(EditError::WhichScreen { known: known() }),
        (Some(id), screens) if screens.iter().any(|s| s.id == *id) => Ok(id.clone()),
        (Some(id), _) => Err(EditError::UnknownScreen { id: id.clone(), known: known() }),
    }
}

/// The screen and the first pixel row (or column) of its `number`th row (or column) of cabinets.
fn line(spec: &WallSpec, screen: Option<&ScreenId>, number: usize, rows: bool) -> Result<(ScreenId, u32), EditError> {
    let screen = the_screen(spec, screen)?;
    let on_screen = spec.cabinets.iter().filter(|c| c.screen == screen);
    let starts: BTreeSet<u32> = on_screen.map(|c| if rows { c.y } else { c.x }).collect();
    match number.checked_sub(1).and_then(|index| starts.iter().nth(index)) {
        Some(&start) => Ok((screen, start)),
        None => Err(EditError::NoLine { screen, rows, number, count: starts.len() }),
    }
}

fn pick_mut<'a>(spec: &'a mut WallSpec, selected: &'a BTreeSet<usize>) -> impl Iterator<Item = &'a mut CabinetSpec> {
    spec.cabinets.iter_mut().enumerate().filter(|(position, _)| selected.contains(position)).map(|(_, cabinet)| cabinet)
}

fn turn(spec: &WallSpec, selection: &Selection, by: Orientation, pivot: Pivot) -> Result<WallSpec, EditError> {
    let selected = select(spec, selection)?;
    let mut edited = spec.clone();
    if pivot == Pivot::Together {
        let board = bounding_box(spec, &selected)?;
        for cabinet in pick_mut(&mut edited, &selected) {
            let rect = rect_of(spec, cabinet)?;
            (cabinet.x, cabinet.y) = turned_corner(board, rect, by);
        }
    }
    for cabinet in pick_mut(&mut edited, &selected) {
        let rotation = Rotation::from_degrees(cabinet.rotation).ok_or_else(|| size_unknown(cabinet))?;
        let turned = Orientation { mirror: cabinet.mirror, rotation }.inside(by);
        (cabinet.mirror, cabinet.rotation) = (turned.mirror, turned.rotation.degrees());
    }
    Ok(edited)
}

/// The top left corner of `rect` after the board around it turned about its own top left corner.
fn turned_corner(board: PixelRect, rect: PixelRect, by: Orientation) -> (u32, u32) {
    let (x, y) = (rect.x - board.x, rect.y - board.y);
    let a = by.place(PixelPoint::new(x, y), board.size());
    let b = by.place(PixelPoint::new(x + rect.width - 1, y + rect.height - 1), board.size());
    (board.x.saturating_add(a.x.min(b.x)), board.y.saturating_add(a.y.min(b.y)))
}

/// The rectangle around the selected cabinets, which must lie on one screen.
fn bounding_box(spec: &WallSpec, selected: &BTreeSet<usize>) -> Result<PixelRect, EditError> {
    let mut cabinets = selected.iter().filter_map(|&position| spec.cabinets.get(position));
    let Some(first) = cabinets.next() else { return Ok(PixelRect::default()) };
    let mut around = rect_of(spec, first)?;
    for cabinet in cabinets {
        if cabinet.screen != first.screen {
            return Err(EditError::TwoScreens { first: first.screen.clone(), second: cabinet.screen.clone() });
        }
        around = union(around, rect_of(spec, cabinet)?);
    }
    Ok(around)
}

/// The smallest rectangle around both, which end within 32 bits.
fn union(a: PixelRect, b: PixelRect) -> PixelRect {
    let (x, y) = (a.x.min(b.x), a.y.min(b.y));
    let right = (a.x + a.width).max(b.x + b.width);
    let bottom = (a.y + a.height).max(b.y + b.height);
    PixelRect::new(x, y, right - x, bottom - y)
}

/// The rectangle of a cabinet, if its model and rotation are known and it ends within 32 bits.
fn rect_of(spec: &WallSpec, cabinet: &CabinetSpec) -> Result<PixelRect, EditError> {
    let model = spec.cabinet_models.iter().find(|model| model.id == cabinet.model);
    let size = model.map(|m| m.size).filter(|size| size.area() > 0);
    let placed = size.zip(Rotation::from_degrees(cabinet.rotation)).map(|(size, rotation)| {
        let placed = Orientation { mirror: cabinet.mirror, rotation }.placed_size(size);
        PixelRect::new(cabinet.x, cabinet.y, placed.width, placed.height)
    });
    let fits = |rect: &PixelRect| u32::try_from(rect.right().max(rect.bottom())).is_ok();
    placed.filter(fits).ok_or_else(|| size_unknown(cabinet))
}

fn size_unknown(cabinet: &CabinetSpec) -> EditError {
    EditError::SizeUnknown { cabinet: cabinet.id.clone(), model: cabinet.model.clone() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::geometry::PixelSize;
    use crate::slice::coverage;
    use crate::wall::arbitrary::walls;
    use crate::wall::layout::{Grid, raster};
    use crate::wall::{Addressing, Wall};

    /// Three rows of two cabinets of 8 x 4 pixels: A1 A2, B1 B2, C1 C2.
    fn small() -> WallSpec {
        raster(&Grid::new(2, 3, PixelSize::new(8, 4))).unwrap()
    }

    fn named(ids: &[&str]) -> Selection {
        Selection::Cabinets(ids.iter().copied().map(CabinetId::from).collect())
    }

    fn hang(spec: &WallSpec) -> Vec<(&str, u32, u32, u16, bool)> {
        spec.cabinets.iter().map(|c| (c.id.as_str(), c.x, c.y, c.rotation, c.mirror)).collect()
    }

    #[test]
    fn a_row_that_hangs_upside_down_is_one_edit() {
        let row = Selection::Row { screen: None, number: 2 };
        let edited = rotate(&small(), &row, Rotation::Deg180, Pivot::Each).unwrap();
        let expected = [("A1", 0, 0, 0), ("A2", 8, 0, 0), ("B1", 0, 4, 180), ("B2", 8, 4, 180), ("C1", 0, 8, 0), ("C2", 8, 8, 0)];
        assert_eq!(hang(&edited), expected.map(|(id, x, y, turn)| (id, x, y, turn, false)), "each turns in its place");
        coverage::check(&edited);
    }

    #[test]
    fn a_board_turns_as_a_whole() {
        let edited = rotate(&small(), &named(&["A1", "A2"]), Rotation::Deg90, Pivot::Together).unwrap();
        assert_eq!(hang(&edited)[..2], [("A1", 0, 0, 90, false), ("A2", 0, 8, 90, false)], "a row becomes a column");
        let column = Selection::Column { screen: Some(ScreenId::from("main")), number: 2 };
        let edited = mirror(&small(), &column, Pivot::Together).unwrap();
        assert_eq!(hang(&edited)[5], ("C2", 8, 8, 0, true), "a single column mirrors in its place");
    }

    #[test]
    fn cabinets_move_and_are_replaced() {
        let edited = shift(&small(), &named(&["B1", "C1"]), 3, -4).unwrap();
        assert_eq!((edited.cabinets[2].x, edited.cabinets[2].y, edited.cabinets[4].y), (3, 0, 4), "both move");
        let error = shift(&small(), &named(&["A2"]), -9, i64::MIN).expect_err("off the screen");
        assert_eq!(
            error.to_string(),
            format!("cabinet A2 would stand at column -1, row {}; the smallest position is 0, 0", i64::MIN)
        );
        let by = Replacement { serial: Some("77".to_owned()), ..Replacement::default() };
        let edited = replace(&small(), &CabinetId::from("C2"), &by).unwrap();
        assert_eq!(edited.cabinets[5].serial.as_deref(), Some("77"), "the new card");
        assert_eq!(CabinetSpec { serial: None, ..edited.cabinets[5].clone() }, small().cabinets[5], "all else stays");
        let edited = move_to(&small(), &CabinetId::from("A1"), PixelPoint::new(1, 2)).unwrap();
        assert_eq!((edited.cabinets[0].x, edited.cabinets[0].y), (1, 2), "to a position");
    }

    #[test]
    fn unclear_selections_are_refused() {
        let mut spec = small();
        let refused = |spec: &WallSpec, selection: Selection| select(spec, &selection).expect_err("refused").to_string();
        let row = |number| Selection::Row { screen: None, number };
        assert_eq!(refused(&spec, row(0)), "screen main has 3 rows, counted from 1; there is no 0");
        assert_eq!(refused(&spec, row(4)), "screen main has 3 rows, counted from 1; there is no 4");
        assert_eq!(refused(&spec, named(&["A1", "Z9"])), "there is no cabinet \"Z9\"");
        assert_eq!(refused(&spec, named(&[])), "no cabinet is selected; name at least one");
        assert!(refused(&spec, Selection::Group(GroupId::from("choir"))).contains("add `groups = [\"choir\"]`"), "a group");
        assert!(refused(&spec, Selection::Screen(ScreenId::from("side"))).contains("there are: main"), "a screen");
        spec.screens.push(spec.screens[0].clone());
        assert!(refused(&spec, row(1)).contains("the wall has 2 screens"), "which of them");
        spec.cabinets[1].rotation = 7;
        let error = mirror(&spec, &named(&["A2"]), Pivot::Together).expect_err("its size is not known");
        assert!(matches!(error, EditError::SizeUnknown { .. }), "{error}");
    }

    fn some_cabinets(spec: &WallSpec, mask: u32) -> Selection {
        let chosen = |i: usize| i == 0 || mask >> (i % 32) & 1 == 1;
        let first = &spec.cabinets[0].screen;
        let cabinets = spec.cabinets.iter().enumerate().filter(|(i, c)| chosen(*i) && c.screen == *first);
        Selection::Cabinets(cabinets.map(|(_, c)| c.id.clone()).collect())
    }

    proptest! {
        #[test]
        fn turns_compose_to_nothing(spec in walls(), mask: u32, together: bool) {
            let (selection, pivot) = (some_cabinets(&spec, mask), if together { Pivot::Together } else { Pivot::Each });
            let quarter = |spec: &WallSpec| rotate(spec, &selection, Rotation::Deg90, pivot).unwrap();
            prop_assert_eq!(&quarter(&quarter(&quarter(&quarter(&spec)))), &spec, "four quarters");
            let flip = |spec: &WallSpec| mirror(spec, &selection, pivot).unwrap();
            prop_assert_eq!(&flip(&flip(&spec)), &spec, "two mirrors");
        }

        #[test]
        fn half_turns_and_mirrors_keep_a_wall_consistent(mut spec in walls(), mask: u32, half: bool) {
            // Canvas ports refuse turned cabinets, so all ports address by id here.
            spec.ports.iter_mut().for_each(|port| {
                port.addressing = Addressing::Id;
                port.protocol = crate::wall::ProtocolKind::Ocp809;
                port.colorlight = None;
            });
            let whole = Selection::Screen(spec.cabinets[0].screen.clone());
            let by = Orientation { mirror: !half, rotation: if half { Rotation::Deg180 } else { Rotation::Deg0 } };
            coverage::check(&turn(&spec, &whole, by, Pivot::Together).unwrap());
            coverage::check(&turn(&spec, &some_cabinets(&spec, mask), by, Pivot::Each).unwrap());
        }

        #[test]
        fn any_edit_ends_in_a_wall_or_in_named_problems(spec in walls(), mask: u32, turns in 0_u8..4, dx in -20_i64..20, dy in -20_i64..20) {
            let selection = some_cabinets(&spec, mask);
            let turned = rotate(&spec, &selection, Rotation::from_quarter_turns(turns), Pivot::Each).unwrap();
            let moved = shift(&turned, &selection, dx, dy).unwrap_or(turned);
            match Wall::from_spec(&moved) {
                Ok(_) => coverage::check(&moved),
                Err(problems) => prop_assert!(!problems.problems.is_empty(), "something is named"),
            }
        }
    }
}
