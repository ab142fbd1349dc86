//! How the show is doing, as one snapshot that the engine publishes several times a second.
//!
//! Clients hold an `Arc` of it and never a lock; numbers count from the engine's start and only grow.

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::Tai;
use ocp809_sender::transport::Sending;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::property::PresetPart;
use crate::config::BackendChoice;

/// The whole snapshot.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// When it was taken.
    pub tai: Tai,
    /// What people call the wall.
    pub wall: String,
    /// Nanoseconds since the engine started.
    pub uptime_ns: u64,
    /// Normal, black out or freeze.
    pub mode: OutputMode,
    /// Share of light that the master fader lets through: 1 in normal operation, 0 in black out.
    pub master: f64,
    /// Whether the show is locked.
    pub locked: bool,
    /// The test pattern in front of the source, if any.
    pub pattern: Option<String>,
    /// The cabinet that marks itself, if any.
    pub identify: Option<String>,
    /// The source.
    pub source: SourceStatus,
    /// Frame rate and counters.
    pub frames: FrameStatus,
    /// How bright each screen is.
    pub screens: Vec<ScreenStatus>,
    /// Ports in the wall's order.
    pub ports: Vec<PortStatus>,
    /// Cards in the order of the wall's cabinets.
    pub cards: Vec<CardStatus>,
    /// What is wrong, gravest first.
    pub alarms: Vec<Alarm>,
    /// Stored presets by number.
    pub presets: Vec<PresetStatus>,
    /// Where pixels are computed.
    pub pixel_path: String,
}

/// Normal, black out or freeze.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OutputMode {
    /// The source or the test pattern.
    #[default]
    Normal,
    /// All LEDs dark.
    BlackOut,
    /// The last picture stands still.
    Freeze,
}

impl OutputMode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Normal, Self::BlackOut, Self::Freeze];

    /// Its word in `output.mode`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::BlackOut => "black-out",
            Self::Freeze => "freeze",
        }
    }

    /// The mode of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// The source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SourceStatus {
    /// Where it comes from.
    pub uri: String,
    /// How it is doing.
    pub state: SourceState,
    /// Since when.
    pub since: Tai,
    /// Why, where the state alone does not say it.
    pub detail: String,
    /// Size of its pictures, once known.
    pub size: Option<PixelSize>,
    /// Pixel format, once known.
    pub format: String,
    /// Pictures per second, as measured.
    pub fps: f64,
}

/// How a source is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// None was asked for, or it is not open yet.
    #[default]
    None,
    /// Being opened.
    Opening,
    /// Delivering pictures.
    Live,
    /// A still or an ended file: the last picture is its picture.
    Still,
    /// It came to its end and starts again.
    Ended,
    /// It should deliver and does not.
    Lost,
    /// It cannot be opened; tried again from time to time.
    Failed,
}

/// Frame rate and counters.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct FrameStatus {
    /// New wall frames per second, as asked for.
    pub rate_hz: f64,
    /// The same, as measured over the last second.
    pub measured_hz: f64,
    /// Wall frames that were sent whole.
    pub sent: u64,
    /// Of these, frames that repeated the picture before.
    pub repeated: u64,
    /// Source pictures that no wall frame showed.
    pub skipped: u64,
    /// Wall frames that were not sent, decided before their first packet.
    pub dropped: u64,
    /// Wall frames whose last packet left after their presentation.
    pub late: u64,
    /// From the source picture in memory to the first packet.
    pub first_packet: LatencyStatus,
    /// From the source picture in memory to the last packet.
    pub last_packet: LatencyStatus,
}

/// A latency in microseconds over the last seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct LatencyStatus {
    /// Half of the frames are not slower.
    pub p50_us: u32,
    /// 99 of 100 frames are not slower.
    pub p99_us: u32,
    /// The slowest.
    pub max_us: u32,
}

/// How bright a screen is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ScreenStatus {
    /// Its id.
    pub id: String,
    /// What was asked for, in percent of full.
    pub asked_percent: f64,
    /// What is in effect, in percent of full.
    pub actual_percent: f64,
    /// Its limit, in percent of full.
    pub limit_percent: f64,
    /// What is in effect, in cd/m2, where the wall knows its peak.
    pub actual_nits: Option<f64>,
}

/// One Ethernet output.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PortStatus {
    /// Its id.
    pub id: String,
    /// What it sends through: an interface's name, a file, `virtual`.
    pub transport: String,
    /// Carrier.
    pub link: PortLink,
    /// How its frames leave, where the transport knows.
    #[serde(default)]
    pub sending: Option<SendingStatus>,
    /// Packets in the last second.
    pub packets_per_second: u64,
    /// Bytes on the wire in the last second, with preamble and gap.
    pub bytes_per_second: u64,
    /// Packets since the start.
    pub packets: u64,
    /// Sends that the system refused.
    pub errors: u64,
    /// Share of the link that pixels take, in percent.
    pub load_percent: f64,
    /// Cards that answer, of those that the wall lists.
    pub cards_online: u32,
    /// Cards that the wall lists.
    pub cards: u32,
}

/// How a port's frames leave.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SendingStatus {
    /// The backend, by the word that machine.toml has for it.
    pub backend: BackendChoice,
    /// Whether packets are sent from where they were computed, without a copy.
    pub in_place: bool,
    /// Why it is not a faster backend, where one was passed over.
    pub fallback: Option<String>,
    /// All of it for people.
    pub text: String,
}

impl From<Sending> for SendingStatus {
    fn from(sending: Sending) -> Self {
        Self {
            backend: sending.backend.into(),
            in_place: sending.in_place,
            fallback: sending.fallback.map(|fallback| fallback.to_string()),
            text: sending.to_string(),
        }
    }
}

/// Carrier of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum PortLink {
    /// The transport cannot tell.
    #[default]
    Unknown,
    /// No carrier.
    Down,
    /// Carrier.
    Up {
        /// Speed in Mbit/s, where known.
        rate_mbit: Option<u32>,
    },
    /// The port is bound to no interface on this host.
    Unbound,
}

/// One card, as it last reported itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct CardStatus {
    /// The cabinet's id.
    pub cabinet: String,
    /// The port's id.
    pub port: String,
    /// Place in the cascade, 0 nearest to the sender.
    pub place: u16,
    /// Serial number, once known.
    pub serial: String,
    /// Whether it answers.
    pub online: bool,
    /// Since when.
    pub since: Tai,
    /// Whole frames that it showed.
    pub shown: u64,
    /// Frames that it did not show because something was missing; the picture before stayed.
    pub held: u64,
    /// Frames that came after their presentation.
    pub late: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets with a wrong check sum.
    pub bad_crc: u64,
    /// Packets that came more than once.
    pub duplicates: u64,
    /// Packets that parity or the other end of a loop made good.
    pub repaired: u64,
    /// Frames of which it heard no latch at all.
    pub unlatched: u64,
    /// Temperature in degrees Celsius, where it has a sensor.
    pub temperature_c: Option<f32>,
    /// Whether it has this site's key.
    #[serde(default)]
    pub key: KeyStatus,
}

/// Whether a card has this site's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyStatus {
    /// It was not asked yet, or cannot be.
    #[default]
    Unknown,
    /// It has no key: whoever is on its cable can change it.
    None,
    /// It has the key.
    Installed,
    /// It obeys a key that this host does not have.
    Foreign,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alarm {
    /// How grave.
    pub severity: Severity,
    /// What it is about: `port 1`, `source`, `cabinet B3`.
    pub source: String,
    /// What is wrong and the way out.
    pub text: String,
    /// Since when.
    pub since: Tai,
}

/// How grave an alarm is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Good to know.
    Notice,
    /// The picture is right, but something needs a look.
    Warning,
    /// A part of the picture is missing or wrong.
    Error,
    /// The wall shows nothing of the source.
    Critical,
}

/// A stored preset.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct PresetStatus {
    /// Its number.
    pub number: u16,
    /// What people call it.
    pub name: String,
    /// The parts that it holds.
    pub parts: Vec<PresetPart>,
}
