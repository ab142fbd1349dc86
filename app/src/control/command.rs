//! What a client asks of the show and what it hears back. One command, one reply.

use core::fmt;

use ocp809_sender::time::Tai;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::action::Action;
use super::path::PropertyPath;
use super::property::Scope;
use super::value::Value;

/// Something that a client asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The client's own number; the reply carries it back.
    #[serde(default)]
    pub id: u64,
    /// Who asks, for events and the log: `cli`, `window`, a name.
    #[serde(default)]
    pub client: String,
    /// What the client may do.
    #[serde(default)]
    pub role: Role,
    /// When it takes effect; absent is at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Tai>,
    /// When it must have begun; a later command fails instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Tai>,
    /// What is asked.
    pub request: Request,
}

/// What a client may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Look.
    Viewer,
    /// Run a show.
    #[default]
    Operator,
}

/// The three kinds of request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// Asked and actual values of these properties; of all when the list is empty.
    Get(Vec<PropertyPath>),
    /// New values, all or none.
    Set(Vec<Assignment>),
    /// An action.
    Do(Action),
}

/// A new value for a property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assignment {
    /// The property.
    pub path: PropertyPath,
    /// Its new value.
    pub value: Value,
    /// How long the change takes, in milliseconds; only numbers of fadeable properties take time.
    #[serde(default)]
    pub fade_ms: u32,
}

/// The answer to a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The command's number.
    pub id: u64,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It will take effect: at its time, over its fade, or because a newer value took its place.
    Accepted,
    /// It is in effect. A get, set or preset carries the values.
    Done(Vec<Reading>),
    /// It was refused and changed nothing.
    Rejected(Refusal),
    /// It was allowed and could not be carried out.
    Failed(Failure),
}

/// Asked and actual value of a property.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The property.
    pub path: PropertyPath,
    /// What was asked for.
    pub asked: Value,
    /// What is in effect: limited, on its way, or the same.
    pub actual: Value,
}

/// Why a command was refused. Each variant names the way out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Refusal {
    /// The show is locked.
    #[error("{what} is locked for the show: `ocp809 do unlock` first")]
    Locked {
        /// The property or action.
        what: String,
    },
    /// The client only looks.
    #[error("{what} needs the role operator; this client is a viewer")]
    ViewerOnly {
        /// The property or action.
        what: String,
    },
    /// There is no key to install.
    #[error(
        "install-key: this host has no site key: `ocp809 generate site-key FILE` makes one, [site_key] in machine.toml names it"
    )]
    NoSiteKey,
    /// The cards are played by this program.
    #[error("{what}: the cards of this show are virtual and keep nothing")]
    VirtualCards {
        /// The action.
        what: String,
    },
    /// The value is of another kind.
    #[error("{path} takes {expected}, not {value:?}")]
    WrongKind {
        /// The property's path.
        path: String,
        /// What it takes.
        expected: Expected,
        /// What was given.
        value: String,
    },
    /// The number lies outside its range.
    #[error("{path} goes from {min} to {max}; {value} lies outside")]
    OutOfRange {
        /// The property's path.
        path: String,
        /// The number.
        value: f64,
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
    },
    /// The part of the wall does not exist.
    #[error("{path}: the wall has no {scope} of this name; it has {}", List(known))]
    UnknownTarget {
        /// The path.
        path: String,
        /// What kind of part.
        scope: Scope,
        /// Those that exist.
        known: Vec<String>,
    },
    /// The property has one value for a larger part.
    #[error("{path}: this property belongs to {allowed}")]
    TooNarrow {
        /// The path.
        path: String,
        /// What it belongs to.
        allowed: String,
    },
    /// The property tells parts of a wall apart.
    #[error(
        "{path} tells parts of a wall apart: write group:ID/{path} or cabinet:ID/{path}; 100% for the whole wall ends all of \
         them, and brightness.percent is the wall's own brightness"
    )]
    OfParts {
        /// The path.
        path: String,
    },
    /// No such cabinet.
    #[error("the wall has no cabinet {cabinet:?}; did you mean {nearest:?}?")]
    UnknownCabinet {
        /// What was asked.
        cabinet: String,
        /// The id that looks most like it.
        nearest: String,
    },
    /// No source of this name.
    #[error("the show names no source {name:?}, only {}; {reason}", List(known))]
    UnknownSource {
        /// What was asked.
        name: String,
        /// Those that exist.
        known: Vec<String>,
        /// Why it is no source by itself.
        reason: String,
    },
    /// No such preset.
    #[error("there is no preset {number}; stored are {}", List(known))]
    UnknownPreset {
        /// What was asked.
        number: u16,
        /// Those that exist.
        known: Vec<u16>,
    },
    /// The preset holds nothing of the wanted parts.
    #[error("preset {number} holds nothing of what was to be recalled")]
    EmptyRecall {
        /// The preset.
        number: u16,
    },
    /// A luminance on a wall that does not know its own.
    #[error("screen {screen:?} does not know its luminance: give it peak_nits in wall.toml, or set brightness.percent")]
    PeakUnknown {
        /// The first screen without one.
        screen: String,
    },
    /// A fault switch on a real wall.
    #[error("{path} works on virtual walls only")]
    VirtualOnly {
        /// The property's path.
        path: String,
    },
    /// A text that its reader does not take.
    #[error("{path}: {text:?} is not accepted: {reason}")]
    BadText {
        /// The property's path.
        path: String,
        /// What was given.
        text: String,
        /// What its reader says.
        reason: String,
    },
    /// Too many commands wait.
    #[error("{waiting} commands wait already: send more slowly")]
    Busy {
        /// How many.
        waiting: u32,
    },
}

/// Why a command that was allowed could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Error)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum Failure {
    /// Its deadline had passed.
    #[error("the command came {late_us} us after its deadline and was not carried out")]
    TooLate {
        /// By how much.
        late_us: u64,
    },
    /// The engine did not answer in time; whether the command took effect is unknown.
    #[error("no answer within {waited_ms} ms; whether the command took effect is unknown")]
    NoAnswer {
        /// How long was waited.
        waited_ms: u64,
    },
    /// There is no engine at the other end.
    #[error("no show is running behind {address}: start one with `ocp809 run WALL`")]
    Unreachable {
        /// The socket, or "this window".
        address: String,
    },
    /// The state could not be saved; it is in effect until the next start.
    #[error("in effect, but not saved to {file}: {reason}")]
    NotSaved {
        /// The file.
        file: String,
        /// What the system says.
        reason: String,
    },
}

/// What a property takes, for a refusal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// On or off.
    Switch,
    /// A number with this unit's sign.
    Number(String),
    /// A number, or the word that unsets it.
    NumberOr(String),
    /// One of these words.
    OneOf(Vec<String>),
    /// Text that is not empty, has no line break, and is not longer than this.
    Text(u32),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("on or off"),
            Self::Number(unit) if unit.is_empty() => f.write_str("a number"),
            Self::Number(unit) => write!(f, "a number of {unit}"),
            Self::NumberOr(word) => write!(f, "a number or {word:?}"),
            Self::OneOf(words) => write!(f, "one of {}", List(words)),
            Self::Text(longest) => write!(f, "one line of text of up to {longest} bytes"),
        }
    }
}

struct List<'a, T>(&'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        self.0.iter().enumerate().try_for_each(|(n, item)| write!(f, "{}{item}", if n > 0 { ", " } else { "" }))
    }
}

impl Command {
    /// A command of an operator's client, to take effect at once.
    #[must_use]
    pub fn new(client: &str, request: Request) -> Self {
        Self { id: 0, client: client.to_owned(), role: Role::Operator, at: None, deadline: None, request }
    }

    /// A command that sets one property of the whole wall at once.
    #[must_use]
    pub fn set(client: &str, path: PropertyPath, value: Value) -> Self {
        Self::new(client, Request::Set(vec![Assignment { path, value, fade_ms: 0 }]))
    }

    /// A command that carries out an action.
    #[must_use]
    pub fn action(client: &str, action: Action) -> Self {
        Self::new(client, Request::Do(action))
    }

    /// The answer to it.
    #[must_use]
    pub const fn reply(&self, outcome: Outcome) -> Reply {
        Reply { id: self.id, outcome }
    }
}

impl Outcome {
    /// Whether the command is or will be in effect.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Accepted | Self::Done(_))
    }

    /// Why it is not in effect; `None` on success.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Accepted | Self::Done(_) => None,
            Self::Rejected(refusal) => Some(refusal.to_string()),
            Self::Failed(failure) => Some(failure.to_string()),
        }
    }
}
