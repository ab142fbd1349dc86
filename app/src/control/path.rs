//! Where a value belongs: a property, and the part of the installation that it is set for.
//!
//! Written `color.gamma` for the whole wall, `screen:LEFT/color.gamma` for one screen and `cabinet:B3/trim.brightness` for one
//! cabinet; ids may hold any other character.

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
    /// The cabinet of this id.
    Cabinet(String),
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
            Self::Cabinet(_) => Scope::Cabinet,
        }
    }

    /// Its id; empty for the wall.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Wall => "",
            Self::Screen(id) | Self::Group(id) | Self::Port(id) | Self::Cabinet(id) => id,
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
    #[error("there is no property {path:?}; did you mean {nearest}? `ocp809 get --list` shows all")]
    UnknownProperty {
        /// What was written.
        path: String,
        /// The property whose path looks most like it.
        nearest: &'static str,
    },
    /// A prefix that is none.
    #[error(
        "{prefix:?} is no part of a wall: write screen:ID, group:ID, cabinet:ID or port:ID in front of the slash, or nothing"
    )]
    UnknownPrefix {
        /// What was written.
        prefix: String,
    },
    /// The property has one value for a larger part.
    #[error("{property} cannot be set for one {asked}: it belongs to {allowed}")]
    TooNarrow {
        /// The property's path.
        property: &'static str,
        /// What it was asked for.
        asked: Scope,
        /// What it belongs to.
        allowed: &'static str,
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
            Some((prefix, path)) => (prefix.parse()?, path),
        };
        let row = property(path)
            .ok_or_else(|| PathError::UnknownProperty { path: path.to_owned(), nearest: nearest_property(path) })?;
        let asked = target.scope();
        if !row.scope.admits(asked) {
            return Err(PathError::TooNarrow { property: row.path, asked, allowed: row.scope.places() });
        }
        Ok(Self { target, property: row.id })
    }
}

impl FromStr for Target {
    type Err = PathError;

    fn from_str(prefix: &str) -> Result<Self, PathError> {
        match prefix.split_once(':') {
            Some(("screen", id)) => Ok(Self::Screen(id.to_owned())),
            Some(("group", id)) => Ok(Self::Group(id.to_owned())),
            Some(("port", id)) => Ok(Self::Port(id.to_owned())),
            Some(("cabinet", id)) => Ok(Self::Cabinet(id.to_owned())),
            _ => Err(PathError::UnknownPrefix { prefix: prefix.to_owned() }),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::Wall { f.write_str("wall") } else { write!(f, "{}:{}", self.scope(), self.id()) }
    }
}

fn nearest_property(path: &str) -> &'static str {
    let paths = PROPERTIES.iter().map(|row| row.path);
    super::nearest(path, paths).unwrap_or_default()
}

impl fmt::Display for PropertyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.target != Target::Wall {
            write!(f, "{}/", self.target)?;
        }
        f.write_str(self.property.path())
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Target {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "A part of the wall: screen:ID, group:ID, cabinet:ID or port:ID",
            "examples": ["group:stage-left", "cabinet:B3"],
        })
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
            "description": "A property path, with screen:ID/, group:ID/ or cabinet:ID/ in front of it for a part of the wall",
            "examples": paths,
        })
    }
}
