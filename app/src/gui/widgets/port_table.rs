//! One line per port: its cable, its traffic, and how full it is.

use egui::{Align, Layout, Rect, RichText, Sense, Ui, vec2};

use super::mark::Mark;
use crate::control::status::{PortLink, PortStatus};
use crate::gui::view_state::Shown;
use crate::gui::{text, theme};

/// Load above which a port needs a look, in percent.
const FULL: f64 = 90.0;

/// Draws the ports.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>) {
    super::heading(ui, "Ports", |_| {});
    for (index, port) in shown.status.ports.iter().enumerate() {
        ui.horizontal(|ui| line(ui, index, port));
    }
}

fn line(ui: &mut Ui, index: usize, port: &PortStatus) {
    let (swatch, _) = ui.allocate_exact_size(vec2(4.0, 18.0), Sense::hover());
    ui.painter().rect_filled(swatch, 2.0, theme::port(index));
    let (mark, words) = link(port.link);
    mark.show(ui);
    ui.label(&port.id);
    ui.label(RichText::new(format!("{}, {words}", port.transport)).color(theme::WEAK).size(13.0));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let is_complete = port.cards_online == port.cards;
        let cards = RichText::new(format!("{}/{} cards", port.cards_online, port.cards));
        ui.label(cards.color(if is_complete { theme::WEAK } else { theme::FAULT }).size(13.0))
            .on_hover_text("Cards that answer, of those that the wall lists.");
        load(ui, port.load_percent);
        let packets = RichText::new(format!("{}/s", text::count(port.packets_per_second))).font(theme::digits(theme::NUMBER));
        ui.label(packets).on_hover_text(traffic(port));
    });
}

const fn good_or(is_good: bool, otherwise: Mark) -> Mark {
    if is_good { Mark::Good } else { otherwise }
}

fn link(link: PortLink) -> (Mark, String) {
    match link {
        PortLink::Unknown => (Mark::Good, "link not watched".to_owned()),
        PortLink::Down => (Mark::Fault, "no link".to_owned()),
        PortLink::Unbound => (Mark::Off, "not on this host".to_owned()),
        PortLink::Up { rate_mbit: None } => (Mark::Good, "link up".to_owned()),
        PortLink::Up { rate_mbit: Some(rate) } => {
            (good_or(rate >= 1000, Mark::Warning), format!("link {}", text::link_rate(rate)))
        }
    }
}

fn traffic(port: &PortStatus) -> String {
    let megabits = port.bytes_per_second.saturating_mul(8) / 1_000_000;
    format!(
        "{} packets in the last second, {} Mbit/s with preamble and gap.\n{} packets since the start; {} sends refused by the system.",
        text::count(port.packets_per_second),
        text::count(megabits),
        text::count(port.packets),
        text::count(port.errors)
    )
}

fn load(ui: &mut Ui, percent: f64) {
    let (rect, response) = ui.allocate_exact_size(vec2(54.0, 6.0), Sense::hover());
    let color = if percent > FULL { theme::WARN } else { theme::ACCENT };
    ui.painter().rect_filled(rect, 3.0, theme::CONTROL);
    #[expect(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
    let share = (percent / 100.0).clamp(0.0, 1.0) as f32;
    ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(rect.width() * share, rect.height())), 3.0, color);
    response.on_hover_text(format!("Pixels take {} of the port.", text::percent(percent)));
    ui.label(RichText::new(format!("{percent:.0} %")).font(theme::digits(theme::CAPTION)).color(theme::WEAK));
}
