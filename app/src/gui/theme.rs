//! Colours, type and spacing of the window: dark, for rooms where the wall is the light. States differ in shape and
//! lightness as well as in hue, so that no one needs to tell red from green.

use egui::{Color32, CornerRadius, FontFamily, FontId, Margin, Stroke, TextStyle, Theme, Visuals, vec2};

/// Behind everything.
pub(super) const ABYSS: Color32 = Color32::from_rgb(7, 9, 12);
/// Panels.
pub(super) const PANEL: Color32 = Color32::from_rgb(17, 21, 27);
/// Groups on panels, and fields.
pub(super) const GROUP: Color32 = Color32::from_rgb(24, 30, 38);
/// Buttons.
pub(super) const CONTROL: Color32 = Color32::from_rgb(36, 44, 55);
/// Buttons under the pointer.
pub(super) const CONTROL_HOVERED: Color32 = Color32::from_rgb(50, 61, 75);
/// Lines between things.
pub(super) const LINE: Color32 = Color32::from_rgb(42, 51, 63);
/// What is to be read.
pub(super) const TEXT: Color32 = Color32::from_rgb(232, 236, 242);
/// Labels of what is to be read.
pub(super) const WEAK: Color32 = Color32::from_rgb(156, 168, 183);
/// The selected, the focused.
pub(super) const ACCENT: Color32 = Color32::from_rgb(92, 188, 255);
/// All is well. Bluish green, so that it differs from [`FAULT`] for every eye.
pub(super) const GOOD: Color32 = Color32::from_rgb(64, 201, 168);
/// Needs a look.
pub(super) const WARN: Color32 = Color32::from_rgb(247, 190, 75);
/// Is broken.
pub(super) const FAULT: Color32 = Color32::from_rgb(255, 112, 77);
/// Text on [`GOOD`], [`WARN`], [`FAULT`] and [`ACCENT`].
pub(super) const ON_BRIGHT: Color32 = Color32::from_rgb(10, 14, 19);

/// Colours of ports, in the order of the wall's list: told apart by most colour-blind eyes (after Okabe and Ito).
const PORTS: [Color32; 7] = [
    Color32::from_rgb(86, 180, 233),
    Color32::from_rgb(230, 159, 0),
    Color32::from_rgb(0, 158, 115),
    Color32::from_rgb(204, 121, 167),
    Color32::from_rgb(240, 228, 66),
    Color32::from_rgb(213, 94, 0),
    Color32::from_rgb(64, 124, 200),
];

/// The colour of the port at this place of the wall's list.
pub(super) fn port(index: usize) -> Color32 {
    PORTS.get(index % PORTS.len()).copied().unwrap_or(ACCENT)
}

/// Distance between groups.
pub(super) const GAP: f32 = 12.0;

/// A caption above a group or a value.
pub(super) const CAPTION: f32 = 12.0;
/// A number in a table.
pub(super) const NUMBER: f32 = 14.0;

/// A number's font. Its digits are of one width, so that columns stand still.
pub(super) const fn digits(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Sets colours, type and spacing.
pub(super) fn apply(context: &egui::Context) {
    context.set_theme(Theme::Dark);
    context.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(CAPTION)),
            (TextStyle::Body, FontId::proportional(14.5)),
            (TextStyle::Button, FontId::proportional(14.5)),
            (TextStyle::Heading, FontId::proportional(19.0)),
            (TextStyle::Monospace, digits(NUMBER)),
        ]
        .into();
        style.spacing.item_spacing = vec2(8.0, 6.0);
        style.spacing.button_padding = vec2(12.0, 6.0);
        style.spacing.interact_size = vec2(40.0, 28.0);
        style.spacing.menu_margin = Margin::same(8);
        style.spacing.tooltip_width = 340.0;
        style.spacing.combo_width = 150.0;
        style.spacing.slider_rail_height = 6.0;
        style.interaction.selectable_labels = false;
        style.visuals = visuals();
    });
}

fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.override_text_color = None;
    visuals.panel_fill = PANEL;
    visuals.window_fill = GROUP;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.extreme_bg_color = ABYSS;
    visuals.faint_bg_color = GROUP;
    visuals.weak_text_color = Some(WEAK);
    visuals.warn_fg_color = WARN;
    visuals.error_fg_color = FAULT;
    visuals.slider_trailing_fill = true;
    visuals.selection.bg_fill = Color32::from_rgb(28, 84, 128);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    let radius = CornerRadius::same(6);
    visuals.window_corner_radius = CornerRadius::same(8);
    visuals.menu_corner_radius = CornerRadius::same(8);
    let widgets = &mut visuals.widgets;
    for (widget, fill, line, text) in [
        (&mut widgets.noninteractive, PANEL, LINE, TEXT),
        (&mut widgets.inactive, CONTROL, CONTROL, TEXT),
        (&mut widgets.hovered, CONTROL_HOVERED, WEAK, Color32::WHITE),
        (&mut widgets.active, CONTROL_HOVERED, ACCENT, Color32::WHITE),
        (&mut widgets.open, CONTROL_HOVERED, ACCENT, Color32::WHITE),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast after WCAG 2.2, in f64.
    fn contrast(a: Color32, b: Color32) -> f64 {
        let luminance = |color: Color32| {
            let linear = |byte: u8| {
                let c = f64::from(byte) / 255.0;
                if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
        };
        let (high, low) = (luminance(a).max(luminance(b)), luminance(a).min(luminance(b)));
        (high + 0.05) / (low + 0.05)
    }

    #[test]
    fn everything_that_is_read_stands_out_from_what_is_behind_it() {
        for behind in [ABYSS, PANEL, GROUP, CONTROL] {
            for text in [TEXT, WEAK, ACCENT, GOOD, WARN, FAULT] {
                assert!(contrast(text, behind) >= 4.5, "{text:?} on {behind:?}: {:.2}", contrast(text, behind));
            }
        }
        for bright in [ACCENT, GOOD, WARN, FAULT] {
            assert!(contrast(ON_BRIGHT, bright) >= 4.5, "text on {bright:?}: {:.2}", contrast(ON_BRIGHT, bright));
        }
    }
}
