//! Calibration coefficients travel to a card's staging bank in chunks and are switched on whole.

use super::ControlError;
use super::tlv::{Tlvs, Value, body, layout};
use super::values::{Bytes, Serial, codes};

/// Bytes of coefficients in every chunk but the last.
pub const UPLOAD_CHUNK_LEN: usize = 1440;

/// Chunks of a window: its last one is answered with what is held of it.
pub const UPLOAD_WINDOW: u16 = 32;

/// Module number that stands for all modules of a card.
pub const MODULE_ALL: u16 = 0xffff;

/// Module serial that fits any module.
pub const SERIAL_ANY: Serial = Serial::NONE;

layout! {
    /// What will be uploaded.
    pub struct Upload = 0x0501 "UPLOAD" {
        /// The module's position in the card's module map; 0xFFFF: all modules, one after the other in its order.
        module: u16,
        /// Form of the coefficients.
        kind: CalibrationKind,
        /// Their bytes.
        bytes: u32,
        /// The module's serial number; zeros: any.
        module_serial: Serial,
        /// SHA-256 of the bytes.
        sha256: [u8; 32],
    }

    /// Names an upload: the card's answer when it begins, and what is asked for at its end.
    pub struct UploadId = 0x0502 "UPLOAD_ID" {
        /// The transaction of its chunks.
        upload_id: u32,
    }

    /// A piece of the coefficients.
    pub struct ChunkData = 0x0503 "CHUNK_DATA" {
        /// Bytes 1440 i and following for chunk i.
        data: Bytes,
    }

    /// What the card holds of a window of chunks.
    pub struct UploadWindow = 0x0504 "UPLOAD_WINDOW" {
        /// First chunk of the window, a multiple of 32.
        base: u16,
        /// Bit i (value 1 << i): chunk base + i is held.
        held: u32,
    }

    /// Which bank corrects the card's pixels: what is asked for, and what acts.
    pub struct BankSelect = 0x0505 "BANK_SELECT" {
        /// The choice.
        choice: BankChoice,
    }

    /// What the two banks hold for a module.
    pub struct BankReport = 0x0506 "BANK" {
        /// The module's position in the card's module map.
        module: u16,
        /// Form of the active bank's coefficients.
        active_kind: CalibrationKind,
        /// SHA-256 of the active bank's coefficients; zeros where there are none.
        active_sha256: [u8; 32],
        /// Form of the previous bank's coefficients.
        previous_kind: CalibrationKind,
        /// SHA-256 of the previous bank's coefficients; zeros where there are none.
        previous_sha256: [u8; 32],
    }
}

codes! {
    /// Form of coefficients. All act on linear light, after the link transfer.
    pub enum CalibrationKind {
        /// No coefficients.
        None = 0 "none",
        /// A 3x3 matrix per pixel: nine i16, 8192 = 1.0, row by row (out red: in red, green, blue), 18 bytes.
        Matrix = 1 "matrix",
        /// A factor per pixel and colour: three u16, 32768 = 1.0, 6 bytes.
        Gains = 2 "gains",
        /// Low-grey tables.
        LowGray = 3 "low-gray",
    }
}

codes! {
    /// What corrects a card's pixels.
    pub enum BankChoice {
        /// Nothing: identity.
        Bypass = 0 "bypass",
        /// The bank that the last commit made.
        Active = 1 "active",
        /// The bank that the last commit replaced.
        Previous = 2 "previous",
    }
}

body! {
    /// Which coefficients the card has, and which act.
    pub struct UploadReport {
        /// Which bank acts.
        one acting: BankSelect,
        /// One per module.
        many banks: BankReport,
    }
}

/// A piece of an upload, or with empty `data` the question what is held of its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalChunk {
    /// Which piece; header field `chunk`.
    pub index: u16,
    /// How many there are; header field `chunks`.
    pub count: u16,
    /// Its bytes.
    pub data: Vec<u8>,
}

impl CalChunk {
    /// Whether the card answers this chunk: it is a poll, or the last of a window or of the upload.
    #[must_use]
    pub const fn asks_for_answer(&self) -> bool {
        self.data.is_empty() || self.index % UPLOAD_WINDOW == UPLOAD_WINDOW - 1 || self.index + 1 == self.count
    }

    /// The first chunk of its window.
    #[must_use]
    pub const fn window_base(&self) -> u16 {
        self.index - self.index % UPLOAD_WINDOW
    }

    /// The chunks of an upload; none when it is empty or longer than 65,535 chunks.
    pub fn split(bytes: &[u8]) -> impl Iterator<Item = Self> + '_ {
        let count = u16::try_from(bytes.len().div_ceil(UPLOAD_CHUNK_LEN)).unwrap_or(0);
        let pieces = bytes.chunks(UPLOAD_CHUNK_LEN);
        (0..count).zip(pieces).map(move |(index, data)| Self { index, count, data: data.to_vec() })
    }

    pub(super) fn parse((index, count): (u16, u16), body: &[u8]) -> Result<Self, ControlError> {
        let mut data = Vec::new();
        for tlv in Tlvs::new(body) {
            let (kind, value) = tlv?;
            if kind == ChunkData::DOC.kind {
                data = ChunkData::parse_named(value)?.data.0;
            }
        }
        Ok(Self { index, count, data })
    }

    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        if !self.data.is_empty() {
            ChunkData { data: Bytes(self.data.clone()) }.emit(out);
        }
    }
}
