//! wall.toml as serde reads it: the wall alone, with no host, address or path, so that it opens on anybody's machine.
//!
//! A `*Spec` says what was written; [`super::Wall`] is what it means once it proved consistent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::geometry::{PixelRect, PixelSize};
use crate::ids::{CabinetId, CabinetModelId, GroupId, ModuleModelId, PortId, ScreenId};

/// The version of wall.toml that this crate writes.
pub const WALL_SCHEMA_VERSION: u32 = 1;

/// A whole wall.toml.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WallSpec {
    /// Version of this document, [`WALL_SCHEMA_VERSION`].
    pub schema_version: u32,
    /// What people call the wall.
    pub name: String,
    /// LED surfaces.
    #[serde(rename = "screen")]
    pub screens: Vec<ScreenSpec>,
    /// Kinds of LED board.
    #[serde(rename = "module_model")]
    pub module_models: Vec<ModuleModelSpec>,
    /// Kinds of cabinet.
    #[serde(rename = "cabinet_model")]
    pub cabinet_models: Vec<CabinetModelSpec>,
    /// Ethernet outputs.
    #[serde(rename = "port")]
    pub ports: Vec<PortSpec>,
    /// Cabinets with their place on a screen and in a cascade.
    #[serde(rename = "cabinet")]
    pub cabinets: Vec<CabinetSpec>,
    /// Named sets of cabinets.
    #[serde(rename = "group", default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupSpec>,
}

/// One LED surface with its own raster and pitch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenSpec {
    /// Name, unique among screens.
    pub id: ScreenId,
    /// The raster that its cabinets lie in.
    pub size: PixelSize,
    /// Distance between two LEDs, in millimetres.
    pub pitch_mm: f64,
    /// The part of the source picture that this screen shows; absent: the screen's size, at the picture's top left, 1:1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PixelRect>,
    /// Brightness that no client can exceed, in percent of full.
    #[serde(default = "hundred")]
    pub brightness_limit_percent: f64,
    /// Luminance of full white, in cd/m2, where it is known: makes brightness settable in nit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_nits: Option<f64>,
    /// Chromaticities of the LEDs and their white; absent: the LEDs show BT.709 as it comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primaries: Option<PrimariesSpec>,
}

/// CIE 1931 xy chromaticities.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrimariesSpec {
    /// Red.
    pub red: [f64; 2],
    /// Green.
    pub green: [f64; 2],
    /// Blue.
    pub blue: [f64; 2],
    /// White: all three at full.
    pub white: [f64; 2],
}

/// A kind of LED board, the smallest replaceable unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModuleModelSpec {
    /// Name, unique among module models.
    pub id: ModuleModelId,
    /// Pixels in the module's own orientation.
    pub size: PixelSize,
    /// Row phases that share one driver: 16 means scan 1/16. Configures the card, never the slice.
    #[serde(default = "sixteen")]
    pub scan: u16,
    /// RGB shift chains of one module. Configures the card, never the slice.
    #[serde(default = "one")]
    pub data_groups: u16,
    /// Order of the samples of one pixel on the wire.
    #[serde(default)]
    pub color_order: ColorOrder,
    /// Bits of gray that its drivers resolve.
    #[serde(default = "sixteen")]
    pub gray_bits: u16,
}

/// Order of the three samples of a pixel on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the orders")]
pub enum ColorOrder {
    #[default]
    Rgb,
    Rbg,
    Grb,
    Gbr,
    Brg,
    Bgr,
}

impl ColorOrder {
    /// All six, in alphabetical order of permutation.
    pub const ALL: [Self; 6] = [Self::Rgb, Self::Rbg, Self::Grb, Self::Gbr, Self::Brg, Self::Bgr];

    /// For each sample on the wire, the colour channel (0 red, 1 green, 2 blue) that it carries.
    #[must_use]
    pub const fn channels(self) -> [u8; 3] {
        match self {
            Self::Rgb => [0, 1, 2],
            Self::Rbg => [0, 2, 1],
            Self::Grb => [1, 0, 2],
            Self::Gbr => [1, 2, 0],
            Self::Brg => [2, 0, 1],
            Self::Bgr => [2, 1, 0],
        }
    }
}

/// A kind of cabinet: modules in a rectangle, in the cabinet's own orientation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CabinetModelSpec {
    /// Name, unique among cabinet models.
    pub id: CabinetModelId,
    /// Pixels of the cabinet's bounding rectangle.
    pub size: PixelSize,
    /// Modules in the order in which the card's memory holds them.
    #[serde(rename = "module")]
    pub modules: Vec<ModulePlaceSpec>,
}

/// Where a module hangs in its cabinet. A grid of equal modules is written with `columns` and `rows`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModulePlaceSpec {
    /// Its model.
    pub model: ModuleModelId,
    /// First column in the cabinet.
    #[serde(default)]
    pub x: u32,
    /// First row in the cabinet.
    #[serde(default)]
    pub y: u32,
    /// Clockwise, as the audience sees it: 0, 90, 180 or 270.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rotation: u16,
    /// Mirrored left to right, before the rotation.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub mirror: bool,
    /// Equal modules side by side; the card's memory goes row by row.
    #[serde(default = "one_u32", skip_serializing_if = "is_one")]
    pub columns: u32,
    /// Equal modules below each other.
    #[serde(default = "one_u32", skip_serializing_if = "is_one")]
    pub rows: u32,
}

/// The language that a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProtocolKind {
    /// The open protocol of this project (PROTOCOL.md).
    #[default]
    Ocp809,
    /// Colorlight receiver cards in PC net-card mode.
    Colorlight,
}

/// Bits per sample on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the formats")]
pub enum WireFormat {
    #[default]
    Rgb8,
    Rgb10,
    Rgb12,
    Rgb16,
}

impl WireFormat {
    /// All formats, by rising depth.
    pub const ALL: [Self; 4] = [Self::Rgb8, Self::Rgb10, Self::Rgb12, Self::Rgb16];

    /// Bits per sample.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Rgb8 => 8,
            Self::Rgb10 => 10,
            Self::Rgb12 => 12,
            Self::Rgb16 => 16,
        }
    }

    /// Pixels of a packing group, which fills whole bytes.
    #[must_use]
    pub const fn group_pixels(self) -> u32 {
        match self {
            Self::Rgb8 | Self::Rgb16 => 1,
            Self::Rgb10 => 4,
            Self::Rgb12 => 2,
        }
    }

    /// Bytes of a packing group.
    #[must_use]
    pub const fn group_bytes(self) -> u32 {
        self.group_pixels() * 3 * self.bits() / 8
    }

    /// Bytes that `pixels` occupy; the last group is padded with zero bits.
    #[must_use]
    pub const fn payload_bytes(self, pixels: u32) -> u32 {
        pixels.div_ceil(self.group_pixels()) * self.group_bytes()
    }

    /// Pixels of whole groups that fit into `bytes`.
    #[must_use]
    pub const fn pixels_in(self, bytes: u32) -> u32 {
        bytes / self.group_bytes() * self.group_pixels()
    }
}

/// How a sample on the wire becomes light: the transfer function of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkTransfer {
    /// The source's code values pass unchanged; the card's gamma does the rest.
    Source,
    /// Light is proportional to the code.
    Linear,
    /// Light is the code to the power `gamma`.
    #[default]
    Power,
    /// IEC 61966-2-1.
    Srgb,
}

/// Who acts on a setting that both the host and the card could apply; the other one stays neutral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppliedAt {
    /// In the pixel path.
    Host,
    /// In the card.
    #[default]
    Card,
}

/// How the cards of a port find their pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Addressing {
    /// Each card has an id (its place in the cascade + 1) and gets its own pixels, module by module.
    #[default]
    Id,
    /// All cards see one canvas and cut out their rectangles. Modules must tile their cabinet upright.
    Canvas,
}

/// One Ethernet output and what is spoken on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortSpec {
    /// Name, unique among ports.
    pub id: PortId,
    /// Its protocol.
    #[serde(default)]
    pub protocol: ProtocolKind,
    /// The link.
    #[serde(default)]
    pub link: LinkSpec,
    /// How cards are addressed; a Colorlight port is always a canvas.
    #[serde(default)]
    pub addressing: Addressing,
    /// The far end of the cascade is fed by a second interface (OCP-809 only).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub redundant: bool,
    /// Who applies brightness and gains.
    #[serde(default)]
    pub brightness_at: AppliedAt,
    /// Who applies calibration.
    #[serde(default = "host")]
    pub calibration_at: AppliedAt,
    /// Raw settings of a Colorlight port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colorlight: Option<ColorlightSpec>,
}

/// The physical link and the form of samples on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinkSpec {
    /// Link speed in Mbit/s: 1000, 2500, 5000, 10000, 25000.
    pub rate_mbit: u32,
    /// Largest Ethernet payload in bytes, 1500 to 9000.
    pub mtu: u16,
    /// Bits per sample.
    pub format: WireFormat,
    /// How samples become light.
    pub transfer: LinkTransfer,
    /// Exponent of `transfer = "power"`, 1.0 to 4.0.
    pub gamma: f64,
    /// Temporal dithering between codes; off on pass-through links (`transfer = "source"`).
    pub dither: bool,
    /// Share of the frame period over which packets are spread, in percent, 0 to 95; 0 sends each as soon as its pixels are
    /// ready. Packets never leave faster than the link takes them.
    pub spread_percent: u8,
}

impl Default for LinkSpec {
    fn default() -> Self {
        Self {
            rate_mbit: 1000,
            mtu: 1500,
            format: WireFormat::Rgb8,
            transfer: LinkTransfer::Power,
            gamma: 2.8,
            dither: true,
            spread_percent: 75,
        }
    }
}

/// What differs between Colorlight senders and firmwares; each is what captures of real senders show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ColorlightSpec {
    /// Firmware family of the receivers.
    pub firmware: ColorlightFirmware,
    /// Order of samples in a row packet.
    pub color_order: ColorOrder,
    /// Whether the 0x0A brightness packet is sent.
    pub brightness_packet: bool,
    /// Law of the level in the 0x0A packet.
    pub brightness_law: ColorlightBrightnessLaw,
    /// Gap between the last row and the sync packet, in microseconds; absent: 5 ms up to 50 fps, else 1 ms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap_us: Option<u32>,
}

impl Default for ColorlightSpec {
    fn default() -> Self {
        Self {
            firmware: ColorlightFirmware::default(),
            color_order: ColorOrder::Bgr,
            brightness_packet: true,
            brightness_law: ColorlightBrightnessLaw::default(),
            gap_us: None,
        }
    }
}

/// Receiver firmware families that want different sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub enum ColorlightFirmware {
    /// Up to version 12: brightness once, sync once, row marker 0x88.
    #[serde(rename = "12")]
    UpTo12,
    /// From version 13: brightness twice, sync twice.
    #[default]
    #[serde(rename = "13")]
    From13,
}

/// How a brightness share p becomes the byte of a 0x0A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColorlightBrightnessLaw {
    /// round(255 p^0.4): what the vendor's tool sends.
    #[default]
    Perceptual,
    /// round(255 p): what some open senders send.
    Linear,
}

/// One cabinet of the wall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CabinetSpec {
    /// Name, unique among cabinets.
    pub id: CabinetId,
    /// Serial number of its card, 1 to 16 ASCII characters, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// What the owner's sticker says, where the card has no readable serial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_label: Option<String>,
    /// Its model.
    pub model: CabinetModelId,
    /// The screen that it belongs to.
    pub screen: ScreenId,
    /// First column on the screen.
    pub x: u32,
    /// First row on the screen.
    pub y: u32,
    /// Clockwise, as the audience sees it: 0, 90, 180 or 270.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rotation: u16,
    /// Mirrored left to right, before the rotation.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub mirror: bool,
    /// The port that feeds it.
    pub port: PortId,
    /// Its place in the port's cascade, 0 nearest to the sender.
    pub place: u16,
    /// Groups that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupId>,
}

/// A named set of cabinets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupSpec {
    /// Name, unique among groups.
    pub id: GroupId,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

const fn hundred() -> f64 {
    100.0
}
const fn sixteen() -> u16 {
    16
}
const fn one() -> u16 {
    1
}
const fn one_u32() -> u32 {
    1
}
const fn host() -> AppliedAt {
    AppliedAt::Host
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(value: &u16) -> bool {
    *value == 0
}
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_one(value: &u32) -> bool {
    *value == 1
}
