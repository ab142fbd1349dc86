//! The live page: what is done during a show above, the wall in the middle, cards and ports beside it, and below how well
//! it goes. The places never change, so that hands find them in the dark.

use egui::{CentralPanel, Frame, Margin, Panel, RichText, TextStyle, Ui, vec2};

use crate::gui::theme;
use crate::gui::view_state::{Shown, ViewState};
use crate::gui::widgets::wall_view::WallTextures;
use crate::gui::widgets::{
    alerts, brand, brightness, cabinet_details, caption, card_table, event_log, figures, group_frame, heading, latency_plot,
    lock, loss_switch, mark, panel_frame, pattern_picker, port_table, source, transport, wall_view,
};

/// Height of the figures, plots and events, in points.
const BOTTOM: f32 = 236.0;

/// Height of the controls above, in points.
const TOP: f32 = 60.0;

/// Width that the controls above take at least, in points; what is left goes to name, source and brightness.
const LEAST_WIDTH: f32 = 1202.0;

/// Acts on the page's keys.
pub(in crate::gui) fn keys(context: &egui::Context, shown: &Shown<'_>, view: &mut ViewState) {
    transport::keys(context, shown.link);
    wall_view::keys(context, &mut view.layers);
}

/// Draws the page.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState, textures: &WallTextures) {
    view.pointed = None;
    Panel::top("top").frame(panel_frame()).show(ui, |ui| top(ui, shown, view));
    notices(ui, shown, view);
    Panel::bottom("bottom").frame(panel_frame()).exact_size(BOTTOM).show(ui, |ui| bottom(ui, shown, view));
    Panel::right("right").frame(panel_frame()).resizable(true).default_size(540.0).min_size(480.0).show(ui, |ui| {
        right(ui, shown, view);
    });
    CentralPanel::default().frame(Frame::new().fill(theme::ABYSS)).show(ui, |ui| wall_view::show(ui, shown, view, textures));
}

/// What is done during a show.
fn top(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    ui.horizontal_top(|ui| {
        ui.set_height(TOP);
        ui.spacing_mut().item_spacing.x = 12.0;
        let spare = (ui.available_width() - LEAST_WIDTH).max(0.0);
        row(ui, brand::show);
        column(ui, 98.0 + (spare * 0.2).min(80.0), |ui| {
            caption(ui, "OCP-809");
            let name = RichText::new(shown.wall.name()).text_style(TextStyle::Heading);
            ui.add(egui::Label::new(name).truncate()).on_hover_text("The wall's name.");
        });
        column(ui, 126.0 + (spare * 0.35).min(200.0), |ui| source::show(ui, shown));
        row(ui, |ui| transport::show(ui, shown));
        column(ui, 180.0 + (spare * 0.4).min(220.0), |ui| brightness::show(ui, shown, view));
        column(ui, pattern_picker::WIDTH, |ui| {
            caption(ui, "Test pattern");
            pattern_picker::show(ui, shown, view);
        });
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            alerts::show(ui, shown);
            lock::show(ui, shown);
        });
    });
}

/// Buttons side by side in the middle of the height.
fn row(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    let size = vec2(0.0, ui.available_height());
    ui.allocate_ui_with_layout(size, egui::Layout::left_to_right(egui::Align::Center), content);
}

/// A column of this width in a row.
fn column(ui: &mut Ui, width: f32, content: impl FnOnce(&mut Ui)) {
    let size = vec2(width, ui.available_height());
    ui.allocate_ui_with_layout(size, egui::Layout::top_down(egui::Align::Min), |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing = vec2(8.0, 4.0);
        content(ui);
    });
}

/// A refusal of what was just asked for, or the end of the show: beside the work, never over it.
fn notices(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let ended = shown.link.has_ended().then(|| "The show has ended. What you see is the last that was heard of it.".to_owned());
    let refused = view.notice.as_ref().map(|notice| notice.text.clone());
    let Some(words) = ended.or(refused) else { return };
    let frame = Frame::new().fill(theme::GROUP).inner_margin(Margin::symmetric(16, 6));
    Panel::top("notice").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            mark::Mark::Warning.show(ui);
            ui.label(RichText::new(words).color(theme::WARN));
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if view.notice.is_some() && ui.button("Dismiss").clicked() {
                    view.notice = None;
                }
            });
        });
    });
}

/// Ports, cards and the loss switch.
fn right(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    let frame = Frame::new().inner_margin(Margin { top: 10, ..Margin::ZERO });
    Panel::bottom("below cards").frame(frame).show_separator_line(false).show(ui, |ui| {
        cabinet_details::show(ui, shown, view);
        ui.add_space(theme::GAP);
        port_table::show(ui, shown);
        ui.add_space(theme::GAP);
        group_frame().show(ui, |ui| loss_switch::show(ui, shown));
    });
    CentralPanel::no_frame().show(ui, |ui| {
        heading(ui, "Cards", |ui| legend(ui, shown));
        card_table::show(ui, shown, view);
    });
}

/// What the marks of the table mean, with how many cards each has.
fn legend(ui: &mut Ui, shown: &Shown<'_>) {
    use crate::gui::health::CardHealth::{Holding, Losing, Showing, Silent};
    for state in [Silent, Holding, Losing, Showing] {
        let number = shown.health.iter().filter(|health| **health == state).count();
        if number > 0 {
            let words = RichText::new(format!("{number} {}", state.word())).color(theme::WEAK).size(theme::CAPTION);
            ui.label(words).on_hover_text(state.help());
            mark::Mark::from(state).show(ui);
        }
    }
}

/// How well it goes.
fn bottom(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    let log_width = (ui.available_width() * 0.27).clamp(260.0, 460.0);
    let frame = |left, right| Frame::new().inner_margin(Margin { left, right, ..Margin::ZERO });
    Panel::left("figures").frame(frame(0, 24)).show_separator_line(false).resizable(false).show(ui, |ui| {
        figures::show(ui, shown, view);
    });
    Panel::right("log").frame(frame(24, 0)).show_separator_line(false).exact_size(log_width).show(ui, |ui| {
        event_log::show(ui, shown, view);
    });
    CentralPanel::no_frame().show(ui, |ui| latency_plot::show(ui, shown, view, BOTTOM - 26.0));
}
