//! Brightness in percent and nit: what is asked for, and what the wall does where that differs.

use egui::{Align, Layout, RichText, Slider, Ui, Widget as _};

use super::mark::Mark;
use crate::control::status::ScreenStatus;
use crate::control::{Kind, OutputMode, PropertyId, Value};
use crate::gui::view_state::{BrightnessDraft, Shown, ViewState};
use crate::gui::{text, theme};

const PROPERTY: PropertyId = PropertyId::BrightnessPercent;

/// Differences below this are the same brightness, in percent: half a step.
const SAME: f64 = 0.05;

/// How long a drag waits for the show's answer before the slider goes back to what the show says, in seconds.
const PATIENCE_S: f64 = 1.5;

/// Draws caption, slider and what is in effect.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let asked = shown.status.screens.first().map_or(0.0, |screen| screen.asked_percent);
    let now_s = ui.input(|input| input.time);
    view.brightness = view.brightness.filter(|draft| is_waiting(*draft, asked, now_s));
    let mut percent = view.brightness.map_or(asked, |draft| draft.percent);

    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        caption(ui, nits(shown, view.brightness));
        if slider(ui, &mut percent) {
            view.brightness = Some(BrightnessDraft { percent, at_s: now_s });
            shown.link.set(PROPERTY, Value::Number(percent));
        }
        in_effect(ui, shown);
    });
}

/// Whether a draft still stands for what the show will say.
fn is_waiting(draft: BrightnessDraft, asked: f64, now_s: f64) -> bool {
    (draft.percent - asked).abs() > SAME && now_s - draft.at_s < PATIENCE_S
}

/// Luminance of white, where the wall knows it: as it is, or as it will be once a draft is in effect.
fn nits(shown: &Shown<'_>, draft: Option<BrightnessDraft>) -> Option<f64> {
    let screen = shown.status.screens.first()?;
    let Some(draft) = draft else { return screen.actual_nits };
    let peak = shown.wall.screens().first()?.peak_nits?;
    Some(peak * draft.percent.min(screen.limit_percent) / 100.0)
}

fn caption(ui: &mut Ui, nits: Option<f64>) {
    super::low_line(ui, 16.0, |ui| {
        super::caption(ui, PROPERTY.property().label);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(nits) = nits {
                let words = RichText::new(format!("{nits:.0} nit")).color(theme::WEAK).size(theme::CAPTION);
                ui.label(words).on_hover_text("Luminance of white in effect (cd/m2), by the wall's own peak.");
            }
        });
    });
}

/// True when the value was changed by hand.
fn slider(ui: &mut Ui, percent: &mut f64) -> bool {
    let row = PROPERTY.property();
    let (min, max, step) = match row.kind {
        Kind::Number { min, max, step, .. } => (min, max, step),
        Kind::Switch { .. } | Kind::Choice { .. } | Kind::Text { .. } => (0.0, 100.0, 0.1),
    };
    ui.spacing_mut().slider_width = (ui.available_width() - 84.0).max(60.0);
    let slider = Slider::new(percent, min..=max).step_by(step).fixed_decimals(1).suffix(" %").smart_aim(false);
    let help = format!("{} {min} to {max} %, in steps of {step} %: drag, type, or use the arrow keys.", row.help);
    slider.ui(ui).accessible_name(row.label).on_hover_text(help).changed()
}

/// What the wall does with it.
fn in_effect(ui: &mut Ui, shown: &Shown<'_>) {
    super::low_line(ui, 16.0, |ui| match difference(shown) {
        Some((mark, words)) => {
            mark.show(ui);
            ui.label(RichText::new(words).size(theme::CAPTION).color(mark.color()));
        }
        None => super::caption(ui, &limits(&shown.status.screens)),
    });
}

/// Where asked and actual differ: why, as far as it can be told.
fn difference(shown: &Shown<'_>) -> Option<(Mark, String)> {
    let status = shown.status;
    if status.mode == OutputMode::BlackOut {
        let fading =
            if status.master > 0.0 { format!(" ({} left)", text::percent(status.master * 100.0)) } else { String::new() };
        return Some((Mark::Warning, format!("black out: no light{fading}")));
    }
    let screen = status.screens.iter().find(|screen| (screen.asked_percent - screen.actual_percent).abs() > SAME)?;
    let actual = text::percent(screen.actual_percent);
    let name = if status.screens.len() > 1 { format!("screen {}: ", screen.id) } else { String::new() };
    let is_limited = screen.asked_percent > screen.limit_percent && (screen.actual_percent - screen.limit_percent).abs() <= SAME;
    Some(if is_limited {
        (Mark::Warning, format!("{name}in effect {actual}, the screen's limit"))
    } else {
        (Mark::Notice, format!("{name}in effect {actual}"))
    })
}

fn limits(screens: &[ScreenStatus]) -> String {
    let lowest = screens.iter().map(|screen| screen.limit_percent).fold(f64::INFINITY, f64::min);
    match (lowest.is_finite(), lowest < 100.0) {
        (true, true) => format!("in effect; limit {}", text::percent(lowest)),
        (true, false) => "in effect".to_owned(),
        (false, _) => "no screen yet".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_stands_until_the_show_says_the_same_or_time_is_up() {
        let draft = BrightnessDraft { percent: 40.0, at_s: 10.0 };
        assert!(is_waiting(draft, 20.0, 10.2), "not confirmed yet");
        assert!(!is_waiting(draft, 40.0, 10.2), "confirmed");
        assert!(!is_waiting(draft, 20.0, 12.0), "refused or lost: the show's value counts");
    }

    #[test]
    fn the_lowest_limit_is_named() {
        let screen = |limit_percent| ScreenStatus { limit_percent, ..ScreenStatus::default() };
        assert_eq!(limits(&[screen(100.0), screen(60.0)]), "in effect; limit 60.0 %");
        assert_eq!(limits(&[]), "no screen yet");
    }
}
