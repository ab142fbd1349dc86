//! The desk where commands are decided: limits, show lock, presets, fades and the way into and out of the light.
//!
//! A pure state machine: commands and instants in, outcomes and events out. The engine owns one, asks it for the state in
//! effect, and saves when its revision has changed; nothing else decides what a client may do.

use ocp809_sender::time::{Nanos, Tai};

use super::action::{Action, BrightnessLevel};
use super::check::{Checker, TextReader};
use super::command::{Assignment, Command, Failure, Outcome, Reading, Refusal, Request, Role};
use super::event::{Event, EventKind};
use super::facts::{CabinetFacts, WallFacts};
use super::fade::{Line, PropertyFade};
use super::path::{PropertyPath, Target};
use super::preset::Presets;
use super::property::Access;
use super::saved::Saved;
use super::state::ShowState;
use super::status::OutputMode;
use super::table::{PROPERTIES, PropertyId};
use super::trim::{Trims, brightest, headroom_of};
use super::value::Value;

/// How long a cold start takes from black to the picture, in milliseconds.
pub const COLD_START_FADE_MS: u32 = 1_000;

/// How long a stop takes to black, in milliseconds.
pub const STOP_FADE_MS: u32 = 500;

/// Commands that may wait for their time.
const MAX_SCHEDULED: usize = 64;

/// One instant on both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moment {
    /// On the monotonic clock: fades run on it.
    pub now: Nanos,
    /// As atomic time: commands and events carry it.
    pub tai: Tai,
}

/// What the cards showed when the sender started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Nothing: the light comes slowly.
    Cold,
    /// Still the picture of the sender before: it goes on without a fade.
    Warm,
}

/// Decides what happens to a show.
#[derive(Debug)]
pub struct Desk {
    facts: WallFacts,
    reader: TextReader,
    state: ShowState,
    presets: Presets,
    fades: Vec<PropertyFade>,
    master: Line,
    scheduled: Vec<(Tai, Command)>,
    events: Vec<Event>,
    seq: u64,
    revision: u64,
    is_stopping: bool,
    orders: CardOrders,
}

/// What is to be done to the cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CardOrders {
    /// The wall is taken from another sender.
    pub take_over: bool,
    /// The site's key is installed.
    pub install_key: bool,
    /// Settings are stored.
    pub save: bool,
}

impl Desk {
    /// A desk for this wall that goes on where `saved` ended. Saved values that no longer fit the wall are left at their
    /// defaults; their paths come back for the log.
    #[must_use]
    pub fn new(facts: WallFacts, reader: TextReader, saved: &Saved, start: Start, at: Moment) -> (Self, Vec<String>) {
        let mut state = ShowState::default();
        let mut left_out = Vec::new();
        let checker = Checker { facts: &facts, reader };
        // The wall's values first: setting one ends those of its parts.
        let (parts, wall): (Vec<_>, Vec<_>) = saved.values.iter().partition(|(path, _)| path.contains('/'));
        for (text, value) in wall.into_iter().chain(parts) {
            let path = text.parse::<PropertyPath>().ok();
            match path.and_then(|path| checker.check(&path, value).ok().map(|value| (path, value))) {
                Some((path, value)) => state.set(&path, value, &facts),
                None => left_out.push(text.clone()),
            }
        }
        let mut presets = Presets::default();
        for (number, preset) in &saved.presets {
            presets.insert(*number, preset.clone());
        }
        let mut desk = Self {
            facts,
            reader,
            state,
            presets,
            fades: Vec::new(),
            master: Line::flat(1.0),
            scheduled: Vec::new(),
            events: Vec::new(),
            seq: 0,
            revision: 0,
            is_stopping: false,
            orders: CardOrders::default(),
        };
        desk.enter(start, at);
        (desk, left_out)
    }

    fn enter(&mut self, start: Start, at: Moment) {
        self.master = match (self.state.mode(), start) {
            (OutputMode::BlackOut, _) => Line::flat(0.0),
            (OutputMode::Normal | OutputMode::Freeze, Start::Warm) => Line::flat(1.0),
            (OutputMode::Normal | OutputMode::Freeze, Start::Cold) => Line::new(0.0, 1.0, at.now, COLD_START_FADE_MS),
        };
    }

    /// What was asked of the show.
    #[must_use]
    pub const fn asked(&self) -> &ShowState {
        &self.state
    }

    /// The wall that this desk controls.
    #[must_use]
    pub const fn facts(&self) -> &WallFacts {
        &self.facts
    }

    /// Another wall takes the place of this one; what was asked stays.
    pub fn set_facts(&mut self, facts: WallFacts) {
        self.facts = facts;
    }

    /// What is in effect at an instant: what was asked, with numbers that are on their way.
    #[must_use]
    pub fn in_effect(&self, now: Nanos) -> ShowState {
        let mut state = self.state.clone();
        for fade in &self.fades {
            state.put_on_the_way(&fade.path, fade.line.at(now));
        }
        state
    }

    /// Whether a property is on its way, so that [`Self::in_effect`] changes from frame to frame.
    #[must_use]
    pub fn is_fading(&self, now: Nanos) -> bool {
        self.fades.iter().any(|fade| !fade.line.is_done(now))
    }

    /// Share of light that is let through: 1 in normal operation, 0 in black out, between while it comes or goes.
    #[must_use]
    pub fn master(&self, now: Nanos) -> f64 {
        self.master.at(now).clamp(0.0, 1.0)
    }

    /// Whether the show was told to stop and the light has gone.
    #[must_use]
    pub fn has_stopped(&self, now: Nanos) -> bool {
        self.is_stopping && self.master.is_done(now)
    }

    /// What is to be done to the cards; asked once.
    pub fn take_card_orders(&mut self) -> CardOrders {
        core::mem::take(&mut self.orders)
    }

    /// Whether the show was told to stop.
    #[must_use]
    pub const fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Grows with every change that has to survive a restart.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// What has to survive a restart.
    #[must_use]
    pub fn saved(&self) -> Saved {
        Saved::of(&self.state, &self.presets)
    }

    /// The stored presets.
    #[must_use]
    pub const fn presets(&self) -> &Presets {
        &self.presets
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// Adds an event of the engine's own, in order with the desk's.
    pub fn report(&mut self, origin: &str, kind: EventKind, at: Moment) {
        self.seq += 1;
        self.events.push(Event { seq: self.seq, tai: at.tai, origin: origin.to_owned(), kind });
    }

    /// Decides a command.
    pub fn handle(&mut self, command: &Command, at: Moment) -> Outcome {
        let outcome = self.decide(command, at);
        if let Some(reason) = outcome.problem() {
            self.report(&command.client, EventKind::Refused { id: command.id, reason }, at);
        }
        outcome
    }

    /// Lets time pass: commands whose time has come are decided, fades that have arrived end.
    pub fn tick(&mut self, at: Moment) {
        while let Some(position) = self.scheduled.iter().position(|(due, _)| *due <= at.tai) {
            let (_, command) = self.scheduled.remove(position);
            self.handle(&Command { at: None, ..command }, at);
        }
        let arrived: Vec<_> = self.fades.extract_if(.., |fade| fade.line.is_done(at.now)).collect();
        for fade in arrived {
            self.report_property("fade", &fade.path, at);
        }
    }

    fn decide(&mut self, command: &Command, at: Moment) -> Outcome {
        if let Some(deadline) = command.deadline.filter(|deadline| *deadline < at.tai) {
            return Outcome::Failed(Failure::TooLate { late_us: (at.tai.0 - deadline.0) / 1_000 });
        }
        if let Err(refusal) = self.allow(command) {
            return Outcome::Rejected(refusal);
        }
        if let Some(due) = command.at.filter(|due| *due > at.tai) {
            return self.schedule(due, command);
        }
        let outcome = match &command.request {
            Request::Get(paths) => Ok(Outcome::Done(self.read(paths, at.now))),
            Request::Set(assignments) => self.assign(assignments, &command.client, at),
            Request::Do(action) => self.act(action, &command.client, at),
        };
        outcome.unwrap_or_else(Outcome::Rejected)
    }

    fn schedule(&mut self, due: Tai, command: &Command) -> Outcome {
        if self.scheduled.len() >= MAX_SCHEDULED {
            return Outcome::Rejected(Refusal::Busy { waiting: u32::try_from(self.scheduled.len()).unwrap_or(u32::MAX) });
        }
        let place = self.scheduled.partition_point(|(other, _)| *other <= due);
        self.scheduled.insert(place, (due, command.clone()));
        Outcome::Accepted
    }

    /// Role and show lock.
    fn allow(&self, command: &Command) -> Result<(), Refusal> {
        let (what, while_locked) = match &command.request {
            Request::Get(_) => return Ok(()),
            Request::Do(action) => (action.name().to_owned(), action.works_while_locked()),
            Request::Set(assignments) => {
                let refused = assignments.iter().find(|a| a.path.property.property().access == Access::Unlocked);
                let named = refused.or_else(|| assignments.first());
                (named.map(|a| a.path.to_string()).unwrap_or_default(), refused.is_none())
            }
        };
        if command.role == Role::Viewer {
            Err(Refusal::ViewerOnly { what })
        } else if self.state.is_locked() && !while_locked {
            Err(Refusal::Locked { what })
        } else {
            Ok(())
        }
    }

    fn act(&mut self, action: &Action, origin: &str, at: Moment) -> Result<Outcome, Refusal> {
        let text = |id, text: &str| (PropertyPath::wall(id), Value::text(text));
        let (values, fade_ms) = match action {
            Action::BlackOut { fade_ms } => (vec![text(PropertyId::OutputMode, OutputMode::BlackOut.word())], *fade_ms),
            Action::Freeze => (vec![text(PropertyId::OutputMode, OutputMode::Freeze.word())], 0),
            Action::Normal { fade_ms } => (vec![text(PropertyId::OutputMode, OutputMode::Normal.word())], *fade_ms),
            Action::Brightness { level, fade_ms } => (vec![brightness(*level)], *fade_ms),
            Action::Trim { part, percent, fade_ms } => {
                let path = PropertyPath { target: part.clone(), property: PropertyId::TrimBrightness };
                (vec![(path, Value::Number(*percent))], *fade_ms)
            }
            Action::Preset { number, only, fade_ms } => (self.presets.recall(*number, only)?, *fade_ms),
            Action::Source { uri } => (vec![text(PropertyId::SourceUri, uri)], 0),
            Action::Pattern { pattern } => (vec![text(PropertyId::Pattern, pattern)], 0),
            Action::Identify { cabinet } => (vec![text(PropertyId::Identify, cabinet)], 0),
            Action::Lock => (vec![(PropertyPath::wall(PropertyId::Lock), Value::Switch(true))], 0),
            Action::Unlock => (vec![(PropertyPath::wall(PropertyId::Lock), Value::Switch(false))], 0),
            Action::StorePreset { .. }
            | Action::DeletePreset { .. }
            | Action::TakeOver
            | Action::InstallKey
            | Action::SaveCards
            | Action::Stop => {
                self.act_beyond_values(action, at)?;
                (Vec::new(), 0)
            }
        };
        let assignments: Vec<_> = values.into_iter().map(|(path, value)| Assignment { path, value, fade_ms }).collect();
        let outcome = self.assign(&assignments, origin, at)?;
        self.report(origin, EventKind::Done { action: action.clone() }, at);
        Ok(if self.is_stopping { Outcome::Accepted } else { outcome })
    }

    /// Actions that are more than new values.
    fn act_beyond_values(&mut self, action: &Action, at: Moment) -> Result<(), Refusal> {
        if let Action::StorePreset { number, name, only } = action {
            self.presets.store(*number, name, only, &self.state);
            self.revision += 1;
        }
        if let Action::DeletePreset { number } = action {
            self.presets.delete(*number)?;
            self.revision += 1;
        }
        self.order(action)?;
        if *action == Action::Stop {
            self.is_stopping = true;
            self.master = Line::new(self.master(at.now), 0.0, at.now, STOP_FADE_MS);
        }
        Ok(())
    }

    /// Actions that are about the cards.
    fn order(&mut self, action: &Action) -> Result<(), Refusal> {
        if *action == Action::InstallKey && !self.facts.has_site_key {
            return Err(Refusal::NoSiteKey);
        }
        if *action == Action::SaveCards && self.facts.is_virtual {
            return Err(Refusal::VirtualCards { what: action.name().to_owned() });
        }
        self.orders.take_over |= *action == Action::TakeOver;
        self.orders.install_key |= *action == Action::InstallKey;
        self.orders.save |= *action == Action::SaveCards;
        Ok(())
    }

    /// Sets all values or none.
    fn assign(&mut self, assignments: &[Assignment], origin: &str, at: Moment) -> Result<Outcome, Refusal> {
        let checker = Checker { facts: &self.facts, reader: self.reader };
        let values = assignments.iter().map(|a| checker.check(&a.path, &a.value)).collect::<Result<Vec<_>, _>>()?;
        let before = self.state.clone();
        for (assignment, value) in assignments.iter().zip(values) {
            self.set(assignment, value, at);
        }
        if self.state != before {
            self.revision += 1;
        }
        for assignment in assignments {
            self.report_property(origin, &assignment.path, at);
        }
        let on_the_way = assignments.iter().any(|a| a.fade_ms > 0);
        let paths: Vec<_> = assignments.iter().map(|a| a.path.clone()).collect();
        Ok(if on_the_way { Outcome::Accepted } else { Outcome::Done(self.readings(&paths, at.now)) })
    }

    fn set(&mut self, assignment: &Assignment, value: Value, at: Moment) {
        let path = &assignment.path;
        let from = self.in_effect(at.now).value_for(path).as_number();
        self.fades.retain(|fade| !Self::ends(fade, path));
        if path.property == PropertyId::OutputMode && !self.is_stopping {
            let to = if value.as_text() == Some(OutputMode::BlackOut.word()) { 0.0 } else { 1.0 };
            self.master = Line::new(self.master(at.now), to, at.now, assignment.fade_ms);
        }
        let to = value.as_number();
        self.state.set(path, value, &self.facts);
        if let (Some(from), Some(to), true) = (from, to, path.property.property().fadeable && assignment.fade_ms > 0) {
            self.fades.push(PropertyFade { path: path.clone(), line: Line::new(from, to, at.now, assignment.fade_ms) });
        }
    }

    /// Whether setting `path` ends a fade: of the same property there or, for the wall, anywhere, and of the other way to
    /// say how bright.
    fn ends(fade: &PropertyFade, path: &PropertyPath) -> bool {
        let brightness = [PropertyId::BrightnessPercent, PropertyId::BrightnessNits];
        let both_brightness = brightness.contains(&fade.path.property) && brightness.contains(&path.property);
        let same_place = path.target == Target::Wall || fade.path.target == path.target;
        both_brightness || (fade.path.property == path.property && same_place)
    }

    fn read(&self, paths: &[PropertyPath], now: Nanos) -> Vec<Reading> {
        if paths.is_empty() {
            let wall = PROPERTIES.iter().map(|row| PropertyPath::wall(row.id));
            let all: Vec<_> = wall.chain(self.state.parts().map(|(path, _)| path.clone())).collect();
            return self.readings(&all, now);
        }
        self.readings(paths, now)
    }

    fn readings(&self, paths: &[PropertyPath], now: Nanos) -> Vec<Reading> {
        let in_effect = self.in_effect(now);
        let reading = |path: &PropertyPath| Reading {
            path: path.clone(),
            asked: self.state.value_for(path).clone(),
            actual: actual(&in_effect, path, &self.facts),
        };
        paths.iter().map(reading).collect()
    }

    fn report_property(&mut self, origin: &str, path: &PropertyPath, at: Moment) {
        for Reading { path, asked, actual } in self.readings(std::slice::from_ref(path), at.now) {
            self.report(origin, EventKind::Property { path, asked, actual }, at);
        }
    }
}

fn brightness(level: BrightnessLevel) -> (PropertyPath, Value) {
    match level {
        BrightnessLevel::Percent(percent) => (PropertyPath::wall(PropertyId::BrightnessPercent), Value::Number(percent)),
        BrightnessLevel::Nits(nits) => (PropertyPath::wall(PropertyId::BrightnessNits), Value::Number(nits)),
    }
}

/// What is in effect under the screens' limits. For the whole wall: the brightest of its screens.
fn actual(in_effect: &ShowState, path: &PropertyPath, facts: &WallFacts) -> Value {
    if let (PropertyId::TrimBrightness, Target::Cabinet(id)) = (path.property, &path.target) {
        return actual_trim(in_effect, path, facts.cabinet(id), facts);
    }
    let screens = || facts.screens.iter().filter(|screen| path.target == Target::Wall || path.target.id() == screen.id);
    let limited = if path.property == PropertyId::BrightnessPercent {
        let shares = screens().map(|screen| in_effect.brightness(screen));
        shares.reduce(f64::max).map(|share| Value::Number((share * 1000.0).round() / 10.0))
    } else if path.property == PropertyId::BrightnessNits {
        let nits = screens().filter_map(|screen| Some(in_effect.brightness(screen) * screen.peak_nits?));
        nits.reduce(f64::max).map(|nits| Value::Number(nits.round()))
    } else {
        None
    };
    limited.unwrap_or_else(|| in_effect.value_for(path).clone())
}

/// A cabinet's trim with what its groups and its screen's limit leave of it.
fn actual_trim(in_effect: &ShowState, path: &PropertyPath, cabinet: Option<&CabinetFacts>, facts: &WallFacts) -> Value {
    let asked = in_effect.value_for(path);
    let screen = cabinet.and_then(|cabinet| facts.screen(&cabinet.screen));
    let (Some(cabinet), Some(screen), Some(percent)) = (cabinet, screen, asked.as_number()) else { return asked.clone() };
    let trims = Trims::of(in_effect);
    let (wanted, given) = (trims.asked(cabinet), trims.within(cabinet, headroom_of(in_effect, screen)));
    let share = if brightest(wanted) > 0.0 { brightest(given) / brightest(wanted) } else { 1.0 };
    Value::Number((percent * share * 10.0).round() / 10.0)
}
