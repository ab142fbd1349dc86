//! In which order, how often and how far apart the packets of one frame go out, by the receivers' firmware.

use crate::wall::ColorlightFirmware;

/// Gap between the last row and the sync packet up to 50 frames per second, in microseconds: what senders in use keep.
pub const GAP_UP_TO_50_FPS_US: u32 = 5_000;

/// Gap at higher rates, in microseconds; without it the bottom module flickers on some cards.
pub const GAP_US: u32 = 1_000;

/// One step of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// A 0x0A packet, sent this often; left out where the port's settings say so.
    Brightness(u8),
    /// All rows, from the top, each from the left.
    Rows,
    /// A pause, [`default_gap_us`] unless the port's settings say otherwise.
    Gap,
    /// A 0x01 packet, sent this often.
    Sync(u8),
}

/// How one frame is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// How often the brightness packet is sent.
    pub brightness_copies: u8,
    /// How often the sync packet is sent.
    pub sync_copies: u8,
}

impl Sequence {
    /// The sequence that a firmware family wants. Firmware 13 acts on the second copy; doubling upsets older ones.
    #[must_use]
    pub const fn of(firmware: ColorlightFirmware) -> Self {
        match firmware {
            ColorlightFirmware::UpTo12 => Self { brightness_copies: 1, sync_copies: 1 },
            ColorlightFirmware::From13 => Self { brightness_copies: 2, sync_copies: 2 },
        }
    }

    /// The steps of one frame, in the order in which they are sent.
    #[must_use]
    pub const fn steps(self) -> [Step; 4] {
        [Step::Brightness(self.brightness_copies), Step::Rows, Step::Gap, Step::Sync(self.sync_copies)]
    }
}

/// The firmware family of a major version, as a discovery reply reports it.
#[must_use]
pub const fn firmware_family(major: u8) -> ColorlightFirmware {
    if major >= 13 { ColorlightFirmware::From13 } else { ColorlightFirmware::UpTo12 }
}

/// The gap between the last row and the sync packet at a frame period, in microseconds.
#[must_use]
pub const fn default_gap_us(frame_period_ns: u64) -> u32 {
    if frame_period_ns >= 20_000_000 { GAP_UP_TO_50_FPS_US } else { GAP_US }
}
