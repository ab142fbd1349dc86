//! Text in a rectangle, as large as fits, drawn row by row.

use ocp809_sender::geometry::PixelRect;

use super::Codes;
use super::font::{GLYPH_HEIGHT, lit_columns, text_width};

/// A line of text at a place in the picture.
#[derive(Debug)]
pub(super) struct Label {
    text: String,
    left: u32,
    top: u32,
    /// Pixels per font pixel.
    scale: u32,
}

impl Label {
    /// The text in the middle of `area`, as large as fits; `None` where not even the smallest size does.
    pub(super) fn centered(text: String, area: PixelRect) -> Option<Self> {
        let width = text_width(&text);
        let scale = (area.width / width.max(1)).min(area.height / GLYPH_HEIGHT);
        if scale == 0 || width == 0 {
            return None;
        }
        let left = area.x + (area.width - width * scale) / 2;
        let top = area.y + (area.height - GLYPH_HEIGHT * scale) / 2;
        Some(Self { text, left, top, scale })
    }

    /// Draws what the picture's row `y` shows of the text.
    pub(super) fn draw(&self, y: u32, row: &mut [Codes], codes: Codes) {
        let Some(font_row) = y.checked_sub(self.top).map(|below| below / self.scale).filter(|&line| line < GLYPH_HEIGHT) else {
            return;
        };
        for column in lit_columns(&self.text, font_row) {
            let start = (self.left + column * self.scale) as usize;
            if let Some(pixels) = row.get_mut(start..start + self.scale as usize) {
                pixels.fill(codes);
            }
        }
    }
}
