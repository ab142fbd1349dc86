//! What only the window knows: what is selected, zoomed, typed and shown. The show's own state is never copied here; it
//! comes with every drawing as [`Shown`].

use std::collections::VecDeque;
use std::sync::Arc;

use egui::{Pos2, Vec2};
use ocp809_sender::time::Tai;
use ocp809_sender::wall::Wall;

use super::health::CardHealth;
use super::history::History;
use super::link::Link;
use crate::control::status::CardStatus;
use crate::control::{EventKind, Status};

/// Lines that the event log keeps.
const MAX_LINES: usize = 500;

/// How long a refusal stays on the screen, in seconds.
const NOTICE_S: f64 = 8.0;

/// Everything that a drawing shows and that belongs to the show.
pub(super) struct Shown<'a> {
    /// The newest snapshot.
    pub(super) status: &'a Status,
    /// The wall.
    pub(super) wall: &'a Wall,
    /// The state of each card, in the snapshot's order.
    pub(super) health: &'a [CardHealth],
    /// The snapshot of about a second ago.
    pub(super) before: Option<&'a Status>,
    /// The way to the show.
    pub(super) link: &'a Link,
}

impl Shown<'_> {
    /// A card as it was about a second ago.
    pub(super) fn before(&self, card: usize) -> Option<&CardStatus> {
        self.before?.cards.get(card)
    }
}

/// What only the window knows.
#[derive(Debug, Default)]
pub(super) struct ViewState {
    /// What is drawn over the wall.
    pub(super) layers: Layers,
    /// How the wall is zoomed and moved.
    pub(super) viewport: Viewport,
    /// The cabinet that was clicked, by its place in the wall's list.
    pub(super) selected: Option<usize>,
    /// The cabinet under the pointer, on the wall or in the table, by its place in the wall's list.
    pub(super) pointed: Option<usize>,
    /// A brightness that is being set and that the show has not confirmed yet, in percent.
    pub(super) brightness: Option<BrightnessDraft>,
    /// The pattern that is being typed.
    pub(super) pattern: String,
    /// The last half minute.
    pub(super) history: History,
    /// The last events.
    pub(super) log: VecDeque<LogLine>,
    /// A refusal of something that this window asked for.
    pub(super) notice: Option<Notice>,
}

/// A brightness on its way to the show.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BrightnessDraft {
    /// In percent.
    pub(super) percent: f64,
    /// When it was last changed, in seconds of the window's time.
    pub(super) at_s: f64,
}

/// What is drawn over the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layers {
    /// Outlines and numbers of cabinets.
    pub(super) cabinets: bool,
    /// The way of the cable, in the colour of its port.
    pub(super) cable: bool,
    /// The state of each card.
    pub(super) health: bool,
}

impl Default for Layers {
    fn default() -> Self {
        Self { cabinets: true, cable: false, health: true }
    }
}

/// How the wall is zoomed and moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Viewport {
    /// 1 fits the wall to its place.
    pub(super) zoom: f32,
    /// The wall's centre, away from the centre of its place, in points.
    pub(super) offset: Vec2,
}

impl Default for Viewport {
    fn default() -> Self {
        Self { zoom: 1.0, offset: Vec2::ZERO }
    }
}

/// Farthest zoom: single LEDs of a large wall.
const MAX_ZOOM: f32 = 64.0;

impl Viewport {
    /// Zooms by a factor so that what lies under `pointer` stays there; `center` is the centre of the wall's place.
    pub(super) fn zoom_at(&mut self, factor: f32, pointer: Pos2, center: Pos2) {
        let zoom = (self.zoom * factor).clamp(1.0, MAX_ZOOM);
        let to_pointer = pointer - center;
        self.offset = to_pointer - (to_pointer - self.offset) * (zoom / self.zoom);
        self.zoom = zoom;
        self.settle();
    }

    /// Moves the wall.
    pub(super) fn drag(&mut self, delta: Vec2) {
        self.offset += delta;
        self.settle();
    }

    /// A wall that fits is centred.
    fn settle(&mut self) {
        if self.zoom <= 1.0 {
            self.offset = Vec2::ZERO;
        }
    }
}

/// A line of the event log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LogLine {
    /// When.
    pub(super) tai: Tai,
    /// How much it matters.
    pub(super) weight: Weight,
    /// Who caused it.
    pub(super) origin: String,
    /// What happened.
    pub(super) text: String,
}

/// How much a line of the log matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Someone did something.
    Plain,
    /// Something is well again.
    Good,
    /// Something needs a look.
    Warning,
    /// Something is broken.
    Fault,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    /// Why.
    pub(super) text: String,
    /// When it goes, in seconds of the window's time.
    pub(super) until_s: f64,
}

impl ViewState {
    /// Takes in what came since the last drawing. `now_s` is the window's own time.
    pub(super) fn take_in(&mut self, link: &Link, status: &Arc<Status>, now_s: f64) {
        self.history.push(status);
        for event in link.events() {
            if let EventKind::Refused { reason, .. } = &event.kind
                && event.origin == super::link::CLIENT
            {
                self.notice = Some(Notice { text: reason.clone(), until_s: now_s + NOTICE_S });
            }
            self.log.push_back(LogLine::of(&event));
        }
        while self.log.len() > MAX_LINES {
            self.log.pop_front();
        }
        if self.notice.as_ref().is_some_and(|notice| notice.until_s < now_s) {
            self.notice = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::{pos2, vec2};

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let (center, pointer) = (pos2(400.0, 300.0), pos2(500.0, 250.0));
        let mut viewport = Viewport::default();
        let on_wall = |viewport: &Viewport| (pointer - center - viewport.offset) / viewport.zoom;
        let before = on_wall(&viewport);
        viewport.zoom_at(3.0, pointer, center);
        assert!((on_wall(&viewport) - before).length() < 1e-3, "{viewport:?}");
    }

    #[test]
    fn a_wall_that_fits_cannot_be_lost() {
        let mut viewport = Viewport::default();
        viewport.drag(vec2(1e6, -1e6));
        assert_eq!(viewport, Viewport::default());
        viewport.zoom_at(1e9, pos2(1.0, 1.0), pos2(0.0, 0.0));
        assert!((viewport.zoom - MAX_ZOOM).abs() < f32::EPSILON, "{viewport:?}");
        viewport.zoom_at(1e-9, pos2(1.0, 1.0), pos2(0.0, 0.0));
        assert_eq!(viewport, Viewport::default(), "zoomed out is centred");
    }
}
