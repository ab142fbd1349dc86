//! What happened, newest at the bottom: who did what, what the wall made of it, alarms.

use egui::{RichText, ScrollArea, Ui};

use super::mark::Mark;
use crate::gui::view_state::{LogLine, Shown, ViewState};
use crate::gui::{text, theme};

/// Height of a line, in points.
const LINE_HEIGHT: f32 = 20.0;

/// Draws the log.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    super::caption(ui, "Events, by time since the start");
    if view.log.is_empty() {
        ui.label(RichText::new("Nothing has happened yet.").color(theme::WEAK));
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    ScrollArea::vertical().auto_shrink(false).stick_to_bottom(true).show_rows(ui, LINE_HEIGHT, view.log.len(), |ui, rows| {
        for line in view.log.range(rows) {
            show_line(ui, shown, line);
        }
    });
}

fn show_line(ui: &mut Ui, shown: &Shown<'_>, line: &LogLine) {
    super::low_line(ui, LINE_HEIGHT, |ui| {
        let start = shown.status.tai.0.saturating_sub(shown.status.uptime_ns);
        let at = text::span(line.tai.0.saturating_sub(start));
        ui.label(RichText::new(at).font(theme::digits(theme::CAPTION)).color(theme::WEAK));
        Mark::from(line.weight).show(ui);
        ui.label(RichText::new(&line.origin).color(theme::WEAK).size(theme::CAPTION));
        ui.add(egui::Label::new(&line.text).truncate());
    });
}
