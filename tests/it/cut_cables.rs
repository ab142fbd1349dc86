//! Cables that are cut while `run` drives a wall over real interfaces: what is lost, what is said, and how fast the picture
//! comes back.
use std::time::Duration;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, SystemClock};
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_tests::{program, require, root};
use serde_json::Value;

use crate::stage::{Peer, Stage, online, shown};

/// A picture must be back within this time after its cable is.
const BACK_MS: u64 = 1_000;

/// Frames that a machine that is busy with other things still sends in a second.
const FRAMES_LEAST: u64 = 20;

/// A second in which nothing was held, but a flip came later than this after the one before, was no show.
const FLIP_MS: u64 = 300;

fn number(card: &Value, name: &str) -> u64 {
    card[name].as_u64().unwrap_or_else(|| unreachable!("{name} of {card:#?}"))
}

fn alarms(status: &Value) -> String {
    let alarms = status["alarms"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |alarm: &Value| [alarm["source"].as_str(), alarm["text"].as_str()].map(Option::unwrap_or_default).join(": ");
    alarms.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Lets the cards play for a second and fails unless those of these places showed every frame that was sent since `since`.
fn play_on(wall: &mut Peer, since: &Value, places: core::ops::Range<usize>, why: &str) {
    let before = wall.ask("report");
    std::thread::sleep(Duration::from_secs(1));
    let after = wall.ask("report");
    for place in places {
        let (old, new) = (&before[place], &after[place]);
        assert!(number(new, "shown") >= number(old, "shown") + FRAMES_LEAST, "{why}: card {place} stands still: {new:#?}");
        assert!(number(new, "longest_ms") < FLIP_MS, "{why}: card {place} stood: {new:#?}");
        for lost in ["held", "missing", "overrun", "torn"] {
            assert_eq!(number(new, lost), number(&since[place], lost), "{why}: {lost} at card {place}: {new:#?}");
        }
    }
}

#[test]
fn namespaces_a_cut_cable_is_named_hurts_no_other_port_and_heals_within_a_second() {
    require!(root(), program("ip"));
    let mut stage = Stage::empty("cut");
    let mut grid = Grid::new(4, 2, PixelSize::new(64, 32));
    grid.ports = 2;
    let wall = stage.pass_through(serpentine(&grid).expect("a grid"));
    stage.cable("send1", "cards1");
    stage.cable("send2", "cards2");
    let mut peer = stage.cards(&wall, &["1=cards1", "2=cards2"]);
    let server = stage.server.clone();
    let run = ["run", &wall, "--if", "1=send1", "--if", "2=send2", "--source", "pattern:white?full"];
    stage.start(&server, &run);
    stage.wait_for("all eight cards", |status| online(status) == 8 && shown(status) > 60);

    let start = peer.ask("report");
    // Behind the third card of port 1: three play on, one is missed by name, port 2 does not notice.
    play_on(&mut peer, &start, 0..8, "before the cut");
    peer.ask("cut 0 2");
    play_on(&mut peer, &start, 0..3, "in front of the cut");
    play_on(&mut peer, &start, 4..8, "the other port");
    stage.wait_for("its name", |status| alarms(status).contains("port 1: no answer after cabinet 3"));
    peer.ask("mend 0 2");
    std::thread::sleep(Duration::from_millis(BACK_MS + 200));
    let back = peer.ask("report")[3]["back_ms"].clone();
    assert!(back.as_u64().is_some_and(|ms| ms <= BACK_MS), "the picture is back after {back} ms");
    stage.wait_for("no alarm", |status| !alarms(status).contains("port 1") && online(status) == 8);

    // The cable from the sender: the whole port is dark, the other one does not notice.
    stage.set_link("cards1", "down");
    play_on(&mut peer, &start, 4..8, "the other port, without carrier on this one");
    stage.wait_for("no carrier", |status| alarms(status).contains("port 1: no carrier on send1"));
    let stood = peer.ask("report");
    stage.set_link("cards1", "up");
    let clock = SystemClock::new();
    let up = clock.now();
    let is_back = |now: &Value| (0..4).all(|place| number(&now[place], "shown") > number(&stood[place], "shown"));
    while !is_back(&peer.ask("report")) {
        let passed_ms = clock.now().since(up) / 1_000_000;
        assert!(passed_ms < BACK_MS, "the picture is not back {passed_ms} ms after the cable");
        std::thread::sleep(Duration::from_millis(10));
    }
    // A frame that was on its way when the cable came back lacks its first pixels.
    let start = peer.ask("report");
    play_on(&mut peer, &start, 0..8, "all again");
    stage.wait_for("no alarm", |status| !alarms(status).contains("port 1") && online(status) == 8);
}

#[test]
fn namespaces_a_loop_plays_on_whatever_cable_is_cut() {
    require!(root(), program("ip"));
    let mut stage = Stage::empty("loop");
    let mut spec = serpentine(&Grid::new(6, 1, PixelSize::new(64, 32))).expect("a grid");
    spec.ports[0].redundant = true;
    let wall = stage.pass_through(spec);
    stage.cable("head", "cards-h");
    stage.cable("tail", "cards-t");
    let mut peer = stage.cards(&wall, &["1=cards-h", "1<cards-t"]);
    let server = stage.server.clone();
    stage.start(&server, &["run", &wall, "--if", "head", "--tail", "tail", "--source", "pattern:white?full"]);
    stage.wait_for("all six cards", |status| online(status) == 6 && shown(status) > 60);
    let knows = |card: &Value| number(card, "masters") == 2 && card["synced"] == true;
    let clock = SystemClock::new();
    let begun = clock.now();
    let mut start = peer.ask("report");
    while !start.as_array().expect("cards").iter().all(knows) {
        assert!(clock.now().since(begun) < 10 * NANOS_PER_SECOND, "both ends and the time are known: {start:#?}");
        std::thread::sleep(Duration::from_millis(50));
        start = peer.ask("report");
    }
    play_on(&mut peer, &start, 0..6, "closed");
    for place in 0..5 {
        peer.ask(&format!("cut 0 {place}"));
        play_on(&mut peer, &start, 0..6, &format!("cut behind {place}"));
        peer.ask(&format!("mend 0 {place}"));
        play_on(&mut peer, &start, 0..6, &format!("mended behind {place}"));
    }
    for end in ["cards-h", "cards-t"] {
        stage.set_link(end, "down");
        play_on(&mut peer, &start, 0..6, &format!("without {end}"));
        stage.set_link(end, "up");
        play_on(&mut peer, &start, 0..6, &format!("with {end} again"));
    }
    // What was cut is known by name as long as it is, and only then.
    stage.wait_for("no alarm", |status| !alarms(status).contains("port 1") && online(status) == 6);
}
