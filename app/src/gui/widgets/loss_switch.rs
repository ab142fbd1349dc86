//! Packets lost on purpose, so that one sees what cards do: they never show a torn picture.

use egui::{Button, RichText, Ui, vec2};
use ocp809_sender::wall::ProtocolKind;

use super::lock;
use super::mark::Mark;
use crate::control::{PropertyId, Value};
use crate::gui::theme;
use crate::gui::view_state::Shown;

const PROPERTY: PropertyId = PropertyId::FaultLoss;

/// The steps: thousandths, and their label.
const STEPS: [(f64, &str); 4] = [(0.0, "None"), (10.0, "1 %"), (50.0, "5 %"), (200.0, "20 %")];

/// Draws the switch and the sentence that says what to look for.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    let reading = shown.link.reading(PROPERTY);
    let asked = reading.as_ref().and_then(|reading| reading.asked.as_number()).unwrap_or(0.0);
    let actual = reading.as_ref().and_then(|reading| reading.actual.as_number()).unwrap_or(asked);
    super::heading(ui, "Lose packets on purpose", |ui| {
        if actual > 0.0 {
            let words = format!("{} in effect", PROPERTY.property().display(&Value::Number(actual)));
            ui.label(RichText::new(words).color(theme::WARN).size(theme::CAPTION));
            Mark::Warning.show(ui);
        }
    });
    ui.add_space(2.0);
    steps(ui, shown, asked);
    ui.add_space(2.0);
    let can_tear = shown.wall.ports().iter().any(|port| port.protocol == ProtocolKind::Colorlight);
    ui.add(egui::Label::new(RichText::new(sentence(asked, can_tear)).color(theme::WEAK).size(13.0)).wrap());
    if is_different(asked, actual) {
        let words = format!("asked for: {}", PROPERTY.property().display(&Value::Number(asked)));
        ui.label(RichText::new(words).color(theme::WARN).size(theme::CAPTION));
    }
}

fn is_different(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.5
}

fn steps(ui: &mut Ui, shown: &Shown<'_>, asked: f64) {
    let is_barred = lock::bars(shown, PROPERTY);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for (permille, label) in STEPS {
            let is_on = !is_different(permille, asked);
            let (fill, text) = match (is_on, permille > 0.0) {
                (true, true) => (theme::WARN, theme::ON_BRIGHT),
                (true, false) => (theme::GOOD, theme::ON_BRIGHT),
                (false, _) => (theme::CONTROL, theme::TEXT),
            };
            let button = Button::selectable(is_on, RichText::new(label).color(text)).fill(fill).min_size(vec2(72.0, 32.0));
            let name = if permille > 0.0 { format!("Lose {label} of the packets") } else { "Lose no packets".to_owned() };
            let response = ui.add_enabled(!is_barred, button).accessible_name(&name);
            let help = format!("{name}, at random, between sender and cards. Virtual walls only.");
            if response.on_hover_text(help).on_disabled_hover_text(lock::LOCKED).clicked() {
                shown.link.set(PROPERTY, Value::Number(permille));
            }
        }
    });
}

/// What to look for.
fn sentence(asked: f64, can_tear: bool) -> &'static str {
    if can_tear {
        "Look at what moves: OCP-809 cards hold their last whole frame and never tear. Colorlight receivers know no whole \
         frames: they show the rows that came."
    } else if asked > 0.0 {
        "Look at what moves: the picture never tears. A card that misses a packet goes on showing its last whole frame \
         (held) until the next one is whole."
    } else {
        "Choose a share and look at what moves on the wall: it may stutter, but it never tears."
    }
}
