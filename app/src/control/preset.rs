//! Presets: stored values under a number, recalled whole or in parts. A preset never changes black out, lock or identify.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::Refusal;
use super::path::PropertyPath;
use super::property::PresetPart;
use super::state::ShowState;
use super::status::PresetStatus;
use super::value::Value;

/// A stored preset.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// What people call it.
    #[serde(default)]
    pub name: String,
    /// Values; the wall's come before those of its parts.
    pub values: BTreeMap<PropertyPath, Value>,
}

/// All stored presets by number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Presets {
    stored: BTreeMap<u16, Preset>,
}

impl Presets {
    /// Stores a preset; one of the same number is replaced.
    pub fn insert(&mut self, number: u16, preset: Preset) {
        self.stored.insert(number, preset);
    }

    /// Stores what was asked of a show; an empty `only` stores all parts. An empty name keeps the one that was there.
    pub fn store(&mut self, number: u16, name: &str, only: &[PresetPart], state: &ShowState) {
        let wanted =
            |path: &PropertyPath| path.property.property().part.is_some_and(|part| only.is_empty() || only.contains(&part));
        let values = state.restoring().filter(|(path, _)| wanted(path)).map(|(path, value)| (path, value.clone())).collect();
        let name = match self.stored.get(&number) {
            Some(old) if name.is_empty() => old.name.clone(),
            _ => name.to_owned(),
        };
        self.stored.insert(number, Preset { name, values });
    }

    /// The values that a recall sets, in the order in which they are to be set; an empty `only` recalls all parts.
    ///
    /// # Errors
    ///
    /// When there is no such preset, or it holds nothing of the wanted parts.
    pub fn recall(&self, number: u16, only: &[PresetPart]) -> Result<Vec<(PropertyPath, Value)>, Refusal> {
        let preset = self.get(number)?;
        let wanted =
            |path: &PropertyPath| path.property.property().part.is_some_and(|part| only.is_empty() || only.contains(&part));
        let values: Vec<_> =
            preset.values.iter().filter(|(path, _)| wanted(path)).map(|(path, value)| (path.clone(), value.clone())).collect();
        if values.is_empty() { Err(Refusal::EmptyRecall { number }) } else { Ok(values) }
    }

    /// Forgets a preset.
    ///
    /// # Errors
    ///
    /// When there is no such preset.
    pub fn delete(&mut self, number: u16) -> Result<(), Refusal> {
        self.get(number)?;
        self.stored.remove(&number);
        Ok(())
    }

    fn get(&self, number: u16) -> Result<&Preset, Refusal> {
        self.stored.get(&number).ok_or_else(|| Refusal::UnknownPreset { number, known: self.stored.keys().copied().collect() })
    }

    /// All presets by number.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &Preset)> {
        self.stored.iter().map(|(number, preset)| (*number, preset))
    }

    /// What the status says of them.
    #[must_use]
    pub fn status(&self) -> Vec<PresetStatus> {
        self.iter()
            .map(|(number, preset)| {
                let mut parts: Vec<_> = preset.values.keys().filter_map(|path| path.property.property().part).collect();
                parts.sort();
                parts.dedup();
                PresetStatus { number, name: preset.name.clone(), parts }
            })
            .collect()
    }
}
