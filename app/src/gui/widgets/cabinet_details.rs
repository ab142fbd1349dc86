//! What is known of the selected cabinet, and the button that makes it mark itself.

use egui::{Button, RichText, Ui, vec2};
use ocp809_sender::wall::Cabinet;

use super::lock;
use super::mark::Mark;
use crate::control::status::CardStatus;
use crate::control::{Action, PropertyId};
use crate::gui::view_state::{Shown, ViewState};
use crate::gui::{text, theme};

/// Draws the selected cabinet, if there is one.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    let Some(index) = view.selected else { return };
    let (Some(cabinet), Some(card)) = (shown.wall.cabinets().get(index), shown.status.cards.get(index)) else { return };
    let health = shown.health.get(index).copied().unwrap_or_default();
    super::group_frame().show(ui, |ui| {
        super::heading(ui, &format!("Cabinet {}", cabinet.id), |ui| identify(ui, shown, cabinet));
        ui.horizontal(|ui| {
            let mark = Mark::from(health);
            mark.show(ui);
            let since = text::span(shown.status.tai.0.saturating_sub(card.since.0));
            let answers = if card.online { format!("answers for {since}") } else { format!("silent for {since}") };
            ui.label(RichText::new(format!("{}, {answers}", health.word())).color(mark.color()));
        });
        ui.add(egui::Label::new(RichText::new(facts(cabinet, card)).color(theme::WEAK).size(13.0)).wrap());
    });
}

fn identify(ui: &mut Ui, shown: &Shown<'_>, cabinet: &Cabinet) {
    let is_marked = shown.status.identify.as_deref() == Some(cabinet.id.as_str());
    let button = Button::selectable(is_marked, "Identify").frame_when_inactive(true).min_size(vec2(84.0, 26.0));
    let response = ui.add_enabled(!lock::bars(shown, PropertyId::Identify), button);
    let help = "The cabinet marks itself on the wall, so that one finds it.";
    if response.on_hover_text(help).on_disabled_hover_text(lock::LOCKED).clicked() {
        let cabinet = if is_marked { "off".to_owned() } else { cabinet.id.to_string() };
        shown.link.act(Action::Identify { cabinet });
    }
}

fn facts(cabinet: &Cabinet, card: &CardStatus) -> String {
    let serial = if card.serial.is_empty() { cabinet.serial.as_deref().unwrap_or("not known") } else { &card.serial };
    let mut facts = vec![
        format!("{}, place {} of its cascade", text::port_name(&card.port), u32::from(card.place) + 1),
        format!("{} x {} pixels at {}, {}", cabinet.rect.width, cabinet.rect.height, cabinet.rect.x, cabinet.rect.y),
        format!("model {}", cabinet.model),
        format!("serial {serial}"),
    ];
    if let Some(label) = &cabinet.asset_label {
        facts.push(format!("label {label}"));
    }
    if let Some(celsius) = card.temperature_c {
        facts.push(format!("{celsius:.0} °C"));
    }
    facts.join("  ·  ")
}
