//! What a protocol allows in one packet and in one frame, and what a packet costs on the link.
//!
//! OCP-809: PROTOCOL.md, stream header and efficiency. Colorlight: captures of real senders.

use crate::wall::{LinkSpec, ProtocolKind, WireFormat};
use crate::wire::colorlight::{ROW_HEADER_LEN, ROW_PIXELS_MAX};
use crate::wire::ocp809::{FRAME_PACKETS_MAX, stream};

/// Pixels of one Colorlight row packet.
pub const COLORLIGHT_MAX_PIXELS: u32 = ROW_PIXELS_MAX as u32;
/// PIXELS packets of one OCP-809 frame.
pub const OCP809_MAX_PACKETS: u64 = FRAME_PACKETS_MAX as u64;
/// Bytes of an Ethernet header: what all protocols have in front.
pub const ETHERNET_HEADER_BYTES: u32 = 14;

/// Bytes of Ethernet around a packet's payload: header 14, check sequence 4, preamble 8, gap 12 (IEEE 802.3).
pub const ETHERNET_OVERHEAD_BYTES: u32 = ETHERNET_HEADER_BYTES + 4 + 8 + 12;
/// The shortest payload of an Ethernet frame; shorter ones are padded.
pub const ETHERNET_MIN_PAYLOAD_BYTES: u32 = 46;

/// Bytes between the Ethernet header and the pixels of a pixel packet.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "headers are a few bytes")]
pub const fn header_bytes(protocol: ProtocolKind) -> u32 {
    match protocol {
        ProtocolKind::Ocp809 => stream::HEADER_LEN as u32,
        ProtocolKind::Colorlight => ROW_HEADER_LEN as u32 - ETHERNET_HEADER_BYTES,
    }
}

/// Pixels of a full packet: whole packing groups that fit into the MTU, or Colorlight's fixed limit.
#[must_use]
pub const fn packet_pixels(protocol: ProtocolKind, format: WireFormat, mtu: u16) -> u32 {
    match protocol {
        ProtocolKind::Ocp809 => format.pixels_in((mtu as u32).saturating_sub(header_bytes(protocol))),
        ProtocolKind::Colorlight => COLORLIGHT_MAX_PIXELS,
    }
}

/// Pixels of a full packet on this link.
#[must_use]
pub const fn packet_pixels_on(protocol: ProtocolKind, link: &LinkSpec) -> u32 {
    packet_pixels(protocol, link.format, link.mtu)
}

/// Bytes that a packet with `payload` bytes behind its Ethernet header occupies on the link.
#[must_use]
pub const fn wire_bytes(payload: u32) -> u32 {
    let padded = if payload < ETHERNET_MIN_PAYLOAD_BYTES { ETHERNET_MIN_PAYLOAD_BYTES } else { payload };
    padded + ETHERNET_OVERHEAD_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_packets_are_those_of_the_efficiency_table() {
        let table = [
            (WireFormat::Rgb8, 494, 1538, 2994, 9038),
            (WireFormat::Rgb10, 392, 1526, 2392, 9026),
            (WireFormat::Rgb12, 328, 1532, 1996, 9038),
            (WireFormat::Rgb16, 247, 1538, 1497, 9038),
        ];
        for (format, pixels, bytes, jumbo_pixels, jumbo_bytes) in table {
            for (mtu, pixels, bytes) in [(1500, pixels, bytes), (9000, jumbo_pixels, jumbo_bytes)] {
                let n = packet_pixels(ProtocolKind::Ocp809, format, mtu);
                assert_eq!(n, pixels, "{format:?} at MTU {mtu}");
                assert_eq!(
                    wire_bytes(header_bytes(ProtocolKind::Ocp809) + format.payload_bytes(n)),
                    bytes,
                    "{format:?} at MTU {mtu}"
                );
            }
        }
        let header = header_bytes(ProtocolKind::Colorlight);
        assert_eq!(wire_bytes(header + 3 * COLORLIGHT_MAX_PIXELS), 1536, "Colorlight, 497 pixels");
        assert_eq!(wire_bytes(header + 9), 84, "a three-pixel tail is padded to the shortest frame");
    }
}
