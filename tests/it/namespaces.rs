//! The real binary on real interfaces: `run` in one network namespace, `emulate` in another, a cable between them.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use ocp809_tests::{program, repository, require, root};
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_ocp809-under-test");

/// Two namespaces and a cable; removed on drop, also when the test panics.
struct Stage {
    folder: TempDir,
    server: String,
    wall: String,
    running: Vec<Child>,
}

impl Stage {
    fn new(name: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let unique = format!("{name}{}", std::process::id());
        let stage = Self { folder, server: format!("s{unique}"), wall: format!("w{unique}"), running: Vec::new() };
        for namespace in [&stage.server, &stage.wall] {
            ip(&["netns", "add", namespace]);
        }
        ip(&["link", "add", "send", "netns", &stage.server, "type", "veth", "peer", "name", "cards", "netns", &stage.wall]);
        ip(&["-n", &stage.server, "link", "set", "send", "up"]);
        ip(&["-n", &stage.wall, "link", "set", "cards", "up"]);
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, namespace: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, BINARY]).args(arguments).current_dir(repository());
        command.env("OCP809_CONFIG_DIR", self.path("config")).env("OCP809_STATE_DIR", self.path("state"));
        command.env("OCP809_SOCKET", self.path("socket"));
        command
    }

    fn start(&mut self, namespace: &str, arguments: &[&str]) -> usize {
        let child = self.command(namespace, arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.running.push(child.expect("the program starts"));
        self.running.len() - 1
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(&self.server, arguments).output().expect("the program runs")
    }

    fn status(&self) -> Option<Value> {
        let output = self.run(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Waits until the status is as wanted.
    fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = None;
        for _ in 0..200 {
            if let Some(status) = self.status() {
                if wanted(&status) {
                    return status;
                }
                last = Some(status);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        unreachable!("{what} never came: {last:#?}")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.running {
            // A child that has ended already is no error.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        for namespace in [&self.server, &self.wall] {
            let _gone = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip runs");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn cards(status: &Value) -> &[Value] {
    status["cards"].as_array().map_or(&[], Vec::as_slice)
}

fn online(status: &Value) -> usize {
    cards(status).iter().filter(|card| card["online"] == true).count()
}

fn shown(status: &Value) -> u64 {
    cards(status).iter().filter_map(|card| card["shown"].as_u64()).min().unwrap_or(0)
}

fn pixel(file: &Path, x: u32, y: u32) -> Option<[u8; 3]> {
    image::open(file).ok().map(|picture| picture.to_rgb8().get_pixel(x, y).0)
}

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
    stage.wait_for("all four cards", |status| online(status) == 4 && shown(status) > 30);

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
    stage.running[first].kill().expect("killed");
    stage.running[first].wait().expect("reaped");
    std::thread::sleep(Duration::from_millis(1_200));
    assert!(pixel(&picture, 64, 64).expect("a picture")[0] > 100, "the cards hold the picture");
    stage.start(&server, &["run", "assets/walls/demo.toml", "--if", "send"]);
    let status = stage.wait_for("the show again", |status| status["frames"]["sent"].as_u64() > Some(30));
    assert_eq!(status["screens"][0]["asked_percent"], 40.0, "brightness survived");
    assert!(status["source"]["uri"].as_str().is_some_and(|uri| uri.contains("red")), "so did the source");

    // Locked: black out works, a new source does not, and says why.
    assert!(stage.run(&["do", "lock"]).status.success(), "locked");
    let refused = stage.run(&["do", "source", "pattern:white"]);
    assert!(!refused.status.success(), "a locked show keeps its source");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("lock"), "and says so");
    assert!(stage.run(&["do", "black-out"]).status.success(), "black out always works");
    std::thread::sleep(Duration::from_millis(1_300));
    assert_eq!(pixel(&picture, 64, 64), Some([0, 0, 0]), "dark");
    assert!(stage.run(&["do", "stop"]).status.success(), "stopped");
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
