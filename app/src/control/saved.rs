//! What of a show survives a restart: asked values and presets, as one JSON document that is written at every change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::path::PropertyPath;
use super::preset::{Preset, Presets};
use super::state::ShowState;
use super::value::Value;

/// Version of the document.
pub const SAVED_SCHEMA_VERSION: u32 = 1;

/// What survives a restart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Saved {
    /// [`SAVED_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Values that differ from their defaults. Keys are text, so that a property that a later version
    /// has dropped costs its value and not the whole document.
    pub values: BTreeMap<String, Value>,
    /// Presets by number.
    pub presets: BTreeMap<u16, Preset>,
}

impl Saved {
    /// The document of a show.
    #[must_use]
    pub fn of(state: &ShowState, presets: &Presets) -> Self {
        let differs = |(path, value): &(PropertyPath, &Value)| **value != path.property.property().default_value();
        Self {
            schema_version: SAVED_SCHEMA_VERSION,
            values: state.restoring().filter(differs).map(|(path, value)| (path.to_string(), value.clone())).collect(),
            presets: presets.iter().map(|(number, preset)| (number, preset.clone())).collect(),
        }
    }
}

impl Default for Saved {
    fn default() -> Self {
        Self { schema_version: SAVED_SCHEMA_VERSION, values: BTreeMap::new(), presets: BTreeMap::new() }
    }
}
