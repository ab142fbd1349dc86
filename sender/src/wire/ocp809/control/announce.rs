//! Who a card is and what it can do: DISCOVER, its answer, and the ANNOUNCE event.

use super::session::Identity;
use super::settings::ConfigurationHash;
use super::tlv::{TLV_HEADER_LEN, body, layout};
use super::values::{Bytes, Text, flags};
use super::{CRC_LEN, HEADER_LEN};
use crate::wall::WireFormat;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::{Epoch, VERSION, format_code};

layout! {
    /// Fills a DISCOVER, and the answer to it, up to the size whose passing is to be proved. Its bytes mean nothing.
    pub struct Padding = 0x0001 "PADDING" {
        /// Zeros.
        zeros: Bytes,
    }

    /// What the card is called by its maker.
    pub struct Model = 0x0202 "MODEL" {
        /// Maker and type.
        name: Text,
    }

    /// Versions of board and firmware.
    pub struct Hardware = 0x0203 "HARDWARE" {
        /// Major version of the board.
        board_major: u8,
        /// Minor version of the board.
        board_minor: u8,
        /// Major version of the firmware.
        firmware_major: u8,
        /// Minor version of the firmware.
        firmware_minor: u8,
        /// Patch level of the firmware.
        firmware_patch: u16,
    }

    /// Protocol versions that the card speaks.
    pub struct ProtocolVersions = 0x0204 "PROTOCOL" {
        /// Lowest.
        lowest: u8,
        /// Highest.
        highest: u8,
    }

    /// What the card can do.
    pub struct Capabilities = 0x0205 "CAPABILITIES" {
        /// Optional functions.
        features: Features,
        /// Largest Ethernet payload, in bytes, 1500 to 9000.
        mtu: u16,
        /// Pixel formats.
        formats: Formats,
        /// Frame buffers, at least 2.
        buffers: u8,
        /// From a present instant until its predecessor's buffer is free, in nanoseconds.
        guard_ns: u32,
        /// Longest time that a frame of the largest size spends in the card on its way to the next, in nanoseconds.
        residence_ns: u32,
        /// Largest number of pixels.
        max_pixels: u32,
    }

    /// Who the card takes for the master of the wall.
    pub struct Master = 0x0206 "MASTER" {
        /// The epoch that it obeys.
        epoch: Epoch,
        /// Time since the last valid LATCH, in milliseconds.
        age_ms: u32,
        /// The addresses that sent it, one or two.
        macs: Vec<MacAddress>,
    }
}

flags! {
    /// Optional functions of a card.
    pub struct Features(u32) {
        /// It can cut its rectangle out of a canvas.
        CANVAS = 1,
        /// It obeys brightness and gains of the LATCH.
        DIMMER = 2,
        /// It rebuilds packets from PARITY.
        PARITY = 4,
        /// It can demand the AUTH form of LATCH.
        LOCK = 8,
    }
}

flags! {
    /// Pixel formats: bit n stands for format code n.
    pub struct Formats(u16) {
        /// 8 bit per sample.
        RGB8 = 0x01,
        /// 10 bit per sample.
        RGB10 = 0x04,
        /// 12 bit per sample.
        RGB12 = 0x08,
        /// 16 bit per sample.
        RGB16 = 0x10,
    }
}

body! {
    /// Asks who is there. With padding, whether frames of this size pass.
    pub struct Discover {
        /// Fills the frame up to the size that is to be proved.
        maybe padding: Padding,
    }

    /// What a card tells about itself.
    pub struct Announce {
        /// Serial number and boot count.
        one identity: Identity,
        /// Maker and type.
        one model: Model,
        /// Versions of board and firmware.
        one hardware: Hardware,
        /// Protocol versions.
        one protocol: ProtocolVersions,
        /// What it can do.
        one capabilities: Capabilities,
        /// Hash of its live settings.
        one configuration: ConfigurationHash,
        /// Its master, if it has one.
        maybe master: Master,
        /// As long as the request's.
        maybe padding: Padding,
    }
}

impl Formats {
    /// The set with one format.
    #[must_use]
    pub const fn of(format: WireFormat) -> Self {
        Self(1 << format_code(format))
    }

    /// The deepest format of the set that this version knows.
    #[must_use]
    pub fn deepest(self) -> Option<WireFormat> {
        WireFormat::ALL.into_iter().rev().find(|&format| self.contains(Self::of(format)))
    }
}

impl Padding {
    /// What fills a packet of `mtu` bytes without AUTH whose body has `body_len` bytes without it.
    fn filling(mtu: u16, body_len: usize) -> Self {
        let used = HEADER_LEN + CRC_LEN + TLV_HEADER_LEN + body_len;
        Self { zeros: Bytes(vec![0; usize::from(mtu).saturating_sub(used)]) }
    }
}

impl Discover {
    /// Asks whether frames with `mtu` bytes of payload pass.
    #[must_use]
    pub fn filling(mtu: u16) -> Self {
        Self { padding: Some(Padding::filling(mtu, 0)) }
    }
}

impl Announce {
    /// The same, in a frame with `mtu` bytes of payload.
    #[must_use]
    pub fn filling(mut self, mtu: u16) -> Self {
        self.padding = None;
        let mut body = Vec::new();
        self.emit(&mut body);
        self.padding = Some(Padding::filling(mtu, body.len()));
        self
    }
}

impl ProtocolVersions {
    /// What this crate speaks.
    pub const OWN: Self = Self { lowest: VERSION, highest: VERSION };
}
