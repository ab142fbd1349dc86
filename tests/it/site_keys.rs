//! A site key through the real program: made, installed, locked, stored; and what a host without it can still do.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::time::Duration;

use ocp809_sender::geometry::PixelSize;
use ocp809_sender::wall::layout::{Grid, serpentine};
use ocp809_tests::{program, require, root};
use serde_json::{Value, json};

use crate::second_host::SecondHost;
use crate::stage::{Peer, Stage, cards, online, shown};

const CARDS: usize = 2;

/// Makes a key and a machine.toml that names it.
fn with_site_key(stage: &Stage) {
    let config = stage.path("config");
    std::fs::create_dir_all(&config).expect("a folder");
    let file = config.join("site.key").display().to_string();
    let made = stage.run(&["generate", "site-key", &file]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let machine = "schema_version = 1\n[site_key]\nid = 1\nfile = \"site.key\"\nlock_cards = true\n";
    std::fs::write(config.join("machine.toml"), machine).expect("written");
}

fn have_key(status: &Value, state: &str) -> bool {
    online(status) == CARDS && cards(status).iter().all(|card| card["key"] == state)
}

fn alarms(status: &Value) -> String {
    status["alarms"].to_string()
}

/// Fails unless every card is locked and goes on showing white frames, none of them torn.
fn plays_white(peer: &mut Peer) {
    let before = peer.ask("report");
    std::thread::sleep(Duration::from_secs(2));
    let after = peer.ask("report");
    for card in 0..CARDS {
        let (before, after) = (&before[card], &after[card]);
        assert_eq!((&after["locked"], &after["torn"]), (&json!(true), &json!(0)), "{after}");
        assert!(after["shown"].as_u64() > before["shown"].as_u64().map(|shown| shown + 60), "it plays on: {after}");
        assert_eq!(after["pixel"], json!([255, 255, 255]), "the owner's picture: {after}");
    }
}

#[test]
fn namespaces_a_locked_wall_shows_nothing_of_a_host_without_its_key() {
    require!(root(), program("ip"));
    let mut stage = Stage::empty("key");
    let server = stage.server.clone();
    let file = stage.pass_through(serpentine(&Grid::new(2, 1, PixelSize::new(32, 32))).expect("a grid"));
    with_site_key(&stage);
    let mut second = SecondHost::on_a_switch(&stage);
    let mut peer = stage.cards(&file, &["1=cards"]);
    let white = ["run", &file, "--if", "send", "--source", "pattern:white?full"];
    let first = stage.start(&server, &white);
    let status = stage.wait_for("cards without a key", |status| have_key(status, "none") && shown(status) > 60);
    assert!(alarms(&status).contains("has no site key") && alarms(&status).contains("do install-key"), "{}", alarms(&status));

    assert!(stage.run(&["do", "lock"]).status.success(), "locked for the show");
    assert_eq!(stage.run(&["do", "install-key"]).status.code(), Some(1), "cards are not touched during a show");
    assert!(stage.run(&["do", "unlock"]).status.success(), "unlocked");
    assert!(stage.run(&["do", "install-key"]).status.success(), "told to");
    let status = stage.wait_for("the key in all cards", |status| have_key(status, "installed"));
    assert!(!alarms(&status).contains("site key"), "nothing is left to say: {}", alarms(&status));
    std::thread::sleep(Duration::from_secs(1));
    plays_white(&mut peer);
    assert!(stage.run(&["do", "save-cards"]).status.success(), "told to");
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(peer.ask("restart 0 0"), json!(true), "a card is locked when its power comes back");

    second.start(&stage, &["run", &file, "--if", "send", "--source", "pattern:red?full"]);
    second.wait_for(&stage, "the reason", |status| alarms(status).contains("another sender drives it"));
    assert_eq!(second.run(&stage, &["do", "install-key"]).status.code(), Some(1), "it has no key to install");
    assert!(second.run(&stage, &["do", "take-over"]).status.success(), "told to");
    let status = second.wait_for(&stage, "what it lacks", |status| alarms(status).contains("demands a site key"));
    assert!(alarms(&status).contains("machine.toml [site_key]"), "with the way out: {}", alarms(&status));
    plays_white(&mut peer);
    let status = stage.status().expect("it answers");
    assert!(!alarms(&status).contains("another sender"), "the owner is not disturbed: {}", alarms(&status));

    stage.kill(first);
    stage.start(&server, &white);
    stage.wait_for("the owner again", |status| have_key(status, "installed") && status["frames"]["sent"].as_u64() > Some(60));
    plays_white(&mut peer);
}
