//! STATS: what a card counts and feels, once per second unasked, or on request.

use super::announce::Master;
use super::tlv::{body, layout};
use super::values::{Bytes, codes};
use crate::wire::ocp809::FrameId;

layout! {
    /// What became of frames since the card started. Every LATCH with pixels ends as exactly one of shown, held and frozen.
    /// Counters wrap at 2^32.
    pub struct FrameCounts = 0x0401 "FRAMES" {
        /// The newest frame that the card knows of.
        last_frame_id: FrameId,
        /// Flipped.
        shown: u32,
        /// Latched and not flipped because a pixel was missing: the last whole picture stayed.
        held: u32,
        /// Whole frames that a freeze released unflipped.
        frozen: u32,
        /// Latches whose present instant had passed, and frames that became whole after it.
        late: u32,
        /// Latches whose present instant was more than a second ahead.
        clock: u32,
        /// Frames that gave up their buffer, or got none, because a newer one began too early.
        overrun: u32,
        /// Packets that reach beyond their target's memory.
        range: u32,
        /// PIXELS packets of latched frames that were missing for good.
        missing: u32,
    }

    /// One of the card's two Ethernet ports since the card started. Counters wrap at 2^32.
    pub struct LinkReport = 0x0402 "LINK" {
        /// Which.
        port: CardPort,
        /// Its state.
        state: LinkState,
        /// Its speed, in Mbit/s; 0 where it is down.
        rate_mbit: u32,
        /// Stream frames that came in.
        received: u32,
        /// PIXELS packets of latched frames that did not come in here, of frames whose LATCH came here first.
        lost: u32,
        /// Of these, how many PARITY or the other port made good.
        repaired: u32,
        /// Frame ids without a LATCH.
        frames_missed: u32,
        /// Stream packets with a wrong CRC-32C.
        bad_crc: u32,
        /// Frames with a wrong FCS.
        bad_fcs: u32,
        /// PIXELS packets that had come before, by whatever port.
        duplicates: u32,
        /// Packets shorter than their header says.
        short: u32,
    }

    /// How well flips meet their present instants, since the last STATS.
    pub struct LatchTiming = 0x0403 "TIMING" {
        /// Mean of flip minus present instant, in nanoseconds.
        error_mean_ns: u32,
        /// The largest, in nanoseconds.
        error_max_ns: u32,
        /// The card's clock is synced.
        synced: bool,
        /// Fewest buffers that were free.
        free_buffers: u8,
    }

    /// How the card feels.
    pub struct Health = 0x0404 "HEALTH" {
        /// Temperature in tenths of a degree Celsius; -32768: not known.
        temperature_decidegrees: i16,
        /// The 5 V supply in millivolts; 0: not known.
        supply_mv: u16,
        /// Time since power-up, in seconds.
        uptime_s: u32,
    }

    /// Which modules answer.
    pub struct ModulePresence = 0x0405 "MODULES" {
        /// Modules of the module map.
        count: u16,
        /// One bit per module, the first in the most significant bit of the first byte.
        present: Bytes,
    }

    /// Which counter the next LATCH must be above. Stands in answers that carry AUTH.
    pub struct LatchCounter = 0x0406 "LATCH_COUNTER" {
        /// The highest counter of a LATCH that was accepted under the answer's key; 0: none yet.
        highest: u64,
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
        /// Counter of its newest authenticated LATCH; in answers that carry AUTH.
        maybe latch_counter: LatchCounter,
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
