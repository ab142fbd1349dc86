//! The value of a property: a switch, a number or a word. What may be written is decided by the property, not here.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A property's value as files, sockets and the command line carry it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Switch(bool),
    /// A number in the property's unit.
    Number(f64),
    /// A choice, a text, or the word by which a property says that it is not set ("native", "auto", "off").
    Text(String),
}

impl Value {
    /// A text value.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The number, if it is one.
    #[must_use]
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Switch(_) | Self::Text(_) => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Switch(_) | Self::Number(_) => None,
        }
    }

    /// The switch, if it is one.
    #[must_use]
    pub const fn as_switch(&self) -> Option<bool> {
        match self {
            Self::Switch(on) => Some(*on),
            Self::Number(_) | Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}
