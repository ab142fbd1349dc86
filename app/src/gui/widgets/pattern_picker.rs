//! The test pattern in front of the source: the catalogue's patterns by one click, and a field for parameters.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::style::StyleModifier;
use egui::{Button, Key, PopupCloseBehavior, Response, RichText, Shape, Stroke, TextEdit, Ui, vec2};
use ocp809_calibration::pattern::catalog::{PATTERNS, PatternInfo};

use super::lock;
use crate::control::{Action, PropertyId};
use crate::gui::theme;
use crate::gui::view_state::{Shown, ViewState};

/// The word that ends a pattern.
const OFF: &str = "off";

/// Width of the button, in points.
pub(in crate::gui) const WIDTH: f32 = 120.0;

/// Buttons side by side.
const COLUMNS: usize = 3;

/// Draws the button and its palette.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let label = PropertyId::Pattern.property().label;
    let current = shown.status.pattern.as_deref();
    let text = RichText::new(current.unwrap_or(OFF)).color(if current.is_some() { theme::WARN } else { theme::TEXT });
    let button = Button::new(text).right_text("").min_size(vec2(WIDTH, 32.0)).truncate();
    let is_barred = lock::bars(shown, PropertyId::Pattern);
    let response = ui
        .add_enabled_ui(!is_barred, |ui| {
            let (response, _) = MenuButton::from_button(button)
                .config(MenuConfig::new().style(StyleModifier::default()).close_behavior(PopupCloseBehavior::CloseOnClickOutside))
                .ui(ui, |ui| palette(ui, shown, view));
            response
        })
        .inner;
    arrow_down(ui, &response);
    response
        .accessible_name(label)
        .on_hover_text(
            "A test pattern in front of the source, at no more than 20 % brightness unless it is asked for with \"full\".",
        )
        .on_disabled_hover_text(lock::LOCKED);
}

/// The sign that a button opens a menu.
fn arrow_down(ui: &Ui, response: &Response) {
    let tip = response.rect.right_center() + vec2(-16.0, 3.0);
    let color = if response.enabled() { theme::WEAK } else { theme::LINE };
    ui.painter().add(Shape::convex_polygon(vec![tip, tip + vec2(-5.0, -6.0), tip + vec2(5.0, -6.0)], color, Stroke::NONE));
}

fn palette(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    ui.set_width(392.0);
    let current = shown.status.pattern.as_deref().unwrap_or(OFF);
    let off = Button::selectable(current == OFF, "Off: show the source").min_size(vec2(ui.available_width(), 30.0));
    if ui.add(off).clicked() {
        ask(shown, OFF);
        ui.close();
    }
    ui.add_space(4.0);
    egui::Grid::new("patterns").num_columns(COLUMNS).spacing(vec2(6.0, 6.0)).show(ui, |ui| {
        for row in PATTERNS.chunks(COLUMNS) {
            for pattern in row {
                choice(ui, shown, pattern, current);
            }
            ui.end_row();
        }
    });
    ui.add_space(6.0);
    with_parameters(ui, shown, view);
}

fn choice(ui: &mut Ui, shown: &Shown<'_>, pattern: &PatternInfo, current: &str) {
    let is_on = current.split_whitespace().next() == Some(pattern.name);
    let button = Button::selectable(is_on, pattern.name).frame_when_inactive(true).min_size(vec2(126.0, 28.0));
    let parameters: Vec<String> =
        pattern.parameters.iter().map(|parameter| format!("{}: {}", parameter.key, parameter.help)).collect();
    let help = if parameters.is_empty() {
        pattern.help.to_owned()
    } else {
        format!("{}\nParameters:\n{}", pattern.help, parameters.join("\n"))
    };
    if ui.add(button).on_hover_text(help).clicked() {
        ask(shown, pattern.name);
        ui.close();
    }
}

/// A field for patterns with parameters: Enter shows it.
fn with_parameters(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let name = ui.label(RichText::new("With parameters").size(theme::CAPTION).color(theme::WEAK));
    let field = TextEdit::singleline(&mut view.pattern)
        .hint_text("grey 20%")
        .desired_width(f32::INFINITY)
        .align(egui::Align2::LEFT_CENTER)
        .margin(vec2(8.0, 6.0));
    let response = ui.add(field).labelled_by(name.id);
    if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter)) && !view.pattern.trim().is_empty() {
        ask(shown, view.pattern.trim());
        ui.close();
    }
}

fn ask(shown: &Shown<'_>, pattern: &str) {
    shown.link.act(Action::Pattern { pattern: pattern.to_owned() });
}
