//! GET and SET: every setting of a card, staged together and alive together.

use core::fmt;

use sha2::{Digest, Sha256};

use super::ControlError;
use super::tlv::{Tlvs, Value, body, layout, one_of};
use super::values::{Bytes, Field, Text, codes};
use crate::geometry::{Orientation, PixelRect, PixelSize, Rotation};
use crate::wire::field::Reader;
use crate::wire::ocp809::FrameId;

layout! {
    /// TLV types that a GET asks for.
    pub struct Wanted = 0x0002 "WANTED" {
        /// The types.
        kinds: Vec<u16>,
    }

    /// When staged settings come alive.
    pub struct ApplyAt = 0x0003 "APPLY_AT" {
        /// With the first frame at or after this one.
        frame_id: FrameId,
    }

    /// Settings of a SET that the card does not have; it took over the others.
    pub struct Ignored = 0x0004 "IGNORED" {
        /// Their TLV types.
        kinds: Vec<u16>,
    }

    /// What a configuration is compared by: the SHA-256 of all its setting TLVs, by rising type.
    pub struct ConfigurationHash = 0x0005 "CONFIGURATION_HASH" {
        /// Its first 8 bytes.
        hash: [u8; 8],
    }

    /// Size of the rectangle that the card's modules lie in.
    pub struct Geometry = 0x0101 "GEOMETRY" {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    }

    /// The card's modules in the order of its pixel memory.
    pub struct ModuleMap = 0x0102 "MODULE_MAP" {
        /// One after the other.
        modules: Vec<ModulePlace>,
    }

    /// How the card finds its pixels.
    pub struct CardAddressing = 0x0103 "ADDRESSING" {
        /// By id or on the canvas.
        mode: AddressingMode,
        /// Columns of the canvas; this and what follows is 0 where the card is addressed by id.
        canvas_width: u16,
        /// Rows of the canvas.
        canvas_height: u16,
        /// First column of the card's rectangle on the canvas.
        x: u16,
        /// First row.
        y: u16,
        /// Columns of the rectangle.
        width: u16,
        /// Rows of the rectangle.
        height: u16,
    }

    /// Row phases that share a driver.
    pub struct Scan = 0x0104 "SCAN" {
        /// N of scan 1/N.
        phases: u16,
    }

    /// Full PWM repetitions per second.
    pub struct Refresh = 0x0105 "REFRESH" {
        /// In millihertz.
        refresh_mhz: u32,
    }

    /// Depth of the PWM.
    pub struct GrayBits = 0x0106 "GRAY_BITS" {
        /// Bits.
        bits: u8,
    }

    /// Clock of the drivers' shift chains.
    pub struct DataClock = 0x0107 "DATA_CLOCK" {
        /// In kilohertz.
        dclk_khz: u32,
    }

    /// The driver chip.
    pub struct Driver = 0x0108 "DRIVER" {
        /// Its type, as printed on it.
        chip: Text,
    }

    /// Dark time between two scan rows.
    pub struct Blanking = 0x0109 "BLANKING" {
        /// In nanoseconds.
        blanking_ns: u32,
    }

    /// What lifts the darkest light, where LEDs give less than they are told: light below the knee is multiplied by a
    /// factor that runs linearly from the gain at black to 1.0 at the knee.
    pub struct LowGray = 0x010a "LOW_GRAY" {
        /// Linear light below which it acts; 0: off.
        knee: u16,
        /// Factors at black for red, green and blue: 0x8000 is 1.0.
        gains: [u16; 3],
    }

    /// Registers of the driver chip, in its own form.
    pub struct DriverRegisters = 0x010b "DRIVER_REGISTERS" {
        /// What is written to every driver.
        registers: Bytes,
    }

    /// How a sample on the wire becomes light.
    pub struct LinkDecode = 0x010c "LINK_TRANSFER" {
        /// The law.
        law: DecodeLaw,
        /// Exponent of the power law times 1000; 0 elsewhere.
        gamma_milli: u16,
        /// Law "table": 2 to 1025 values of linear light, evenly spaced from code 0 to the largest, between which the
        /// card interpolates; empty elsewhere.
        table: Vec<u16>,
    }

    /// Brightness that the card never exceeds, whoever sends.
    pub struct BrightnessLimit = 0x010d "BRIGHTNESS_LIMIT" {
        /// Linear: 65535 is full.
        limit: u16,
    }

    /// What the card does when no LATCH comes.
    pub struct OnSilence = 0x010e "ON_SILENCE" {
        /// What it shows.
        action: SilenceAction,
        /// The test pattern of action "pattern"; 0 elsewhere.
        pattern: u8,
        /// After this time, in milliseconds; 10,000 unless it is set.
        after_ms: u32,
    }

    /// Whether the card demands the AUTH form of LATCH.
    pub struct LockedMode = 0x010f "LOCKED" {
        /// It does.
        locked: bool,
    }
}

codes! {
    /// How a card finds its pixels.
    pub enum AddressingMode {
        /// By its id: packets with this target are its own.
        Id = 0 "id",
        /// On the port's canvas: it cuts its rectangle out.
        Canvas = 1 "canvas",
    }
}

codes! {
    /// How a sample becomes light.
    pub enum DecodeLaw {
        /// Light is proportional to the code.
        Linear = 0 "linear",
        /// Light is the code to the power gamma.
        Power = 1 "power",
        /// IEC 61966-2-1.
        Srgb = 2 "srgb",
        /// As a table says.
        Table = 3 "table",
    }
}

codes! {
    /// What a card shows when no LATCH comes.
    pub enum SilenceAction {
        /// The last picture.
        Hold = 0 "hold",
        /// Nothing.
        Black = 1 "black",
        /// A test pattern.
        Pattern = 2 "pattern",
    }
}

one_of! {
    /// A setting of a card.
    pub enum Setting {
        Geometry,
        ModuleMap,
        CardAddressing,
        Scan,
        Refresh,
        GrayBits,
        DataClock,
        Driver,
        Blanking,
        LowGray,
        DriverRegisters,
        LinkDecode,
        BrightnessLimit,
        OnSilence,
        LockedMode,
    }
}

body! {
    /// Asks for settings: all of them when no types are named.
    pub struct Get {
        /// The types that are wanted.
        maybe wanted: Wanted,
    }

    /// The settings that are alive.
    pub struct Configuration {
        /// Settings, by rising type.
        settings settings: Setting,
        /// Hash of all live settings, wanted or not.
        one configuration: ConfigurationHash,
    }

    /// What became of a SET.
    pub struct SetReport {
        /// Hash that the configuration has once the staged settings are alive.
        one configuration: ConfigurationHash,
        /// Settings that the card does not have.
        maybe ignored: Ignored,
    }
}

/// Settings that come alive together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Set {
    /// With the first frame at or after this one; at once when it is absent.
    pub apply_at: Option<FrameId>,
    /// Settings, each at most once.
    pub settings: Vec<Setting>,
    /// Types that this version does not know, to be answered as ignored. Reading finds them; they are not written.
    pub unknown: Vec<u16>,
}

/// Where a module lies in its card's rectangle, how it hangs, and so where its part of the pixel memory belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModulePlace {
    /// Columns in the module's own orientation.
    pub width: u16,
    /// Rows in the module's own orientation.
    pub height: u16,
    /// First column in the card's rectangle.
    pub x: u16,
    /// First row in the card's rectangle.
    pub y: u16,
    /// How it hangs.
    pub orientation: Orientation,
}

/// The hash of settings: the first 8 bytes of the SHA-256 of their TLVs, by rising type. Card and sender compute it alike.
#[must_use]
pub fn configuration_hash<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> ConfigurationHash {
    let mut settings: Vec<&Setting> = settings.into_iter().collect();
    settings.sort_by_key(|setting| setting.kind());
    let mut bytes = Vec::new();
    for setting in settings {
        setting.emit(&mut bytes);
    }
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    ConfigurationHash { hash: digest.first_chunk().copied().unwrap_or_default() }
}

impl Set {
    pub(super) fn parse(body: &[u8]) -> Result<Self, ControlError> {
        let mut set = Self::default();
        for tlv in Tlvs::new(body) {
            let (kind, value) = tlv?;
            if kind == ApplyAt::DOC.kind {
                set.apply_at = Some(ApplyAt::parse_named(value)?.frame_id);
            } else if let Some(setting) = Setting::parse(kind, value) {
                set.settings.push(setting?);
            } else {
                set.unknown.push(kind);
            }
        }
        Ok(set)
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        if let Some(frame_id) = self.apply_at {
            ApplyAt { frame_id }.emit(out);
        }
        self.settings.iter().for_each(|setting| setting.emit(out));
    }
}

impl CardAddressing {
    /// By id.
    pub const ID: Self = Self { mode: AddressingMode::Id, canvas_width: 0, canvas_height: 0, x: 0, y: 0, width: 0, height: 0 };

    /// The canvas; `None` where the card is addressed by id.
    #[must_use]
    pub fn canvas(&self) -> Option<(PixelSize, PixelRect)> {
        let size = PixelSize::new(self.canvas_width.into(), self.canvas_height.into());
        let rect = PixelRect::new(self.x.into(), self.y.into(), self.width.into(), self.height.into());
        (self.mode == AddressingMode::Canvas).then_some((size, rect))
    }
}

impl ModulePlace {
    /// The rectangle that it covers in the card's rectangle.
    #[must_use]
    pub fn rect(&self) -> PixelRect {
        let size = self.orientation.placed_size(PixelSize::new(self.width.into(), self.height.into()));
        PixelRect::new(self.x.into(), self.y.into(), size.width, size.height)
    }
}

impl Field for ModulePlace {
    const LEN: usize = 9;
    const WIRE: &'static str = "module";
    const WIRE_LIST: &'static str = "list of module";

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let [width, height, x, y] = [reader.u16()?, reader.u16()?, reader.u16()?, reader.u16()?];
        let orientation = reader.u8().filter(|bits| bits & !7 == 0)?;
        let orientation = Orientation { mirror: orientation & 4 != 0, rotation: Rotation::from_quarter_turns(orientation & 3) };
        Some(Self { width, height, x, y, orientation })
    }

    fn write(&self, out: &mut Vec<u8>) {
        for value in [self.width, self.height, self.x, self.y] {
            value.write(out);
        }
        out.push(u8::from(self.orientation.mirror) << 2 | self.orientation.rotation.quarter_turns());
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}+{}+{}", self.width, self.height, self.x, self.y)?;
        match (self.orientation.rotation.degrees(), self.orientation.mirror) {
            (0, false) => Ok(()),
            (degrees, mirror) => write!(f, " {degrees} deg{}", if mirror { " mirrored" } else { "" }),
        }
    }
}
