//! show.toml: which wall, which sources, how it starts, and its presets. Nothing of a host, nothing of the wall's build.

use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::place::Place;
use super::problem::Problem;
use crate::capture::{NamedSources, UriError};
use crate::control::check::Checker;
use crate::control::property::TextForm;
use crate::control::{Preset, PropertyPath, Refusal, Saved, Value, WallFacts};
use crate::readers::read_text;

/// The version of show.toml that this program writes.
pub const SHOW_SCHEMA_VERSION: u32 = 1;

/// A whole show.toml.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShowSpec {
    /// Version of this document, [`SHOW_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What people call the show.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Its wall.toml, relative to this file.
    pub wall: String,
    /// Settings of a first start, by property path; a dotted path may be written as nested tables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: Settings,
    /// Sources that `source.uri` and the source action know by their id.
    #[serde(rename = "source", default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceSpec>,
    /// Presets.
    #[serde(rename = "preset", default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<PresetSpec>,
}

/// Values by property path.
pub type Settings = BTreeMap<String, Setting>;

/// A value, or settings whose paths go on below this key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Setting {
    /// A value.
    Value(Value),
    /// Settings below this key.
    Below(Settings),
}

/// A source by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Its name, unique among sources.
    pub id: String,
    /// Where it comes from: `cmd:ffmpeg ...`, `image:logo.png`, `pattern:bars`.
    pub uri: String,
}

/// A preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresetSpec {
    /// Its number, unique among presets.
    pub number: u16,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What it sets.
    pub settings: Settings,
}

/// Settings as the list of their paths.
fn flattened(settings: &Settings) -> Vec<(Place, String, &Value)> {
    fn walk<'a>(settings: &'a Settings, place: &Place, prefix: &str, out: &mut Vec<(Place, String, &'a Value)>) {
        for (key, setting) in settings {
            let (place, path) = (place.clone().key(key), format!("{prefix}{key}"));
            match setting {
                Setting::Value(value) => out.push((place, path, value)),
                Setting::Below(below) => walk(below, &place, &format!("{path}."), out),
            }
        }
    }
    let mut out = Vec::new();
    walk(settings, &Place::default(), "", &mut out);
    out
}

impl ShowSpec {
    /// A show of nothing but a wall.
    #[must_use]
    pub fn of_wall(wall: &str) -> Self {
        Self {
            schema_version: SHOW_SCHEMA_VERSION,
            name: String::new(),
            wall: wall.to_owned(),
            settings: Settings::new(),
            sources: Vec::new(),
            presets: Vec::new(),
        }
    }

    /// Everything that is wrong with a show and can be said without its wall.
    #[must_use]
    pub fn problems(&self, document: &Document<'_>) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut report = |place: Place, text: String, way_out: &str| {
            let (key, span) = (place.to_string(), document.span(&place));
            problems.push(Problem { text, way_out: way_out.to_owned(), key, span, other: None });
        };
        for (place, text) in self.wrong_settings(&self.settings, &Place::default().key("settings")) {
            report(place, text, "");
        }
        for (index, preset) in self.presets.iter().enumerate() {
            let place = Place::default().key("preset").index(index);
            if self.presets.iter().take(index).any(|other| other.number == preset.number) {
                report(place.clone().key("number"), format!("preset {} exists already", preset.number), "give each its own");
            }
            for (place, text) in self.wrong_settings(&preset.settings, &place.key("settings")) {
                report(place, text, "");
            }
        }
        for (index, source) in self.sources.iter().enumerate() {
            let place = Place::default().key("source").index(index);
            if let Err(reason) = read_text(TextForm::SourceUri, &source.uri) {
                report(place.clone().key("uri"), reason, "");
            }
            let place = place.key("id");
            if self.sources.iter().take(index).any(|other| other.id == source.id) {
                report(place.clone(), format!("source {:?} exists already", source.id), "give each its own");
            }
            if source.id.is_empty() || source.id.contains(':') {
                report(place, format!("{:?} cannot be the name of a source", source.id), "use a word without a colon");
            }
        }
        problems
    }

    /// What the names of its sources stand for; `folder` is where the show lies.
    ///
    /// # Errors
    /// [`UriError`] of the first that is no source: a show without [`Self::problems`] has none.
    pub fn named_sources(&self, folder: &Path) -> Result<NamedSources, UriError> {
        NamedSources::below(folder, self.sources.iter().map(|source| (source.id.as_str(), source.uri.as_str())))
    }

    /// What a first start of this show begins with.
    #[must_use]
    pub fn first_start(&self) -> Saved {
        let presets = self.presets.iter().map(|preset| {
            let values = flattened(&preset.settings).into_iter();
            let values = values.filter_map(|(_, path, value)| Some((path.parse::<PropertyPath>().ok()?, value.clone())));
            (preset.number, Preset { name: preset.name.clone(), values: values.collect() })
        });
        Saved {
            values: flattened(&self.settings).into_iter().map(|(_, path, value)| (path, value.clone())).collect(),
            presets: presets.collect(),
            ..Saved::default()
        }
    }

    /// What this show begins with after it ran before: the state in which it ended, and presets that clients stored in
    /// front of its own.
    #[must_use]
    pub fn later_start(&self, mut saved: Saved) -> Saved {
        for (number, preset) in self.first_start().presets {
            saved.presets.entry(number).or_insert(preset);
        }
        saved
    }

    /// Paths that do not exist and values that do not fit, as far as that can be said without the wall.
    fn wrong_settings(&self, settings: &Settings, at: &Place) -> Vec<(Place, String)> {
        let sources = self.sources.iter().map(|source| source.id.clone()).collect();
        let facts = WallFacts { is_virtual: true, sources, ..WallFacts::default() };
        let checker = Checker { facts: &facts, reader: read_anywhere };
        let mut wrong = Vec::new();
        for (place, path, value) in flattened(settings) {
            let place = at.joined(&place);
            match path.parse::<PropertyPath>() {
                Err(error) => wrong.push((place, error.to_string())),
                // Names of the wall's parts are checked once the wall is there.
                Ok(path) => match checker.check_value(&path, value) {
                    Ok(_) | Err(Refusal::UnknownCabinet { .. } | Refusal::PeakUnknown { .. }) => {}
                    Err(refusal) => wrong.push((place, refusal.to_string())),
                },
            }
        }
        wrong
    }
}

/// What can be said about a text on any host: a file need not be on this one.
fn read_anywhere(form: TextForm, text: &str) -> Result<(), String> {
    if form == TextForm::File { Ok(()) } else { read_text(form, text) }
}
