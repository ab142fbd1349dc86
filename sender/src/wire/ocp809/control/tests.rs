//! Fixed bytes, round trips of every message, chunks, forwarding, authentication, hostile bytes.

use proptest::prelude::*;

use super::header::HOP_AT;
use super::*;
use crate::wire::ethernet::{HEADER_LEN as ETHERNET_HEADER_LEN, MIN_FRAME_LEN};
use crate::wire::field::{put_u8, put_u32, u16_at};
use crate::wire::ocp809::auth::{CardIdentity, Key, MAC_LEN};
use crate::wire::ocp809::examples::{self, CARD, CARD_ADDRESS, COUNTER, KEY, KEY_ID, SENDER_ADDRESS, messages};

const SEAL: Seal<'static> = Seal { destination: CARD_ADDRESS, source: SENDER_ADDRESS, frame_max: 1_514, signer: None };

/// CRC-32C one bit at a time (RFC 3720 appendix B.4), as another head than the product's crate.
fn slow_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

fn parse(frame: &[u8]) -> Result<Message, ControlError> {
    let frame = ControlFrame::new_checked(frame)?;
    frame.packet().check_crc()?;
    Message::parse(frame.packet())
}

/// Writes the CRC anew after bytes were changed.
fn reseal(frame: &mut [u8]) {
    let end = ETHERNET_HEADER_LEN + HEADER_LEN + usize::from(u16_at(frame, ETHERNET_HEADER_LEN + 6));
    let mut covered = frame[ETHERNET_HEADER_LEN..end].to_vec();
    covered[HOP_AT] = 0;
    put_u32(frame, end, slow_crc(&covered));
}

#[test]
fn a_header_has_these_bytes() {
    let header = ControlHeader {
        version: 1,
        kind: Kind::Response.code(),
        opcode: Opcode::CalBank.code(),
        auth: true,
        mutating: true,
        route: Route { hop: 0xfe, card_id: 0x0102 },
        body_len: 0x0304,
        transaction: 0x1112_1314,
        counter: 0x2122_2324_2526_2728,
        chunk: 0x3132,
        chunks: 0x3334,
        key_id: 0x4142,
    };
    let mut bytes = [0xa5; HEADER_LEN];
    header.emit(&mut bytes);
    let expected = [
        0x11, 0x0f, 3, 0xfe, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x31, 0x32,
        0x33, 0x34, 0x41, 0x42,
    ];
    assert_eq!(bytes, expected, "26 bytes, all written");
    assert_eq!(ControlHeader::parse(&bytes), header, "and read");
}

#[test]
fn an_assign_id_has_these_bytes() {
    let body = Body::Request(Request::AssignId(Assignment { card_id: 3, path_delay_ns: 15_000 }));
    let message = Message { route: Route::to_place(2), transaction: 9, body };
    let frame = message.emit(&SEAL).expect("fits").remove(0);
    let mut expected = vec![0x02, 0xca, 0x8d, 0, 0, 1, 0x02, 0x4f, 0x43, 0x50, 0x80, 1, 0x88, 0xb6];
    let header = [0x10, 0x02, 2, 0, 0, 0, 0, 10, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0];
    let body = [0x02, 0x07, 0, 6, 0, 3, 0, 0, 0x3a, 0x98];
    // The CRC sees the hop as 0, as the header above shows it; the frame itself says 2.
    let crc = slow_crc(&[&header[..], &body].concat());
    expected.extend([&header[..], &body, &crc.to_be_bytes()].concat());
    expected[ETHERNET_HEADER_LEN + HOP_AT] = 2;
    expected.resize(MIN_FRAME_LEN, 0);
    assert_eq!(frame, expected, "addresses, header, one TLV, CRC, padding");
    assert_eq!(slow_crc(b"123456789"), 0xe306_9283, "the reference is CRC-32C");
}

#[test]
fn every_message_parses_to_what_was_emitted() {
    for (name, message) in messages() {
        let frames = message.emit(&SEAL).expect("fits");
        assert_eq!(frames.len(), 1, "{name}: one frame");
        assert_eq!(parse(&frames[0]).as_ref(), Ok(&message), "{name}");
        assert!(frames[0].len() >= MIN_FRAME_LEN, "{name}: no shorter than a frame may be");
    }
}

#[test]
fn every_opcode_kind_and_tlv_type_occurs_among_the_examples() {
    let mut pairs: Vec<(u8, u8)> = messages().iter().map(|(_, m)| (m.body.kind().code(), m.body.opcode())).collect();
    pairs.sort_unstable();
    pairs.dedup();
    for opcode in Opcode::ALL {
        let known = pairs.iter().any(|&(kind, code)| kind != Kind::Nack.code() && code == opcode.code());
        assert_eq!(known, opcode != Opcode::Firmware, "{opcode} has an example, if it has a body");
    }
    let mut missing: Vec<u16> = Tlv::docs().iter().map(|doc| doc.kind).collect();
    for example in examples::all() {
        let Ok(frame) = ControlFrame::new_checked(&example.frame) else { continue };
        for tlv in Tlvs::new(frame.packet().body()) {
            let (kind, value) = tlv.expect("whole");
            Tlv::parse(kind, value).expect("known").expect("sound");
            missing.retain(|&m| m != kind);
        }
    }
    assert_eq!(missing, [0x0001], "only padding is left out");
}

#[test]
fn tlv_types_are_unique_and_settings_have_their_own_range() {
    let docs = Tlv::docs();
    assert!(docs.windows(2).all(|pair| pair[0].kind < pair[1].kind), "unique");
    for doc in docs {
        let setting = Setting::DOCS.iter().any(|s| s.kind == doc.kind);
        assert_eq!(setting, doc.kind & 0xff00 == 0x0100, "{}", doc.name);
        assert!(doc.kind < 0x8000, "{}: types from 0x8000 are the vendors'", doc.name);
        let open = doc.fields.iter().filter(|field| field.len == 0).count();
        assert!(open == 0 || (open == 1 && doc.fields.last().is_some_and(|f| f.len == 0)), "{}: open fields come last", doc.name);
    }
}

#[test]
fn what_a_card_says_by_itself_fits_its_limit() {
    let long = "x".repeat(100);
    for (name, mut message) in messages() {
        if let Body::Response(Response::Discover(announce)) | Body::Event(Event::Announce(announce)) = &mut message.body {
            announce.model = Model { name: Text::new(&long) };
        }
        if let Body::Response(Response::Stats(stats)) | Body::Event(Event::Stats(stats)) = &mut message.body {
            stats.modules = Some(ModulePresence::new(&[true; 256]));
        }
        let single =
            matches!(message.body, Body::Event(_) | Body::Nack(_) | Body::Response(Response::Discover(_) | Response::Stats(_)));
        let signer = Some(Signer { card: CARD, key_id: KEY_ID, key: &KEY, counter: COUNTER });
        let seal = Seal { frame_max: CARD_FRAME_MAX, signer, ..SEAL };
        let frames = message.emit(&seal).expect("fits");
        assert!(frames.iter().all(|frame| frame.len() <= CARD_FRAME_MAX), "{name}");
        assert!(!single || frames.len() == 1, "{name}: {} frames", frames.len());
    }
}

#[test]
fn a_padded_discover_and_its_answer_fill_the_mtu_exactly() {
    for mtu in [1_500, 4_074, 9_000] {
        let seal = Seal { frame_max: usize::from(mtu) + ETHERNET_HEADER_LEN, ..SEAL };
        let ask = Body::Request(Request::Discover(Discover::filling(mtu)));
        let announce = messages().into_iter().find_map(|(_, m)| match m.body {
            Body::Event(Event::Announce(announce)) => Some(announce),
            Body::Event(_) | Body::Request(_) | Body::Response(_) | Body::Nack(_) => None,
        });
        let answer = Body::Response(Response::Discover(announce.expect("an example").filling(mtu)));
        for body in [ask, answer] {
            let frames = Message { route: Route::to_place(3), transaction: 1, body }.emit(&seal).expect("fits");
            assert_eq!((frames.len(), frames[0].len()), (1, seal.frame_max), "MTU {mtu}");
        }
    }
}

#[test]
fn a_hop_is_counted_down_without_touching_what_is_covered() {
    for auth in [false, true] {
        let (_, message) = &messages()[3];
        let mut frame = examples::control("set", message, auth).frame;
        put_u8(&mut frame, ETHERNET_HEADER_LEN + HOP_AT, 2);
        assert_eq!([forward(&mut frame), forward(&mut frame), forward(&mut frame)], [true, true, false], "two forwards are left");
        let checked = ControlFrame::new_checked(&frame).expect("sound");
        assert_eq!(checked.packet().header().route.hop, 0, "counted down");
        assert!(checked.packet().check_crc().is_ok(), "the CRC sees no hop");
        assert_eq!(checked.is_authentic(&CARD, &KEY), auth, "nor does the HMAC");
    }
    let mut foreign = vec![0xff; MIN_FRAME_LEN];
    assert!(!forward(&mut foreign) && foreign == [0xff; MIN_FRAME_LEN], "other frames stay as they are");
}

#[test]
fn an_hmac_binds_card_boot_addresses_and_every_byte_but_the_hop() {
    let (_, message) = &messages()[3];
    let frame = examples::control("set", message, true).frame;
    let authentic = |frame: &[u8], card: &CardIdentity, key: &Key| {
        ControlFrame::new_checked(frame).is_ok_and(|frame| frame.is_authentic(card, key))
    };
    assert!(authentic(&frame, &CARD, &KEY), "as sent");
    assert!(!authentic(&frame, &CARD, &Key::NONE), "another key");
    let next_boot = CardIdentity { boot_count: CARD.boot_count + 1, ..CARD };
    assert!(!authentic(&frame, &next_boot, &KEY), "after a reboot");
    let neighbour = CardIdentity { serial: "OCP809-000002".parse().expect("a serial"), ..CARD };
    assert!(!authentic(&frame, &neighbour, &KEY), "another card");
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 0x40;
        let hop = at == ETHERNET_HEADER_LEN + HOP_AT;
        assert_eq!(authentic(&changed, &CARD, &KEY), hop, "byte {at} changed");
    }
    // Outside everything: an 802.1Q tag, added or removed on the way.
    let mut tagged = frame.clone();
    tagged.splice(12..12, [0x81, 0, 0xe0, 5]);
    assert!(authentic(&tagged, &CARD, &KEY), "a tag is not covered");
}

#[test]
fn what_this_version_does_not_know_is_named_or_skipped() {
    let (_, message) = &messages()[1];
    let good = message.emit(&SEAL).expect("fits").remove(0);
    let change = |at: usize, value: u8| {
        let mut frame = good.clone();
        frame[ETHERNET_HEADER_LEN + at] = value;
        reseal(&mut frame);
        parse(&frame)
    };
    assert_eq!(change(0, 0x20), Err(ControlError::Version { got: 2 }), "version");
    assert_eq!(change(0, 0x17), Err(ControlError::Opcode { kind: 7, opcode: 2 }), "kind");
    assert_eq!(change(1, 0x77), Err(ControlError::Opcode { kind: 0, opcode: 0x77 }), "opcode");
    assert_eq!(change(1, 0x0c), Err(ControlError::Opcode { kind: 0, opcode: 0x0c }), "firmware has no body");
    assert_eq!(change(26, 0x7f), Err(ControlError::Missing { tlv: 0x0207 }), "another TLV is skipped, then this one is missing");
    assert_eq!(change(29, 9), Err(ControlError::Truncated { tlv: 0x0207, needed: 9, got: 6 }), "a length beyond the body");
    assert_eq!(change(29, 5), Err(ControlError::Value { tlv: 0x0207 }), "a value that is too short");
    assert_eq!(change(21, 1), Err(ControlError::Chunk { chunk: 1, chunks: 1 }), "chunk 1 of 1");
    assert_eq!(change(23, 0), Err(ControlError::Chunk { chunk: 0, chunks: 0 }), "no chunks");
    let mut damaged = good;
    damaged[ETHERNET_HEADER_LEN + 8] ^= 1;
    assert!(matches!(parse(&damaged), Err(ControlError::Crc { .. })), "damaged");
}

#[test]
fn values_may_grow_and_unknown_settings_are_kept_by_type() {
    let mut body = vec![];
    Scan { phases: 8 }.emit(&mut body);
    let grown = [&[0x01, 0x04, 0, 3, 0, 8, 0xee][..], &[0x7f, 0xff, 0, 1, 1][..]].concat();
    let set = Set::parse(&grown).expect("sound");
    assert_eq!(set.settings, [Setting::Scan(Scan { phases: 8 })], "a field that a later version appended is skipped");
    assert_eq!(set.unknown, [0x7fff], "and what is not known can be answered");
    assert_eq!(body, [0x01, 0x04, 0, 2, 0, 8], "as this version writes it");
}

#[test]
fn a_request_that_changes_something_cannot_go_to_all() {
    let reboot = Body::Request(Request::Reboot(Reboot { delay_ms: 0 }));
    let message = Message { route: Route::to_all(), transaction: 1, body: reboot };
    assert_eq!(message.emit(&SEAL), Err(ControlError::MutatingToAll), "REBOOT to all");
}

#[test]
fn a_configuration_has_one_hash_in_any_order() {
    let (a, b) = (Setting::Scan(Scan { phases: 8 }), Setting::GrayBits(GrayBits { bits: 16 }));
    assert_eq!(configuration_hash([&a, &b]), configuration_hash([&b, &a]), "the order of a SET does not matter");
    assert_ne!(configuration_hash([&a, &b]), configuration_hash([&a]), "the settings do");
}

#[test]
fn texts_and_serials_keep_their_limits() {
    assert_eq!(Text::new(&"ä".repeat(40)).as_str().len(), 64, "cut at a character");
    assert_eq!("OCP809-000001".parse(), Ok(CARD.serial), "zero-padded");
    for wrong in ["", "seventeen-letters", "with space", "ümlaut"] {
        assert_eq!(wrong.parse::<Serial>(), Err(SerialError), "{wrong:?}");
    }
    assert_eq!(CARD.serial.to_string(), "OCP809-000001", "shown without its zeros");
}

#[test]
fn upload_chunks_ask_where_a_window_ends() {
    let chunks: Vec<CalChunk> = CalChunk::split(&vec![7; 73_728]).collect();
    assert_eq!((chunks.len(), chunks[51].data.len()), (52, 73_728 - 51 * UPLOAD_CHUNK_LEN), "a 64x64 module");
    let asking: Vec<u16> = chunks.iter().filter(|c| c.asks_for_answer()).map(|c| c.index).collect();
    assert_eq!(asking, [31, 51], "the last of each window");
    assert_eq!(chunks[51].window_base(), 32, "windows begin at multiples of 32");
}

proptest! {
    #[test]
    fn chunks_join_to_the_message_in_any_size(which in 0_usize..47, frame_max in 61_usize..1_515, auth: bool) {
        let messages = messages();
        let (name, message) = &messages[which % messages.len()];
        // UPLOAD_WINDOW is one piece, since chunk numbers of its opcode are the upload's: 14 + 26 + 10 + 16 bytes, signed.
        prop_assume!(frame_max >= 66 || !matches!(message.body, Body::Response(Response::CalChunk(_))));
        let signer = auth.then_some(Signer { card: CARD, key_id: KEY_ID, key: &KEY, counter: COUNTER });
        let seal = Seal { frame_max, signer, ..SEAL };
        let frames = message.emit(&seal).expect("fits");
        prop_assert_eq!(frames.len(), message.frame_count(&seal), "{}", name);
        let (mut join, mut joined) = (Reassembly::new(), None);
        for (index, bytes) in frames.iter().enumerate() {
            let upload = matches!(message.body, Body::Request(Request::CalChunk(_)));
            prop_assert!(bytes.len() <= frame_max || upload);
            prop_assert!(joined.is_none(), "{}: whole before its end", name);
            let frame = ControlFrame::new_checked(bytes).expect("sound");
            prop_assert_eq!(frame.is_authentic(&CARD, &KEY), auth);
            let counter = if auth { COUNTER + index as u64 } else { 0 };
            prop_assert_eq!(frame.packet().header().counter, counter);
            joined = join.push(&frame).expect("in order");
        }
        prop_assert_eq!(joined.as_ref(), Some(message), "{}", name);
    }

    #[test]
    fn a_missing_chunk_is_noticed(drop in 0_usize..8) {
        let (_, message) = &messages()[3];
        let frames = message.emit(&Seal { frame_max: 100, ..SEAL }).expect("fits");
        let drop = drop % frames.len();
        let mut join = Reassembly::new();
        let mut results = Vec::new();
        for (index, bytes) in frames.iter().enumerate().filter(|(index, _)| *index != drop) {
            results.push((index, join.push(&ControlFrame::new_checked(bytes).expect("sound"))));
        }
        let last_lost = drop + 1 == frames.len();
        prop_assert!(results.iter().all(|(_, r)| !matches!(r, Ok(Some(_)))), "never whole");
        prop_assert!(last_lost || results.iter().any(|(index, r)| *index > drop && r.is_err()), "and said so");
    }

    #[test]
    fn sound_messages_with_any_values_survive_a_round_trip(
        which in 0_usize..47, noise in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let messages = messages();
        let (name, message) = &messages[which % messages.len()];
        let mut frame = message.emit(&SEAL).expect("fits").remove(0);
        let body = ETHERNET_HEADER_LEN + HEADER_LEN;
        let body_len = usize::from(u16_at(&frame, ETHERNET_HEADER_LEN + 6));
        for (at, value) in noise.iter().filter(|_| body_len > 0) {
            frame[body + at.index(body_len)] = *value;
        }
        reseal(&mut frame);
        if let Ok(parsed) = parse(&frame) {
            // Types that are not known do not survive, nor does what a later version appended; what was understood does.
            let again = parse(&parsed.emit(&SEAL).expect("fits").remove(0)).expect("own frames are sound");
            let forget = |mut m: Message| {
                if let Body::Request(Request::Set(set)) = &mut m.body { set.unknown.clear(); }
                m
            };
            prop_assert_eq!(forget(again), forget(parsed), "{}", name);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), control: bool) {
        if control {
            put_u8(&mut bytes, 12, 0x88);
            put_u8(&mut bytes, 13, 0xb6);
            put_u8(&mut bytes, 14, 0x10);
        }
        if let Ok(frame) = ControlFrame::new_checked(&bytes) {
            let packet = frame.packet();
            prop_assert_eq!(packet.body().len(), usize::from(packet.header().body_len));
            prop_assert_eq!(packet.trailer().len(), if packet.header().auth { MAC_LEN } else { CRC_LEN });
            let _ = (packet.check_crc(), Message::parse(packet), frame.is_authentic(&CARD, &KEY));
            let _ = Reassembly::new().push(&frame);
            prop_assert!(Tlvs::new(packet.body()).filter(Result::is_err).count() <= 1, "a broken list ends");
        }
        let _ = forward(&mut bytes);
    }
}
