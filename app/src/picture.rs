//! The wall as its cards show it, as plain pictures: what a window draws and a demo saves.
//!
//! Nothing here knows where the light comes from or what draws it. Bytes are sRGB (IEC 61966-2-1), three per pixel, row by
//! row from the top left, seen from the audience.

use std::sync::Arc;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::Wall;
use thiserror::Error;

/// Bytes of one pixel.
const BYTES: usize = 3;

/// Where a window gets the wall and its picture from.
pub trait WallFeed: Send + Sync {
    /// The wall that is shown. The same `Arc` as long as the wall is the same.
    fn wall(&self) -> Arc<Wall>;

    /// The newest picture, if there is one yet; never waits.
    fn latest(&self) -> Option<Arc<WallPicture>>;
}

/// What all screens show at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WallPicture {
    /// Counts up with each new picture; equal numbers are equal pictures.
    pub generation: u64,
    /// One per screen, in the wall's order.
    pub screens: Vec<ScreenPicture>,
}

/// What one screen shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenPicture {
    size: PixelSize,
    rgb: Vec<u8>,
}

/// Why bytes are no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a picture of {} x {} pixels takes {expected} bytes (3 per pixel); {given} were given", .size.width, .size.height)]
pub struct PictureError {
    /// The size that was named.
    pub size: PixelSize,
    /// Bytes that it takes.
    pub expected: u64,
    /// Bytes that came.
    pub given: u64,
}

impl ScreenPicture {
    /// A picture of these sRGB bytes.
    ///
    /// # Errors
    /// When the bytes are not three per pixel.
    pub fn new(size: PixelSize, rgb: Vec<u8>) -> Result<Self, PictureError> {
        let expected = size.area().saturating_mul(BYTES as u64);
        let given = rgb.len() as u64;
        if expected == given { Ok(Self { size, rgb }) } else { Err(PictureError { size, expected, given }) }
    }

    /// Columns and rows.
    #[must_use]
    pub const fn size(&self) -> PixelSize {
        self.size
    }

    /// The bytes: red, green, blue of the top left pixel first.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Every `step`-th pixel of every `step`-th row, for displays that cannot hold the whole.
    #[must_use]
    pub fn thinned(&self, step: u32) -> Self {
        let step = step.max(1);
        let size = PixelSize::new(self.size.width.div_ceil(step), self.size.height.div_ceil(step));
        let row_bytes = self.size.width as usize * BYTES;
        let rgb = self
            .rgb
            .chunks(row_bytes.max(BYTES))
            .step_by(step as usize)
            .flat_map(|row| row.chunks(BYTES).step_by(step as usize).flatten().copied())
            .collect();
        Self { size, rgb }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_do_not_fit_the_size_are_refused_with_both_numbers() {
        let size = PixelSize::new(2, 2);
        let error = ScreenPicture::new(size, vec![0; 11]).expect_err("11 bytes are no 2 x 2 picture");
        assert_eq!(error, PictureError { size, expected: 12, given: 11 });
        assert!(ScreenPicture::new(size, vec![0; 12]).is_ok(), "12 bytes are one");
    }

    #[test]
    fn thinning_keeps_the_first_pixel_of_each_block() {
        let bytes: Vec<u8> = (0..5 * 3).flat_map(|pixel| [pixel, 100, 200]).collect();
        let picture = ScreenPicture::new(PixelSize::new(5, 3), bytes).expect("15 pixels");
        let thin = picture.thinned(2);
        assert_eq!(thin.size(), PixelSize::new(3, 2));
        let reds: Vec<u8> = thin.rgb().iter().copied().step_by(BYTES).collect();
        assert_eq!(reds, [0, 2, 4, 10, 12, 14]);
    }
}
