//! Where the pixels of a packet lie in a card's memory: by id they are its memory, by canvas they are cut out of a raster.

use crate::emulator::card::settings::{CardAddressing, CardSettings};
use crate::geometry::PixelRect;
use crate::wire::ocp809::{StreamHeader, TARGET_CANVAS};

/// What a card's settings make of targets and offsets.
#[derive(Debug)]
pub(super) struct MemoryMap {
    /// Pixels of the card's memory.
    pixels: usize,
    /// Pixels that a complete frame has: those that its target can reach.
    needed: u32,
    place: Place,
}

/// How a card finds its pixels.
#[derive(Debug)]
enum Place {
    Id,
    Canvas(CanvasMap),
}

/// The rectangle of a card on its port's canvas, row by row.
#[derive(Debug)]
struct CanvasMap {
    width: u64,
    area: u64,
    rect: PixelRect,
    /// For each row of `rect`, where its segments end in `segments`.
    row_ends: Vec<usize>,
    segments: Vec<Segment>,
}

/// Neighbouring pixels of a row that lie in a row of one module.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// First column on the canvas.
    x: u64,
    /// First column after it.
    end: u64,
    /// Index of its first pixel in the card's memory.
    memory: usize,
}

/// Pixels of a packet that lie side by side in the card's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Index of the first pixel in the packet.
    pub(super) first: usize,
    /// Index of the first pixel in the memory.
    pub(super) memory: usize,
    /// Pixels.
    pub(super) length: usize,
}

/// Whether a packet is for this card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// For another card.
    Elsewhere,
    /// For this card or its canvas, but reaching beyond the target's memory, or without a pixel.
    OutOfRange,
    /// For this card or its canvas.
    Here,
}

impl MemoryMap {
    /// The map of these settings.
    pub(super) fn new(settings: &CardSettings) -> Self {
        let pixels = settings.memory_pixels();
        match settings.addressing {
            CardAddressing::Id => Self { pixels, needed: u32::try_from(pixels).unwrap_or(u32::MAX), place: Place::Id },
            CardAddressing::Canvas { canvas, rect } => {
                let map = CanvasMap::new(settings, PixelRect::new(0, 0, canvas.width, canvas.height), rect);
                let reached: u64 = map.segments.iter().map(|segment| segment.end - segment.x).sum();
                Self { pixels, needed: u32::try_from(reached).unwrap_or(u32::MAX), place: Place::Canvas(map) }
            }
        }
    }

    /// Pixels of the card's memory.
    pub(super) const fn pixels(&self) -> usize {
        self.pixels
    }

    /// Pixels that make a frame complete; 0 on a card without modules, for which no frame ever is.
    pub(super) const fn needed(&self) -> u32 {
        self.needed
    }

    /// Whether a PIXELS packet is for the card with this id (0: none was assigned).
    pub(super) fn aim(&self, card_id: u16, header: &StreamHeader) -> Aim {
        let memory = match &self.place {
            Place::Id if card_id != 0 && header.target == card_id => self.pixels as u64,
            Place::Canvas(map) if header.target == TARGET_CANVAS => map.area,
            Place::Id | Place::Canvas(_) => return Aim::Elsewhere,
        };
        let end = u64::from(header.offset) + u64::from(header.count);
        if header.count == 0 || end > memory { Aim::OutOfRange } else { Aim::Here }
    }

    /// Calls `each` with every stretch of the packet's pixels that is this card's. The packet was aimed here.
    pub(super) fn spans(&self, header: &StreamHeader, mut each: impl FnMut(Span)) {
        match &self.place {
            Place::Id => {
                each(Span { first: 0, memory: header.offset as usize, length: usize::from(header.count) });
            }
            Place::Canvas(map) => map.spans(u64::from(header.offset), u64::from(header.count), each),
        }
    }
}

impl CanvasMap {
    fn new(settings: &CardSettings, canvas: PixelRect, rect: PixelRect) -> Self {
        let mut rows: Vec<Vec<Segment>> = vec![Vec::new(); rect.height.min(canvas.height) as usize];
        let mut memory = 0;
        for module in &settings.modules {
            for row in 0..module.size.height {
                let y = u64::from(module.at.y) + u64::from(row);
                let x = u64::from(rect.x) + u64::from(module.at.x);
                let end = (x + u64::from(module.size.width)).min(canvas.right()).min(rect.right());
                let inside = u64::from(rect.y) + y < canvas.bottom() && x < end;
                if let Some(segments) = usize::try_from(y).ok().and_then(|y| rows.get_mut(y)).filter(|_| inside) {
                    segments.push(Segment { x, end, memory: memory + row as usize * module.size.width as usize });
                }
            }
            memory += module.pixels();
        }
        let mut segments = Vec::new();
        let mut row_ends = Vec::with_capacity(rows.len());
        for mut row in rows {
            row.sort_by_key(|segment| segment.x);
            segments.append(&mut row);
            row_ends.push(segments.len());
        }
        Self { width: u64::from(canvas.width.max(1)), area: canvas.size().area(), rect, row_ends, segments }
    }

    /// The segments of a row of the canvas.
    fn row(&self, y: u64) -> &[Segment] {
        let Some(row) = y.checked_sub(u64::from(self.rect.y)).and_then(|row| usize::try_from(row).ok()) else { return &[] };
        let start = row.checked_sub(1).and_then(|before| self.row_ends.get(before)).copied().unwrap_or(0);
        self.row_ends.get(row).and_then(|&end| self.segments.get(start..end)).unwrap_or_default()
    }

    /// The parts of the canvas pixels `offset .. offset + count` that lie in the rectangle.
    fn spans(&self, offset: u64, count: u64, mut each: impl FnMut(Span)) {
        let end = offset + count;
        let top = (offset / self.width).max(u64::from(self.rect.y));
        let bottom = end.div_ceil(self.width).min(self.rect.bottom());
        for y in top..bottom {
            let row_start = y * self.width;
            for segment in self.row(y) {
                let first = (row_start + segment.x).max(offset);
                let after = (row_start + segment.end).min(end);
                let skipped = first.saturating_sub(row_start + segment.x);
                if let (Some(length), Ok(skipped)) = (after.checked_sub(first).filter(|&n| n > 0), usize::try_from(skipped)) {
                    let index = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
                    each(Span { first: index(first - offset), memory: segment.memory + skipped, length: index(length) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::card::settings::CardModule;
    use crate::geometry::{PixelPoint, PixelSize};
    use crate::wall::WireFormat;

    fn module(x: u32, y: u32, width: u32, height: u32) -> CardModule {
        let (size, at) = (PixelSize::new(width, height), PixelPoint::new(x, y));
        CardModule { size, at, orientation: crate::geometry::Orientation::UPRIGHT }
    }

    fn spans(map: &MemoryMap, offset: u32, count: u16) -> Vec<(usize, usize, usize)> {
        let mut spans = Vec::new();
        map.spans(&StreamHeader::pixels(WireFormat::Rgb8, 0, 0, offset, count), |s| spans.push((s.first, s.memory, s.length)));
        spans
    }

    #[test]
    fn a_card_found_by_id_takes_its_own_target_only() {
        let map =
            MemoryMap::new(&CardSettings { modules: vec![module(0, 0, 4, 2), module(9, 9, 2, 2)], ..CardSettings::default() });
        let aim = |id, target, offset, count| map.aim(id, &StreamHeader::pixels(WireFormat::Rgb8, 0, target, offset, count));
        assert_eq!((map.pixels(), map.needed()), (12, 12), "both modules");
        assert_eq!(aim(3, 3, 8, 4), Aim::Here, "up to the last pixel");
        assert_eq!(aim(3, 3, 9, 4), Aim::OutOfRange, "one beyond");
        assert_eq!(aim(3, 3, u32::MAX, 4), Aim::OutOfRange, "33 bits");
        assert_eq!(aim(3, 3, 0, 0), Aim::OutOfRange, "no pixel");
        assert_eq!((aim(3, 0, 0, 1), aim(0, 0, 0, 1)), (Aim::Elsewhere, Aim::Elsewhere), "the canvas is not its target");
        assert_eq!(spans(&map, 5, 4), [(0, 5, 4)], "as it lies");
    }

    #[test]
    fn a_canvas_card_cuts_its_modules_out_of_the_raster() {
        // Canvas 8x3; the card has x 2..6, y 1..3, of which x 2..4 is module 0 and x 4..6 module 1.
        let settings = CardSettings {
            modules: vec![module(0, 0, 2, 2), module(2, 0, 2, 2)],
            addressing: CardAddressing::Canvas { canvas: PixelSize::new(8, 3), rect: PixelRect::new(2, 1, 4, 2) },
            ..CardSettings::default()
        };
        let map = MemoryMap::new(&settings);
        assert_eq!(map.needed(), 8, "both modules lie on the canvas");
        assert_eq!(spans(&map, 0, 24), [(10, 0, 2), (12, 4, 2), (18, 2, 2), (20, 6, 2)], "whole canvas, two rows of two modules");
        assert_eq!(spans(&map, 11, 2), [(0, 1, 1), (1, 4, 1)], "the last pixel of one module and the first of the next");
        assert_eq!(spans(&map, 14, 4), [], "between the rows");
    }

    #[test]
    fn pixels_outside_the_canvas_are_not_waited_for() {
        let settings = CardSettings {
            modules: vec![module(0, 0, 4, 4)],
            addressing: CardAddressing::Canvas { canvas: PixelSize::new(8, 3), rect: PixelRect::new(6, 1, 4, 4) },
            ..CardSettings::default()
        };
        assert_eq!(MemoryMap::new(&settings).needed(), 4, "two columns and two rows lie on the canvas");
    }
}
