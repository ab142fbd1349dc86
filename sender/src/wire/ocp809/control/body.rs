//! What a message says, by kind and opcode: the one table from codes to types.

use super::announce::{Announce, Capabilities, Discover, Hardware, Master, Model, Padding, ProtocolVersions};
use super::calibration::{BankReport, BankSelect, CalChunk, ChunkData, Upload, UploadId, UploadReport, UploadWindow};
use super::nack::{Nack, Refusal};
use super::session::{Assignment, Identify, Identity, KeyChange, KeyInstalled, Reboot, TimeMark};
use super::settings::{ApplyAt, Configuration, ConfigurationHash, Get, Ignored, Set, SetReport, Wanted};
use super::stats::{FrameCounts, Health, LatchCounter, LatchTiming, LinkReport, ModulePresence, Stats};
use super::tlv::{Tlvs, Value, one_of};
use super::{ControlError, ControlHeader, Kind, Opcode};

one_of! {
    /// The TLVs that are no settings.
    pub enum Item {
        Padding,
        Wanted,
        ApplyAt,
        Ignored,
        ConfigurationHash,
        Refusal,
        Identity,
        Model,
        Hardware,
        ProtocolVersions,
        Capabilities,
        Master,
        Assignment,
        Identify,
        Reboot,
        TimeMark,
        KeyChange,
        KeyInstalled,
        FrameCounts,
        LinkReport,
        LatchTiming,
        Health,
        ModulePresence,
        LatchCounter,
        Upload,
        UploadId,
        ChunkData,
        UploadWindow,
        BankSelect,
        BankReport,
    }
}

/// What a card is asked to do or to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Who are you.
    Discover(Discover),
    /// Take this id.
    AssignId(Assignment),
    /// Tell settings.
    Get(Get),
    /// Stage settings.
    Set(Set),
    /// Keep the live settings over a power-off.
    Save,
    /// An upload begins.
    CalBegin(Upload),
    /// A piece of it.
    CalChunk(CalChunk),
    /// It is complete: check, store, switch.
    CalCommit(UploadId),
    /// Choose a bank.
    CalBank(BankSelect),
    /// Tell counters and health.
    Stats,
    /// Show which one you are.
    Identify(Identify),
    /// Start anew.
    Reboot(Reboot),
    /// The time; never answered.
    Time(TimeMark),
    /// Store a key.
    Key(KeyChange),
}

/// What a card says when it did as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Response {
    /// Who it is.
    Discover(Announce),
    /// It took the id.
    AssignId(Identity),
    /// Its settings.
    Get(Configuration),
    /// They are staged.
    Set(SetReport),
    /// They are kept.
    Save,
    /// The upload may begin.
    CalBegin(UploadId),
    /// What it holds of a window.
    CalChunk(UploadWindow),
    /// The new bank acts.
    CalCommit(UploadReport),
    /// The choice acts.
    CalBank(UploadReport),
    /// Counters and health.
    Stats(Stats),
    /// It shows which one it is.
    Identify,
    /// It will start anew.
    Reboot,
    /// The key is stored.
    Key(KeyInstalled),
}

/// What a card says unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// It started, or a link came up.
    Announce(Announce),
    /// Counters and health, once per second.
    Stats(Stats),
    /// To the source of a LATCH that it dropped: this one is the master.
    Refused(Master),
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Do or tell.
    Request(Request),
    /// Done or told.
    Response(Response),
    /// Refused.
    Nack(Nack),
    /// Unasked.
    Event(Event),
}

/// Reads the one TLV that a body consists of; others are skipped.
fn single<V: Value>(body: &[u8]) -> Result<V, ControlError> {
    for tlv in Tlvs::new(body) {
        let (kind, value) = tlv?;
        if kind == V::DOC.kind {
            return V::parse_named(value);
        }
    }
    Err(ControlError::Missing { tlv: V::DOC.kind })
}

impl Request {
    /// What it is about.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Discover(_) => Opcode::Discover,
            Self::AssignId(_) => Opcode::AssignId,
            Self::Get(_) => Opcode::Get,
            Self::Set(_) => Opcode::Set,
            Self::Save => Opcode::Save,
            Self::CalBegin(_) => Opcode::CalBegin,
            Self::CalChunk(_) => Opcode::CalChunk,
            Self::CalCommit(_) => Opcode::CalCommit,
            Self::CalBank(_) => Opcode::CalBank,
            Self::Stats => Opcode::Stats,
            Self::Identify(_) => Opcode::Identify,
            Self::Reboot(_) => Opcode::Reboot,
            Self::Time(_) => Opcode::Time,
            Self::Key(_) => Opcode::Key,
        }
    }

    fn parse(header: &ControlHeader, opcode: Opcode, body: &[u8]) -> Result<Self, ControlError> {
        Ok(match opcode {
            Opcode::Discover => Self::Discover(Discover::parse(body)?),
            Opcode::AssignId => Self::AssignId(single(body)?),
            Opcode::Get => Self::Get(Get::parse(body)?),
            Opcode::Set => Self::Set(Set::parse(body)?),
            Opcode::Save => Self::Save,
            Opcode::CalBegin => Self::CalBegin(single(body)?),
            Opcode::CalChunk => Self::CalChunk(CalChunk::parse((header.chunk, header.chunks), body)?),
            Opcode::CalCommit => Self::CalCommit(single(body)?),
            Opcode::CalBank => Self::CalBank(single(body)?),
            Opcode::Stats => Self::Stats,
            Opcode::Identify => Self::Identify(single(body)?),
            Opcode::Reboot => Self::Reboot(single(body)?),
            Opcode::Time => Self::Time(single(body)?),
            Opcode::Key => Self::Key(single(body)?),
            Opcode::Firmware | Opcode::Refused => return Err(undefined(header)),
        })
    }

    fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::Discover(body) => body.emit(out),
            Self::AssignId(value) => value.emit(out),
            Self::Get(body) => body.emit(out),
            Self::Set(body) => body.emit(out),
            Self::CalBegin(value) => value.emit(out),
            Self::CalChunk(chunk) => chunk.emit(out),
            Self::CalCommit(value) => value.emit(out),
            Self::CalBank(value) => value.emit(out),
            Self::Identify(value) => value.emit(out),
            Self::Reboot(value) => value.emit(out),
            Self::Time(value) => value.emit(out),
            Self::Key(value) => value.emit(out),
            Self::Save | Self::Stats => {}
        }
    }
}

impl Response {
    /// What it is about.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Discover(_) => Opcode::Discover,
            Self::AssignId(_) => Opcode::AssignId,
            Self::Get(_) => Opcode::Get,
            Self::Set(_) => Opcode::Set,
            Self::Save => Opcode::Save,
            Self::CalBegin(_) => Opcode::CalBegin,
            Self::CalChunk(_) => Opcode::CalChunk,
            Self::CalCommit(_) => Opcode::CalCommit,
            Self::CalBank(_) => Opcode::CalBank,
            Self::Stats(_) => Opcode::Stats,
            Self::Identify => Opcode::Identify,
            Self::Reboot => Opcode::Reboot,
            Self::Key(_) => Opcode::Key,
        }
    }

    fn parse(header: &ControlHeader, opcode: Opcode, body: &[u8]) -> Result<Self, ControlError> {
        Ok(match opcode {
            Opcode::Discover => Self::Discover(Announce::parse(body)?),
            Opcode::AssignId => Self::AssignId(single(body)?),
            Opcode::Get => Self::Get(Configuration::parse(body)?),
            Opcode::Set => Self::Set(SetReport::parse(body)?),
            Opcode::Save => Self::Save,
            Opcode::CalBegin => Self::CalBegin(single(body)?),
            Opcode::CalChunk => Self::CalChunk(single(body)?),
            Opcode::CalCommit => Self::CalCommit(UploadReport::parse(body)?),
            Opcode::CalBank => Self::CalBank(UploadReport::parse(body)?),
            Opcode::Stats => Self::Stats(Stats::parse(body)?),
            Opcode::Identify => Self::Identify,
            Opcode::Reboot => Self::Reboot,
            Opcode::Key => Self::Key(single(body)?),
            Opcode::Time | Opcode::Firmware | Opcode::Refused => return Err(undefined(header)),
        })
    }

    fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::Discover(body) => body.emit(out),
            Self::AssignId(value) => value.emit(out),
            Self::Get(body) => body.emit(out),
            Self::Set(body) => body.emit(out),
            Self::CalBegin(value) => value.emit(out),
            Self::CalChunk(value) => value.emit(out),
            Self::CalCommit(body) | Self::CalBank(body) => body.emit(out),
            Self::Stats(body) => body.emit(out),
            Self::Key(value) => value.emit(out),
            Self::Save | Self::Identify | Self::Reboot => {}
        }
    }
}

impl Event {
    /// What it is about.
    #[must_use]
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Announce(_) => Opcode::Discover,
            Self::Stats(_) => Opcode::Stats,
            Self::Refused(_) => Opcode::Refused,
        }
    }

    fn parse(header: &ControlHeader, opcode: Opcode, body: &[u8]) -> Result<Self, ControlError> {
        match opcode {
            Opcode::Discover => Announce::parse(body).map(Self::Announce),
            Opcode::Stats => Stats::parse(body).map(Self::Stats),
            Opcode::Refused => single(body).map(Self::Refused),
            Opcode::AssignId
            | Opcode::Get
            | Opcode::Set
            | Opcode::Save
            | Opcode::CalBegin
            | Opcode::CalChunk
            | Opcode::CalCommit
            | Opcode::Identify
            | Opcode::Reboot
            | Opcode::Firmware
            | Opcode::Time
            | Opcode::Key
            | Opcode::CalBank => Err(undefined(header)),
        }
    }

    fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::Announce(body) => body.emit(out),
            Self::Stats(body) => body.emit(out),
            Self::Refused(value) => value.emit(out),
        }
    }
}

impl Body {
    /// The kind nibble.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Request(_) => Kind::Request,
            Self::Response(_) => Kind::Response,
            Self::Nack(_) => Kind::Nack,
            Self::Event(_) => Kind::Event,
        }
    }

    /// The opcode byte. A NACK repeats the request's, which may be unknown.
    #[must_use]
    pub const fn opcode(&self) -> u8 {
        match self {
            Self::Request(request) => request.opcode().code(),
            Self::Response(response) => response.opcode().code(),
            Self::Nack(nack) => nack.opcode,
            Self::Event(event) => event.opcode().code(),
        }
    }

    /// Reads a whole body (all its chunks, joined).
    pub(super) fn parse(header: &ControlHeader, body: &[u8]) -> Result<Self, ControlError> {
        let kind = Kind::from_code(header.kind).ok_or(undefined(header))?;
        if kind == Kind::Nack {
            return single(body).map(|Refusal(reason)| Self::Nack(Nack { opcode: header.opcode, reason }));
        }
        let opcode = Opcode::from_code(header.opcode).ok_or(undefined(header))?;
        match kind {
            Kind::Request => Request::parse(header, opcode, body).map(Self::Request),
            Kind::Response => Response::parse(header, opcode, body).map(Self::Response),
            Kind::Event | Kind::Nack => Event::parse(header, opcode, body).map(Self::Event),
        }
    }

    /// Appends the body's TLVs.
    pub(super) fn emit(&self, out: &mut Vec<u8>) {
        match self {
            Self::Request(request) => request.emit(out),
            Self::Response(response) => response.emit(out),
            Self::Nack(nack) => Refusal(nack.reason).emit(out),
            Self::Event(event) => event.emit(out),
        }
    }
}

const fn undefined(header: &ControlHeader) -> ControlError {
    ControlError::Opcode { kind: header.kind, opcode: header.opcode }
}
