//! A whole message and its frames: bodies are cut into chunks, each sealed on its own.

use super::body::{Body, Request};
use super::packet::emit_frame;
use super::{BODY_MAX, CRC_LEN, ControlError, ControlHeader, ControlPacket, HEADER_LEN, Opcode, Route};
use crate::wire::ethernet::{HEADER_LEN as ETHERNET_HEADER_LEN, MacAddress};
use crate::wire::ocp809::auth::{CardIdentity, Key, MAC_LEN};
use crate::wire::ocp809::{CARD_ID_ALL, VERSION};

/// One message of control or telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// How far it travels and who consumes it, or who speaks.
    pub route: Route,
    /// Chosen by who asks and repeated by the answer; an upload's id in its chunks; counts up in events.
    pub transaction: u32,
    /// What it says.
    pub body: Body,
}

/// Where a message goes from and to, and how its frames are closed.
#[derive(Debug, Clone, Copy)]
pub struct Seal<'a> {
    /// Where to.
    pub destination: MacAddress,
    /// Where from.
    pub source: MacAddress,
    /// Longest frame without FCS; [`super::CARD_FRAME_MAX`] for a card, header and MTU for a sender.
    pub frame_max: usize,
    /// AUTH; a CRC without it.
    pub signer: Option<Signer<'a>>,
}

/// What AUTH needs.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The card that is concerned, as asked or asking.
    pub card: CardIdentity,
    /// Id of the key.
    pub key_id: u16,
    /// The key.
    pub key: &'a Key,
    /// Counter of the first frame; each further chunk takes the next. See [`Message::frame_count`].
    pub counter: u64,
}

impl Seal<'_> {
    /// Bytes of body that one frame takes.
    const fn body_max(&self) -> usize {
        let trailer = if self.signer.is_some() { MAC_LEN } else { CRC_LEN };
        let room = self.frame_max.saturating_sub(ETHERNET_HEADER_LEN + HEADER_LEN + trailer);
        if room == 0 { 1 } else { room }
    }
}

impl Message {
    /// Reads a message that came in one packet of this version. The trailer is the caller's to check.
    ///
    /// # Errors
    /// [`ControlError::Version`], [`ControlError::Chunk`] when it is a piece of a longer message (see
    /// [`super::Reassembly`]), and what is wrong with its body.
    pub fn parse(packet: &ControlPacket<'_>) -> Result<Self, ControlError> {
        let header = packet.header();
        let piece = header.chunks != 1 || header.chunk != 0;
        if piece && header.opcode != Opcode::CalChunk.code() {
            return Err(ControlError::Chunk { chunk: header.chunk, chunks: header.chunks });
        }
        Self::from_body(header, packet.body())
    }

    /// Reads a message whose chunks were joined; `header` is that of any of them.
    ///
    /// # Errors
    /// [`ControlError::Version`], and what is wrong with the body.
    pub fn from_body(header: &ControlHeader, body: &[u8]) -> Result<Self, ControlError> {
        if header.version != VERSION {
            return Err(ControlError::Version { got: header.version });
        }
        if header.chunk >= header.chunks {
            return Err(ControlError::Chunk { chunk: header.chunk, chunks: header.chunks });
        }
        Ok(Self { route: header.route, transaction: header.transaction, body: Body::parse(header, body)? })
    }

    /// How many frames the message takes, and so how many counters its AUTH form uses.
    #[must_use]
    pub fn frame_count(&self, seal: &Seal<'_>) -> usize {
        if matches!(self.body, Body::Request(Request::CalChunk(_))) {
            return 1;
        }
        self.body_bytes().len().div_ceil(seal.body_max()).max(1)
    }

    /// Writes the message's frames, in the order in which they are sent.
    ///
    /// # Errors
    /// [`ControlError::TooLong`], and [`ControlError::MutatingToAll`] for a request that changes something in all cards.
    pub fn emit(&self, seal: &Seal<'_>) -> Result<Vec<Vec<u8>>, ControlError> {
        let body = self.body_bytes();
        if body.len() > BODY_MAX {
            return Err(ControlError::TooLong { got: body.len(), limit: BODY_MAX });
        }
        let mutating = matches!(&self.body, Body::Request(request) if request.opcode().is_mutating());
        if mutating && self.route.card_id == CARD_ID_ALL {
            return Err(ControlError::MutatingToAll);
        }
        if let Body::Request(Request::CalChunk(chunk)) = &self.body {
            let header = self.header(mutating, seal, (chunk.index, chunk.count), 0);
            return self.frame(header, &body, seal).map(|frame| vec![frame]);
        }
        let pieces: Vec<&[u8]> = if body.is_empty() { vec![&[]] } else { body.chunks(seal.body_max()).collect() };
        let chunks = u16::try_from(pieces.len()).unwrap_or(u16::MAX);
        (0..chunks).zip(pieces).map(|(i, piece)| self.frame(self.header(mutating, seal, (i, chunks), i), piece, seal)).collect()
    }

    fn body_bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        self.body.emit(&mut body);
        body
    }

    fn header(&self, mutating: bool, seal: &Seal<'_>, (chunk, chunks): (u16, u16), frame: u16) -> ControlHeader {
        ControlHeader {
            version: VERSION,
            kind: self.body.kind().code(),
            opcode: self.body.opcode(),
            auth: seal.signer.is_some(),
            mutating,
            route: self.route,
            body_len: 0,
            transaction: self.transaction,
            counter: seal.signer.map_or(0, |signer| signer.counter.saturating_add(u64::from(frame))),
            chunk,
            chunks,
            key_id: seal.signer.map_or(0, |signer| signer.key_id),
        }
    }

    #[expect(clippy::unused_self, reason = "reads as one step of emitting this message")]
    fn frame(&self, header: ControlHeader, body: &[u8], seal: &Seal<'_>) -> Result<Vec<u8>, ControlError> {
        let signer = seal.signer.as_ref().map(|signer| (&signer.card, signer.key));
        emit_frame(header, body, (seal.destination, seal.source), signer)
    }
}
