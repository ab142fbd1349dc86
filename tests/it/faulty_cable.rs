//! `run` and cards on real interfaces with a cable between them that loses, reorders, repeats and changes frames: no card
//! ever shows a mixture, and every counter that `status` shows is what the cable did.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use image::RgbImage;
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_tests::{program, require, root};
use serde_json::Value;

use crate::stage::{Stage, cards, online, shown};

/// How long the cable is bad.
const BAD: Duration = Duration::from_secs(12);

/// A stream frame as a relay writes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Passed {
    frame: u16,
    kind: u16,
    seq: u16,
    target: u16,
    count: u16,
    state: u16,
}

const PIXELS: u16 = 0;
const SOUND: u16 = 0;
const WRONG_CRC: u16 = 1;

fn log(report: &Value, name: &str) -> Vec<Passed> {
    let entries = report[name].as_array().expect("a log");
    let number = |entry: &Value, at: usize| u16::try_from(entry[at].as_u64().expect("a number")).expect("16 bits");
    let passed = |entry: &Value| Passed {
        frame: number(entry, 0),
        kind: number(entry, 1),
        seq: number(entry, 2),
        target: number(entry, 3),
        count: number(entry, 4),
        state: number(entry, 5),
    };
    entries.iter().map(passed).collect()
}

/// What the cards must have counted.
#[derive(Debug, Default)]
struct Expected {
    lost: u64,
    duplicates: u64,
    bad_crc: u64,
    unlatched: u64,
    /// By the card's id.
    held: BTreeMap<u16, u64>,
}

/// Derives every counter from what was sent and what arrived, by PROTOCOL.md 5 and the counters' definitions alone.
fn expected(sent: &[Passed], arrived: &[Passed], ids: core::ops::RangeInclusive<u16>) -> Expected {
    let mut expected = Expected { held: ids.map(|id| (id, 0)).collect(), ..Expected::default() };
    expected.bad_crc = arrived.iter().filter(|passed| passed.state == WRONG_CRC).count() as u64;
    let mut pixels: BTreeMap<u16, BTreeSet<u16>> = BTreeMap::new();
    let mut latched: Vec<Passed> = Vec::new();
    for passed in arrived.iter().filter(|passed| passed.state == SOUND) {
        if passed.kind == PIXELS {
            assert!(latched.last().is_none_or(|latch| latch.frame != passed.frame), "{passed:?} came behind its latch");
            expected.duplicates += u64::from(!pixels.entry(passed.frame).or_default().insert(passed.seq));
        } else if latched.last().is_none_or(|latch| latch.frame != passed.frame) {
            latched.push(*passed);
        }
    }
    for pair in latched.windows(2) {
        expected.unlatched += u64::from(pair[1].frame.wrapping_sub(pair[0].frame)) - 1;
    }
    // Packets that the sender itself left out, because a frame's time was over, are missing as well.
    let targets: BTreeMap<u16, u16> = sent.iter().filter(|p| p.kind == PIXELS).map(|p| (p.seq, p.target)).collect();
    let none = BTreeSet::new();
    for latch in latched.iter().filter(|latch| latch.count > 0) {
        let came = pixels.get(&latch.frame).unwrap_or(&none);
        expected.lost += u64::from(latch.count) - came.len() as u64;
        let missing = (0..latch.count).filter(|seq| !came.contains(seq));
        let holding: BTreeSet<u16> = missing.map(|seq| targets[&seq]).collect();
        for id in holding {
            *expected.held.get_mut(&id).expect("a card of the wall") += 1;
        }
    }
    expected
}

/// Flat pictures of sixteen colours, sixty a second: a card that mixes two frames shows two colours.
fn flat_pictures(stage: &Stage, size: PixelSize) -> String {
    let folder = stage.path("flat");
    std::fs::create_dir(&folder).expect("a folder");
    for number in 0..16_u8 {
        let flat = RgbImage::from_pixel(size.width, size.height, image::Rgb([number * 16, 255 - number * 16, number]));
        flat.save(folder.join(format!("{number:02}.png"))).expect("a picture is written");
    }
    format!("seq:{}?fps=60", folder.display())
}

fn sum(status: &Value, place: usize, counter: &str) -> u64 {
    cards(status)[place][counter].as_u64().unwrap_or_else(|| unreachable!("{counter} of {status:#?}"))
}

#[test]
fn namespaces_a_faulty_cable_tears_nothing_and_every_counter_is_exact() {
    require!(root(), program("ip"));
    let mut stage = Stage::empty("bad");
    let wall = stage.pass_through(serpentine(&Grid::new(2, 2, PixelSize::new(128, 64))).expect("a grid"));
    let source = flat_pictures(&stage, PixelSize::new(256, 128));
    let mut relay = stage.faulty_cable("send", "cards", 809);
    let mut wall_cards = stage.cards(&wall, &["1=cards"]);
    let server = stage.server.clone();
    stage.start(&server, &["run", &wall, "--if", "send", "--source", &source, "--set", "brightness.percent=100"]);
    let clean = stage.wait_for("all four cards", |status| online(status) == 4 && shown(status) > 60);
    // Frames that the sender left out because its machine was busy are the only ones without a latch.
    for counter in ["lost", "bad_crc", "duplicates", "held"] {
        let counted: Vec<u64> = (0..4).map(|place| sum(&clean, place, counter)).collect();
        assert_eq!(counted, [0; 4], "{counter} on a good cable");
    }

    relay.ask("faults 10 10 10 1");
    std::thread::sleep(BAD);
    relay.ask("faults 0 0 0 0");
    let bad = relay.ask("report");
    // The last frame's counts close with the next latch, and STATS tell them a second later.
    std::thread::sleep(Duration::from_millis(2_500));
    let status = stage.status().expect("a status");
    let report = relay.ask("report");
    let logs = |name: &str| [log(&bad, name), log(&report, name)].concat();
    let (sent, arrived) = (logs("before"), logs("after"));
    let counted = expected(&sent, &arrived, 1..=4);
    // Frames that a busy sender leaves out after the newest STATS are in the log and not yet in the status.
    let unlatched = expected(&sent, &log(&bad, "after"), 1..=4).unlatched..=counted.unlatched;

    let faults = |name: &str| report[name].as_u64().expect("a count");
    for (fault, least) in [("lost", 200), ("duplicated", 200), ("corrupted", 15), ("reordered", 200)] {
        assert!(faults(fault) >= least, "{} packets {fault} of {}", faults(fault), sent.len());
    }
    assert!(counted.lost >= 200 && counted.duplicates >= 200 && counted.bad_crc >= 10, "{counted:?}");
    for place in 0..4 {
        let card = &cards(&status)[place];
        let id = u16::try_from(place).expect("few") + 1;
        assert_eq!(sum(&status, place, "lost"), counted.lost, "lost at {card:#?}");
        assert_eq!(sum(&status, place, "held"), counted.held[&id], "held at {card:#?}");
        assert!(unlatched.contains(&sum(&status, place, "unlatched")), "unlatched {unlatched:?}, but {card:#?}");
        // The first card ends repeats and knows damage by its CRC; those behind it see neither.
        let (duplicates, bad_crc) = if place == 0 { (counted.duplicates, counted.bad_crc) } else { (0, 0) };
        assert_eq!(sum(&status, place, "duplicates"), duplicates, "duplicates at {card:#?}");
        assert_eq!(sum(&status, place, "bad_crc"), bad_crc, "bad_crc at {card:#?}");
    }
    let seen = wall_cards.ask("report");
    for card in seen.as_array().expect("cards") {
        assert_eq!((card["torn"].as_u64(), card["overrun"].as_u64()), (Some(0), Some(0)), "{card:#?}");
        assert!(card["shown"].as_u64() > Some(600), "the show went on: {card:#?}");
    }
}
