//! Frames, latency and loss as numbers in fixed places.

use egui::{Align, Layout, RichText, Ui, vec2};

use crate::control::status::LatencyStatus;
use crate::gui::history::Totals;
use crate::gui::view_state::{Shown, ViewState};
use crate::gui::{text, theme};

/// Draws the three tables side by side.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 32.0;
        ui.vertical(|ui| frames(ui, shown));
        ui.vertical(|ui| latency(ui, shown));
        ui.vertical(|ui| loss(ui, shown, view));
    });
}

fn frames(ui: &mut Ui, shown: &Shown<'_>) {
    let frames = &shown.status.frames;
    super::caption(ui, "Frames");
    table("frames", ui, |ui| {
        let asked = format!("{:.2} fps are asked for.", frames.rate_hz);
        row(ui, "rate", &format!("{:.2} fps", frames.measured_hz), &asked, differs(frames.rate_hz, frames.measured_hz));
        row(ui, "sent", &text::count(frames.sent), "Wall frames that were sent whole.", false);
        row(ui, "repeats", &text::count(frames.repeated), "Of these, frames that repeated the picture before.", false);
        row(ui, "skipped", &text::count(frames.skipped), "Source pictures that no wall frame showed.", false);
        row(
            ui,
            "drops",
            &text::count(frames.dropped),
            "Wall frames that were not sent, decided before their first packet.",
            frames.dropped > 0,
        );
        row(
            ui,
            "late",
            &text::count(frames.late),
            "Wall frames whose last packet left after their presentation.",
            frames.late > 0,
        );
    });
}

/// Whether a measured rate is off by more than a hundredth.
fn differs(asked: f64, measured: f64) -> bool {
    asked > 0.0 && ((measured - asked) / asked).abs() > 0.01
}

fn latency(ui: &mut Ui, shown: &Shown<'_>) {
    let frames = &shown.status.frames;
    super::caption(ui, "Latency in ms, from the picture in memory");
    table("latency", ui, |ui| {
        for head in ["to the", "p50", "p99", "max"] {
            right(ui, |ui| {
                ui.label(RichText::new(head).color(theme::WEAK).size(theme::CAPTION));
            });
        }
        ui.end_row();
        latency_row(ui, "first packet", frames.first_packet);
        latency_row(ui, "last packet", frames.last_packet);
    });
    ui.add_space(6.0);
    super::caption(ui, &format!("Pixels computed by: {}", shown.status.pixel_path));
}

fn latency_row(ui: &mut Ui, label: &str, latency: LatencyStatus) {
    ui.label(RichText::new(label).color(theme::WEAK)).on_hover_text(
        "From the source picture in memory to this packet leaving. p50: half of the frames are not slower; \
         p99: 99 of 100 are not; max: the slowest. Over the last seconds.",
    );
    for us in [latency.p50_us, latency.p99_us, latency.max_us] {
        number(ui, &text::milliseconds(us), theme::TEXT);
    }
    ui.end_row();
}

fn loss(ui: &mut Ui, shown: &Shown<'_>, view: &ViewState) {
    let totals = Totals::of(shown.status);
    let recent = view.history.recent_loss_percent(shown.status);
    super::caption(ui, "All cards");
    table("loss", ui, |ui| {
        row(
            ui,
            "loss now",
            &text::fine_percent(recent),
            "Share of the packets of the last second that cards missed.",
            recent > 0.0,
        );
        row(ui, "lost", &text::count(totals.lost), "Packets that never came.", false);
        row(ui, "bad CRC", &text::count(totals.bad_crc), "Packets that came damaged; they are never shown.", false);
        row(ui, "repaired", &text::count(totals.repaired), "Packets that were restored from parity.", false);
        row(
            ui,
            "held",
            &text::count(totals.held),
            "Frames that a card did not show because something was missing; its last whole frame stayed.",
            false,
        );
        row(ui, "late", &text::count(totals.late), "Frames that came to a card after their presentation.", false);
    });
}

fn table(name: &str, ui: &mut Ui, rows: impl FnOnce(&mut Ui)) {
    egui::Grid::new(name).spacing(vec2(16.0, 3.0)).min_row_height(19.0).show(ui, rows);
}

fn row(ui: &mut Ui, label: &str, value: &str, help: &str, needs_a_look: bool) {
    ui.label(RichText::new(label).color(theme::WEAK)).on_hover_text(help);
    number(ui, value, if needs_a_look { theme::WARN } else { theme::TEXT });
    ui.end_row();
}

fn number(ui: &mut Ui, value: &str, color: egui::Color32) {
    right(ui, |ui| {
        ui.label(RichText::new(value).font(theme::digits(theme::NUMBER)).color(color));
    });
}

fn right(ui: &mut Ui, content: impl FnOnce(&mut Ui)) {
    ui.allocate_ui_with_layout(vec2(58.0, 19.0), Layout::right_to_left(Align::Center), content);
}
