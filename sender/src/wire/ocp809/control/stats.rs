//! STATS: what a card counts and feels, once per second unasked, or on request.

use super::announce::Master;
use super::tlv::{body, layout};
use super::values::{Bytes, codes};
use crate::wire::ocp809::FrameId;

layout! {
    /// What became of frames, since the card started.
    pub struct FrameCounts = 0x0401 "FRAMES" {
        /// The newest frame that the card knows of.
        last_frame_id: FrameId,
        /// Shown.
        shown: u32,
        /// Not complete in time, so that the last whole picture stayed.
        held: u32,
        /// Shown after their present instant.
        late: u32,
        /// Given up because no buffer was free.
        overrun: u32,
        /// Frame ids without any LATCH.
        missed: u32,
    }

    /// What became of stream packets, since the card started.
    pub struct PacketCounts = 0x0402 "PACKETS" {
        /// Missing, of frames whose LATCH arrived.
        lost: u32,
        /// Dropped because their CRC was wrong.
        bad_crc: u32,
        /// Second and later arrivals.
        duplicates: u32,
        /// Rebuilt from PARITY.
        repaired_by_parity: u32,
        /// Missing at one port and arrived at the other.
        repaired_by_port: u32,
        /// Dropped because bytes were missing.
        short: u32,
        /// Ignored because they reach beyond the target's memory.
        range: u32,
        /// Dropped because their source is not the master.
        foreign: u32,
    }

    /// One of the card's two Ethernet ports.
    pub struct LinkReport = 0x0403 "LINK" {
        /// Which.
        port: CardPort,
        /// Its state.
        state: LinkState,
        /// Its speed, in Mbit/s; 0 where it is down.
        rate_mbit: u32,
        /// Frames with a wrong FCS, since the card started.
        fcs_errors: u32,
    }

    /// How well latches meet their present instants, since the last STATS.
    pub struct LatchTiming = 0x0404 "TIMING" {
        /// Mean of flip minus present instant, in nanoseconds.
        error_mean_ns: i32,
        /// Largest distance, in nanoseconds.
        error_max_ns: u32,
        /// The card's clock is synced.
        synced: bool,
        /// Fewest buffers that were free.
        free_buffers: u8,
    }

    /// How the card feels.
    pub struct Health = 0x0405 "HEALTH" {
        /// Temperature in tenths of a degree Celsius; -32768: not known.
        temperature_decidegrees: i16,
        /// The 5 V supply in millivolts; 0: not known.
        supply_mv: u16,
        /// Time since power-up, in seconds.
        uptime_s: u32,
    }

    /// Which modules answer.
    pub struct ModulePresence = 0x0406 "MODULES" {
        /// Modules of the module map.
        count: u16,
        /// One bit per module, the first in the most significant bit of the first byte.
        present: Bytes,
    }
}

codes! {
    /// An Ethernet port of a card.
    pub enum CardPort {
        /// The first.
        A = 0 "A",
        /// The second.
        B = 1 "B",
    }
}

codes! {
    /// State of a card's Ethernet port.
    pub enum LinkState {
        /// No carrier.
        Down = 0 "down",
        /// Carrier.
        Up = 1 "up",
        /// Carrier, and the stream comes in here.
        Fed = 2 "fed",
    }
}

body! {
    /// What a card counts and feels.
    pub struct Stats {
        /// Frames.
        one frames: FrameCounts,
        /// Packets.
        one packets: PacketCounts,
        /// Its Ethernet ports.
        many links: LinkReport,
        /// Latches.
        one timing: LatchTiming,
        /// Temperature, supply, uptime.
        one health: Health,
        /// Modules, where the card can tell.
        maybe modules: ModulePresence,
        /// Its master, if it has one.
        maybe master: Master,
    }
}

impl Health {
    /// Temperature that a card without a sensor reports.
    pub const TEMPERATURE_UNKNOWN: i16 = i16::MIN;
}

impl ModulePresence {
    /// The presence of modules, in the order of the module map.
    #[must_use]
    pub fn new(present: &[bool]) -> Self {
        let byte = |eight: &[bool]| eight.iter().zip((0..8).rev()).fold(0, |byte, (&on, bit)| byte | u8::from(on) << bit);
        let count = u16::try_from(present.len()).unwrap_or(u16::MAX);
        Self { count, present: Bytes(present.chunks(8).map(byte).collect()) }
    }

    /// Whether the module at this position answers; not when the card did not report it.
    #[must_use]
    pub fn is_present(&self, module: u16) -> bool {
        let byte = self.present.0.get(usize::from(module / 8)).copied().unwrap_or(0);
        module < self.count && byte & (0x80 >> (module % 8)) != 0
    }
}
