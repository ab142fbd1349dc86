//! Packets and frames of control: the checked view, forwarding, sealing.

use super::header::HOP_AT;
use super::{ControlError, ControlHeader, HEADER_LEN};
use crate::wire::ethernet::{EtherType, EthernetError, EthernetFrame, EthernetHeader, MIN_FRAME_LEN, MacAddress};
use crate::wire::field::{put_bytes, put_u32, u32_at};
use crate::wire::ocp809::auth::{self, CardIdentity, Key, MAC_LEN};

/// A control packet (the payload of an Ethernet frame) whose layout is sound.
#[derive(Debug, Clone, Copy)]
pub struct ControlPacket<'a> {
    header: ControlHeader,
    /// Header, body and trailer, without padding.
    bytes: &'a [u8],
}

/// A control packet with the addresses that its HMAC covers.
#[derive(Debug, Clone, Copy)]
pub struct ControlFrame<'a> {
    ethernet: EthernetHeader,
    packet: ControlPacket<'a>,
}

impl<'a> ControlPacket<'a> {
    /// Checks the layout of an Ethernet payload. Neither version nor trailer is judged: a packet of a later version is
    /// forwarded as well.
    ///
    /// # Errors
    /// [`ControlError::Short`].
    pub fn new_checked(payload: &'a [u8]) -> Result<Self, ControlError> {
        let head = payload.first_chunk().ok_or(ControlError::Short { needed: HEADER_LEN, got: payload.len() })?;
        let header = ControlHeader::parse(head);
        let needed = header.packet_len();
        let bytes = payload.get(..needed).ok_or(ControlError::Short { needed, got: payload.len() })?;
        Ok(Self { header, bytes })
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &ControlHeader {
        &self.header
    }

    /// The body: TLVs.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.covered().get(HEADER_LEN..).unwrap_or_default()
    }

    /// What follows the body: 4 bytes of CRC, or 16 of HMAC.
    #[must_use]
    pub fn trailer(&self) -> &'a [u8] {
        self.bytes.get(self.covered().len()..).unwrap_or_default()
    }

    /// Compares the CRC with the bytes. An AUTH packet carries none and passes.
    ///
    /// # Errors
    /// [`ControlError::Crc`].
    pub fn check_crc(&self) -> Result<(), ControlError> {
        if self.header.auth {
            return Ok(());
        }
        let (carried, computed) = (u32_at(self.trailer(), 0), crc_of(self.covered()));
        if carried == computed { Ok(()) } else { Err(ControlError::Crc { carried, computed }) }
    }

    /// Header and body, as they came.
    fn covered(&self) -> &'a [u8] {
        self.bytes.get(..HEADER_LEN + usize::from(self.header.body_len)).unwrap_or_default()
    }
}

impl<'a> ControlFrame<'a> {
    /// Checks the layout of a whole Ethernet frame.
    ///
    /// # Errors
    /// [`ControlError::Short`], [`ControlError::EtherType`].
    pub fn new_checked(frame: &'a [u8]) -> Result<Self, ControlError> {
        let outer = EthernetFrame::new_checked(frame)
            .map_err(|EthernetError::Short { needed, got }| ControlError::Short { needed, got })?;
        if outer.ethertype() != EtherType::OCP809_CONTROL {
            return Err(ControlError::EtherType { got: outer.ethertype().0 });
        }
        Ok(Self { ethernet: outer.header(), packet: ControlPacket::new_checked(outer.payload())? })
    }

    /// The addresses.
    #[must_use]
    pub const fn ethernet(&self) -> &EthernetHeader {
        &self.ethernet
    }

    /// The packet.
    #[must_use]
    pub const fn packet(&self) -> &ControlPacket<'a> {
        &self.packet
    }

    /// Whether the packet carries the HMAC that `key` demands from and for `card`. Its counter is the caller's to judge.
    #[must_use]
    pub fn is_authentic(&self, card: &CardIdentity, key: &Key) -> bool {
        let (destination, source) = (self.ethernet.destination, self.ethernet.source);
        let expected = mac_of(self.packet.covered(), card, destination, source, key);
        self.packet.header.auth && auth::equal(&expected, self.packet.trailer())
    }
}

/// Counts the hop of a frame down, in place; `false` when it must not be forwarded: no hop is left, or it is no control
/// frame.
#[must_use]
pub fn forward(frame: &mut [u8]) -> bool {
    let Ok(outer) = EthernetFrame::new_checked(frame) else { return false };
    let at = outer.header_len() + HOP_AT;
    if outer.ethertype() != EtherType::OCP809_CONTROL {
        return false;
    }
    match frame.get_mut(at) {
        Some(hop) if *hop > 0 => {
            *hop -= 1;
            true
        }
        _ => false,
    }
}

/// Writes one whole frame: addresses, header, body, trailer, zeros up to the shortest frame. `header.body_len` is set here.
pub(super) fn emit_frame(
    header: ControlHeader,
    body: &[u8],
    (destination, source): (MacAddress, MacAddress),
    signer: Option<(&CardIdentity, &Key)>,
) -> Result<Vec<u8>, ControlError> {
    let too_long = ControlError::TooLong { got: body.len(), limit: usize::from(u16::MAX) };
    let header = ControlHeader { body_len: u16::try_from(body.len()).map_err(|_| too_long)?, ..header };
    let ethernet = EthernetHeader { destination, source, tag: None, ethertype: EtherType::OCP809_CONTROL };
    let start = ethernet.len();
    let mut frame = vec![0; (start + header.packet_len()).max(MIN_FRAME_LEN)];
    ethernet.emit(&mut frame);
    let mut head = [0; HEADER_LEN];
    header.emit(&mut head);
    put_bytes(&mut frame, start, &head);
    put_bytes(&mut frame, start + HEADER_LEN, body);
    let trailer_at = start + HEADER_LEN + body.len();
    let covered = frame.get(start..trailer_at).unwrap_or_default();
    if let Some((card, key)) = signer {
        let mac = mac_of(covered, card, destination, source, key);
        put_bytes(&mut frame, trailer_at, &mac);
    } else {
        let crc = crc_of(covered);
        put_u32(&mut frame, trailer_at, crc);
    }
    Ok(frame)
}

/// Gives a frame the CRC of its bytes, where its layout is sound and it carries one: so that a fuzzer comes past the CRC.
pub(crate) fn mend(frame: &mut [u8]) {
    let Ok(checked) = ControlFrame::new_checked(frame) else { return };
    let packet = checked.packet;
    if !packet.header.auth {
        let (crc, length) = (crc_of(packet.covered()), packet.covered().len());
        let start = checked.ethernet.len();
        put_u32(frame, start + length, crc);
    }
}

/// Header and body in two pieces, with the hop as 0: what both kinds of trailer cover.
fn with_hop_zero(covered: &[u8]) -> [&[u8]; 3] {
    let (before, rest) = covered.split_at_checked(HOP_AT).unwrap_or((covered, &[]));
    [before, &[0], rest.get(1..).unwrap_or_default()]
}

fn crc_of(covered: &[u8]) -> u32 {
    with_hop_zero(covered).into_iter().fold(0, crc32c::crc32c_append)
}

fn mac_of(covered: &[u8], card: &CardIdentity, destination: MacAddress, source: MacAddress, key: &Key) -> [u8; MAC_LEN] {
    let [before, hop, after] = with_hop_zero(covered);
    key.mac(&[
        &card.serial.0,
        &card.boot_count.to_be_bytes(),
        &destination.0,
        &source.0,
        &EtherType::OCP809_CONTROL.0.to_be_bytes(),
        before,
        hop,
        after,
    ])
}
