//! What `run` says to real cards beside the stream: bare cards become a wall, an exchanged card is adopted, and a second
//! sender cannot take the wall unless it is told to.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::PathBuf;
use std::time::Duration;

use image::{Rgb, RgbImage};
use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_tests::{program, require, root};
use serde_json::Value;

use crate::second_host::SecondHost;
use crate::stage::{Stage, cards, online, pixel, shown};

const DEMO: &str = "assets/walls/demo.toml";

/// One colour per cabinet of the demo wall.
const QUARTERS: [(u32, u32, [u8; 3]); 4] =
    [(0, 0, [255, 0, 0]), (128, 0, [0, 255, 0]), (0, 128, [0, 0, 255]), (128, 128, [255, 255, 255])];

fn quarters(stage: &Stage) -> String {
    let file = stage.path("quarters.png");
    let color = |x, y| QUARTERS.iter().rev().find(|(left, top, _)| x >= *left && y >= *top).map_or([0; 3], |quarter| quarter.2);
    RgbImage::from_fn(256, 256, |x, y| Rgb(color(x, y))).save(&file).expect("written");
    format!("image:{}", file.display())
}

#[test]
fn namespaces_bare_cards_become_a_picture_in_three_commands() {
    require!(root(), program("ip"));
    let mut stage = Stage::new("bare");
    let (server, wall) = (stage.server.clone(), stage.wall.clone());
    let picture = stage.path("shown.png");
    let (out, adopted) = (picture.display().to_string(), stage.path("found.toml").display().to_string());
    stage.start(&wall, &["emulate", DEMO, "--if", "cards", "--bare", "--out", &out]);
    std::thread::sleep(Duration::from_millis(500));

    let refused = stage.run(&["wall", "adopt", &adopted, "--if", "send", "--columns", "2"]);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && words.contains("--cabinet"), "bare cards do not know their size: {words}");
    assert!(!PathBuf::from(&adopted).exists(), "and nothing is written");
    let found = stage.run(&["wall", "adopt", &adopted, "--if", "send", "--columns", "2", "--cabinet", "128x128"]);
    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));

    let source = quarters(&stage);
    stage.start(&server, &["run", &adopted, "--if", "send", "--source", &source, "--set", "brightness.percent=100"]);
    stage.wait_for("a picture", |status| online(status) == 4 && shown(status) > 90);
    std::thread::sleep(Duration::from_millis(1_300));
    for (x, y, color) in QUARTERS {
        assert_eq!(pixel(&picture, x + 64, y + 64), Some(color), "the cabinet at {x}, {y}");
    }
}

#[test]
fn namespaces_an_exchanged_card_is_adopted_within_two_seconds() {
    require!(root(), program("ip"));
    let mut stage = Stage::new("swap");
    let file = stage.pass_through(serpentine(&Grid::new(4, 1, PixelSize::new(32, 32))).expect("a grid"));
    let mut peer = stage.cards(&file, &["1=cards"]);
    let server = stage.server.clone();
    stage.start(&server, &["run", &file, "--if", "send", "--source", "pattern:white?full"]);
    stage.wait_for("all four cards", |status| online(status) == 4 && shown(status) > 60);

    let serial = peer.ask("replace 0 2").as_str().expect("a serial number").to_owned();
    std::thread::sleep(Duration::from_secs(2));
    let card = peer.ask("report")[2].clone();
    assert!(card["id"] == 3 && card["shown"].as_u64() > Some(5), "it has its id and plays within two seconds: {card}");
    let status = stage.wait_for("its serial number", |status| cards(status)[2]["serial"] == serial.as_str());
    let alarms = status["alarms"].to_string();
    assert!(alarms.contains("took the place of") && alarms.contains(&serial), "and it is reported: {alarms}");
}

#[test]
fn namespaces_a_second_laptop_cannot_take_the_wall_unless_it_is_told_to() {
    require!(root(), program("ip"));
    let mut stage = Stage::empty("two");
    let server = stage.server.clone();
    let file = stage.pass_through(serpentine(&Grid::new(2, 1, PixelSize::new(32, 32))).expect("a grid"));
    let arguments = ["run", &file, "--if", "send", "--source", "pattern:white?full"];
    let mut second = SecondHost::on_a_switch(&stage);
    let mut peer = stage.cards(&file, &["1=cards"]);
    stage.start(&server, &arguments);
    stage.wait_for("the first sender's picture", |status| online(status) == 2 && shown(status) > 60);

    let sent = second.run(&stage, &["send", &file, "--source", "pattern:red?full", "--to", "if:send"]);
    let words = String::from_utf8_lossy(&sent.stderr);
    assert_eq!(sent.status.code(), Some(3), "a single frame is not sent either: {words}");
    assert!(words.contains("another sender drives it"), "{words}");

    second.start(&stage, &arguments);
    let status =
        second.wait_for(&stage, "the reason", |status| status["alarms"].to_string().contains("another sender drives it"));
    assert!(status["alarms"].to_string().contains("do take-over"), "with the way out: {}", status["alarms"]);
    let before = peer.ask("report");
    std::thread::sleep(Duration::from_secs(3));
    let after = peer.ask("report");
    for card in 0..2 {
        assert!(after[card]["shown"].as_u64() > before[card]["shown"].as_u64().map(|shown| shown + 60), "it plays on: {after}");
        assert_eq!(
            (&after[card]["held"], &after[card]["torn"]),
            (&before[card]["held"], &Value::from(0)),
            "undisturbed: {after}"
        );
        assert_eq!(after[card]["masters"], 1, "one master: {after}");
    }
    let status = second.wait_for(&stage, "silence", |_| true);
    assert_eq!(status["frames"]["sent"], 0, "the second one has sent nothing: {}", status["frames"]);

    assert!(second.run(&stage, &["do", "take-over"]).status.success(), "told to");
    second.wait_for(&stage, "the wall", |status| status["frames"]["sent"].as_u64() > Some(60));
    let status = stage.wait_for("the loss", |status| status["alarms"].to_string().contains("another sender took it"));
    let sent = status["frames"]["sent"].clone();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(stage.status().expect("it still answers")["frames"]["sent"], sent, "the first one is silent");
}
