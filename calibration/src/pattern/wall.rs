//! Patterns that know the wall: cabinet names, ports, and a focus chart in each cabinet.
//!
//! They are drawn into the source picture, each cabinet where its screen takes its pixels from.

use ocp809_sender::geometry::{PixelPoint, PixelRect, PixelSize};
use ocp809_sender::wall::{Cabinet, Screen, Wall};

use super::label::Label;
use super::render::Paint;
use super::{Codes, Color, Level};

/// The smallest source picture that holds every screen's part.
#[must_use]
pub fn picture_size(wall: &Wall) -> PixelSize {
    let edge = |far: fn(PixelRect) -> u64| wall.screens().iter().map(|screen| far(screen.source)).max().unwrap_or(0);
    let clip = |side: u64| u32::try_from(side).unwrap_or(u32::MAX);
    PixelSize::new(clip(edge(PixelRect::right)), clip(edge(PixelRect::bottom)))
}

/// Where a cabinet lies in the source picture.
fn in_picture(wall: &Wall, cabinet: &Cabinet) -> Option<PixelRect> {
    let Screen { size, source, .. } = wall.screens().get(cabinet.screen.index())?;
    let scale =
        |place: u64, from: u32, to: u32| u32::try_from(place * u64::from(to) / u64::from(from.max(1))).unwrap_or(u32::MAX);
    let left = scale(cabinet.rect.x.into(), size.width, source.width);
    let right = scale(cabinet.rect.right(), size.width, source.width);
    let top = scale(cabinet.rect.y.into(), size.height, source.height);
    let bottom = scale(cabinet.rect.bottom(), size.height, source.height);
    let (x, y) = (source.x.checked_add(left)?, source.y.checked_add(top)?);
    Some(PixelRect::new(x, y, right.checked_sub(left)?, bottom.checked_sub(top)?))
}

/// Labelled areas on black.
#[derive(Debug)]
pub(super) struct Plates(Vec<Plate>);

#[derive(Debug)]
struct Plate {
    area: PixelRect,
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
        Self::of(wall, picture, |cabinet, area| {
            let port = wall.ports().get(usize::from(cabinet.port.0)).map_or("", |port| port.id.as_str());
            let (upper, lower) = split(area);
            let labels = [
                Label::centered(cabinet.id.to_string(), upper),
                Label::centered(format!("{port} / {}", cabinet.place + 1), lower),
            ];
            // A chessboard of two fills tells neighbours apart.
            let parity = cabinet.rect.x / cabinet.rect.width.max(1) + cabinet.rect.y / cabinet.rect.height.max(1);
            let fill = if parity.is_multiple_of(2) { fill(0) } else { fill(6) };
            Plate { area, fill, ink: INK, labels: labels.into_iter().flatten().collect(), mark: mark(cabinet, area) }
        })
    }

    /// One colour per port, the place in the cascade in each cabinet.
    pub(super) fn ports(wall: &Wall, picture: PixelSize) -> Self {
        Self::of(wall, picture, |cabinet, area| {
            let labels = Label::centered((cabinet.place + 1).to_string(), inset(area)).into_iter().collect();
            Plate { area, fill: fill(usize::from(cabinet.port.0)), ink: INK, labels, mark: None }
        })
    }

    fn of(wall: &Wall, picture: PixelSize, plate: impl Fn(&Cabinet, PixelRect) -> Plate) -> Self {
        let whole = PixelRect::new(0, 0, picture.width, picture.height);
        let cabinets = wall.cabinets().iter();
        let areas = cabinets.filter_map(|cabinet| Some((cabinet, in_picture(wall, cabinet)?.intersection(whole)?)));
        Self(areas.map(|(cabinet, area)| plate(cabinet, area)).collect())
    }
}

impl Paint for Plates {
    fn row(&self, y: u32, _frame: u64, row: &mut [Codes]) {
        row.fill([0; 3]);
        for plate in self.0.iter().filter(|plate| covers(plate.area, y)) {
            let edge = y == plate.area.y || u64::from(y) + 1 == plate.area.bottom();
            paint(row, plate.area, if edge { plate.ink } else { plate.fill });
            paint(row, PixelRect { width: 1, ..plate.area }, plate.ink);
            paint(row, PixelRect { x: plate.area.x + plate.area.width.saturating_sub(1), width: 1, ..plate.area }, plate.ink);
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

fn covers(area: PixelRect, y: u32) -> bool {
    y >= area.y && u64::from(y) < area.bottom()
}

fn paint(row: &mut [Codes], area: PixelRect, codes: Codes) {
    let start = area.x as usize;
    if let Some(pixels) = row.get_mut(start..start + area.width as usize) {
        pixels.fill(codes);
    }
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

/// Star, cross and fine lines in each area.
#[derive(Debug)]
pub(super) struct Focus(Vec<PixelRect>);

impl Focus {
    /// Black and white sectors of the star together.
    const SECTORS: u32 = 48;

    /// One chart in each cabinet; without a wall one in the middle of the picture.
    pub(super) fn new(wall: Option<&Wall>, picture: PixelSize) -> Self {
        let whole = PixelRect::new(0, 0, picture.width, picture.height);
        let Some(wall) = wall else { return Self(vec![whole]) };
        Self(wall.cabinets().iter().filter_map(|cabinet| in_picture(wall, cabinet)?.intersection(whole)).collect())
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
        for area in self.0.iter().filter(|area| covers(**area, y)) {
            for x in (0..area.width).filter(|&x| Self::is_white(*area, x, y - area.y)) {
                if let Some(pixel) = row.get_mut((area.x + x) as usize) {
                    *pixel = INK;
                }
            }
        }
    }

    fn repeats(&self, _y: u32) -> bool {
        false
    }
}
