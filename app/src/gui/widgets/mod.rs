//! The window's building blocks. Each takes what is shown and the view state, draws, and posts commands; none keeps state.

use egui::{Align2, Color32, CornerRadius, Frame, Margin, Rect, RichText, Stroke, TextStyle, Ui};

use super::theme;

pub(super) mod alerts;
pub(super) mod brand;
pub(super) mod brightness;
pub(super) mod cabinet_details;
pub(super) mod card_table;
pub(super) mod event_log;
pub(super) mod figures;
pub(super) mod latency_plot;
pub(super) mod lock;
pub(super) mod loss_switch;
pub(super) mod mark;
pub(super) mod pattern_picker;
pub(super) mod port_table;
pub(super) mod source;
pub(super) mod transport;
pub(super) mod wall_layout;
pub(super) mod wall_overlay;
pub(super) mod wall_view;

/// A caption above a value or a control.
pub(super) fn caption(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(theme::CAPTION).color(theme::WEAK));
}

/// A line that is no higher than `height`, for lines that stand close together.
pub(super) fn low_line(ui: &mut Ui, height: f32, content: impl FnOnce(&mut Ui)) {
    let size = egui::vec2(ui.available_width(), height);
    ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), content);
}

/// A group's heading, and what stands at the end of its line.
pub(super) fn heading(ui: &mut Ui, text: &str, at_the_end: impl FnOnce(&mut Ui)) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(text).text_style(TextStyle::Heading));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), at_the_end);
    });
}

/// A panel's frame.
pub(super) fn panel_frame() -> Frame {
    Frame::new().fill(theme::PANEL).inner_margin(Margin::symmetric(16, 12))
}

/// A group's frame on a panel.
pub(super) fn group_frame() -> Frame {
    Frame::new().fill(theme::GROUP).corner_radius(CornerRadius::same(8)).inner_margin(Margin::symmetric(14, 12))
}

/// Text on a rounded tag over a picture; its rectangle.
pub(super) fn tag(painter: &egui::Painter, corner: egui::Pos2, text: &str, (fill, color): (Color32, Color32)) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), egui::FontId::proportional(theme::CAPTION), color);
    let rect = Align2::LEFT_TOP.anchor_size(corner, galley.size() + egui::vec2(12.0, 6.0));
    painter.rect_filled(rect, CornerRadius::same(4), fill);
    painter.galley(rect.min + egui::vec2(6.0, 3.0), galley, color);
    rect
}

/// The line around something that has the keyboard.
pub(super) fn focus_ring(painter: &egui::Painter, rect: Rect) {
    painter.rect_stroke(rect, CornerRadius::same(4), Stroke::new(1.5, theme::ACCENT), egui::StrokeKind::Inside);
}
