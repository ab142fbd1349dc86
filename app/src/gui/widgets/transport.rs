//! BLACK OUT, FREEZE and NORMAL: large, always in the same place, on the keys B, F and N.

use egui::{Button, Color32, Context, Event, Key, RichText, Stroke, Ui, vec2};

use crate::control::{Action, OutputMode};
use crate::gui::link::Link;
use crate::gui::theme;
use crate::gui::view_state::Shown;

/// One of the three buttons.
struct Transport {
    label: &'static str,
    key: Key,
    mode: OutputMode,
    /// Its fill while its mode is in effect.
    lit: Color32,
    help: &'static str,
    action: Action,
}

const BUTTONS: [Transport; 3] = [
    Transport {
        label: "BLACK OUT",
        key: Key::B,
        mode: OutputMode::BlackOut,
        lit: theme::FAULT,
        help: "All LEDs dark within two frames; the cards stay fed. Key B.",
        action: Action::BlackOut { fade_ms: 0 },
    },
    Transport {
        label: "FREEZE",
        key: Key::F,
        mode: OutputMode::Freeze,
        lit: theme::ACCENT,
        help: "The last picture stands still. Key F.",
        action: Action::Freeze,
    },
    Transport {
        label: "NORMAL",
        key: Key::N,
        mode: OutputMode::Normal,
        lit: theme::GOOD,
        help: "Ends black out and freeze: the wall shows the source or the test pattern. Key N.",
        action: Action::Normal { fade_ms: 0 },
    },
];

/// Draws the three buttons. They work while the show is locked.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    ui.spacing_mut().item_spacing.x = 6.0;
    for button in &BUTTONS {
        let is_on = shown.status.mode == button.mode;
        let (fill, text) = if is_on { (button.lit, theme::ON_BRIGHT) } else { (theme::CONTROL, theme::TEXT) };
        let key = RichText::new(button.key.name()).size(theme::CAPTION).color(if is_on { text } else { theme::WEAK });
        let widget = Button::selectable(is_on, RichText::new(button.label).size(16.0).color(text))
            .right_text(key)
            .fill(fill)
            .stroke(Stroke::new(1.0, if is_on { button.lit } else { theme::LINE }))
            .min_size(vec2(112.0, 52.0));
        if ui.add(widget).accessible_name(button.label).on_hover_text(button.help).clicked() {
            shown.link.act(button.action.clone());
        }
    }
}

/// Acts on the keys, unless text is being typed. Holding a key down acts once.
pub(in crate::gui) fn keys(context: &Context, link: &Link) {
    if context.text_edit_focused() {
        return;
    }
    for button in &BUTTONS {
        if context.input(|input| input.events.iter().any(|event| presses(event, button.key))) {
            link.act(button.action.clone());
        }
    }
}

/// Whether the bare key goes down.
fn presses(event: &Event, wanted: Key) -> bool {
    matches!(event, Event::Key { key, pressed: true, repeat: false, modifiers, .. } if *key == wanted && modifiers.is_none())
}
