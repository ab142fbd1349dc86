//! Frames of real senders, captured on a cable: the same picture must become the same bytes in the same order.

use std::path::PathBuf;

use image::RgbImage;

use super::*;
use crate::wall::{ColorOrder, ColorlightBrightnessLaw, ColorlightFirmware};

/// How the captured sender was set.
struct Sender {
    capture: &'static str,
    picture: &'static str,
    frames: usize,
    firmware: ColorlightFirmware,
    order: ColorOrder,
    brightness_packet: bool,
    level: u8,
}

/// Both captures of one open sender, and two frames of another in its firmware 13 profile at "100 %", which it rounds to 254.
const SENDERS: [Sender; 3] = [
    Sender {
        capture: "panelplayer_64x32_b255.pcap",
        picture: "grad_64x32.png",
        frames: 1,
        firmware: ColorlightFirmware::UpTo12,
        order: ColorOrder::Bgr,
        brightness_packet: false,
        level: 255,
    },
    Sender {
        capture: "panelplayer_500x4_b255.pcap",
        picture: "grad_500x4.png",
        frames: 1,
        firmware: ColorlightFirmware::UpTo12,
        order: ColorOrder::Bgr,
        brightness_packet: false,
        level: 255,
    },
    Sender {
        capture: "fpp_64x32_fw13_100pct_rgb.pcap",
        picture: "grad_64x32.png",
        frames: 2,
        firmware: ColorlightFirmware::From13,
        order: ColorOrder::Rgb,
        brightness_packet: true,
        level: 254,
    },
];

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/colorlight").join(name)
}

/// The frames of a classic pcap file (little-endian, microseconds): a 24-byte header, then records of 16 bytes and a frame.
fn captured(name: &str) -> Vec<Vec<u8>> {
    let file = std::fs::read(golden(name)).expect("golden capture");
    let word = |at: usize| u32::from_le_bytes(array_at(&file, at));
    assert_eq!((word(0), word(20)), (0xa1b2_c3d4, 1), "{name}: pcap of Ethernet frames");
    let mut frames = Vec::new();
    let mut at = 24;
    while at < file.len() {
        let (kept, length) = (word(at + 8), word(at + 12));
        assert_eq!(kept, length, "{name}: frames are whole");
        frames.push(file[at + 16..][..length as usize].to_vec());
        at += 16 + length as usize;
    }
    frames
}

fn rows(picture: &RgbImage, order: ColorOrder, frames: &mut Vec<Vec<u8>>) {
    for y in 0..picture.height() {
        let columns: Vec<u32> = (0..picture.width()).collect();
        for columns in columns.chunks(usize::from(ROW_PIXELS_MAX)) {
            let narrow = |n: u32| u16::try_from(n).expect("small picture");
            let count = u16::try_from(columns.len()).expect("at most 497");
            let mut frame = vec![0xa5; ROW_HEADER_LEN];
            RowRepr::new(narrow(y), narrow(columns[0]), count).emit(frame.first_chunk_mut().expect("a head"));
            frame.extend(columns.iter().flat_map(|&x| order.channels().map(|c| picture.get_pixel(x, y)[usize::from(c)])));
            frames.push(frame);
        }
    }
}

fn emitted(sender: &Sender) -> Vec<Vec<u8>> {
    let picture = image::open(golden(sender.picture)).expect("golden picture").into_rgb8();
    let mut frames = Vec::new();
    for step in (0..sender.frames).flat_map(|_| Sequence::of(sender.firmware).steps()) {
        match step {
            Step::Brightness(copies) if sender.brightness_packet => {
                let mut frame = [0xa5; BRIGHTNESS_LEN];
                BrightnessRepr::gray(packet_level(ColorlightBrightnessLaw::Linear, share_of_sync_level(sender.level)))
                    .emit(&mut frame);
                frames.extend((0..copies).map(|_| frame.to_vec()));
            }
            Step::Brightness(_) | Step::Gap => {}
            Step::Rows => rows(&picture, sender.order, &mut frames),
            Step::Sync(copies) => {
                let mut frame = [0xa5; SYNC_LEN];
                SyncRepr::new(sender.level, [sender.level; 3]).emit(&mut frame);
                frames.extend((0..copies).map(|_| frame.to_vec()));
            }
        }
    }
    frames
}

#[test]
fn captured_pictures_become_the_captured_frames_in_their_order() {
    for sender in &SENDERS {
        let (captured, emitted) = (captured(sender.capture), emitted(sender));
        assert_eq!(captured.len(), emitted.len(), "{}: number of frames", sender.capture);
        for (index, (theirs, ours)) in captured.iter().zip(&emitted).enumerate() {
            assert_eq!(theirs, ours, "{}: frame {index}", sender.capture);
            ColorlightFrame::parse(theirs).expect("every captured frame is read");
        }
    }
}
