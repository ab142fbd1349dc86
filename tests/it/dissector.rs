//! Wireshark reads what the product sends: every byte belongs to a named field, and nothing is malformed.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use ocp809_sender::wire::colorlight::{
    BRIGHTNESS_LEN, BrightnessRepr, DiscoveryReplyRepr, DiscoveryRequestRepr, REPLY_LEN, REQUEST_LEN, RowRepr, SYNC_LEN, SyncRepr,
};
use ocp809_sender::wire::ocp809::control::{ControlFrame, Seal, Tlv, Tlvs};
use ocp809_sender::wire::ocp809::examples;
use ocp809_tests::{program, repository, require};

/// One packet as tshark sees it: the attributes of its fields, in order.
struct Dissected {
    fields: Vec<Field>,
}

/// A field of PDML.
struct Field {
    name: String,
    show: String,
    at: usize,
    len: usize,
}

/// A frame, its dissector's prefix, and where its fields begin.
struct Sent {
    frame: Vec<u8>,
    prefix: &'static str,
    from: usize,
}

/// A classic pcap file: little-endian, microseconds, link type Ethernet.
fn write_capture(path: &Path, frames: &[&[u8]]) {
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let mut file = words(&[0xa1b2_c3d4, 0x0004_0002, 0, 0, 0xffff, 1]);
    for (index, frame) in (0_u32..).zip(frames) {
        let length = u32::try_from(frame.len()).expect("a frame");
        file.extend(words(&[0, index, length, length]));
        file.extend_from_slice(frame);
    }
    std::fs::write(path, file).expect("capture is written");
}

fn dissect(frames: &[&[u8]]) -> Vec<Dissected> {
    let folder = tempfile::tempdir().expect("scratch folder");
    let capture: PathBuf = folder.path().join("capture.pcap");
    write_capture(&capture, frames);
    let script = repository().join("assets/wireshark/ocp809.lua");
    let output = Command::new("tshark")
        .args(["-X", &format!("lua_script:{}", script.display()), "-T", "pdml", "-r"])
        .arg(&capture)
        .output()
        .expect("tshark runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !errors.contains(".lua"), "tshark: {errors}");
    let text = String::from_utf8(output.stdout).expect("PDML is UTF-8");
    let packets: Vec<Dissected> = text.split("<packet>").skip(1).map(|packet| Dissected { fields: fields(packet) }).collect();
    assert_eq!(packets.len(), frames.len(), "tshark reads every frame");
    packets
}

/// The elements of one packet. PDML puts each on a line of its own and escapes what could end an attribute.
fn fields(packet: &str) -> Vec<Field> {
    let attribute = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let number = |line: &str, name: &str| attribute(line, name).and_then(|v| v.parse().ok()).unwrap_or(0);
    packet
        .lines()
        .filter_map(|line| {
            let (name, show) = (attribute(line, "name")?, attribute(line, "show").unwrap_or_default());
            Some(Field { name, show, at: number(line, "pos"), len: number(line, "size") })
        })
        .collect()
}

/// Every message and packet of OCP-809, a long message in pieces, and a tagged frame.
fn ocp809() -> Vec<Sent> {
    let mut frames: Vec<Vec<u8>> = examples::all().into_iter().map(|example| example.frame).collect();
    let (_, set) = examples::messages().into_iter().find(|(name, _)| *name == "request-set").expect("an example");
    let (destination, source) = (examples::CARD_ADDRESS, examples::SENDER_ADDRESS);
    frames.extend(set.emit(&Seal { destination, source, frame_max: 100, signer: None }).expect("fits"));
    let mut tagged = frames[0].clone();
    tagged.splice(12..12, [0x81, 0x00, 0xe0, 0x05]);
    let tagged = Sent { frame: tagged, prefix: "ocp809.", from: 18 };
    frames.into_iter().map(|frame| Sent { frame, prefix: "ocp809.", from: 14 }).chain([tagged]).collect()
}

fn colorlight() -> Vec<Sent> {
    let mut row = vec![7; 60];
    RowRepr::new(300, 497, 3).emit(row.first_chunk_mut().expect("long enough"));
    let (mut sync, mut brightness) = ([0; SYNC_LEN], [0; BRIGHTNESS_LEN]);
    SyncRepr::new(64, [255, 220, 143]).emit(&mut sync);
    BrightnessRepr::gray(146).emit(&mut brightness);
    let (mut request, mut reply) = ([0; REQUEST_LEN], [0; REPLY_LEN]);
    DiscoveryRequestRepr { place: 1 }.emit(&mut request);
    let repr =
        DiscoveryReplyRepr { model: 4, firmware: (13, 39), width: 256, height: 128, packets: 9, uptime_ms: 60_000, place: 1 };
    repr.emit(&mut reply);
    [row, sync.to_vec(), brightness.to_vec(), request.to_vec(), reply.to_vec()]
        .into_iter()
        .map(|frame| Sent { frame, prefix: "colorlight.", from: 0 })
        .collect()
}

impl Dissected {
    fn shows(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|f| f.name == name).map(|f| f.show.as_str()).collect()
    }

    /// Bytes from `from` that no field with this prefix names.
    fn unnamed(&self, prefix: &str, from: usize, length: usize) -> Vec<usize> {
        let named = |at: usize| self.fields.iter().any(|f| f.name.starts_with(prefix) && (f.at..f.at + f.len).contains(&at));
        (from..length).filter(|&at| !named(at)).collect()
    }
}

#[test]
fn tshark_names_every_byte_of_every_packet() {
    require!(program("tshark"));
    let sent: Vec<Sent> = ocp809().into_iter().chain(colorlight()).collect();
    let frames: Vec<&[u8]> = sent.iter().map(|s| s.frame.as_slice()).collect();
    for (index, (sent, seen)) in sent.iter().zip(dissect(&frames)).enumerate() {
        let unnamed = seen.unnamed(sent.prefix, sent.from, sent.frame.len());
        assert!(unnamed.is_empty(), "frame {index}: bytes {unnamed:?} have no name");
        let wrong = |f: &&Field| ["_ws.malformed", "_ws.expert", "_ws.short", "data"].contains(&f.name.as_str());
        let wrong: Vec<&str> = seen.fields.iter().filter(wrong).map(|f| f.name.as_str()).collect();
        assert!(wrong.is_empty(), "frame {index}: {wrong:?}");
        let crc = seen.shows("ocp809.crc.status");
        assert!(crc.iter().all(|status| *status == "1"), "frame {index}: CRC status {crc:?}");
    }
}

#[test]
fn tshark_and_the_parsers_find_the_same_fields_in_every_message() {
    require!(program("tshark"));
    let all = examples::all();
    let frames: Vec<&[u8]> = all.iter().map(|example| example.frame.as_slice()).collect();
    let mut compared = 0;
    for (example, seen) in all.iter().zip(dissect(&frames)) {
        let Ok(frame) = ControlFrame::new_checked(&example.frame) else { continue };
        let header = frame.packet().header();
        assert_eq!(seen.shows("ocp809.card_id"), [header.route.card_id.to_string()], "{}", example.name);
        for tlv in Tlvs::new(frame.packet().body()) {
            let (kind, value) = tlv.expect("sound");
            let tlv = Tlv::parse(kind, value).expect("known").expect("sound");
            let (name, numbers) = (tlv.doc().name.to_lowercase(), ["u8", "u16", "u32", "u64", "i16", "i32"]);
            let number_field = |field: &str| tlv.doc().fields.iter().any(|doc| doc.name == field && numbers.contains(&doc.wire));
            tlv.describe(&mut |field, text| {
                let seen = seen.shows(&format!("ocp809.{name}.{field}"));
                // Numbers look alike everywhere; codes, lists and bytes are shown in each program's own way.
                if let Ok(number) = text.to_string().parse::<i64>()
                    && number_field(field)
                {
                    assert!(
                        seen.contains(&number.to_string().as_str()),
                        "{}: {name}.{field} {number}, seen {seen:?}",
                        example.name
                    );
                    compared += 1;
                }
            });
        }
    }
    assert!(compared > 100, "only {compared} fields were compared");
}

#[test]
fn tshark_says_what_is_wrong() {
    require!(program("tshark"));
    let find = |name: &str| examples::all().into_iter().find(|e| e.name == name).expect("an example").frame;
    let (mut damaged, mut request, latch) = (find("pixels-rgb8"), find("request-get"), find("latch"));
    damaged[40] ^= 1;
    request[30] ^= 1;
    let seen = dissect(&[&damaged, &request, &latch[..50]]);
    for (packet, expert) in seen.iter().zip(["ocp809.crc.wrong", "ocp809.crc.wrong", "ocp809.short"]) {
        assert!(packet.fields.iter().any(|f| f.name == expert), "{expert} is reported");
    }
    assert_eq!(seen[0].shows("ocp809.crc.status"), ["0"], "the filter for bad packets");
}
