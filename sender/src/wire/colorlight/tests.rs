//! Fixed bytes, written into dirty buffers; the brightness laws; round trips; hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::wall::{ColorlightBrightnessLaw, ColorlightFirmware};

const ADDRESSES: [u8; 12] = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x22, 0x22, 0x33, 0x44, 0x55, 0x66];

/// A frame of `length` bytes: the sender's addresses, the type, and these bytes of data; zeros elsewhere.
fn expected(length: usize, kind: u8, data: &[(usize, &[u8])]) -> Vec<u8> {
    let mut frame = vec![0; length];
    frame[..12].copy_from_slice(&ADDRESSES);
    frame[12] = kind;
    for (at, bytes) in data {
        frame[13 + at..13 + at + bytes.len()].copy_from_slice(bytes);
    }
    frame
}

#[test]
fn a_row_has_these_bytes_in_front_of_its_pixels() {
    let mut head = [0xa5; ROW_HEADER_LEN];
    RowRepr::new(0x0102, 0x01f1, 0x000f).emit(&mut head);
    assert_eq!(head[..], expected(21, 0x55, &[(0, &[1, 2, 1, 0xf1, 0, 0x0f, 0x08, 0x88])]), "row, column, count, constants");
    assert_eq!(RowRepr::new(0, 0, ROW_PIXELS_MAX).frame_len(), 1512, "the longest row packet");
}

#[test]
fn a_sync_has_these_bytes() {
    let mut frame = [0xa5; SYNC_LEN];
    SyncRepr::new(0x80, [0xff, 0xdc, 0x8f]).emit(&mut frame);
    let fields: [(usize, &[u8]); 2] = [(0, &[7]), (22, &[0x80, 5, 0, 0xff, 0xdc, 0x8f])];
    assert_eq!(frame[..], expected(112, 0x01, &fields), "112 bytes");
    let hardware = SyncRepr { origin: SyncOrigin::SendingCard, hops: 3, ..SyncRepr::new(1, [2, 3, 4]) };
    hardware.emit(&mut frame);
    assert_eq!(frame[..], expected(112, 0x01, &[(6, &[3]), (22, &[1, 0, 0, 2, 3, 4])]), "as a sending card");
}

#[test]
fn brightness_and_discovery_have_these_bytes() {
    let mut frame = [0xa5; BRIGHTNESS_LEN];
    BrightnessRepr { levels: [1, 2, 3] }.emit(&mut frame);
    assert_eq!(frame[..], expected(77, 0x0a, &[(0, &[1, 2, 3, 0xff])]), "77 bytes");
    let mut frame = [0xa5; REQUEST_LEN];
    DiscoveryRequestRepr { place: 31 }.emit(&mut frame);
    assert_eq!(frame[..], expected(284, 0x07, &[(3, &[31])]), "284 bytes");
}

#[test]
fn a_reply_has_these_bytes() {
    let mut frame = [0xa5; REPLY_LEN];
    let reply = DiscoveryReplyRepr {
        model: 4,
        firmware: (13, 39),
        width: 0x0102,
        height: 0x0304,
        packets: 0x0506_0708,
        uptime_ms: 0x1112_1314,
        place: 9,
    };
    reply.emit(&mut frame);
    let data: [(usize, &[u8]); 5] =
        [(0, &[5, 4, 13, 39]), (21, &[1, 2, 3, 4]), (38, &[5, 6, 7, 8]), (46, &[0x11, 0x12, 0x13, 0x14]), (85, &[9])];
    let mut wanted = expected(1070, 0x08, &data);
    wanted[..12].copy_from_slice(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66]);
    assert_eq!(frame[..], wanted, "1070 bytes from the cards' address to all");
    assert_eq!(model_name(4), Some("5A"), "the family that senders agree on");
    assert_eq!(firmware_family(reply.firmware.0), ColorlightFirmware::From13, "13.39");
    assert_eq!(firmware_family(11), ColorlightFirmware::UpTo12, "11.4");
}

#[test]
fn the_perceptual_law_gives_the_seven_pairs_of_the_vendors_tool() {
    let pairs = [(1, 0x28), (2, 0x35), (5, 0x4d), (25, 0x92), (50, 0xc1), (75, 0xe3), (100, 0xff)];
    for (percent, byte) in pairs {
        let share = share_of_percent(percent);
        assert_eq!(packet_level(ColorlightBrightnessLaw::Perceptual, share), byte, "{percent} %");
        assert_eq!(packet_level(ColorlightBrightnessLaw::Linear, share), sync_level(share), "{percent} %, linear");
    }
}

fn share_of_percent(percent: u32) -> u16 {
    u16::try_from((u32::from(u16::MAX) * percent + 50) / 100).expect("a share")
}

#[test]
fn the_linear_law_gives_the_sync_bytes_of_the_vendors_tool() {
    let bytes = [(1, 3), (2, 5), (3, 8), (4, 10), (5, 13), (6, 15), (10, 0x1a), (25, 0x40), (50, 0x80), (75, 0xbf), (100, 0xff)];
    for (percent, byte) in bytes {
        assert_eq!(sync_level(share_of_percent(percent)), byte, "{percent} %");
    }
    for share in 0..=u16::MAX {
        let step = u32::from(share_of_sync_level(sync_level_at_least(share)));
        assert!(step >= u32::from(share) && step < u32::from(share) + 257, "{share}: the next step upwards is {step}");
    }
}

#[test]
fn firmware_families_differ_in_their_copies() {
    let twelve = [Step::Brightness(1), Step::Rows, Step::Gap, Step::Sync(1)];
    let thirteen = [Step::Brightness(2), Step::Rows, Step::Gap, Step::Sync(2)];
    assert_eq!(Sequence::of(ColorlightFirmware::UpTo12).steps(), twelve, "up to 12");
    assert_eq!(Sequence::of(ColorlightFirmware::From13).steps(), thirteen, "from 13");
    assert_eq!([default_gap_us(20_000_000), default_gap_us(16_666_666)], [5_000, 1_000], "50 and 60 fps");
}

#[test]
fn padding_is_not_pixels_and_missing_pixels_are_named() {
    let mut frame = vec![0; 60];
    RowRepr::new(0, 497, 3).emit(frame.first_chunk_mut().expect("long enough"));
    frame[21..30].fill(7);
    let row = RowFrame::new_checked(&frame).expect("a padded tail of three pixels");
    assert_eq!(row.pixels(), [7; 9], "the count decides, not the frame");
    let short = RowFrame::new_checked(&frame[..29]).map(|_| ());
    assert_eq!(short, Err(ColorlightError::Short { needed: 30, got: 29 }), "one byte is missing");
    assert!(matches!(ColorlightFrame::parse(&[0; 60]), Err(ColorlightError::Address { .. })), "somebody else's frame");
    frame[12] = 0x02;
    let unknown = ColorlightFrame::parse(&frame).map(|_| ());
    assert_eq!(unknown, Err(ColorlightError::Type { expected: 0x55, got: 2 }), "a layout packet is not read");
}

proptest! {
    #[test]
    fn what_was_emitted_parses_to_the_same_fields(
        row: u16, x: u16, count in 0_u16..=497, marker: [u8; 2], codes: (u8, u8), hops: u8, brightness: u8, gains: [u8; 3],
        model: u8, firmware: (u8, u8), width: u16, height: u16, packets: u32, uptime_ms: u32, place: u8
    ) {
        let repr = RowRepr { row, x, count, marker };
        let mut frame = vec![0xa5; repr.frame_len()];
        repr.emit(frame.first_chunk_mut().expect("long enough"));
        prop_assert_eq!(RowFrame::new_checked(&frame).expect("sound").repr(), repr);

        let repr = SyncRepr { origin: SyncOrigin::from_codes(codes.0, codes.1), hops, brightness, gains };
        let mut frame = [0xa5; SYNC_LEN];
        repr.emit(&mut frame);
        prop_assert_eq!(SyncFrame::new_checked(&frame).expect("sound").repr(), repr);

        let repr = BrightnessRepr { levels: gains };
        let mut frame = [0xa5; BRIGHTNESS_LEN];
        repr.emit(&mut frame);
        prop_assert_eq!(BrightnessFrame::new_checked(&frame).expect("sound").repr(), repr);

        let repr = DiscoveryRequestRepr { place };
        let mut frame = [0xa5; REQUEST_LEN];
        repr.emit(&mut frame);
        prop_assert_eq!(DiscoveryRequest::new_checked(&frame).expect("sound").repr(), repr);

        let repr = DiscoveryReplyRepr { model, firmware, width, height, packets, uptime_ms, place };
        let mut frame = [0xa5; REPLY_LEN];
        repr.emit(&mut frame);
        prop_assert_eq!(DiscoveryReply::new_checked(&frame).expect("sound").repr(), repr);
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), kind in prop::option::of(0_usize..5)) {
        if let Some(kind) = kind && bytes.len() > 12 {
            bytes[..12].copy_from_slice(&ADDRESSES);
            bytes[12] = PacketType::ALL[kind].code();
        }
        match ColorlightFrame::parse(&bytes) {
            Ok(ColorlightFrame::Row(row)) => prop_assert_eq!(row.pixels().len(), 3 * usize::from(row.repr().count)),
            Ok(ColorlightFrame::Sync(frame)) => { let _ = frame.repr(); }
            Ok(ColorlightFrame::Brightness(frame)) => { let _ = frame.repr(); }
            Ok(ColorlightFrame::DiscoveryRequest(frame)) => { let _ = frame.repr(); }
            Ok(ColorlightFrame::DiscoveryReply(frame)) => { let _ = frame.repr(); }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
