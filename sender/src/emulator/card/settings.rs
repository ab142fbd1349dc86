//! What a card is (its identity, fixed in hardware) and how it is set up (what SET changes).

use std::sync::Arc;

use crate::geometry::{Orientation, PixelPoint, PixelRect, PixelSize};
use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::Serial;
use crate::wire::ocp809::{BRIGHTNESS_FULL, GAIN_UNITY};

/// What a card is born with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardIdentity {
    /// Its serial number: who it is.
    pub serial: Serial,
    /// Its model.
    pub model: String,
    /// Its MAC address: where it is reached, not who it is.
    pub address: MacAddress,
    /// Version of the board.
    pub hardware_version: u16,
    /// Version of the program.
    pub firmware_version: u16,
    /// Frame buffers of its own pixels, at least 2.
    pub buffers: u8,
    /// From a frame's front at one port to its front at the other, in nanoseconds.
    pub residence_ns: u32,
    /// Largest Ethernet payload that it takes, in bytes.
    pub mtu: u16,
    /// Most pixels that it drives.
    pub pixels_max: u32,
    /// Whether its clock is locked by PTP; otherwise TIME messages sync it.
    pub ptp: bool,
}

/// How a card is set up.
#[derive(Debug, Clone, PartialEq)]
pub struct CardSettings {
    /// The rectangle that its modules lie in.
    pub size: PixelSize,
    /// Its modules, in the order of its memory.
    pub modules: Vec<CardModule>,
    /// How it finds its pixels.
    pub addressing: CardAddressing,
    /// Refresh rate where a LATCH asks for none, in millihertz.
    pub refresh_mhz: u32,
    /// How a code becomes light.
    pub transfer: CardTransfer,
    /// Brightness that it never exceeds, whoever sends; 65535 is full.
    pub brightness_limit: u16,
    /// What it shows when the stream falls silent.
    pub on_silence: OnSilence,
    /// Whether it demands the AUTH form of every LATCH.
    pub locked: bool,
    /// Bits of gray of its PWM, 1 to 16.
    pub gray_bits: u8,
    /// What lifts the darkest light.
    pub low_gray: LowGray,
    /// What a virtual card keeps and has no LEDs to act on.
    pub panel: PanelDrive,
}

/// What lifts the darkest light: below the knee it is multiplied by a factor that runs linearly from the gain at black to 1.0
/// at the knee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LowGray {
    /// Linear light below which it acts, 65535 is full; 0: off.
    pub knee: u16,
    /// Factors at black for red, green and blue, 0x8000 is 1.0.
    pub gains: [u16; 3],
}

/// How drivers are driven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelDrive {
    /// Row phases that share a driver.
    pub scan: u16,
    /// Clock of the shift chains, in kilohertz.
    pub data_clock_khz: u32,
    /// The driver chip, as printed on it.
    pub driver: String,
    /// Dark time between two scan rows, in nanoseconds.
    pub blanking_ns: u32,
    /// Registers of the chip, in its own form.
    pub registers: Vec<u8>,
}

/// A module of a card, in the cabinet's own orientation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardModule {
    /// Pixels in the module's own orientation: its rows follow each other in the card's memory.
    pub size: PixelSize,
    /// Its top left corner in the card's rectangle.
    pub at: PixelPoint,
    /// How it hangs in it.
    pub orientation: Orientation,
}

/// How a card finds its pixels: by exactly one of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardAddressing {
    /// By its assigned id; offsets count in its memory.
    Id,
    /// By a rectangle of the port's canvas; offsets count on the canvas, row by row.
    Canvas {
        /// The canvas.
        canvas: PixelSize,
        /// The card's part of it.
        rect: PixelRect,
    },
}

/// How a code becomes linear light.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardTransfer {
    /// Light is proportional to the code.
    Linear,
    /// Light is the code to a power, in thousandths.
    Power {
        /// 2800 is a gamma of 2.8.
        gamma_milli: u16,
    },
    /// IEC 61966-2-1.
    Srgb,
    /// Points at equal distances from code 0 to the largest code, 65535 is full light; straight lines between them.
    Table(Arc<[u16]>),
}

/// What a card shows when no valid LATCH came for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OnSilence {
    /// What it shows.
    pub action: SilenceAction,
    /// After how many milliseconds.
    pub after_ms: u32,
}

/// What a silent stream leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SilenceAction {
    /// The last picture stays.
    Hold,
    /// No light.
    Black,
    /// A test pattern, by its id.
    Pattern(u8),
}

impl CardSettings {
    /// Pixels of the card's memory: of all its modules.
    #[must_use]
    pub fn memory_pixels(&self) -> usize {
        self.modules.iter().map(CardModule::pixels).sum()
    }

    /// From present instant to free buffer, in nanoseconds: one refresh.
    #[must_use]
    pub const fn guard_ns(&self) -> u32 {
        self.refresh_ns()
    }

    /// Length of a refresh, in nanoseconds.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the shortest rate, 1 Hz, gives 10^9")]
    pub const fn refresh_ns(&self) -> u32 {
        let millihertz = if self.refresh_mhz < 1_000 { 1_000 } else { self.refresh_mhz as u64 };
        (1_000_000_000_000 / millihertz) as u32
    }
}

impl CardModule {
    /// Pixels of the module.
    #[must_use]
    pub fn pixels(&self) -> usize {
        usize::try_from(self.size.area()).unwrap_or(usize::MAX)
    }

    /// The part of the card's rectangle that it covers.
    #[must_use]
    pub const fn rect(&self) -> PixelRect {
        let size = self.orientation.placed_size(self.size);
        PixelRect::new(self.at.x, self.at.y, size.width, size.height)
    }
}

impl Default for CardSettings {
    /// A card that was never set up: no modules, found by id, gamma 2.8, 3840 Hz, black after 10 s of silence.
    fn default() -> Self {
        Self {
            size: PixelSize::new(0, 0),
            modules: Vec::new(),
            addressing: CardAddressing::Id,
            refresh_mhz: 3_840_000,
            transfer: CardTransfer::Power { gamma_milli: 2_800 },
            brightness_limit: BRIGHTNESS_FULL,
            on_silence: OnSilence { action: SilenceAction::Black, after_ms: 10_000 },
            locked: false,
            gray_bits: 16,
            low_gray: LowGray { knee: 0, gains: [GAIN_UNITY; 3] },
            panel: PanelDrive {
                scan: 16,
                data_clock_khz: 15_000,
                driver: String::new(),
                blanking_ns: 1_000,
                registers: Vec::new(),
            },
        }
    }
}

impl OnSilence {
    /// When silence that began with the LATCH at `last_latch` leads to the action.
    #[must_use]
    pub const fn due(self, last_latch: Nanos) -> Nanos {
        last_latch.after(self.after_ms as u64 * 1_000_000)
    }
}
