//! Ethernet II frames with at most one 802.1Q tag, as they lie between preamble and FCS.

use core::fmt;
use core::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::field::{array_at, put_bytes, put_u16, u16_at};

/// Bytes of an untagged header.
pub const HEADER_LEN: usize = 14;

/// Bytes of an 802.1Q tag.
pub const TAG_LEN: usize = 4;

/// Shortest frame without its FCS (IEEE 802.3 clause 3.2.7): shorter ones are padded with zeros.
pub const MIN_FRAME_LEN: usize = 60;

/// Bytes that every frame costs on the cable beside its header and payload: preamble and SFD 8, FCS 4, inter-packet gap 12.
pub const WIRE_OVERHEAD_LEN: usize = 24;

/// A 48-bit MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct MacAddress(pub [u8; 6]);

/// The protocol of a frame's payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EtherType(pub u16);

/// The fields of an Ethernet header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EthernetHeader {
    /// Where to.
    pub destination: MacAddress,
    /// Where from.
    pub source: MacAddress,
    /// Tag control information (priority, DEI, VLAN id) of a tagged frame.
    pub tag: Option<u16>,
    /// What the payload is.
    pub ethertype: EtherType,
}

/// A frame that is long enough for its header.
#[derive(Debug, Clone, Copy)]
pub struct EthernetFrame<'a> {
    bytes: &'a [u8],
    tagged: bool,
}

/// Why bytes are no Ethernet frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EthernetError {
    /// The header does not fit.
    #[error("a frame of {got} bytes is too short for an Ethernet header of {needed} bytes")]
    Short {
        /// Bytes that the header needs.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
}

/// Why a text is no MAC address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("expected a MAC address such as 02:4f:43:50:80:00, six two-digit hexadecimal numbers with colons between them")]
pub struct MacAddressError;

impl MacAddress {
    /// All stations.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Whether it addresses a group (multicast or broadcast).
    #[must_use]
    pub const fn is_group(self) -> bool {
        let [first, ..] = self.0;
        first & 1 == 1
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.0;
        write!(f, "{first:02x}")?;
        rest.into_iter().try_for_each(|byte| write!(f, ":{byte:02x}"))
    }
}

impl FromStr for MacAddress {
    type Err = MacAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part =
                parts.next().filter(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit())).ok_or(MacAddressError)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| MacAddressError)?;
        }
        if parts.next().is_some() { Err(MacAddressError) } else { Ok(Self(bytes)) }
    }
}

impl TryFrom<String> for MacAddress {
    type Error = MacAddressError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MacAddress> for String {
    fn from(address: MacAddress) -> Self {
        address.to_string()
    }
}

impl EtherType {
    /// 802.1Q tag.
    pub const VLAN: Self = Self(0x8100);
    /// OCP-809 stream: IEEE 802 Local Experimental 1.
    pub const OCP809_STREAM: Self = Self(0x88b5);
    /// OCP-809 control and telemetry: IEEE 802 Local Experimental 2.
    pub const OCP809_CONTROL: Self = Self(0x88b6);
}

impl EthernetHeader {
    /// Bytes of the header.
    #[must_use]
    pub const fn len(&self) -> usize {
        if self.tag.is_some() { HEADER_LEN + TAG_LEN } else { HEADER_LEN }
    }

    /// Never: a header has at least 14 bytes.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Writes the header to the front of `frame`; a frame that is too short gets only the fields that fit.
    pub fn emit(&self, frame: &mut [u8]) {
        put_bytes(frame, 0, &self.destination.0);
        put_bytes(frame, 6, &self.source.0);
        let mut at = 12;
        if let Some(tag) = self.tag {
            put_u16(frame, at, EtherType::VLAN.0);
            put_u16(frame, at + 2, tag);
            at += TAG_LEN;
        }
        put_u16(frame, at, self.ethertype.0);
    }
}

impl<'a> EthernetFrame<'a> {
    /// Checks that the header is there.
    ///
    /// # Errors
    /// [`EthernetError::Short`].
    #[inline]
    pub fn new_checked(bytes: &'a [u8]) -> Result<Self, EthernetError> {
        let tagged = u16_at(bytes, 12) == EtherType::VLAN.0;
        let needed = if tagged { HEADER_LEN + TAG_LEN } else { HEADER_LEN };
        if bytes.len() < needed { Err(EthernetError::Short { needed, got: bytes.len() }) } else { Ok(Self { bytes, tagged }) }
    }

    /// Where to.
    #[must_use]
    #[inline]
    pub fn destination(&self) -> MacAddress {
        MacAddress(array_at(self.bytes, 0))
    }

    /// Where from.
    #[must_use]
    #[inline]
    pub fn source(&self) -> MacAddress {
        MacAddress(array_at(self.bytes, 6))
    }

    /// Tag control information of a tagged frame.
    #[must_use]
    pub fn tag(&self) -> Option<u16> {
        self.tagged.then(|| u16_at(self.bytes, 14))
    }

    /// What the payload is.
    #[must_use]
    #[inline]
    pub fn ethertype(&self) -> EtherType {
        EtherType(u16_at(self.bytes, self.header_len() - 2))
    }

    /// Bytes of the header.
    #[must_use]
    #[inline]
    pub const fn header_len(&self) -> usize {
        if self.tagged { HEADER_LEN + TAG_LEN } else { HEADER_LEN }
    }

    /// What follows the header, padding included.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(self.header_len()..).unwrap_or_default()
    }

    /// The header as a value.
    #[must_use]
    pub fn header(&self) -> EthernetHeader {
        EthernetHeader { destination: self.destination(), source: self.source(), tag: self.tag(), ethertype: self.ethertype() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DESTINATION: MacAddress = MacAddress([3, 0x4f, 0x43, 0x50, 0x80, 1]);
    const SOURCE: MacAddress = MacAddress([2, 0x4f, 0x43, 0x50, 0x80, 2]);

    #[test]
    fn a_tagged_header_has_eighteen_known_bytes() {
        let header =
            EthernetHeader { destination: DESTINATION, source: SOURCE, tag: Some(0x6064), ethertype: EtherType::OCP809_STREAM };
        let mut frame = [0xa5_u8; 19];
        header.emit(&mut frame);
        let expected = [3, 0x4f, 0x43, 0x50, 0x80, 1, 2, 0x4f, 0x43, 0x50, 0x80, 2, 0x81, 0, 0x60, 0x64, 0x88, 0xb5, 0xa5];
        assert_eq!(frame, expected, "destination, source, tag, type, and not one byte more");
    }

    #[test]
    fn mac_addresses_read_what_they_print_and_nothing_else() {
        assert_eq!("03:4F:43:50:80:01".parse(), Ok(DESTINATION), "capitals");
        assert_eq!(DESTINATION.to_string(), "03:4f:43:50:80:01", "printed in small letters");
        for wrong in ["", "03:4f:43:50:80", "03:4f:43:50:80:01:02", "3:4f:43:50:80:1", "+3:4f:43:50:80:01", "03-4f-43-50-80-01"] {
            assert_eq!(wrong.parse::<MacAddress>(), Err(MacAddressError), "{wrong:?}");
        }
        assert!(DESTINATION.is_group() && !SOURCE.is_group(), "the lowest bit of the first byte marks a group");
    }

    proptest! {
        #[test]
        fn what_was_emitted_parses_to_the_same_header(
            destination: [u8; 6], source: [u8; 6], tag: Option<u16>, ethertype: u16, payload: Vec<u8>
        ) {
            prop_assume!(ethertype != EtherType::VLAN.0);
            let header = EthernetHeader {
                destination: MacAddress(destination),
                source: MacAddress(source),
                tag,
                ethertype: EtherType(ethertype),
            };
            let mut frame = vec![0xa5; header.len()];
            header.emit(&mut frame);
            frame.extend_from_slice(&payload);
            let parsed = EthernetFrame::new_checked(&frame).expect("long enough");
            prop_assert_eq!(parsed.header(), header);
            prop_assert_eq!(parsed.payload(), &payload[..]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            if let Ok(frame) = EthernetFrame::new_checked(&bytes) {
                prop_assert_eq!(frame.header_len() + frame.payload().len(), bytes.len());
            }
        }
    }
}
