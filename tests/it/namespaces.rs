//! The real binary on real interfaces: `run` in one network namespace, `emulate` in another, a cable between them.
use std::time::Duration;

use ocp809_tests::{program, require, root};
use serde_json::Value;

use crate::stage::{Stage, ip, online, pixel, shown};

#[test]
fn namespaces_a_wall_runs_survives_a_cut_and_a_kill_and_stops() {
    require!(root(), program("ip"));
    let mut stage = Stage::new("run");
    let (server, wall) = (stage.server.clone(), stage.wall.clone());
    let picture = stage.path("wall.png");
    let out = picture.display().to_string();
    stage.start(&wall, &["emulate", "assets/walls/demo.toml", "--if", "cards", "--out", &out]);
    let run =
        ["run", "assets/walls/demo.toml", "--if", "send", "--source", "pattern:red?full", "--set", "brightness.percent=100"];
    let first = stage.start(&server, &run);
    let status = stage.wait_for("all four cards", |status| online(status) == 4 && shown(status) > 30);
    // Listening heard nobody: the fastest way out that this kernel has, or why not.
    let sending = &status["ports"][0]["sending"];
    let is_fastest = sending["backend"] == "xdp" && sending["in_place"] == true && sending["fallback"].is_null();
    let tells_why = sending["fallback"].as_str().is_some_and(|text| text.starts_with("not AF_XDP: "));
    assert!(is_fastest || tells_why, "{sending}");
    let text = stage.run(&["status"]).stdout;
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains(sending["text"].as_str().expect("for people")), "{text}");

    // The picture is there: red in the middle of every cabinet.
    std::thread::sleep(Duration::from_millis(1_300));
    for (x, y) in [(64, 64), (192, 64), (64, 192), (192, 192)] {
        let [red, green, blue] = pixel(&picture, x, y).expect("a picture");
        assert!(red > 250 && green == 0 && blue == 0, "({x}, {y}) is {red} {green} {blue}");
    }

    // A pulled cable is an alarm with words, and heals.
    ip(&["-n", &wall, "link", "set", "cards", "down"]);
    stage.wait_for("the alarm", |status| status["alarms"].to_string().contains("no carrier"));
    ip(&["-n", &wall, "link", "set", "cards", "up"]);
    stage.wait_for("the cards again", |status| online(status) == 4 && !status["alarms"].to_string().contains("no carrier"));

    // A kill leaves the cards holding; the next start goes on where the show was.
    assert!(stage.run(&["do", "brightness", "40%"]).status.success(), "brightness is accepted");
    stage.kill(first);
    std::thread::sleep(Duration::from_millis(1_200));
    assert!(pixel(&picture, 64, 64).expect("a picture")[0] > 100, "the cards hold the picture");
    stage.start(&server, &["run", "assets/walls/demo.toml", "--if", "send"]);
    let status = stage.wait_for("the show again", |status| status["frames"]["sent"].as_u64() > Some(30));
    assert_eq!(status["screens"][0]["asked_percent"], 40.0, "brightness survived");
    assert!(status["source"]["uri"].as_str().is_some_and(|uri| uri.contains("red")), "so did the source");

    // A second sender on the same interface would look like the first one, started anew: it is refused.
    let arguments = ["send", "assets/walls/demo.toml", "--source", "pattern:white", "--frames", "1", "--to", "if:send"];
    let second = stage.run(&arguments);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(second.status.code() == Some(3) && said.contains("another ocp809 of this host sends on send"), "{said}");

    // Locked: black out works, a new source does not, and says why.
    assert!(stage.run(&["do", "lock"]).status.success(), "locked");
    let refused = stage.run(&["do", "source", "pattern:white"]);
    assert!(!refused.status.success(), "a locked show keeps its source");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("lock"), "and says so");
    assert!(stage.run(&["do", "black-out"]).status.success(), "black out always works");
    std::thread::sleep(Duration::from_millis(1_300));
    assert_eq!(pixel(&picture, 64, 64), Some([0, 0, 0]), "dark");

    // A stop fades to black, and what the cards hold then is dark.
    assert!(stage.run(&["do", "normal"]).status.success(), "light again");
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(pixel(&picture, 64, 64).expect("a picture")[0] > 100, "the picture is back");
    assert!(stage.run(&["do", "stop"]).status.success(), "stopped");
    std::thread::sleep(Duration::from_millis(3_500));
    assert_eq!(pixel(&picture, 64, 64), Some([0, 0, 0]), "dark to the last bit");
}

#[test]
fn namespaces_cards_are_found_and_a_busy_interface_is_refused() {
    require!(root(), program("ip"));
    let mut stage = Stage::new("find");
    let wall = stage.wall.clone();
    stage.start(&wall, &["emulate", "assets/walls/demo.toml", "--if", "cards"]);
    std::thread::sleep(Duration::from_millis(500));
    let found = stage.run(&["discover", "--if", "send", "--json"]);
    let report: Value = serde_json::from_slice(&found.stdout).expect("JSON");
    assert_eq!(report[0]["cards"].as_array().map(Vec::len), Some(4), "{report:#?}");

    ip(&["-n", &stage.server, "address", "add", "192.0.2.1/24", "dev", "send"]);
    let refused = stage.run(&["send", "assets/walls/demo.toml", "--source", "pattern:white", "--to", "if:send"]);
    assert_eq!(refused.status.code(), Some(3), "an interface with an IP address is somebody's network");
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(words.contains("192.0.2.1") && words.contains("--confirm"), "{words}");
}
