//! The show lock, and the sentence that locked controls say.

use egui::{Button, RichText, Stroke, Ui, vec2};

use crate::control::{Access, Action, PropertyId};
use crate::gui::theme;
use crate::gui::view_state::Shown;

/// What a control says that the lock refuses.
pub(in crate::gui) const LOCKED: &str = "Locked for the show: press UNLOCK first.";

/// Whether the lock keeps this property from being changed.
pub(in crate::gui) fn bars(shown: &Shown<'_>, property: PropertyId) -> bool {
    shown.status.locked && property.property().access == Access::Unlocked
}

/// Draws the button.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    let is_locked = shown.status.locked;
    let (label, fill, text) =
        if is_locked { ("UNLOCK", theme::WARN, theme::ON_BRIGHT) } else { ("LOCK", theme::CONTROL, theme::TEXT) };
    let widget = Button::selectable(is_locked, RichText::new(label).color(text))
        .fill(fill)
        .stroke(Stroke::new(1.0, if is_locked { theme::WARN } else { theme::LINE }))
        .min_size(vec2(84.0, 52.0));
    let help = if is_locked {
        "The show is locked: black out, freeze, normal, brightness and presets work; everything else is refused, to everyone."
    } else {
        "Refuses everything that a running show does not need, to every client. Black out, freeze, normal, brightness and \
         presets go on working."
    };
    if ui.add(widget).accessible_name(label).on_hover_text(help).clicked() {
        shown.link.act(if is_locked { Action::Unlock } else { Action::Lock });
    }
}
