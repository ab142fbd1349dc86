//! Conformance vectors: one JSON file per frame, for people who build cards or senders in whatever language.
//!
//! Each file has a name, the frame in hexadecimal, a verdict, and for frames that are to be used their fields. Verdicts were
//! written here by hand; the parsers must come to the same. `UPDATE_GOLDEN=1` writes the files anew.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::control::{ControlError, ControlFrame, HEADER_LEN, Message, Tlv, Tlvs};
use super::examples::{self, CARD, COUNTER, Example, KEY, KEY_ID, control, messages};
use super::{StreamError, StreamKind, StreamPacket, seal};
use crate::wire::ethernet::{EtherType, EthernetFrame, HEADER_LEN as ETHERNET_HEADER_LEN};
use crate::wire::field::{put_u16, put_u32, u16_at};
use crate::wire::ocp809::FrameId;

/// Where the packet begins in an untagged frame.
const PACKET: usize = ETHERNET_HEADER_LEN;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/ocp809/vectors")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hex")).collect()
}

/// What a receiver makes of a frame: "use", or why not.
fn judge(frame: &[u8]) -> &'static str {
    let ethernet = EthernetFrame::new_checked(frame).expect("every vector is an Ethernet frame");
    if ethernet.ethertype() == EtherType::OCP809_STREAM {
        return match StreamPacket::parse(ethernet.payload()) {
            Ok(packet) if matches!(packet.header().kind, StreamKind::Other { .. }) => "forward only",
            Ok(_) => "use",
            Err(StreamError::Short { .. }) => "drop: short",
            Err(StreamError::Version { .. }) => "drop: version",
            Err(StreamError::Format { .. }) => "drop: format",
            Err(StreamError::Crc { .. }) => "drop: crc",
        };
    }
    let parsed = ControlFrame::new_checked(frame).and_then(|control| {
        control.packet().check_crc()?;
        let authentic = !control.packet().header().auth || control.is_authentic(&CARD, &KEY);
        Message::parse(control.packet()).map(|_| authentic)
    });
    match parsed {
        Ok(true) => "use",
        Ok(false) => "nack: BAD_AUTH",
        Err(ControlError::Short { .. }) => "drop: short",
        Err(ControlError::Crc { .. }) => "drop: crc",
        Err(ControlError::Version { .. }) => "nack: VERSION",
        Err(ControlError::Opcode { .. }) => "nack: UNKNOWN_OPCODE",
        Err(ControlError::Truncated { .. } | ControlError::Missing { .. } | ControlError::Chunk { .. }) => "nack: MALFORMED",
        Err(ControlError::Value { .. }) => "nack: BAD_VALUE",
        Err(other) => panic!("no receiver says {other}"),
    }
}

/// Frames that are not to be used, made from good ones by one change, with the verdict.
fn hostile() -> Vec<(Example, &'static str)> {
    let [pixels, latch, assign, set] = ["pixels-rgb8", "latch", "request-assign-id", "request-set-auth"]
        .map(|name| examples::all().into_iter().find(|e| e.name == name).expect("an example").frame);
    let stream = |frame: &[u8], at: usize, value: u8| {
        let mut frame = frame.to_vec();
        frame[PACKET + at] = value;
        let frame_id = u16_at(&frame, PACKET + 2);
        seal(&mut frame[PACKET..PACKET + 30], FrameId(frame_id));
        frame
    };
    let request = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut frame = assign.clone();
        change(&mut frame);
        let end = PACKET + HEADER_LEN + usize::from(u16_at(&frame, PACKET + 6));
        let mut covered = frame[PACKET..end].to_vec();
        covered[3] = 0;
        put_u32(&mut frame, end, crc32c::crc32c(&covered));
        frame
    };
    let flip = |frame: &[u8], at: usize| {
        let mut frame = frame.to_vec();
        frame[at] ^= 1;
        frame
    };
    // 12 pixel bytes become 12 bytes of a type that this version does not know.
    let later = stream(&stream(&pixels, 13, 12), 0, 0x13);
    let mut long = request(&|_| ());
    put_u16(&mut long, PACKET + 6, 1_000);
    [
        ("bad-pixels-damaged", flip(&pixels, 40), "drop: crc"),
        ("bad-pixels-version-2", stream(&pixels, 0, 0x20), "drop: version"),
        ("bad-pixels-reserved-format", stream(&pixels, 1, 0x10), "drop: format"),
        ("bad-pixels-vendor-format", stream(&pixels, 1, 0xf0), "drop: format"),
        ("bad-pixels-more-than-there-are", stream(&pixels, 13, 200), "drop: short"),
        ("bad-latch-cut-off", latch[..latch.len() - 1].to_vec(), "drop: short"),
        ("odd-later-type-3", later, "forward only"),
        ("bad-request-damaged", flip(&assign, PACKET + 8), "drop: crc"),
        ("bad-request-longer-than-its-frame", long, "drop: short"),
        ("bad-request-version-2", request(&|f| f[PACKET] = 0x20), "nack: VERSION"),
        ("bad-request-unknown-opcode", request(&|f| f[PACKET + 1] = 0x7f), "nack: UNKNOWN_OPCODE"),
        ("bad-request-unknown-kind", request(&|f| f[PACKET] = 0x1f), "nack: UNKNOWN_OPCODE"),
        ("bad-request-tlv-too-long", request(&|f| f[PACKET + 29] = 9), "nack: MALFORMED"),
        ("bad-request-tlv-too-short", request(&|f| f[PACKET + 29] = 5), "nack: BAD_VALUE"),
        ("bad-request-without-its-tlv", request(&|f| f[PACKET + 26] = 0x7f), "nack: MALFORMED"),
        ("bad-request-chunk-1-of-1", request(&|f| f[PACKET + 21] = 1), "nack: MALFORMED"),
        ("bad-request-other-body-same-hmac", flip(&set, PACKET + HEADER_LEN + 5), "nack: BAD_AUTH"),
        ("bad-request-other-source-same-hmac", flip(&set, 11), "nack: BAD_AUTH"),
    ]
    .into_iter()
    .map(|(name, frame, verdict)| (Example { name: name.to_owned(), frame }, verdict))
    .collect()
}

/// Frames that look odd and are to be used.
fn unusual() -> Vec<Example> {
    let latch = examples::all().into_iter().find(|e| e.name == "latch").expect("an example").frame;
    let mut tagged = latch.clone();
    tagged.splice(12..12, [0x81, 0x00, 0xe0, 0x05]);
    let mut padded = latch;
    padded.extend([0xee; 40]);
    let (_, assign) = &messages()[1];
    let mut hopped = control("", assign, false).frame;
    hopped[PACKET + 3] = 0;
    let example = |name: &str, frame| Example { name: name.to_owned(), frame };
    vec![
        example("odd-latch-tagged", tagged),
        example("odd-latch-padded", padded),
        example("odd-request-hop-counted-down", hopped),
    ]
}

fn number_or_text(text: &str) -> Value {
    text.parse::<u64>().map(Value::from).or_else(|_| text.parse::<i64>().map(Value::from)).unwrap_or_else(|_| text.into())
}

fn stream_fields(packet: &StreamPacket<'_>) -> Value {
    let header = packet.header();
    let mut fields = json!({
        "frame_id": header.frame_id.0, "seq": header.seq, "target": header.target, "offset": header.offset, "n": header.count,
    });
    match (header.kind, packet.latch()) {
        (StreamKind::Pixels(format), _) => {
            fields["type"] = "PIXELS".into();
            fields["format"] = format!("RGB{}", format.bits()).into();
            fields["payload"] = hex(packet.payload()).into();
        }
        (StreamKind::Latch { copy, auth }, Some(latch)) => {
            fields["type"] = "LATCH".into();
            fields["flags"] = json!({ "copy": copy, "auth": auth });
            fields["latch"] = json!({
                "present_at": latch.present_at.0, "term": latch.epoch.term, "instance": latch.epoch.instance,
                "brightness": latch.brightness, "gains": latch.gains, "refreshes": latch.refreshes, "pattern": latch.pattern,
                "flags": latch.flags.to_bits(), "sent_at": latch.sent_at,
            });
        }
        (StreamKind::Parity { log2_group }, _) => {
            fields["type"] = "PARITY".into();
            fields["log2_group"] = log2_group.into();
            fields["payload"] = hex(packet.payload()).into();
        }
        (StreamKind::Other { kind, .. }, _) => fields["type"] = kind.into(),
        (StreamKind::Latch { .. }, None) => unreachable!("a checked LATCH has its state"),
    }
    fields
}

fn control_fields(frame: &ControlFrame<'_>) -> Value {
    let header = frame.packet().header();
    let tlvs: Vec<Value> = Tlvs::new(frame.packet().body())
        .map(|tlv| {
            let (kind, value) = tlv.expect("sound");
            let known = Tlv::parse(kind, value).expect("known").expect("sound");
            let mut fields = Map::new();
            known.describe(&mut |name, text| drop(fields.insert(name.to_owned(), number_or_text(&text.to_string()))));
            json!({ "type": format!("{kind:#06x}"), "name": known.doc().name, "value": hex(value), "fields": fields })
        })
        .collect();
    json!({
        "kind": header.kind, "opcode": header.opcode, "auth": header.auth, "mutating": header.mutating, "hop": header.route.hop,
        "card_id": header.route.card_id, "transaction": header.transaction, "counter": header.counter, "chunk": header.chunk,
        "chunks": header.chunks, "key_id": header.key_id, "tlvs": tlvs,
    })
}

fn vector(example: &Example, verdict: &str) -> Value {
    let ethernet = EthernetFrame::new_checked(&example.frame).expect("a frame");
    let stream = ethernet.ethertype() == EtherType::OCP809_STREAM;
    let mut vector = json!({
        "name": example.name,
        "protocol": if stream { "stream" } else { "control" },
        "frame": hex(&example.frame),
        "verdict": verdict,
    });
    if verdict == "use" {
        vector["fields"] = if stream {
            stream_fields(&StreamPacket::parse(ethernet.payload()).expect("sound"))
        } else {
            control_fields(&ControlFrame::new_checked(&example.frame).expect("sound"))
        };
    }
    if example.name.contains("-auth") || example.name.contains("hmac") {
        vector["key"] = json!({
            "id": KEY_ID, "bytes": hex(KEY.secret()), "card_serial": CARD.serial.to_string(), "card_boot_count": CARD.boot_count,
            "counter": COUNTER,
        });
    }
    vector
}

#[test]
fn every_vector_is_on_disk_and_judged_as_it_says() {
    let good = examples::all().into_iter().chain(unusual()).map(|example| (example, "use"));
    let vectors: Vec<(Example, &str)> = good.chain(hostile()).collect();
    let update = std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1");
    if update {
        std::fs::create_dir_all(folder()).expect("folder");
    }
    for (example, verdict) in &vectors {
        assert_eq!(judge(&example.frame), *verdict, "{}", example.name);
        let text = serde_json::to_string_pretty(&vector(example, verdict)).expect("JSON") + "\n";
        let path = folder().join(format!("{}.json", example.name));
        if update {
            std::fs::write(&path, &text).expect("vector is written");
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(golden, text, "{}: UPDATE_GOLDEN=1 writes it anew", example.name);
        let parsed: Value = serde_json::from_str(&golden).expect("JSON");
        assert_eq!(unhex(parsed["frame"].as_str().expect("hex")), example.frame, "{}", example.name);
    }
    let named: BTreeSet<String> = vectors.iter().map(|(e, _)| format!("{}.json", e.name)).collect();
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder())
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(on_disk, named, "no file is left over");
}
