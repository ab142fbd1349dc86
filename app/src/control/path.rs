//! Where a value belongs: a property, and the part of the installation that it is set for.
//!
//! Written `color.gamma` for the whole wall and `screen:LEFT/color.gamma` for one screen; ids may hold any other character.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

use super::property::Scope;
use super::table::{PROPERTIES, PropertyId, property};

/// The part of the installation that a value is set for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Target {
    /// Everything that has no value of its own.
    #[default]
    Wall,
    /// The screen of this id.
    Screen(String),
    /// The group of this id.
    Group(String),
    /// The port of this id.
    Port(String),
}

impl Target {
    /// What kind of part it is.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Wall => Scope::Wall,
            Self::Screen(_) => Scope::Screen,
            Self::Group(_) => Scope::Group,
            Self::Port(_) => Scope::Port,
        }
    }

    /// Its id; empty for the wall.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Wall => "",
            Self::Screen(id) | Self::Group(id) | Self::Port(id) => id,
        }
    }
}

/// A property of a part of the installation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PropertyPath {
    /// The part.
    pub target: Target,
    /// The property.
    pub property: PropertyId,
}

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// No such property.
    #[error("there is no property {path:?}; did you mean {nearest}? `ocp809 get` lists them")]
    UnknownProperty {
        /// What was written.
        path: String,
        /// The property whose path looks most like it.
        nearest: &'static str,
    },
    /// A prefix that is none.
    #[error("{prefix:?} is no part of a wall: write screen:ID/, group:ID/ or port:ID/ in front of the property, or nothing")]
    UnknownPrefix {
        /// What was written.
        prefix: String,
    },
    /// The property has one value for a larger part.
    #[error("{property} cannot be set for one {asked}: it belongs to the {allowed}")]
    TooNarrow {
        /// The property's path.
        property: &'static str,
        /// What it was asked for.
        asked: Scope,
        /// What it belongs to.
        allowed: Scope,
    },
}

impl PropertyPath {
    /// The property for the whole wall.
    #[must_use]
    pub const fn wall(property: PropertyId) -> Self {
        Self { target: Target::Wall, property }
    }

    /// The property for one screen.
    #[must_use]
    pub fn screen(id: &str, property: PropertyId) -> Self {
        Self { target: Target::Screen(id.to_owned()), property }
    }
}

impl FromStr for PropertyPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let (target, path) = match text.rsplit_once('/') {
            None => (Target::Wall, text),
            Some((prefix, path)) => (parse_target(prefix)?, path),
        };
        let row = property(path)
            .ok_or_else(|| PathError::UnknownProperty { path: path.to_owned(), nearest: nearest_property(path) })?;
        let asked = target.scope();
        if asked != Scope::Wall && asked != row.scope {
            return Err(PathError::TooNarrow { property: row.path, asked, allowed: row.scope });
        }
        Ok(Self { target, property: row.id })
    }
}

fn parse_target(prefix: &str) -> Result<Target, PathError> {
    match prefix.split_once(':') {
        Some(("screen", id)) => Ok(Target::Screen(id.to_owned())),
        Some(("group", id)) => Ok(Target::Group(id.to_owned())),
        Some(("port", id)) => Ok(Target::Port(id.to_owned())),
        _ => Err(PathError::UnknownPrefix { prefix: prefix.to_owned() }),
    }
}

fn nearest_property(path: &str) -> &'static str {
    let paths = PROPERTIES.iter().map(|row| row.path);
    super::nearest(path, paths).unwrap_or_default()
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Wall => f.write_str(self.property.path()),
            Target::Screen(id) | Target::Group(id) | Target::Port(id) => {
                write!(f, "{}:{id}/{}", self.target.scope(), self.property.path())
            }
        }
    }
}

impl Serialize for PropertyPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PropertyPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for PropertyPath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PropertyPath".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let paths: Vec<&str> = PROPERTIES.iter().map(|row| row.path).collect();
        schemars::json_schema!({
            "type": "string",
            "description": "A property path, with screen:ID/ in front of it for one screen",
            "examples": paths,
        })
    }
}
