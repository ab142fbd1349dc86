//! Control and telemetry: requests, answers and events behind their 26-byte header.
//!
//! [`ControlPacket`] is the checked view of one packet, [`Message`] what it means. A packet is stored and forwarded:
//! [`forward`] counts its hops down in place, which no checksum covers. Bodies are TLVs; one that is not known is skipped.

mod announce;
mod body;
mod calibration;
mod chunks;
mod header;
mod message;
mod nack;
mod opcode;
mod packet;
mod session;
mod settings;
mod stats;
mod tlv;
mod values;

use thiserror::Error;

use super::VERSION;
use crate::wire::ethernet::EtherType;

pub use announce::{Announce, Capabilities, Discover, Features, Formats, Hardware, Master, Model, Padding, ProtocolVersions};
pub use body::{Body, Event, Item, Request, Response};
pub use calibration::{
    BankChoice, BankReport, BankSelect, CalChunk, CalibrationKind, ChunkData, MODULE_ALL, SERIAL_ANY, UPLOAD_CHUNK_LEN,
    UPLOAD_WINDOW, Upload, UploadId, UploadReport, UploadWindow,
};
pub use chunks::Reassembly;
pub use header::{ControlHeader, Route};
pub use message::{Message, Seal, Signer};
pub use nack::{Nack, NackReason, Refusal};
pub use opcode::{Kind, Opcode};
pub(crate) use packet::mend;
pub use packet::{ControlFrame, ControlPacket, forward};
pub use session::{Assignment, Identify, IdentifyMode, Identity, KeyChange, KeyInstalled, Reboot, TimeMark};
pub use settings::{
    AddressingMode, ApplyAt, Blanking, BrightnessLimit, CardAddressing, Configuration, ConfigurationHash, DataClock, DecodeLaw,
    Driver, DriverRegisters, Geometry, Get, GrayBits, Ignored, LinkDecode, LockedMode, LowGray, ModuleMap, ModulePlace,
    OnSilence, Refresh, Scan, Set, SetReport, Setting, SilenceAction, Wanted, configuration_hash,
};
pub use stats::{CardPort, FrameCounts, Health, LatchCounter, LatchTiming, LinkReport, LinkState, ModulePresence, Stats};
pub use tlv::{FieldDoc, Tlv, TlvDoc, Tlvs, Value};
pub use values::{Bytes, Field, Serial, SerialError, Text, ValueDoc};

/// Bytes of the control header.
pub const HEADER_LEN: usize = 26;

/// Bytes of the trailer of a packet without AUTH: a CRC-32C.
pub const CRC_LEN: usize = 4;

/// Hops of requests by card id and to all, of responses and of events.
pub const HOP_MAX: u8 = 254;

/// Card id of requests by position: the card at which no hop is left consumes it.
pub const CARD_ID_BY_POSITION: u16 = 0;

/// Longest frame that a card sends by itself, without its FCS (the answer to a padded DISCOVER excepted).
pub const CARD_FRAME_MAX: usize = 300;

/// Longest body of a message, over all its chunks.
pub const BODY_MAX: usize = 16 * 1024;

/// Why bytes are no message that this version uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ControlError {
    /// Fewer bytes than the header or its body needs.
    #[error("control packet of {got} bytes is shorter than the {needed} bytes that its header asks for")]
    Short {
        /// Bytes that are needed.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// No Ethernet frame of this protocol.
    #[error("no control frame: Ethernet type {got:#06x} where {:#06x} is expected", EtherType::OCP809_CONTROL.0)]
    EtherType {
        /// The frame's type.
        got: u16,
    },
    /// Another version of the protocol.
    #[error("control message of version {got}; this software speaks version {VERSION}")]
    Version {
        /// The version that the message claims.
        got: u8,
    },
    /// The packet changed on its way.
    #[error("control packet carries CRC-32C {carried:#010x}, its bytes give {computed:#010x}: it was damaged on its way")]
    Crc {
        /// The CRC in the packet.
        carried: u32,
        /// The CRC of its bytes.
        computed: u32,
    },
    /// A kind or an opcode of a later version.
    #[error("opcode {opcode:#04x} as kind {kind} is not defined in version {VERSION}")]
    Opcode {
        /// The kind nibble.
        kind: u8,
        /// The opcode.
        opcode: u8,
    },
    /// A TLV reaches beyond the body.
    #[error("the body ends inside TLV {tlv:#06x}: {needed} bytes are announced, {got} are left")]
    Truncated {
        /// The TLV's type.
        tlv: u16,
        /// Bytes that it announces.
        needed: usize,
        /// Bytes that are left.
        got: usize,
    },
    /// A value that is too short or not allowed.
    #[error("the value of TLV {tlv:#06x} is shorter than its layout or outside its range")]
    Value {
        /// The TLV's type.
        tlv: u16,
    },
    /// A TLV that the message cannot do without.
    #[error("TLV {tlv:#06x} is missing")]
    Missing {
        /// The TLV's type.
        tlv: u16,
    },
    /// The chunk fields contradict each other, or a single packet is a piece of a longer message.
    #[error("chunk {chunk} of {chunks}: a message has at least one chunk, numbered from 0, and must be joined before it is read")]
    Chunk {
        /// The piece.
        chunk: u16,
        /// How many there are.
        chunks: u16,
    },
    /// The body is longer than any card accepts.
    #[error("a body of {got} bytes is longer than the {limit} that a card accepts")]
    TooLong {
        /// Bytes of the body.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// A request that changes something cannot go to all cards.
    #[error("a request that changes a card must name it: it cannot go to all")]
    MutatingToAll,
}

#[cfg(test)]
mod tests;
