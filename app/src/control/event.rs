//! What happened to the show, in order, for every client that listens.

use ocp809_sender::time::Tai;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::action::Action;
use super::path::PropertyPath;
use super::status::Alarm;
use super::value::Value;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Counts up by one; a gap means that this client was too slow.
    pub seq: u64,
    /// When.
    pub tai: Tai,
    /// Who caused it: a client's name, or the part of the sender.
    pub origin: String,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// A property was asked to change, or the wall confirmed a value.
    Property {
        /// The property.
        path: PropertyPath,
        /// What was asked for.
        asked: Value,
        /// What is in effect.
        actual: Value,
    },
    /// An action was carried out.
    Done {
        /// The action.
        #[serde(flatten)]
        action: Action,
    },
    /// A command was refused or failed.
    Refused {
        /// The command's number.
        id: u64,
        /// Why.
        reason: String,
    },
    /// A card was put in another one's place and took over its settings.
    CardReplaced {
        /// The cabinet's id.
        cabinet: String,
        /// Serial number of the card before.
        old: String,
        /// Serial number of the card now.
        new: String,
    },
    /// The order to install the site's key is over.
    KeyInstalled {
        /// Cards that have the key.
        cards: u32,
        /// All cards.
        of: u32,
    },
    /// The order to store settings is over.
    CardsSaved {
        /// Cards that stored theirs.
        cards: u32,
        /// All cards.
        of: u32,
    },
    /// An alarm began.
    AlarmRaised {
        /// The alarm.
        alarm: Alarm,
    },
    /// An alarm ended.
    AlarmCleared {
        /// The alarm.
        alarm: Alarm,
    },
}
