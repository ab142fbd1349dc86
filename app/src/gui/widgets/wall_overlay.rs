//! What is drawn over the wall's picture: outlines and numbers, the way of the cable, the state of each card.

use egui::{Color32, CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, Vec2, vec2};
use ocp809_sender::wall::Port;

use super::mark::Mark;
use super::wall_layout::Projection;
use crate::gui::health::CardHealth;
use crate::gui::view_state::{Shown, ViewState};
use crate::gui::{text, theme};

/// Cabinets that appear smaller than this have no room for their number, in points.
const ROOM_FOR_A_NUMBER: f32 = 34.0;

/// Behind numbers: dark enough to read them on a white wall.
const VEIL: Color32 = Color32::from_black_alpha(170);

/// Draws the layers that are switched on.
pub(in crate::gui) fn paint(painter: &Painter, shown: &Shown<'_>, view: &ViewState, projection: &Projection<'_>) {
    if view.layers.cable {
        for (index, port) in shown.wall.ports().iter().enumerate() {
            cable(painter, shown, projection, (port, theme::port(index)));
        }
    }
    for (index, cabinet) in shown.wall.cabinets().iter().enumerate() {
        let Some(rect) = projection.pixels(cabinet.screen.index(), cabinet.rect) else { continue };
        let health = shown.health.get(index).copied().unwrap_or_default();
        if view.layers.cabinets {
            outline(painter, rect);
        }
        let has_room = rect.width().min(rect.height()) >= ROOM_FOR_A_NUMBER;
        if view.layers.cabinets && has_room {
            let mark = view.layers.health.then_some(Mark::from(health));
            number(painter, rect, cabinet.id.as_str(), mark);
        } else if view.layers.health && has_room {
            Mark::from(health).paint(painter, rect.min + Vec2::splat(14.0), 6.0);
        }
        if view.layers.health {
            trouble(painter, rect, health);
        }
        highlight(painter, rect, view, index);
    }
}

fn outline(painter: &Painter, rect: Rect) {
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, Color32::from_white_alpha(46)), StrokeKind::Inside);
}

fn number(painter: &Painter, rect: Rect, id: &str, mark: Option<Mark>) {
    let galley = painter.layout_no_wrap(id.to_owned(), egui::FontId::proportional(13.0), theme::TEXT);
    let room_for_mark = if mark.is_some() { 16.0 } else { 0.0 };
    let tag = Rect::from_min_size(rect.min + Vec2::splat(6.0), galley.size() + vec2(14.0 + room_for_mark, 6.0));
    painter.rect_filled(tag, CornerRadius::same(4), VEIL);
    if let Some(mark) = mark {
        mark.paint(painter, egui::pos2(tag.left() + 12.0, tag.center().y), 4.5);
    }
    painter.galley(tag.min + vec2(7.0 + room_for_mark, 3.0), galley, theme::TEXT);
}

/// A frame around what needs a look: thin where the picture is right, so that one can watch it.
fn trouble(painter: &Painter, rect: Rect, health: CardHealth) {
    let color = Mark::from(health).color();
    let line = match health {
        CardHealth::Showing | CardHealth::Losing => return,
        CardHealth::Holding => Stroke::new(1.0, color.gamma_multiply(0.6)),
        CardHealth::Silent => Stroke::new(3.0, color),
    };
    painter.rect_stroke(rect, CornerRadius::ZERO, line, StrokeKind::Inside);
}

fn highlight(painter: &Painter, rect: Rect, view: &ViewState, index: usize) {
    if view.selected == Some(index) {
        painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(3.0, theme::ACCENT), StrokeKind::Outside);
    } else if view.pointed == Some(index) {
        painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(2.0, Color32::WHITE), StrokeKind::Outside);
    }
}

/// The way of a port's cable: from its socket through the centres of its cabinets.
fn cable(painter: &Painter, shown: &Shown<'_>, projection: &Projection<'_>, (port, color): (&Port, Color32)) {
    let stops: Vec<Pos2> = shown
        .wall
        .cascade(port)
        .filter_map(|cabinet| Some(projection.pixels(cabinet.screen.index(), cabinet.rect)?.center()))
        .collect();
    let casing = Stroke::new(6.0, VEIL);
    let line = Stroke::new(2.5, color);
    for leg in stops.windows(2) {
        if let [from, to] = *leg {
            painter.line_segment([from, to], casing);
            painter.line_segment([from, to], line);
            arrow_head(painter, from, to, color);
        }
    }
    for stop in stops.iter().skip(1) {
        painter.circle(*stop, 4.0, theme::ABYSS, line);
    }
    if let Some(first) = stops.first() {
        painter.circle_filled(*first, 7.0, color);
        super::tag(painter, *first + vec2(12.0, -11.0), &text::port_name(port.id.as_str()), (color, theme::ON_BRIGHT));
    }
}

/// A head in the middle of a leg, so that cards do not cover it.
fn arrow_head(painter: &Painter, from: Pos2, to: Pos2, color: Color32) {
    let along = (to - from).normalized() * 14.0;
    let across = along.rot90() * 0.6;
    let tip = from + (to - from) / 2.0 + along / 2.0;
    let head = vec![tip, tip - along + across, tip - along - across];
    painter.add(egui::Shape::convex_polygon(head, color, Stroke::NONE));
}
