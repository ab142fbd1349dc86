//! What can be done to a show besides setting a property: the actions of technicians' buttons, each once.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::path::Target;
use super::property::PresetPart;

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// All LEDs dark, cards stay fed.
    BlackOut {
        /// How long the light takes to go, in milliseconds.
        #[serde(default)]
        fade_ms: u32,
    },
    /// The last picture stands still.
    Freeze,
    /// Back to the picture.
    Normal {
        /// How long the light takes to come, in milliseconds.
        #[serde(default)]
        fade_ms: u32,
    },
    /// A new brightness.
    Brightness {
        /// How bright.
        level: BrightnessLevel,
        /// How long the change takes, in milliseconds.
        #[serde(default)]
        fade_ms: u32,
    },
    /// A group or cabinet becomes brighter or darker than the rest of its screen.
    Trim {
        /// The group or cabinet, as `group:ID` or `cabinet:ID`.
        part: Target,
        /// Its brightness against the rest, in percent.
        percent: f64,
        /// How long the change takes, in milliseconds.
        #[serde(default)]
        fade_ms: u32,
    },
    /// A stored preset becomes the asked state.
    Preset {
        /// Its number.
        number: u16,
        /// The parts that are recalled; empty means all that it holds.
        #[serde(default)]
        only: Vec<PresetPart>,
        /// How long the change takes, in milliseconds.
        #[serde(default)]
        fade_ms: u32,
    },
    /// The asked state is stored.
    StorePreset {
        /// The number to store under; what is there is replaced.
        number: u16,
        /// What people call it.
        #[serde(default)]
        name: String,
        /// The parts that are stored; empty means all.
        #[serde(default)]
        only: Vec<PresetPart>,
    },
    /// A stored preset is forgotten.
    DeletePreset {
        /// Its number.
        number: u16,
    },
    /// Another source.
    Source {
        /// Where it comes from.
        uri: String,
    },
    /// A test pattern in front of the source.
    Pattern {
        /// The pattern; "off" ends it.
        pattern: String,
    },
    /// A cabinet marks itself.
    Identify {
        /// Its id; "off" ends it.
        cabinet: String,
    },
    /// Only what a running show needs can be changed.
    Lock,
    /// Everything can be changed.
    Unlock,
    /// The wall is taken from another sender that drives it.
    TakeOver,
    /// The site's key is installed in every card that has none.
    InstallKey,
    /// Every card stores its settings, so that they survive a power-off.
    SaveCards,
    /// Fade to black and end.
    Stop,
}

/// A brightness, relative or absolute; in files and on sockets the text that people type: `35%`, `400nit`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", try_from = "String")]
#[schemars(with = "String")]
pub enum BrightnessLevel {
    /// Share of full, in percent.
    Percent(f64),
    /// Luminance of white, in cd/m2.
    Nits(f64),
}

/// Why a text is no brightness.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is no brightness: write a percentage such as 35% or 35, or a luminance such as 400nit")]
pub struct BrightnessError {
    /// What was written.
    pub text: String,
}

impl FromStr for BrightnessLevel {
    type Err = BrightnessError;

    fn from_str(text: &str) -> Result<Self, BrightnessError> {
        let lower = text.trim().to_ascii_lowercase();
        let level = [("nits", true), ("nit", true), ("cd/m2", true), ("%", false), ("", false)]
            .into_iter()
            .find_map(|(unit, is_nits)| lower.strip_suffix(unit).map(|number| (number.trim_end(), is_nits)))
            .and_then(|(number, is_nits)| {
                let number = number.parse::<f64>().ok().filter(|n| n.is_finite())?;
                Some(if is_nits { Self::Nits(number) } else { Self::Percent(number) })
            });
        level.ok_or_else(|| BrightnessError { text: text.to_owned() })
    }
}

impl TryFrom<String> for BrightnessLevel {
    type Error = BrightnessError;

    fn try_from(text: String) -> Result<Self, BrightnessError> {
        text.parse()
    }
}

impl From<BrightnessLevel> for String {
    fn from(level: BrightnessLevel) -> Self {
        level.to_string()
    }
}

impl fmt::Display for BrightnessLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::Nits(nits) => write!(f, "{nits} nit"),
        }
    }
}

/// An action as lists, help texts and buttons show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ActionInfo {
    /// Its name on command lines and sockets.
    pub name: &'static str,
    /// Its name on screen.
    pub label: &'static str,
    /// One or two sentences.
    pub help: &'static str,
    /// A command line that does it.
    pub example: &'static str,
    /// Whether it works while the show is locked.
    pub while_locked: bool,
}

/// All actions, in the order in which lists show them.
pub static ACTIONS: &[ActionInfo] = &[
    row("black-out", "Black out", "All LEDs dark; the cards stay fed.", "black-out --fade 500", true),
    row("freeze", "Freeze", "The last picture stands still.", "freeze", true),
    row("normal", "Normal", "Ends black out and freeze.", "normal", true),
    row("brightness", "Brightness", "Sets the brightness in percent or nit.", "brightness 35%", true),
    row("trim", "Trim", "Sets how bright a group or cabinet is against the rest of its screen.", "trim cabinet:B3 97.5%", false),
    row(
        "preset",
        "Recall preset",
        "Makes a stored preset the asked state, or some parts of it.",
        "preset 3 --only brightness",
        true,
    ),
    row("store-preset", "Store preset", "Stores the asked state under a number.", "store-preset 3 --name Opening", false),
    row("delete-preset", "Delete preset", "Forgets a stored preset.", "delete-preset 3", false),
    row("source", "Source", "Shows another source.", "source image:logo.png", false),
    row("pattern", "Test pattern", "Shows a test pattern in front of the source; off ends it.", "pattern bars", false),
    row("identify", "Identify", "Makes a cabinet mark itself on the wall; off ends it.", "identify B3", false),
    row("lock", "Lock", "Refuses everything that a running show does not need.", "lock", true),
    row("unlock", "Unlock", "Ends the show lock.", "unlock", true),
    row("take-over", "Take over", "Takes the wall from another sender that drives it.", "take-over", false),
    row("install-key", "Install key", "Installs this site's key in every card that has none.", "install-key", false),
    row("save-cards", "Save cards", "Makes the cards' settings survive a power-off.", "save-cards", false),
    row("stop", "Stop", "Fades to black and ends the sender.", "stop", true),
];

const fn row(
    name: &'static str,
    label: &'static str,
    help: &'static str,
    example: &'static str,
    while_locked: bool,
) -> ActionInfo {
    ActionInfo { name, label, help, example, while_locked }
}

impl Action {
    /// Its name on command lines and sockets.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::BlackOut { .. } => "black-out",
            Self::Freeze => "freeze",
            Self::Normal { .. } => "normal",
            Self::Brightness { .. } => "brightness",
            Self::Trim { .. } => "trim",
            Self::Preset { .. } => "preset",
            Self::StorePreset { .. } => "store-preset",
            Self::DeletePreset { .. } => "delete-preset",
            Self::Source { .. } => "source",
            Self::Pattern { .. } => "pattern",
            Self::Identify { .. } => "identify",
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::TakeOver => "take-over",
            Self::InstallKey => "install-key",
            Self::SaveCards => "save-cards",
            Self::Stop => "stop",
        }
    }

    /// Its row in the table of actions.
    #[must_use]
    pub fn info(&self) -> Option<&'static ActionInfo> {
        ACTIONS.iter().find(|info| info.name == self.name())
    }

    /// Whether it works while the show is locked.
    #[must_use]
    pub fn works_while_locked(&self) -> bool {
        self.info().is_some_and(|info| info.while_locked)
    }
}
