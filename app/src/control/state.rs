//! What was asked of a show: one value for each property, and values of their own for some screens, groups and cabinets.
//!
//! Pure data: nothing here reads a clock or talks to a wall. Setting a property for the wall ends its parts' own values.

use std::collections::BTreeMap;

use super::facts::{ScreenFacts, WallFacts};
use super::path::{PropertyPath, Target};
use super::property::Kind;
use super::status::OutputMode;
use super::table::{PROPERTIES, PropertyId};
use super::value::Value;

/// The asked values of all properties.
#[derive(Debug, Clone, PartialEq)]
pub struct ShowState {
    /// The wall's values, in the order of the table.
    wall: Vec<Value>,
    /// Values of parts of the wall.
    parts: BTreeMap<PropertyPath, Value>,
}

impl Default for ShowState {
    fn default() -> Self {
        Self { wall: PROPERTIES.iter().map(super::property::Property::default_value).collect(), parts: BTreeMap::new() }
    }
}

impl ShowState {
    /// The value that acts on a target: its own, else the wall's.
    #[must_use]
    pub fn value_for(&self, path: &PropertyPath) -> &Value {
        self.parts.get(path).unwrap_or_else(|| self.value(path.property))
    }

    /// The values of parts of the wall.
    pub fn parts(&self) -> impl Iterator<Item = (&PropertyPath, &Value)> {
        self.parts.iter()
    }

    /// The wall's value.
    #[must_use]
    pub fn value(&self, id: PropertyId) -> &Value {
        // One value per row of the table, since construction.
        &self.wall[id as usize]
    }

    /// The value that acts on a screen.
    #[must_use]
    pub fn value_on(&self, screen: &str, id: PropertyId) -> &Value {
        let own = self
            .parts
            .iter()
            .find(|(path, _)| path.property == id && matches!(&path.target, Target::Screen(target) if target == screen));
        own.map_or_else(|| self.value(id), |(_, value)| value)
    }

    /// The wall's number; `None` where the property holds its unset word.
    #[must_use]
    pub fn number(&self, id: PropertyId) -> Option<f64> {
        self.value(id).as_number()
    }

    /// The number that acts on a screen; `None` where the property holds its unset word.
    #[must_use]
    pub fn number_on(&self, screen: &str, id: PropertyId) -> Option<f64> {
        self.value_on(screen, id).as_number()
    }

    /// The wall's text; `None` where the property holds its unset word.
    #[must_use]
    pub fn text(&self, id: PropertyId) -> Option<&str> {
        set_text(id, self.value(id))
    }

    /// The text that acts on a screen; `None` where the property holds its unset word.
    #[must_use]
    pub fn text_on(&self, screen: &str, id: PropertyId) -> Option<&str> {
        set_text(id, self.value_on(screen, id))
    }

    /// Normal, black out or freeze.
    #[must_use]
    pub fn mode(&self) -> OutputMode {
        self.text(PropertyId::OutputMode).and_then(OutputMode::from_word).unwrap_or_default()
    }

    /// Whether the show is locked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.value(PropertyId::Lock).as_switch().unwrap_or_default()
    }

    /// How bright a screen was asked to be, 0.0 to 1.0 of its full light.
    #[must_use]
    pub fn brightness_asked(&self, screen: &ScreenFacts) -> f64 {
        let percent = || self.number_on(&screen.id, PropertyId::BrightnessPercent).unwrap_or_default() / 100.0;
        let share = match (self.number(PropertyId::BrightnessNits), screen.peak_nits) {
            (Some(nits), Some(peak)) if peak > 0.0 => nits / peak,
            _ => percent(),
        };
        share.clamp(0.0, 1.0)
    }

    /// How bright a screen may be, 0.0 to 1.0 of its full light: what was asked, under the screen's limit.
    #[must_use]
    pub fn brightness(&self, screen: &ScreenFacts) -> f64 {
        self.brightness_asked(screen).min(screen.brightness_limit)
    }

    /// Stores a checked value, keeping what belongs together consistent.
    pub fn set(&mut self, path: &PropertyPath, value: Value, facts: &WallFacts) {
        let property = path.property;
        match (property, value.as_number()) {
            // Percent and nit are two ways to say one thing: the newer word counts.
            (PropertyId::BrightnessPercent, _) => self.put_wall(PropertyId::BrightnessNits, Value::text("off")),
            (PropertyId::BrightnessNits, Some(nits)) => self.follow_nits(nits, facts),
            _ => {}
        }
        if path.target == Target::Wall {
            self.parts.retain(|other, _| other.property != property);
            self.put_wall(property, value);
        } else {
            self.parts.insert(path.clone(), value);
        }
    }

    /// Lets the percentages say what a luminance means on each screen, so that they are right once the luminance ends.
    fn follow_nits(&mut self, nits: f64, facts: &WallFacts) {
        self.parts.retain(|path, _| path.property != PropertyId::BrightnessPercent);
        for (index, screen) in facts.screens.iter().enumerate() {
            let Some(peak) = screen.peak_nits.filter(|&peak| peak > 0.0) else { continue };
            let percent = Value::Number((nits / peak * 1000.0).round().clamp(0.0, 1000.0) / 10.0);
            if index == 0 {
                self.put_wall(PropertyId::BrightnessPercent, percent.clone());
            }
            if *self.value(PropertyId::BrightnessPercent) != percent {
                self.parts.insert(PropertyPath::screen(&screen.id, PropertyId::BrightnessPercent), percent);
            }
        }
    }

    fn put_wall(&mut self, id: PropertyId, value: Value) {
        self.wall[id as usize] = value;
    }

    /// The values that, set one after the other, restore this state: the wall's, then those of its parts.
    ///
    /// Percentages that only follow a luminance are left out: setting them would end it.
    pub fn restoring(&self) -> impl Iterator<Item = (PropertyPath, &Value)> {
        let follows = self.number(PropertyId::BrightnessNits).map(|_| PropertyId::BrightnessPercent);
        let wall = PROPERTIES.iter().zip(&self.wall).map(|(row, value)| (PropertyPath::wall(row.id), value));
        wall.chain(self.parts.iter().map(|(path, value)| (path.clone(), value)))
            .filter(move |(path, _)| Some(path.property) != follows)
    }

    /// Replaces a number on its way between two values, without any consequence for other properties.
    pub(super) fn put_on_the_way(&mut self, path: &PropertyPath, number: f64) {
        if path.target == Target::Wall {
            self.put_wall(path.property, Value::Number(number));
        } else {
            self.parts.insert(path.clone(), Value::Number(number));
        }
    }
}

fn set_text(id: PropertyId, value: &Value) -> Option<&str> {
    let text = value.as_text()?;
    match id.property().kind {
        Kind::Number { unset, .. } | Kind::Text { unset, .. } if unset == Some(text) => None,
        Kind::Switch { .. } | Kind::Number { .. } | Kind::Choice { .. } | Kind::Text { .. } => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> WallFacts {
        let screen = |id: &str, limit, peak| ScreenFacts { id: id.into(), brightness_limit: limit, peak_nits: Some(peak) };
        WallFacts { screens: vec![screen("left", 1.0, 1000.0), screen("right", 0.5, 2000.0)], ..WallFacts::default() }
    }

    #[test]
    fn a_new_show_is_at_twenty_percent_unlocked_and_in_normal_operation() {
        let state = ShowState::default();
        assert!((state.brightness(&facts().screens[0]) - 0.2).abs() < 1e-12);
        assert!(!state.is_locked());
        assert_eq!(state.mode(), OutputMode::Normal);
        assert_eq!(state.number(PropertyId::TemperatureK), None, "native");
        assert_eq!(state.text(PropertyId::Pattern), None, "off");
    }

    #[test]
    fn a_screens_limit_caps_what_was_asked() {
        let (facts, mut state) = (facts(), ShowState::default());
        state.set(&PropertyPath::wall(PropertyId::BrightnessPercent), Value::Number(80.0), &facts);
        assert!((state.brightness(&facts.screens[0]) - 0.8).abs() < 1e-12);
        assert!((state.brightness(&facts.screens[1]) - 0.5).abs() < 1e-12, "limited");
        assert!((state.brightness_asked(&facts.screens[1]) - 0.8).abs() < 1e-12, "and still known");
    }

    #[test]
    fn a_luminance_gives_each_screen_its_share_and_ends_with_a_percentage() {
        let (facts, mut state) = (facts(), ShowState::default());
        state.set(&PropertyPath::wall(PropertyId::BrightnessNits), Value::Number(400.0), &facts);
        assert!((state.brightness(&facts.screens[0]) - 0.4).abs() < 1e-12);
        assert!((state.brightness(&facts.screens[1]) - 0.2).abs() < 1e-12);
        assert_eq!(state.number_on("right", PropertyId::BrightnessPercent), Some(20.0), "percent follows");
        state.set(&PropertyPath::wall(PropertyId::BrightnessPercent), Value::Number(10.0), &facts);
        assert_eq!(state.number(PropertyId::BrightnessNits), None, "the luminance has ended");
        assert!((state.brightness(&facts.screens[1]) - 0.1).abs() < 1e-12, "also on the other screen");
    }

    #[test]
    fn restoring_values_restore_the_state_in_either_way_of_being_bright() {
        let (facts, mut state) = (facts(), ShowState::default());
        state.set(&PropertyPath::screen("right", PropertyId::BrightnessPercent), Value::Number(7.0), &facts);
        state.set(&PropertyPath::screen("left", PropertyId::GainRed), Value::Number(50.0), &facts);
        for nits in [Value::text("off"), Value::Number(300.0)] {
            state.set(&PropertyPath::wall(PropertyId::BrightnessNits), nits, &facts);
            let mut restored = ShowState::default();
            for (path, value) in state.restoring() {
                restored.set(&path, value.clone(), &facts);
            }
            assert_eq!(restored, state);
        }
    }

    #[test]
    fn a_screens_own_value_lasts_until_the_wall_is_set() {
        let (facts, mut state) = (facts(), ShowState::default());
        state.set(&PropertyPath::screen("left", PropertyId::Gamma), Value::Number(2.2), &facts);
        assert_eq!(state.number_on("left", PropertyId::Gamma), Some(2.2));
        assert_eq!(state.number_on("right", PropertyId::Gamma), Some(2.4));
        state.set(&PropertyPath::wall(PropertyId::Gamma), Value::Number(1.8), &facts);
        assert_eq!(state.number_on("left", PropertyId::Gamma), Some(1.8));
    }
}
