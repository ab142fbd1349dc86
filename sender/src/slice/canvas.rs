//! Ports whose cards cut their pixels out of one canvas: OCP-809's target 0, and the rows of Colorlight.
//!
//! Pixels of the canvas without an LED are either sent black or skipped by beginning another packet, whichever takes fewer
//! bytes on the link. An OCP-809 canvas is one line of pixels, row after row, and packets run on from row to row; a
//! Colorlight packet belongs to one row.

use std::collections::BTreeMap;

use super::Run;
use super::build::{Cutter, Line};
use super::limits::{header_bytes, wire_bytes};
use crate::geometry::PixelRect;
use crate::ids::{ModuleIndex, ScreenIndex};
use crate::wall::{ColorOrder, Port, ProtocolKind, Wall};

/// Cuts a canvas whose pixels are counted row after row.
pub(super) fn cut_linear(wall: &Wall, port: &Port, cutter: &mut Cutter) {
    let Some(canvas) = Canvas::of(wall, port) else { return };
    let mut end = 0;
    canvas.for_each_span(|span| {
        let start = span.y * canvas.rect.width + span.x;
        let filled = cutter.filled();
        match filled {
            Some(filled) if start > end && !canvas.bridging_pays(cutter, filled, start - end, span.length) => {
                // Only the last packet of a target may end within a packing group.
                let group = cutter.format().group_pixels();
                canvas.append_black(cutter, end..end + filled.next_multiple_of(group) - filled);
                cutter.close();
            }
            Some(_) => canvas.append_black(cutter, end..start),
            None => {}
        }
        cutter.append(0, start, canvas.line(span));
        end = start + span.length;
    });
}

/// Cuts a canvas row by row: the packet's target is the row, its offset the first column.
pub(super) fn cut_rows(wall: &Wall, port: &Port, cutter: &mut Cutter) {
    let Some(canvas) = Canvas::of(wall, port) else { return };
    let (mut row, mut end) = (0, 0);
    canvas.for_each_span(|span| {
        if span.y != row {
            cutter.close();
            row = span.y;
        }
        let target = u16::try_from(row).unwrap_or(u16::MAX);
        if let Some(filled) = cutter.filled() {
            if canvas.bridging_pays(cutter, filled, span.x - end, span.length) {
                let black = Span { x: end, y: row, length: span.x - end, module: None, color_order: ColorOrder::default() };
                cutter.append(target, end, canvas.line(black));
            } else {
                cutter.close();
            }
        }
        cutter.append(target, span.x, canvas.line(span));
        end = span.x + span.length;
    });
}

/// Consecutive pixels of a canvas row that belong to one module, or to none.
#[derive(Debug, Clone, Copy)]
struct Span {
    x: u32,
    y: u32,
    length: u32,
    module: Option<ModuleIndex>,
    color_order: ColorOrder,
}

/// The canvas of a port: its rectangle on a screen, and the modules on it.
struct Canvas<'a> {
    wall: &'a Wall,
    port: &'a Port,
    screen: ScreenIndex,
    rect: PixelRect,
    modules: Vec<(PixelRect, ModuleIndex)>,
}

impl<'a> Canvas<'a> {
    /// `None` when the port has no cabinets.
    fn of(wall: &'a Wall, port: &'a Port) -> Option<Self> {
        let first = wall.cascade(port).next()?;
        let (x, y) = (first.rect.x - first.canvas_origin.x, first.rect.y - first.canvas_origin.y);
        let indices = wall.cascade(port).flat_map(|cabinet| cabinet.modules.clone()).map(ModuleIndex);
        let mut modules: Vec<_> = indices.filter_map(|i| wall.module(i).map(|m| (m.rect, i))).collect();
        modules.sort_by_key(|(rect, _)| (rect.y, rect.x));
        let rect = PixelRect::new(x, y, port.canvas.width, port.canvas.height);
        Some(Self { wall, port, screen: first.screen, rect, modules })
    }

    /// All spans with LEDs, row by row, each row from left to right, in coordinates of the canvas.
    fn for_each_span(&self, mut visit: impl FnMut(Span)) {
        let mut coming = self.modules.iter().peekable();
        let mut crossing: BTreeMap<u32, (PixelRect, ModuleIndex)> = BTreeMap::new();
        for y in self.rect.y..self.rect.y + self.rect.height {
            crossing.retain(|_, (rect, _)| rect.bottom() > u64::from(y));
            while let Some((rect, index)) = coming.next_if(|(rect, _)| rect.y <= y) {
                crossing.insert(rect.x, (*rect, *index));
            }
            for (rect, index) in crossing.values() {
                visit(Span {
                    x: rect.x - self.rect.x,
                    y: y - self.rect.y,
                    length: rect.width,
                    module: Some(*index),
                    color_order: self.color_order(*index),
                });
            }
        }
    }

    /// Order of samples of a module: a Colorlight port has one for all its cards.
    fn color_order(&self, module: ModuleIndex) -> ColorOrder {
        match self.port.protocol {
            ProtocolKind::Ocp809 => self.wall.module(module).map(|m| m.color_order).unwrap_or_default(),
            ProtocolKind::Colorlight => self.port.colorlight.color_order,
        }
    }

    /// Whether `gap` black pixels after `filled` pixels cost no more than beginning another packet for the next `length`.
    fn bridging_pays(&self, cutter: &Cutter, filled: u32, gap: u32, length: u32) -> bool {
        let header = header_bytes(self.port.protocol);
        let packet = |pixels: u32| u64::from(wire_bytes(header + cutter.format().payload_bytes(pixels)));
        let cost = |pixels: u64| {
            let full = u64::from(cutter.full());
            let rest = u32::try_from(pixels % full).unwrap_or(0);
            pixels / full * packet(cutter.full()) + if rest > 0 { packet(rest) } else { 0 }
        };
        let (filled, gap, length) = (u64::from(filled), u64::from(gap), u64::from(length));
        cost(filled + gap + length) <= cost(filled) + cost(length)
    }

    /// Appends the pixels of a linear canvas range as black ones, line by line.
    fn append_black(&self, cutter: &mut Cutter, range: core::ops::Range<u32>) {
        let width = self.rect.width.max(1);
        let mut at = range.start;
        while at < range.end {
            let (x, y) = (at % width, at / width);
            let length = (range.end - at).min(width - x);
            let black = Span { x, y, length, module: None, color_order: ColorOrder::default() };
            cutter.append(0, at, self.line(black));
            at += length;
        }
    }

    /// A span as a line on the screen.
    fn line(&self, span: Span) -> Line {
        let like = Run {
            screen: self.screen,
            module: span.module,
            x: self.rect.x + span.x,
            y: self.rect.y + span.y,
            step_x: 1,
            step_y: 0,
            color_order: span.color_order,
            length: 0,
            packet: 0,
            first_pixel: 0,
        };
        Line { like, length: span.length }
    }
}
