//! Where the wall's screens lie in the window: side by side at their true sizes, by the pitch of each.

use egui::{Pos2, Rect, Vec2, pos2, vec2};
use ocp809_sender::geometry::PixelRect;
use ocp809_sender::wall::{Screen, Wall};

use crate::gui::view_state::Viewport;

/// Distance between two screens, as a share of the widest.
const GAP: f32 = 0.06;

/// The screens in millimetres, from the top left of the whole.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::gui) struct WallLayout {
    size: Vec2,
    screens: Vec<Placed>,
}

/// One screen's place.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Placed {
    rect: Rect,
    pitch: f32,
}

/// A layout as it appears in the window.
#[derive(Debug, Clone, Copy)]
pub(in crate::gui) struct Projection<'a> {
    layout: &'a WallLayout,
    origin: Pos2,
    scale: f32,
}

#[expect(clippy::cast_precision_loss, reason = "rasters are far below 2^24 columns and rows")]
const fn points(pixels: u32) -> f32 {
    pixels as f32
}

#[expect(clippy::cast_possible_truncation, reason = "millimetres; f32 holds them to a micrometre")]
fn millimetres(screen: &Screen) -> f32 {
    (screen.pitch_mm as f32).max(f32::MIN_POSITIVE)
}

impl WallLayout {
    /// Places a wall's screens from left to right, standing on one line.
    pub(in crate::gui) fn of(wall: &Wall) -> Self {
        let sizes: Vec<(Vec2, f32)> = wall
            .screens()
            .iter()
            .map(|screen| {
                let pitch = millimetres(screen);
                (vec2(points(screen.size.width), points(screen.size.height)) * pitch, pitch)
            })
            .collect();
        let tallest = sizes.iter().map(|(size, _)| size.y).fold(0.0, f32::max);
        let gap = GAP * sizes.iter().map(|(size, _)| size.x).fold(0.0, f32::max);
        let mut x = 0.0;
        let screens: Vec<Placed> = sizes
            .into_iter()
            .map(|(size, pitch)| {
                let rect = Rect::from_min_size(pos2(x, tallest - size.y), size);
                x += size.x + gap;
                Placed { rect, pitch }
            })
            .collect();
        let width = screens.last().map_or(0.0, |last| last.rect.right());
        Self { size: vec2(width, tallest), screens }
    }

    /// The layout as it fits into `place`, zoomed and moved. `pixels_per_point` keeps LEDs on whole pixels of the display
    /// where that costs little.
    pub(in crate::gui) fn project(&self, place: Rect, viewport: Viewport, pixels_per_point: f32) -> Projection<'_> {
        let size = self.size.max(Vec2::splat(f32::MIN_POSITIVE));
        let fit = (place.width() / size.x).min(place.height() / size.y);
        let scale = self.even(fit * viewport.zoom, pixels_per_point);
        let origin = place.center() + viewport.offset - size * scale / 2.0;
        let on_pixel = |value: f32| (value * pixels_per_point).round() / pixels_per_point;
        Projection { layout: self, origin: pos2(on_pixel(origin.x), on_pixel(origin.y)), scale }
    }

    /// The largest scale at which an LED is a whole number of display pixels, if that is not much smaller.
    fn even(&self, scale: f32, pixels_per_point: f32) -> f32 {
        const LEAST_SHARE: f32 = 0.88;
        let Some(first) = self.screens.first() else { return scale };
        let led = scale * first.pitch * pixels_per_point;
        let whole = led.floor();
        if whole >= 1.0 && whole / led >= LEAST_SHARE { scale * whole / led } else { scale }
    }
}

impl Projection<'_> {
    /// Where a screen lies.
    pub(in crate::gui) fn screen(&self, index: usize) -> Option<Rect> {
        let placed = self.layout.screens.get(index)?;
        Some(Rect::from_min_size(self.origin + placed.rect.min.to_vec2() * self.scale, placed.rect.size() * self.scale))
    }

    /// Where some pixels of a screen lie.
    pub(in crate::gui) fn pixels(&self, screen: usize, pixels: PixelRect) -> Option<Rect> {
        let corner = self.screen(screen)?.min;
        let led = self.led(screen)?;
        Some(Rect::from_min_size(
            corner + vec2(points(pixels.x), points(pixels.y)) * led,
            vec2(points(pixels.width), points(pixels.height)) * led,
        ))
    }

    /// Size of one LED of a screen, in points.
    fn led(&self, screen: usize) -> Option<f32> {
        Some(self.layout.screens.get(screen)?.pitch * self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::fake;

    const PLACE: Rect = Rect { min: pos2(100.0, 50.0), max: pos2(900.0, 650.0) };

    #[test]
    fn screens_stand_side_by_side_at_their_true_sizes() {
        let layout = WallLayout::of(&fake::two_screens());
        let view = layout.project(PLACE, Viewport::default(), 1.0);
        let (fine, coarse) = (view.screen(0).expect("the first"), view.screen(1).expect("the second"));
        // 256 columns of 2.6 mm beside 128 of 3.9 mm.
        assert!((fine.width() / coarse.width() - 256.0 * 2.6 / (128.0 * 3.9)).abs() < 1e-3, "{fine:?} {coarse:?}");
        assert!(coarse.left() > fine.right(), "a gap between them");
        assert!((fine.bottom() - coarse.bottom()).abs() < 1e-3, "on one line");
        assert!(PLACE.contains_rect(fine.union(coarse)), "both fit");
    }

    #[test]
    fn leds_are_whole_pixels_where_that_costs_little() {
        let layout = WallLayout::of(&fake::wall());
        // 256 columns into 800 points: 3.1 points each, 3 after rounding; 2.9 would lose too much.
        let view = layout.project(PLACE, Viewport::default(), 1.0);
        let led = view.led(0).expect("the screen");
        assert!((led - led.round()).abs() < 1e-3 || led.fract() > 0.12, "{led}");
        let hidpi = layout.project(PLACE, Viewport::default(), 2.0).led(0).expect("the screen");
        assert!(hidpi >= led, "finer displays round less away");
    }

    #[test]
    fn a_cabinet_lies_where_its_pixels_are() {
        let layout = WallLayout::of(&fake::wall());
        let view = layout.project(PLACE, Viewport { zoom: 2.0, offset: vec2(30.0, -10.0) }, 1.0);
        let screen = view.screen(0).expect("the screen");
        let quarter = view.pixels(0, PixelRect::new(128, 128, 128, 128)).expect("on the screen");
        assert!((quarter.right() - screen.right()).abs() < 0.01 && (quarter.bottom() - screen.bottom()).abs() < 0.01);
    }
}
