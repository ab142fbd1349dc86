//! What a setting is: its kind, unit, range, scope and who may change it when. The settings themselves are in
//! [`super::table`]; command line, window, files and sockets read them from there and keep no list of their own.

use core::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table::PropertyId;
use super::value::Value;

/// One setting, as it is declared once.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Property {
    /// Its identity within the program.
    #[serde(skip)]
    pub id: PropertyId,
    /// Its stable name: dotted words, as files and command lines write it.
    pub path: &'static str,
    /// Its name on screen.
    pub label: &'static str,
    /// One or two sentences for help texts and tool tips.
    pub help: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What a number means.
    pub unit: Unit,
    /// The narrowest part of the installation that can have a value of its own.
    pub scope: Scope,
    /// Whether it can be changed while the show is locked.
    pub access: Access,
    /// Whether a change can be spread over time.
    pub fadeable: bool,
    /// The part of a preset that carries it; `None` keeps it out of presets.
    pub part: Option<PresetPart>,
}

/// The values that a property takes, and the one that it starts with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Kind {
    /// On or off.
    Switch {
        /// At first.
        default: bool,
    },
    /// A number.
    Number {
        /// Least.
        min: f64,
        /// Greatest.
        max: f64,
        /// Distance between two neighbouring values; what lies between is rounded.
        step: f64,
        /// At first; `None` is the word of `unset`.
        default: Option<f64>,
        /// The word that stands for "no number", where there is one.
        unset: Option<&'static str>,
    },
    /// One of several words.
    Choice {
        /// The words.
        options: &'static [Choice],
        /// At first.
        default: &'static str,
    },
    /// Free text.
    Text {
        /// What the text is.
        form: TextForm,
        /// At first; `None` is the word of `unset`.
        default: Option<&'static str>,
        /// The word that stands for "no text", where there is one.
        unset: Option<&'static str>,
    },
}

/// One word of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Choice {
    /// The word.
    pub word: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextForm {
    /// A source, such as `pattern:bars` or `cmd:ffmpeg ...`.
    SourceUri,
    /// A test pattern with its parameters, such as `grey 20%`.
    Pattern,
    /// A file on the host that drives the wall.
    File,
    /// The id of a cabinet.
    Cabinet,
}

/// What a number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Not a number.
    None,
    /// Hundredths of full.
    Percent,
    /// Thousandths.
    Permille,
    /// cd/m2.
    Nits,
    /// Correlated colour temperature.
    Kelvin,
    /// Signed distance from the black-body locus in CIE 1960 uv, positive towards green.
    Duv,
    /// An exponent.
    Exponent,
    /// New images per second.
    FramesPerSecond,
    /// Wall frames.
    Frames,
}

impl Unit {
    /// The sign behind the number; empty where there is none.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Percent => "%",
            Self::Permille => "‰",
            Self::Nits => "nit",
            Self::Kelvin => "K",
            Self::FramesPerSecond => "fps",
            Self::Frames => "frames",
            Self::None | Self::Duv | Self::Exponent => "",
        }
    }

    /// Spellings that people put behind a number, in lower case.
    #[must_use]
    pub const fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Percent => &["%", "percent"],
            Self::Permille => &["‰", "permille"],
            Self::Nits => &["nit", "nits", "cd/m2"],
            Self::Kelvin => &["k", "kelvin"],
            Self::FramesPerSecond => &["fps", "hz"],
            Self::Frames => &["frames"],
            Self::None | Self::Duv | Self::Exponent => &[],
        }
    }
}

/// A part of the installation that can have a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Everything.
    Wall,
    /// One LED surface.
    Screen,
    /// A named set of cabinets.
    Group,
    /// One Ethernet output.
    Port,
    /// One cabinet, or a group of them.
    Cabinet,
}

impl Scope {
    /// The word in front of a path.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Wall => "wall",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Port => "port",
            Self::Cabinet => "cabinet",
        }
    }

    /// Whether a property of this scope can be set for such a part.
    #[must_use]
    pub fn admits(self, part: Self) -> bool {
        part == Self::Wall || part == self || (self, part) == (Self::Cabinet, Self::Group)
    }

    /// The parts that a property of this scope can be set for, in words.
    #[must_use]
    pub const fn places(self) -> &'static str {
        match self {
            Self::Wall => "the whole wall",
            Self::Screen => "the whole wall or one screen",
            Self::Group => "the whole wall or one group",
            Self::Port => "the whole wall or one port",
            Self::Cabinet => "a group or a cabinet",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Whether a property can be changed while the show is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Access {
    /// At any time.
    Live,
    /// Only while the show is unlocked.
    Unlocked,
}

/// The parts of a preset that can be recalled one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PresetPart {
    /// How bright.
    Brightness,
    /// Transfer function, temperature, gains, LUT.
    Color,
    /// What is shown, and what happens when it is lost.
    Source,
    /// Test pattern.
    Pattern,
    /// Frame rate and dither.
    Output,
}

impl PresetPart {
    /// All parts.
    pub const ALL: [Self; 5] = [Self::Brightness, Self::Color, Self::Source, Self::Pattern, Self::Output];

    /// Its name in files and on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brightness => "brightness",
            Self::Color => "color",
            Self::Source => "source",
            Self::Pattern => "pattern",
            Self::Output => "output",
        }
    }
}

impl Kind {
    /// The value that a property of this kind starts with.
    #[must_use]
    pub fn default_value(&self) -> Value {
        match *self {
            Self::Switch { default } => Value::Switch(default),
            Self::Number { default: Some(number), .. } => Value::Number(number),
            Self::Choice { default, .. } => Value::text(default),
            Self::Text { default: Some(text), .. } => Value::text(text),
            Self::Number { unset, .. } | Self::Text { unset, .. } => Value::text(unset.unwrap_or_default()),
        }
    }
}

impl Property {
    /// The value that it starts with.
    #[must_use]
    pub fn default_value(&self) -> Value {
        self.kind.default_value()
    }

    /// A value as people read it, with its unit.
    #[must_use]
    pub fn display(&self, value: &Value) -> String {
        match (value, self.unit.sign()) {
            (Value::Number(number), "") => number.to_string(),
            (Value::Number(number), "%") => format!("{number}%"),
            (Value::Number(number), sign) => format!("{number} {sign}"),
            (other, _) => other.to_string(),
        }
    }
}
