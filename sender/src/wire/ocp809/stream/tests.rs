//! Fixed bytes, written into dirty buffers; round trips over all values; hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::time::Tai;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::Epoch;

/// A MAC that depends on every byte of the message and on the key: enough to test the layout.
struct SumMac;

impl LatchAuthenticator for SumMac {
    fn mac(&self, key_id: u16, message: &[u8; LATCH_AUTH_MESSAGE_LEN]) -> Option<[u8; 16]> {
        (key_id != 0).then(|| {
            let sum = message
                .iter()
                .fold(u128::from(key_id), |sum, &byte| sum.rotate_left(7).wrapping_mul(0x0100_0193) ^ u128::from(byte));
            sum.to_be_bytes()
        })
    }
}

const LATCH: Latch = Latch {
    present_at: Tai(0x0102_0304_0506_0708),
    epoch: Epoch { term: 0x1112, instance: 0x1314 },
    brightness: 0x2122,
    gains: [0x3132, 0x4142, 0x5152],
    refreshes: 64,
    pattern: 9,
    flags: LatchFlags { black_out: true, freeze: false, identify: true, test_pattern: true },
    sent_at: 0x6162_6364,
};

/// CRC-32C one bit at a time (RFC 3720 appendix B.4), as another head than the product's crate.
fn slow_crc(bytes: impl IntoIterator<Item = u8>) -> u32 {
    !bytes.into_iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

#[test]
fn a_pixels_packet_has_these_bytes() {
    let mut packet = [0xa5_u8; HEADER_LEN + 6];
    let (head, payload) = packet.split_first_chunk_mut().expect("long enough");
    StreamHeader::pixels(WireFormat::Rgb8, 0x0102, 0x0304, 0x0506_0708, 2).emit(head);
    payload.copy_from_slice(&[1, 2, 3, 4, 5, 6]);
    seal(&mut packet, FrameId(0xabcd));
    let head = [0x10, 0x00, 0xab, 0xcd, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2];
    assert_eq!(packet[..14], head, "the header without its CRC");
    let crc = slow_crc(head.into_iter().chain([1, 2, 3, 4, 5, 6]));
    assert_eq!(packet[14..18], crc.to_be_bytes(), "the CRC over header and payload, itself left out");
    assert_eq!(slow_crc(*b"123456789"), 0xe306_9283, "the reference is CRC-32C");
}

#[test]
fn a_latch_has_these_bytes() {
    let mut packet = [0xa5_u8; LATCH_LEN];
    LATCH.emit(FrameId(7), 4, true, &mut packet);
    let expected = [
        0x11, 0x02, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, // header
        1, 2, 3, 4, 5, 6, 7, 8, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x31, 0x32, 0x41, 0x42, 0x51, 0x52, 0, 64, 9, 0x0d, 0x61,
        0x62, 0x63, 0x64,
    ];
    assert_eq!(packet[..14], expected[..14], "header");
    assert_eq!(packet[18..], expected[14..], "state");
    assert_eq!(packet[14..18], slow_crc(expected).to_be_bytes(), "CRC");
    assert_eq!(14 + LATCH_LEN, crate::wire::ethernet::MIN_FRAME_LEN, "a LATCH fills the shortest frame exactly");
}

#[test]
fn an_authenticated_latch_binds_source_header_state_and_counter() {
    let source = MacAddress([2, 0, 0, 0, 0, 1]);
    let mut packet = [0xa5_u8; LATCH_AUTH_LEN];
    assert!(LATCH.emit_authenticated(FrameId(7), 4, false, source, (3, 99), &SumMac, &mut packet), "the key exists");
    assert_eq!(packet[46..56], [0, 3, 0, 0, 0, 0, 0, 0, 0, 99], "key id and counter follow the state");
    let parsed = StreamPacket::parse(&packet).expect("sound");
    assert!(parsed.latch_is_authentic(source, &SumMac), "as sent");
    assert!(!parsed.latch_is_authentic(MacAddress([2, 0, 0, 0, 0, 2]), &SumMac), "from another source");
    for changed in [2_usize, 5, 13, 18, 45, 47, 55, 56, 71] {
        let mut forged = packet;
        forged[changed] ^= 1;
        seal_as_is(&mut forged);
        let forged = StreamPacket::parse(&forged).expect("a CRC is no MAC");
        assert!(!forged.latch_is_authentic(source, &SumMac), "byte {changed} was changed");
    }
    assert!(!LATCH.emit_authenticated(FrameId(7), 4, false, source, (0, 99), &SumMac, &mut packet), "no such key is said aloud");
}

fn seal_as_is(packet: &mut [u8]) {
    let id = FrameId(u16_at(packet, 2));
    seal(packet, id);
}

#[test]
fn padding_is_neither_payload_nor_under_the_crc() {
    let mut frame = [0xa5_u8; 46];
    let (head, rest) = frame.split_first_chunk_mut().expect("long enough");
    StreamHeader::pixels(WireFormat::Rgb10, 0, 1, 0, 3).emit(head);
    rest[..15].fill(7);
    seal(&mut frame[..HEADER_LEN + 15], FrameId(1));
    let packet = StreamPacket::parse(&frame).expect("sound in spite of the padding");
    assert_eq!(packet.payload(), [7; 15], "three RGB10 pixels fill one group of 15 bytes");
}

#[test]
fn what_this_version_does_not_know_is_named() {
    let packet = |bytes: [u8; 2]| {
        let mut packet = [0_u8; 64];
        packet[..2].copy_from_slice(&bytes);
        StreamPacket::new_checked(&packet).map(|p| p.header().kind).map_err(|e| e.to_string())
    };
    assert!(packet([0x20, 0]).is_err_and(|e| e.contains("version 2")), "version");
    assert!(packet([0x10, 0x10]).is_err_and(|e| e.contains("format 1")), "reserved format");
    assert_eq!(packet([0x13, 0x02]), Ok(StreamKind::Other { kind: 3, detail: 2 }), "later types are kept for forwarding");
    assert_eq!(packet([0x11, 0x05]), Ok(StreamKind::Latch { copy: false, auth: false }), "reserved flags are ignored");
    let short = StreamPacket::new_checked(&[0x12, 0x50, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(short.map(|_| ()), Err(StreamError::Short { needed: 46, got: 19 }), "a parity packet has at least 28 bytes");
}

#[test]
fn pattern_ids_are_their_own_inverse() {
    for id in 0..=u8::MAX {
        assert_eq!(TestPattern::from_id(id).map(TestPattern::id), (id < 10).then_some(id), "id {id}");
    }
}

fn any_kind() -> impl Strategy<Value = StreamKind> {
    prop_oneof![
        (0_usize..4).prop_map(|i| StreamKind::Pixels(WireFormat::ALL[i])),
        any::<(bool, bool)>().prop_map(|(copy, auth)| StreamKind::Latch { copy, auth }),
        (0_u8..16).prop_map(|log2_group| StreamKind::Parity { log2_group }),
        (3_u8..16, any::<u8>()).prop_map(|(kind, detail)| StreamKind::Other { kind, detail }),
    ]
}

proptest! {
    #[test]
    fn a_header_parses_to_what_was_emitted(
        kind in any_kind(), frame_id: u16, seq: u16, target: u16, offset: u32, count: u16
    ) {
        let header = StreamHeader { kind, frame_id: FrameId(frame_id), seq, target, offset, count };
        let mut bytes = [0xa5; HEADER_LEN];
        header.emit(&mut bytes);
        prop_assert_eq!(StreamHeader::parse(&bytes), Ok(header));
    }

    #[test]
    fn a_latch_parses_to_what_was_emitted(
        present_at: u64, epoch: u32, brightness: u16, gains: [u16; 3], refreshes: u16, pattern: u8, flags in 0_u8..16,
        sent_at: u32, frame_id: u16, packets: u16, copy: bool
    ) {
        let latch = Latch {
            present_at: Tai(present_at), epoch: Epoch::from_u32(epoch), brightness, gains, refreshes, pattern,
            flags: LatchFlags::from_bits(flags), sent_at,
        };
        let mut bytes = [0xa5; LATCH_LEN];
        latch.emit(FrameId(frame_id), packets, copy, &mut bytes);
        let packet = StreamPacket::parse(&bytes).expect("sound");
        prop_assert_eq!(packet.latch(), Some(latch));
        prop_assert_eq!(packet.header(), &StreamHeader::latch(FrameId(frame_id), packets, copy, false));
    }

    #[test]
    fn any_change_of_up_to_four_neighbouring_bytes_is_noticed(
        payload in prop::collection::vec(any::<u8>(), 3..600), at: prop::sample::Index, noise in 1_u32..
    ) {
        let count = u16::try_from(payload.len() / 3).expect("few");
        let mut bytes = vec![0xa5; HEADER_LEN];
        StreamHeader::pixels(WireFormat::Rgb8, 1, 2, 3, count).emit(bytes.first_chunk_mut().expect("long enough"));
        bytes.extend_from_slice(&payload[..usize::from(count) * 3]);
        seal(&mut bytes, FrameId(9));
        prop_assert!(StreamPacket::parse(&bytes).is_ok());
        let at = at.index(bytes.len() - 3);
        for (byte, change) in bytes[at..].iter_mut().zip(noise.to_be_bytes()) {
            *byte ^= change;
        }
        prop_assert!(StreamPacket::parse(&bytes).is_err(), "changed at {}", at);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..120), version: bool) {
        let mut bytes = bytes;
        if let (true, Some(first)) = (version, bytes.first_mut()) {
            *first = *first & 15 | VERSION << 4;
        }
        if let Ok(packet) = StreamPacket::new_checked(&bytes) {
            prop_assert!(HEADER_LEN + packet.payload().len() <= bytes.len());
            let _ = (packet.check_crc(), packet.latch(), packet.latch_auth());
            let _ = packet.latch_is_authentic(MacAddress::BROADCAST, &SumMac);
        }
        seal(&mut bytes, FrameId(1));
    }
}
