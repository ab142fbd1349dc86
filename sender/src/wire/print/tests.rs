//! Every example as text, held to a file that people read; hostile bytes.

use proptest::prelude::*;

use super::*;
use crate::wire::colorlight::{
    BRIGHTNESS_LEN, BrightnessRepr, DiscoveryReplyRepr, DiscoveryRequestRepr, REPLY_LEN, REQUEST_LEN, RowRepr, SYNC_LEN, SyncRepr,
};
use crate::wire::ocp809::examples;

fn colorlight() -> Vec<Vec<u8>> {
    let mut row = vec![7; 60];
    RowRepr::new(3, 497, 3).emit(row.first_chunk_mut().expect("long enough"));
    let (mut sync, mut brightness) = ([0; SYNC_LEN], [0; BRIGHTNESS_LEN]);
    SyncRepr::new(64, [255, 220, 143]).emit(&mut sync);
    BrightnessRepr::gray(146).emit(&mut brightness);
    let (mut request, mut reply) = ([0; REQUEST_LEN], [0; REPLY_LEN]);
    DiscoveryRequestRepr { place: 1 }.emit(&mut request);
    let repr =
        DiscoveryReplyRepr { model: 4, firmware: (13, 39), width: 256, height: 128, packets: 9, uptime_ms: 60_000, place: 1 };
    repr.emit(&mut reply);
    vec![row, sync.to_vec(), brightness.to_vec(), request.to_vec(), reply.to_vec()]
}

#[test]
fn every_example_is_shown_as_the_golden_file_says() {
    let ocp809 = examples::all().into_iter().map(|example| example.frame);
    let lines: Vec<String> = ocp809.chain(colorlight()).map(|frame| format!("{:#}", Print::new(&frame))).collect();
    let text = lines.join("\n") + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/ocp809/print.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::write(&path, &text).expect("golden file is written");
    }
    let golden = std::fs::read_to_string(&path).expect("golden file; UPDATE_GOLDEN=1 writes it");
    assert_eq!(text, golden, "UPDATE_GOLDEN=1 writes the file anew");
}

#[test]
fn what_is_wrong_stands_in_the_line() {
    let mut frame = examples::stream().remove(0).frame;
    frame[40] ^= 1;
    assert!(Print::new(&frame).to_string().contains("damaged on its way"), "a bad CRC: {}", Print::new(&frame));
    frame.truncate(20);
    assert!(Print::new(&frame).to_string().contains("not read"), "too short: {}", Print::new(&frame));
    assert!(Print::new(&[]).to_string().contains("too short"), "no frame at all");
    let ip = [[0xff; 12].as_slice(), &[0x08, 0x00], &[0; 46]].concat();
    assert_eq!(Print::new(&ip).to_string(), "ff:ff:ff:ff:ff:ff > ff:ff:ff:ff:ff:ff Ethernet type 0x0800, 60 bytes", "foreign");
}

proptest! {
    #[test]
    fn a_damaged_example_never_panics(which: prop::sample::Index, noise: Vec<(prop::sample::Index, u8)>, keep: prop::sample::Index) {
        let mut frame = examples::all().swap_remove(which.index(examples::all().len())).frame;
        for (at, value) in noise {
            let at = at.index(frame.len());
            frame[at] = value;
        }
        frame.truncate(keep.index(frame.len() + 1));
        let shown = format!("{0} {0:#}", Print::new(&frame));
        prop_assert!(!shown.is_empty());
    }
}
