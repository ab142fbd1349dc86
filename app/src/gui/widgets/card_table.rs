//! One line per card: its state, what it showed, and what it missed. Pointing at a line points at its cabinet on the wall.

use egui::{Align2, Color32, FontId, Rect, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};

use super::mark::Mark;
use crate::control::status::CardStatus;
use crate::gui::health::CardHealth;
use crate::gui::view_state::{Shown, ViewState};
use crate::gui::{text, theme};

/// Height of a line, in points.
const LINE_HEIGHT: f32 = 26.0;

/// A column: its head, the share of the width at which its numbers end, and what it counts.
struct Column {
    head: &'static str,
    end: f32,
    help: &'static str,
    value: fn(&CardStatus) -> u64,
    /// Whether a rising number deserves a colour.
    is_trouble: bool,
}

/// Where the texts of cabinet and place begin, as shares of the width.
const TEXT_STARTS: [f32; 2] = [0.05, 0.19];

const COLUMNS: [Column; 6] = [
    column("shown", 0.45, "Whole frames that the card showed.", |card| card.shown, false),
    column(
        "held",
        0.56,
        "Frames that it did not show because something was missing; its last whole frame stayed.",
        |card| card.held,
        true,
    ),
    column("late", 0.65, "Frames that came after their presentation.", |card| card.late, true),
    column("lost", 0.77, "Packets that never came.", |card| card.lost, true),
    column("bad CRC", 0.88, "Packets with a wrong check sum; they are never shown.", |card| card.bad_crc, true),
    column("repaired", 1.0, "Packets that parity restored.", |card| card.repaired, false),
];

const fn column(head: &'static str, end: f32, help: &'static str, value: fn(&CardStatus) -> u64, is_trouble: bool) -> Column {
    Column { head, end, help, value, is_trouble }
}

/// Draws the table.
pub(in crate::gui) fn show(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState) {
    heads(ui);
    let cards = &shown.status.cards;
    ui.spacing_mut().item_spacing.y = 0.0;
    ScrollArea::vertical().auto_shrink(false).show_rows(ui, LINE_HEIGHT, cards.len(), |ui, rows| {
        for index in rows {
            if let (Some(card), Some(health)) = (cards.get(index), shown.health.get(index)) {
                line(ui, shown, view, (index, card, *health));
            }
        }
    });
}

fn heads(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    let font = FontId::proportional(theme::CAPTION);
    let paint = |x: f32, align: Align2, text: &str| {
        ui.painter().text(pos2(x, rect.center().y), align, text, font.clone(), theme::WEAK);
    };
    for (start, head) in TEXT_STARTS.into_iter().zip(["cabinet", "port, place"]) {
        paint(at(rect, start), Align2::LEFT_CENTER, head);
    }
    for (number, column) in COLUMNS.iter().enumerate() {
        paint(at(rect, column.end), Align2::RIGHT_CENTER, column.head);
        let begin = at(rect, column.end) - 50.0;
        let head = Rect::from_min_max(pos2(begin, rect.top()), pos2(at(rect, column.end), rect.bottom()));
        ui.interact(head, ui.scope_id().with(("head", number)), Sense::hover()).on_hover_text(column.help);
    }
}

fn at(rect: Rect, share: f32) -> f32 {
    rect.left() + 8.0 + (rect.width() - 16.0) * share
}

fn line(ui: &mut Ui, shown: &Shown<'_>, view: &mut ViewState, (index, card, health): (usize, &CardStatus, CardHealth)) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), LINE_HEIGHT), Sense::click());
    if response.clicked() {
        view.selected = if view.selected == Some(index) { None } else { Some(index) };
    }
    if response.hovered() {
        view.pointed = Some(index);
    }
    let is_selected = view.selected == Some(index);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_selected, description(card, health)));
    if is_selected {
        ui.painter().rect_filled(rect, 4.0, ui.visuals().selection.bg_fill);
    } else if view.pointed == Some(index) {
        ui.painter().rect_filled(rect, 4.0, theme::GROUP);
    }
    if response.has_focus() {
        super::focus_ring(ui.painter(), rect);
    }
    cells(ui, rect, card, health);
    numbers(ui, rect, card, shown.before(index));
    response.on_hover_text(format!("{}: {}", card.cabinet, health.help()));
}

/// The line for those who hear it.
fn description(card: &CardStatus, health: CardHealth) -> String {
    let port = text::port_name(&card.port);
    format!("Cabinet {}, {port}, place {}: {}", card.cabinet, u32::from(card.place) + 1, health.word())
}

fn cells(ui: &Ui, rect: Rect, card: &CardStatus, health: CardHealth) {
    let middle = rect.center().y;
    let painter = ui.painter();
    Mark::from(health).paint(painter, pos2(rect.left() + 14.0, middle), 5.5);
    let body = FontId::proportional(14.0);
    let place = format!("{}, {}", card.port, u32::from(card.place) + 1);
    for (start, text, color) in [(TEXT_STARTS[0], &card.cabinet, theme::TEXT), (TEXT_STARTS[1], &place, theme::WEAK)] {
        painter.text(pos2(at(rect, start), middle), Align2::LEFT_CENTER, text, body.clone(), color);
    }
}

fn numbers(ui: &Ui, rect: Rect, card: &CardStatus, before: Option<&CardStatus>) {
    for column in &COLUMNS {
        let now = (column.value)(card);
        let rises = before.is_some_and(|before| now > (column.value)(before));
        let end = pos2(at(rect, column.end), rect.center().y);
        ui.painter().text(end, Align2::RIGHT_CENTER, text::count(now), theme::digits(theme::NUMBER), color(column, now, rises));
    }
}

const fn color(column: &Column, now: u64, rises: bool) -> Color32 {
    match (column.is_trouble, now, rises) {
        (true, _, true) => theme::WARN,
        (_, 0, _) => theme::WEAK,
        _ => theme::TEXT,
    }
}
