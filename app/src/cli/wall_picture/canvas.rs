//! Rectangles, lines, arrows and letters on a picture. Everything outside of the picture is cut off.

use image::{Rgb, RgbImage};
use ocp809_calibration::pattern::font::{self, GLYPH_HEIGHT, lit_columns};
use ocp809_sender::geometry::PixelRect;

/// A place on the picture; may lie outside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i32,
    pub(super) y: i32,
}

/// How a line looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pen {
    pub(super) color: Rgb<u8>,
    /// Picture pixels.
    pub(super) width: u32,
}

impl Point {
    pub(super) fn at(x: u32, y: u32) -> Self {
        Self { x: signed(x), y: signed(y) }
    }

    pub(super) fn middle_of(rect: PixelRect) -> Self {
        Self::at(rect.x + rect.width / 2, rect.y + rect.height / 2)
    }
}

/// A picture to draw on.
#[derive(Debug)]
pub(super) struct Canvas {
    image: RgbImage,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32, paper: Rgb<u8>) -> Self {
        Self { image: RgbImage::from_pixel(width, height, paper) }
    }

    pub(super) fn into_image(self) -> RgbImage {
        self.image
    }

    fn set(&mut self, x: i32, y: i32, color: Rgb<u8>) {
        let place = u32::try_from(x).ok().zip(u32::try_from(y).ok());
        if let Some(pixel) = place.and_then(|(x, y)| self.image.get_pixel_mut_checked(x, y)) {
            *pixel = color;
        }
    }

    pub(super) fn fill(&mut self, rect: PixelRect, color: Rgb<u8>) {
        let (width, height) = self.image.dimensions();
        let Some(rect) = rect.intersection(PixelRect::new(0, 0, width, height)) else { return };
        for y in rect.y..rect.y + rect.height {
            for x in rect.x..rect.x + rect.width {
                self.image.put_pixel(x, y, color);
            }
        }
    }

    /// The border of a rectangle, drawn inside of it.
    pub(super) fn outline(&mut self, rect: PixelRect, pen: Pen) {
        let width = pen.width.min(rect.width).min(rect.height);
        let (right, bottom) = (rect.x + rect.width - width, rect.y + rect.height - width);
        self.fill(PixelRect { height: width, ..rect }, pen.color);
        self.fill(PixelRect { y: bottom, height: width, ..rect }, pen.color);
        self.fill(PixelRect { width, ..rect }, pen.color);
        self.fill(PixelRect { x: right, width, ..rect }, pen.color);
    }

    /// A line from the first of two points to the second, with square ends.
    pub(super) fn line(&mut self, ends: &[Point], pen: Pen) {
        let [from, to] = *ends else { return };
        let steps = (to.x - from.x).abs().max((to.y - from.y).abs()).max(1);
        let (before, after) = (signed(pen.width) / 2, (signed(pen.width) + 1) / 2);
        for step in 0..=steps {
            let at = between(from, to, step, steps);
            for y in at.y - before..at.y + after {
                for x in at.x - before..at.x + after {
                    self.set(x, y, pen.color);
                }
            }
        }
    }

    /// An arrow head in the middle of a line, which points from the first of two points to the second.
    pub(super) fn arrow(&mut self, ends: &[Point], size: u32, edge: Rgb<u8>, color: Rgb<u8>) {
        let [from, to] = *ends else { return };
        for (size, color) in [(signed(size) + 2, edge), (signed(size), color)] {
            let length = f64::from(to.x - from.x).hypot(f64::from(to.y - from.y));
            if length < 1.0 {
                return;
            }
            let along = |share: f64| (share * f64::from(to.x - from.x) / length, share * f64::from(to.y - from.y) / length);
            let (ahead_x, ahead_y) = along(f64::from(size));
            let middle = between(from, to, 1, 2);
            let offset = |x: f64, y: f64| Point { x: middle.x + rounded(x), y: middle.y + rounded(y) };
            let tip = offset(ahead_x, ahead_y);
            let left = offset(-ahead_y - ahead_x * 0.5, ahead_x - ahead_y * 0.5);
            let right = offset(ahead_y - ahead_x * 0.5, -ahead_x - ahead_y * 0.5);
            self.triangle([tip, left, right], color);
        }
    }

    pub(super) fn triangle(&mut self, corners: [Point; 3], color: Rgb<u8>) {
        let [a, b, c] = corners;
        let side = |p: Point, q: Point, x: i32, y: i32| {
            i64::from(q.x - p.x) * i64::from(y - p.y) - i64::from(q.y - p.y) * i64::from(x - p.x)
        };
        let span = |values: [i32; 3]| values.iter().min().copied().zip(values.iter().max().copied()).unwrap_or_default();
        let (left, right) = span(corners.map(|p| p.x));
        let (top, bottom) = span(corners.map(|p| p.y));
        for y in top..=bottom {
            for x in left..=right {
                let sides = [side(a, b, x, y), side(b, c, x, y), side(c, a, x, y)];
                if sides.iter().all(|&s| s >= 0) || sides.iter().all(|&s| s <= 0) {
                    self.set(x, y, color);
                }
            }
        }
    }

    pub(super) fn disc(&mut self, middle: Point, radius: u32, color: Rgb<u8>) {
        let radius = signed(radius);
        for y in -radius..=radius {
            for x in -radius..=radius {
                if x * x + y * y <= radius * radius {
                    self.set(middle.x + x, middle.y + y, color);
                }
            }
        }
    }

    /// A line of text from its top left corner on, `scale` picture pixels per font pixel.
    pub(super) fn text(&mut self, text: &str, at: Point, scale: u32, color: Rgb<u8>) {
        for row in 0..GLYPH_HEIGHT {
            for column in lit_columns(text, row) {
                let (x, y) = (at.x + signed(column * scale), at.y + signed(row * scale));
                for (dx, dy) in (0..scale * scale).map(|i| (signed(i % scale), signed(i / scale))) {
                    self.set(x + dx, y + dy, color);
                }
            }
        }
    }

    /// A line of text in the middle of a rectangle, as large as fits; nothing where not even the smallest size does.
    pub(super) fn text_in(&mut self, text: &str, rect: PixelRect, color: Rgb<u8>) {
        let scale = (rect.width / text_width(text, 1).max(1)).min(rect.height / GLYPH_HEIGHT);
        if scale > 0 {
            let (width, height) = (text_width(text, scale), GLYPH_HEIGHT * scale);
            let at = Point::at(rect.x + (rect.width - width) / 2, rect.y + (rect.height - height) / 2);
            self.text(text, at, scale, color);
        }
    }
}

/// Picture pixels that a text is wide.
pub(super) fn text_width(text: &str, scale: u32) -> u32 {
    font::text_width(text).saturating_mul(scale)
}

/// The point after `step` of `steps` equal steps from one point to another.
fn between(from: Point, to: Point, step: i32, steps: i32) -> Point {
    let along = |from: i32, to: i32| {
        let way = i64::from(to - from) * i64::from(step) / i64::from(steps);
        from + i32::try_from(way).unwrap_or(0)
    };
    Point { x: along(from.x, to.x), y: along(from.y, to.y) }
}

fn signed(length: u32) -> i32 {
    i32::try_from(length).unwrap_or(i32::MAX)
}

#[expect(clippy::cast_possible_truncation, reason = "lengths of arrow heads; `as` saturates")]
fn rounded(length: f64) -> i32 {
    length.round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHITE: Rgb<u8> = Rgb([255; 3]);
    const BLACK: Rgb<u8> = Rgb([0; 3]);

    /// What is drawn on 7 x 5 pixels, as text.
    fn drawn(draw: impl FnOnce(&mut Canvas)) -> Vec<String> {
        let mut canvas = Canvas::new(7, 5, WHITE);
        draw(&mut canvas);
        let image = canvas.into_image();
        image.rows().map(|row| row.map(|pixel| if *pixel == BLACK { '#' } else { '.' }).collect()).collect()
    }

    #[test]
    fn shapes_are_drawn_to_the_pixel() {
        let pen = Pen { color: BLACK, width: 1 };
        let outline = drawn(|c| c.outline(PixelRect::new(1, 1, 4, 3), pen));
        assert_eq!(outline, [".......", ".####..", ".#..#..", ".####..", "......."], "a border inside of its rectangle");
        let line = drawn(|c| c.line(&[Point::at(0, 0), Point::at(6, 3)], pen));
        assert_eq!(line, ["##.....", "..##...", "....##.", "......#", "......."], "a slope");
        let triangle = drawn(|c| c.triangle([Point::at(1, 0), Point::at(5, 0), Point::at(1, 4)], BLACK));
        assert_eq!(triangle, [".#####.", ".####..", ".###...", ".##....", ".#....."], "edges belong to it");
        let disc = drawn(|c| c.disc(Point::at(3, 2), 2, BLACK));
        assert_eq!(disc, ["...#...", "..###..", ".#####.", "..###..", "...#..."], "a small disc");
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let far = Point { x: -40, y: 90 };
        let nothing = drawn(|c| {
            c.fill(PixelRect::new(7, 0, u32::MAX, u32::MAX), BLACK);
            c.disc(far, 9, BLACK);
            c.text("A", far, 3, BLACK);
            c.text_in("LONG TEXT", PixelRect::new(0, 0, 7, 5), BLACK);
        });
        assert!(nothing.iter().all(|row| row == "......."), "{nothing:?}");
        let all = drawn(|c| c.fill(PixelRect::new(0, 0, u32::MAX, u32::MAX), BLACK));
        assert!(all.iter().all(|row| row == "#######"), "{all:?}");
    }
}
