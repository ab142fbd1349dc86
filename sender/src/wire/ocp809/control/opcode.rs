//! What a message is and what it is about: the kind nibble and the opcode byte.

use core::fmt;

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Asks a card to do or to tell something.
    Request,
    /// What the card says when it did.
    Response,
    /// What the card says when it did not.
    Nack,
    /// What a card says unasked.
    Event,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// Who are you; as an event ANNOUNCE, at boot and at link-up.
    Discover = 0x01,
    /// A card gets its id.
    AssignId = 0x02,
    /// Settings are read.
    Get = 0x03,
    /// Settings are staged.
    Set = 0x04,
    /// Live settings survive a power-off.
    Save = 0x05,
    /// A calibration upload begins.
    CalBegin = 0x06,
    /// A piece of it.
    CalChunk = 0x07,
    /// It is complete.
    CalCommit = 0x08,
    /// Counters and health.
    Stats = 0x09,
    /// The card shows which one it is.
    Identify = 0x0a,
    /// The card starts anew.
    Reboot = 0x0b,
    /// Reserved for firmware; version 1 defines no body.
    Firmware = 0x0c,
    /// The time.
    Time = 0x0d,
    /// A site key.
    Key = 0x0e,
    /// Which calibration acts.
    CalBank = 0x0f,
    /// A LATCH of a lower epoch was dropped (event to its source only).
    Refused = 0x10,
}

impl Kind {
    /// All kinds, by rising code.
    pub const ALL: [Self; 4] = [Self::Request, Self::Response, Self::Nack, Self::Event];

    /// The nibble on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The kind of a nibble, if this version knows it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Nack => "nack",
            Self::Event => "event",
        })
    }
}

impl Opcode {
    /// All opcodes, by rising code.
    pub const ALL: [Self; 16] = [
        Self::Discover,
        Self::AssignId,
        Self::Get,
        Self::Set,
        Self::Save,
        Self::CalBegin,
        Self::CalChunk,
        Self::CalCommit,
        Self::Stats,
        Self::Identify,
        Self::Reboot,
        Self::Firmware,
        Self::Time,
        Self::Key,
        Self::CalBank,
        Self::Refused,
    ];

    /// The byte on the wire.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The opcode of a byte, if this version knows it.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|opcode| opcode.code() == code)
    }

    /// Whether a request of this opcode changes something in the card.
    #[must_use]
    pub const fn is_mutating(self) -> bool {
        match self {
            Self::AssignId
            | Self::Set
            | Self::Save
            | Self::CalBegin
            | Self::CalCommit
            | Self::Identify
            | Self::Reboot
            | Self::Firmware
            | Self::Key
            | Self::CalBank => true,
            Self::Discover | Self::Get | Self::CalChunk | Self::Stats | Self::Time | Self::Refused => false,
        }
    }

    /// Whether a request of this opcode needs AUTH even while no site key is installed (then under key 0).
    #[must_use]
    pub const fn needs_auth(self) -> bool {
        matches!(self, Self::CalBegin | Self::CalCommit | Self::CalBank | Self::Key)
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Discover => "DISCOVER",
            Self::AssignId => "ASSIGN_ID",
            Self::Get => "GET",
            Self::Set => "SET",
            Self::Save => "SAVE",
            Self::CalBegin => "CAL_BEGIN",
            Self::CalChunk => "CAL_CHUNK",
            Self::CalCommit => "CAL_COMMIT",
            Self::Stats => "STATS",
            Self::Identify => "IDENTIFY",
            Self::Reboot => "REBOOT",
            Self::Firmware => "FIRMWARE",
            Self::Time => "TIME",
            Self::Key => "KEY",
            Self::CalBank => "CAL_BANK",
            Self::Refused => "REFUSED",
        })
    }
}
