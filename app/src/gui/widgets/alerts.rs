//! How many alarms there are, and which.

use egui::containers::menu::MenuButton;
use egui::{Button, RichText, Ui, vec2};

use super::mark::Mark;
use crate::control::Severity;
use crate::control::status::Alarm;
use crate::gui::view_state::Shown;
use crate::gui::{text, theme};

/// Draws the button; its menu lists the alarms, gravest first.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    let alarms = &shown.status.alarms;
    let gravest = alarms.iter().map(|alarm| alarm.severity).max();
    let mark = gravest.map_or(Mark::Good, Mark::from);
    let words = if alarms.is_empty() { "No alerts".to_owned() } else { text::plural(alarms.len(), "alert") };
    // The space in front is the mark's.
    let text = RichText::new(format!("      {words}")).color(mark.color());
    let (response, _) =
        MenuButton::from_button(Button::new(text).min_size(vec2(112.0, 52.0))).ui(ui, |ui| list(ui, shown, alarms));
    mark.paint(ui.painter(), response.rect.left_center() + vec2(18.0, 0.0), 5.5);
    let help = match gravest {
        None => "Nothing is wrong.",
        Some(Severity::Notice) => "Good to know. Click for the list.",
        Some(Severity::Warning) => "The picture is right, but something needs a look. Click for the list.",
        Some(Severity::Error) => "A part of the picture is missing or wrong. Click for the list.",
        Some(Severity::Critical) => "The wall shows nothing of the source. Click for the list.",
    };
    response.accessible_name(format!("Alerts: {}", alarms.len())).on_hover_text(help);
}

fn list(ui: &mut Ui, shown: &Shown<'_>, alarms: &[Alarm]) {
    ui.set_max_width(460.0);
    if alarms.is_empty() {
        ui.label("Nothing is wrong.");
    }
    for alarm in alarms {
        ui.horizontal_top(|ui| {
            Mark::from(alarm.severity).show(ui);
            ui.vertical(|ui| {
                let lasts = text::span(shown.status.tai.0.saturating_sub(alarm.since.0));
                ui.label(RichText::new(format!("{}  ·  for {lasts}", alarm.source)).color(theme::WEAK).size(theme::CAPTION));
                ui.add(egui::Label::new(&alarm.text).wrap());
            });
        });
        ui.add_space(4.0);
    }
}
