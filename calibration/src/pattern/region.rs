//! The pixels of one cabinet in the source picture: those of its modules, whatever the shape that they make together.
//!
//! Cabinets may hook into each other, so that the outline of one holds pixels of another.

use ocp809_sender::geometry::{PixelPoint, PixelRect, PixelSize};
use ocp809_sender::wall::{Cabinet, Screen, Wall};

use super::Codes;

/// Rectangles that share no pixel; neighbours that make a rectangle together are one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Region(Vec<PixelRect>);

impl Region {
    /// One rectangle.
    pub(super) fn rect(area: PixelRect) -> Self {
        Self(vec![area])
    }

    /// A cabinet's own pixels inside a picture; `None` where the picture shows none of them.
    pub(super) fn of(wall: &Wall, cabinet: &Cabinet, picture: PixelSize) -> Option<Self> {
        let screen = wall.screen(cabinet.screen)?;
        let whole = PixelRect::new(0, 0, picture.width, picture.height);
        let shown = |rect: PixelRect| in_picture(screen, rect)?.intersection(whole);
        let modules: Vec<_> = wall.modules_of(cabinet).iter().filter_map(|module| shown(module.rect)).collect();
        // Which way is better depends on the shape: the one that makes the larger rectangle.
        let ways = [stacked(abreast(modules.clone())), abreast(stacked(modules))].map(Self);
        ways.into_iter().filter(|way| !way.0.is_empty()).max_by_key(|way| pixels(way.room()))
    }

    /// Its largest rectangle, the topmost and leftmost of equal ones.
    pub(super) fn room(&self) -> PixelRect {
        let order = |rect: &&PixelRect| (u64::MAX - pixels(**rect), rect.y, rect.x);
        self.0.iter().min_by_key(order).copied().unwrap_or(PixelRect::new(0, 0, 0, 0))
    }

    /// The smallest rectangle that holds all of it.
    pub(super) fn bounds(&self) -> PixelRect {
        let around = |a: PixelRect, b: PixelRect| {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            let (right, bottom) = ((a.x + a.width).max(b.x + b.width), (a.y + a.height).max(b.y + b.height));
            PixelRect::new(x, y, right - x, bottom - y)
        };
        self.0.iter().copied().reduce(around).unwrap_or(PixelRect::new(0, 0, 0, 0))
    }

    /// Whether it is one rectangle.
    pub(super) fn is_rect(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether a pixel belongs to it.
    pub(super) fn contains(&self, x: u32, y: u32) -> bool {
        self.0.iter().any(|part| part.contains(PixelPoint::new(x, y)))
    }

    /// What its rectangles have of row `y`.
    pub(super) fn parts(&self, y: u32) -> impl Iterator<Item = PixelRect> + '_ {
        self.0.iter().copied().filter(move |part| covers(*part, y))
    }

    /// Fills its part of row `y`, and draws its outline there, one pixel wide.
    pub(super) fn draw(&self, y: u32, row: &mut [Codes], fill: Codes, ink: Codes) {
        for part in self.parts(y) {
            paint(row, part, fill);
            let last = part.x + (part.width - 1);
            let is_end = y == part.y || u64::from(y) + 1 == part.bottom();
            // Within a rectangle only pixels at its sides can be at the outline.
            let step = if is_end { 1 } else { part.width.saturating_sub(1).max(1) };
            for x in (part.x..=last).step_by(step as usize).filter(|&x| self.is_outline(x, y)) {
                paint(row, PixelRect { x, width: 1, ..part }, ink);
            }
        }
    }

    /// Whether a neighbour of one of its pixels is not its own.
    fn is_outline(&self, x: u32, y: u32) -> bool {
        let has = |x: Option<u32>, y: Option<u32>| x.zip(y).is_some_and(|(x, y)| self.contains(x, y));
        let beside = has(x.checked_sub(1), Some(y)) && has(x.checked_add(1), Some(y));
        !(beside && has(Some(x), y.checked_sub(1)) && has(Some(x), y.checked_add(1)))
    }
}

/// Where a rectangle of a screen lies in the source picture.
fn in_picture(screen: &Screen, rect: PixelRect) -> Option<PixelRect> {
    let Screen { size, source, .. } = screen;
    let scale =
        |place: u64, from: u32, to: u32| u32::try_from(place * u64::from(to) / u64::from(from.max(1))).unwrap_or(u32::MAX);
    let left = scale(rect.x.into(), size.width, source.width);
    let right = scale(rect.right(), size.width, source.width);
    let top = scale(rect.y.into(), size.height, source.height);
    let bottom = scale(rect.bottom(), size.height, source.height);
    let (x, y) = (source.x.checked_add(left)?, source.y.checked_add(top)?);
    Some(PixelRect::new(x, y, right.checked_sub(left)?, bottom.checked_sub(top)?))
}

/// Rectangles of one height that touch side by side, made one.
fn abreast(mut rects: Vec<PixelRect>) -> Vec<PixelRect> {
    rects.sort_by_key(|rect| (rect.y, rect.height, rect.x));
    rects.dedup_by(|next, rect| {
        let touches = (next.y, next.height) == (rect.y, rect.height) && u64::from(next.x) == rect.right();
        if touches {
            rect.width += next.width;
        }
        touches
    });
    rects
}

/// Rectangles of one width that touch above each other, made one.
fn stacked(rects: Vec<PixelRect>) -> Vec<PixelRect> {
    let turn = |rect: PixelRect| PixelRect::new(rect.y, rect.x, rect.height, rect.width);
    abreast(rects.into_iter().map(turn).collect()).into_iter().map(turn).collect()
}

fn pixels(rect: PixelRect) -> u64 {
    u64::from(rect.width) * u64::from(rect.height)
}

/// Whether a rectangle has pixels in row `y`.
pub(super) fn covers(area: PixelRect, y: u32) -> bool {
    y >= area.y && u64::from(y) < area.bottom()
}

/// Paints the columns of a rectangle in a row.
pub(super) fn paint(row: &mut [Codes], area: PixelRect, codes: Codes) {
    let start = area.x as usize;
    if let Some(pixels) = row.get_mut(start..start + area.width as usize) {
        pixels.fill(codes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_make_a_rectangle_are_one() {
        let board = |x: u32, y: u32| PixelRect::new(x * 64, y * 32, 64, 32);
        let full: Vec<_> = (0..4).flat_map(|y| [board(0, y), board(1, y)]).collect();
        assert_eq!(stacked(abreast(full.clone())), [PixelRect::new(0, 0, 128, 128)], "row by row");
        assert_eq!(abreast(stacked(full)), [PixelRect::new(0, 0, 128, 128)], "column by column");
        let corner = vec![board(0, 0), board(1, 0), board(0, 1), board(0, 2)];
        let columns = [PixelRect::new(64, 0, 64, 32), PixelRect::new(0, 0, 64, 96)];
        assert_eq!(abreast(stacked(corner)), columns, "an L is two");
        let apart = vec![board(0, 0), board(2, 0), board(0, 2)];
        assert_eq!(stacked(abreast(apart.clone())).len(), apart.len(), "what does not touch stays apart");
    }
}
