//! Patterns that know the wall: cabinet names, ports, and a focus chart in each cabinet.
//!
//! They are drawn into the source picture, each cabinet where its screen takes its pixels from and on its own pixels only.

use ocp809_sender::geometry::{PixelPoint, PixelRect, PixelSize};
use ocp809_sender::ids::ScreenIndex;
use ocp809_sender::wall::{Cabinet, Wall};

use super::label::Label;
use super::region::{Region, covers, paint};
use super::render::Paint;
use super::{Codes, Color, Level};

/// The smallest source picture that holds every screen's part.
#[must_use]
pub fn picture_size(wall: &Wall) -> PixelSize {
    let edge = |far: fn(PixelRect) -> u64| wall.screens().iter().map(|screen| far(screen.source)).max().unwrap_or(0);
    let clip = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    PixelSize::new(clip(edge(PixelRect::right)), clip(edge(PixelRect::bottom)))
}

/// Labelled areas on black.
#[derive(Debug)]
pub(super) struct Plates(Vec<Plate>);

#[derive(Debug)]
struct Plate {
    region: Region,
    fill: Codes,
    ink: Codes,
    labels: Vec<Label>,
    /// Shows which corner is the top left one of the cabinet's own orientation.
    mark: Option<PixelRect>,
}

/// Plates that lie beside each other differ; each also differs from the white ink.
const FILLS: [[u8; 3]; 8] =
    [[0, 60, 160], [150, 30, 0], [0, 110, 30], [110, 80, 0], [110, 0, 110], [0, 100, 110], [70, 70, 70], [150, 0, 60]];

/// The colour of the n-th port, repeating after eight.
fn fill(n: usize) -> Codes {
    FILLS.get(n % FILLS.len()).copied().unwrap_or_default().map(|code| u16::from(code) * 257)
}

const INK: Codes = Color::White.at(Level::FULL);

impl Plates {
    /// Name, port and place of each cabinet.
    pub(super) fn cabinets(wall: &Wall, picture: PixelSize) -> Self {
        let mut hooked = Vec::new();
        Self::of(wall, picture, |cabinet, region| {
            let port = wall.port(cabinet.port).map_or("", |port| port.id.as_str());
            let room = region.room();
            let (upper, lower) = split(room);
            let labels =
                [label(&cabinet.id.to_string(), upper, room), label(&format!("{port} / {}", cabinet.place + 1), lower, room)];
            let fill = fill(chessboard(cabinet, region.is_rect(), &mut hooked));
            Plate { region, fill, ink: INK, labels: labels.into_iter().flatten().collect(), mark: mark(cabinet, room) }
        })
    }

    /// One colour per port, the place in the cascade in each cabinet.
    pub(super) fn ports(wall: &Wall, picture: PixelSize) -> Self {
        Self::of(wall, picture, |cabinet, region| {
            let labels = Label::centered((cabinet.place + 1).to_string(), inset(region.room())).into_iter().collect();
            Plate { region, fill: fill(usize::from(cabinet.port.0)), ink: INK, labels, mark: None }
        })
    }

    fn of(wall: &Wall, picture: PixelSize, mut plate: impl FnMut(&Cabinet, Region) -> Plate) -> Self {
        let plate = |cabinet| Region::of(wall, cabinet, picture).map(|region| plate(cabinet, region));
        Self(wall.cabinets().iter().filter_map(plate).collect())
    }
}

/// A chessboard of two fills tells neighbours apart. Outlines of cabinets that are no rectangles may overlap: `hooked` are
/// those before this one, and it takes a fill that none of them has there.
fn chessboard(cabinet: &Cabinet, is_rect: bool, hooked: &mut Vec<(ScreenIndex, PixelRect, usize)>) -> usize {
    let parity = cabinet.rect.x / cabinet.rect.width.max(1) + cabinet.rect.y / cabinet.rect.height.max(1);
    let usual = if parity.is_multiple_of(2) { 0 } else { 6 };
    if is_rect {
        return usual;
    }
    let overlaps = |rect: PixelRect| rect.intersection(cabinet.rect).is_some();
    let is_taken =
        |fill: usize| hooked.iter().any(|&(screen, rect, other)| screen == cabinet.screen && other == fill && overlaps(rect));
    let fill = [usual, 6 - usual].into_iter().chain(1..FILLS.len()).find(|&fill| !is_taken(fill)).unwrap_or(usual);
    hooked.push((cabinet.screen, cabinet.rect, fill));
    fill
}

impl Paint for Plates {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        row.fill([0; 3]);
        for plate in &self.0 {
            plate.region.draw(y, row, plate.fill, plate.ink);
            if let Some(mark) = plate.mark.filter(|&mark| covers(mark, y)) {
                paint(row, mark, plate.ink);
            }
            for label in &plate.labels {
                label.draw(y, row, plate.ink);
            }
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        false
    }
}

/// The text in an area of a plate; where its margins are too narrow for that, over the plate's whole width.
fn label(text: &str, area: PixelRect, room: PixelRect) -> Option<Label> {
    let framed = PixelRect { x: room.x + 1, width: room.width.saturating_sub(2), ..area };
    Label::centered(text.to_owned(), area).or_else(|| Label::centered(text.to_owned(), framed))
}

/// The upper two thirds and the lower third of an area, inside a margin.
fn split(area: PixelRect) -> (PixelRect, PixelRect) {
    let inner = inset(area);
    let upper = inner.height * 3 / 5;
    let gap = (inner.height / 12).min(inner.height - upper);
    let lower = PixelRect { y: inner.y + upper + gap, height: inner.height - upper - gap, ..inner };
    (PixelRect { height: upper, ..inner }, lower)
}

/// The area without a margin of an eighth on each side.
fn inset(area: PixelRect) -> PixelRect {
    let (across, down) = (area.width / 8, area.height / 8);
    PixelRect::new(area.x + across, area.y + down, area.width - 2 * across, area.height - 2 * down)
}

/// A square in the corner that is the top left one of the cabinet as it was built.
fn mark(cabinet: &Cabinet, area: PixelRect) -> Option<PixelRect> {
    let side = area.width.min(area.height) / 8;
    if side == 0 {
        return None;
    }
    let corner = cabinet.orientation.place(PixelPoint::new(0, 0), PixelSize::new(2, 2));
    let x = area.x + corner.x * (area.width - side);
    let y = area.y + corner.y * (area.height - side);
    Some(PixelRect::new(x, y, side, side))
}

/// Star, cross and fine lines in each area, as far as it is the cabinet's own.
#[derive(Debug)]
pub(super) struct Focus(Vec<(PixelRect, Region)>);

impl Focus {
    /// Black and white sectors of the star together.
    const SECTORS: u32 = 48;

    /// One chart in each cabinet; without a wall one in the middle of the picture.
    pub(super) fn new(wall: Option<&Wall>, picture: PixelSize) -> Self {
        let whole = PixelRect::new(0, 0, picture.width, picture.height);
        let regions: Vec<Region> = match wall {
            Some(wall) => wall.cabinets().iter().filter_map(|cabinet| Region::of(wall, cabinet, picture)).collect(),
            None => vec![Region::rect(whole)],
        };
        Self(regions.into_iter().map(|region| (region.bounds(), region)).collect())
    }

    /// Whether the chart of `area` is white `x`, `y` pixels from its top left corner.
    fn is_white(area: PixelRect, x: u32, y: u32) -> bool {
        let (width, height) = (area.width, area.height);
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            return true;
        }
        // Offsets from the middle in half pixels.
        let (dx, dy) = (2 * i64::from(x) + 1 - i64::from(width), 2 * i64::from(y) + 1 - i64::from(height));
        let radius = i64::from(width.min(height)) * 3 / 4;
        if dx * dx + dy * dy <= radius * radius {
            return is_white_sector(dx, dy);
        }
        if dx.unsigned_abs() <= 1 || dy.unsigned_abs() <= 1 {
            return true;
        }
        // Lines of one pixel in the corners, across in two of them and down in the other two.
        let corner = i64::from(width.min(height)) / 8;
        let (from_left, from_top) = (i64::from(x.min(width - 1 - x)), i64::from(y.min(height - 1 - y)));
        let in_corner = (2..corner).contains(&from_left) && (2..corner).contains(&from_top);
        in_corner && if (dx < 0) == (dy < 0) { x.is_multiple_of(2) } else { y.is_multiple_of(2) }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "pixel offsets are small; a sector is 0 to 48")]
fn is_white_sector(dx: i64, dy: i64) -> bool {
    let turn = (dy as f64).atan2(dx as f64) / core::f64::consts::TAU + 0.5;
    ((turn * f64::from(Focus::SECTORS)) as i64).rem_euclid(2) == 0
}

impl Paint for Focus {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        row.fill([0; 3]);
        for (area, region) in &self.0 {
            for part in region.parts(y) {
                let columns = part.x..part.x + part.width;
                for x in columns.filter(|x| Self::is_white(*area, x - area.x, y - area.y)) {
                    if let Some(pixel) = row.get_mut(x as usize) {
                        *pixel = INK;
                    }
                }
            }
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::wall::WallSpec;

    /// Holes, half tiles, and two cabinets in the shape of an L that are hooked into each other.
    fn irregular() -> Wall {
        let text = include_str!("../../../assets/walls/irregular.toml");
        Wall::from_spec(&toml::from_str::<WallSpec>(text).unwrap()).unwrap()
    }

    /// Every pixel that is not black, from the top left.
    fn lit(paint: &dyn Paint, size: PixelSize) -> Vec<(PixelPoint, Codes)> {
        let row = |y| {
            let mut row = vec![[0x1234; 3]; size.width as usize];
            paint.row(y, 0, &mut row);
            (0..).map(move |x| PixelPoint::new(x, y)).zip(row)
        };
        (0..size.height).flat_map(row).filter(|(_, codes)| *codes != [0; 3]).collect()
    }

    #[test]
    fn no_cabinet_carries_what_belongs_to_another_one() {
        let wall = irregular();
        let size = picture_size(&wall);
        for all in [Plates::cabinets(&wall, size), Plates::ports(&wall, size)] {
            assert_eq!(all.0.len(), wall.cabinets().len(), "each has its plate");
            for (cabinet, plate) in wall.cabinets().iter().zip(all.0) {
                let (id, labels) = (&cabinet.id, plate.labels.len());
                assert!(labels == 1 + usize::from(plate.mark.is_some()), "{id} is named in full");
                let own = |at| wall.modules_of(cabinet).iter().any(|module| module.rect.contains(at));
                let drawn = lit(&Plates(vec![plate]), size);
                let stray = drawn.iter().find(|(at, _)| !own(*at));
                assert_eq!(stray, None, "{id} leaves its modules");
                assert_eq!(drawn.len(), cabinet.memory_pixels as usize, "{id} fills its modules");
            }
        }
    }

    #[test]
    fn cabinets_that_are_hooked_into_each_other_differ() {
        let wall = irregular();
        let plates = Plates::cabinets(&wall, picture_size(&wall)).0;
        let fill = |id: &str| plates[wall.cabinets().iter().position(|cabinet| cabinet.id.as_str() == id).unwrap()].fill;
        assert_ne!(fill("A4"), fill("A5"));
        assert_ne!(fill("A3"), fill("A4"));
    }

    #[test]
    fn focus_charts_stay_on_their_modules() {
        let wall = irregular();
        let own = |at| wall.modules().iter().any(|module| module.rect.contains(at));
        let drawn = lit(&Focus::new(Some(&wall), picture_size(&wall)), picture_size(&wall));
        assert!(drawn.iter().all(|(at, _)| own(*at)), "holes stay black");
    }
}
