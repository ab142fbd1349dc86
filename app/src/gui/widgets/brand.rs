//! The sign of the product: one module of nine LEDs.

use egui::{Color32, Sense, Ui, vec2};

/// The nine LEDs, row by row.
const LEDS: [Color32; 9] = [
    Color32::from_rgb(255, 92, 92),
    Color32::from_rgb(255, 160, 72),
    Color32::from_rgb(247, 214, 75),
    Color32::from_rgb(216, 92, 255),
    Color32::from_rgb(255, 255, 255),
    Color32::from_rgb(92, 230, 120),
    Color32::from_rgb(120, 104, 255),
    Color32::from_rgb(92, 160, 255),
    Color32::from_rgb(64, 216, 216),
];

/// Draws the sign.
pub(in crate::gui) fn show(ui: &mut Ui) {
    const STEP: f32 = 14.0;
    let (rect, _) = ui.allocate_exact_size(vec2(STEP * 3.0, STEP * 3.0), Sense::hover());
    let places = [0.0_f32, 1.0, 2.0].into_iter().flat_map(|row| [0.0_f32, 1.0, 2.0].map(|column| vec2(column, row)));
    for (place, color) in places.zip(LEDS) {
        let center = rect.min + (place + vec2(0.5, 0.5)) * STEP;
        ui.painter().circle_filled(center, STEP * 0.36, color);
    }
}
