//! The mark of a state: shape first, colour second, so that it reads without colour.

use egui::{Color32, Painter, Pos2, Response, Sense, Shape, Stroke, Ui, pos2, vec2};

use crate::control::Severity;
use crate::gui::health::CardHealth;
use crate::gui::theme;
use crate::gui::view_state::Weight;

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::gui) enum Mark {
    /// Well: a disc.
    Good,
    /// Not perfect, and nobody sees it: a hollow triangle.
    Notice,
    /// Needs a look: a triangle.
    Warning,
    /// Broken: a diamond.
    Fault,
    /// Not there, or not known: a ring.
    Off,
}

impl Mark {
    /// Its colour.
    pub(in crate::gui) const fn color(self) -> Color32 {
        match self {
            Self::Good => theme::GOOD,
            Self::Notice | Self::Warning => theme::WARN,
            Self::Fault => theme::FAULT,
            Self::Off => theme::WEAK,
        }
    }

    /// Draws it around a point.
    pub(in crate::gui) fn paint(self, painter: &Painter, center: Pos2, radius: f32) {
        let color = self.color();
        let line = Stroke::new(1.5, color);
        match self {
            Self::Good => painter.circle_filled(center, radius * 0.85, color),
            Self::Off => painter.circle_stroke(center, radius * 0.8, line),
            Self::Warning => painter.add(Shape::convex_polygon(triangle(center, radius), color, Stroke::NONE)),
            Self::Notice => painter.add(Shape::closed_line(triangle(center, radius * 0.9), line)),
            Self::Fault => painter.add(Shape::convex_polygon(diamond(center, radius * 1.1), color, Stroke::NONE)),
        };
    }

    /// Draws it in the flow of a line.
    pub(in crate::gui) fn show(self, ui: &mut Ui) -> Response {
        let (rect, response) = ui.allocate_exact_size(vec2(12.0, 14.0), Sense::hover());
        self.paint(ui.painter(), rect.center(), 5.5);
        response
    }
}

fn triangle(center: Pos2, radius: f32) -> Vec<Pos2> {
    let (half, down) = (radius * 0.95, radius * 0.8);
    vec![pos2(center.x, center.y - radius), pos2(center.x + half, center.y + down), pos2(center.x - half, center.y + down)]
}

fn diamond(center: Pos2, radius: f32) -> Vec<Pos2> {
    [vec2(0.0, -radius), vec2(radius, 0.0), vec2(0.0, radius), vec2(-radius, 0.0)].map(|corner| center + corner).to_vec()
}

impl From<CardHealth> for Mark {
    fn from(health: CardHealth) -> Self {
        match health {
            CardHealth::Showing => Self::Good,
            CardHealth::Losing => Self::Notice,
            CardHealth::Holding => Self::Warning,
            CardHealth::Silent => Self::Fault,
        }
    }
}

impl From<Severity> for Mark {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Notice => Self::Notice,
            Severity::Warning => Self::Warning,
            Severity::Error | Severity::Critical => Self::Fault,
        }
    }
}

impl From<Weight> for Mark {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Plain => Self::Off,
            Weight::Good => Self::Good,
            Weight::Warning => Self::Warning,
            Weight::Fault => Self::Fault,
        }
    }
}
