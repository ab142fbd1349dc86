//! Network namespaces with cables between them, and the programs that run there: what every test on real interfaces needs.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

use ocp809_app::config::to_text;
use ocp809_sender::wall::{AppliedAt, LinkTransfer, WallSpec};
use ocp809_tests::repository;
use serde_json::Value;
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_ocp809-under-test");
const PEER: &str = env!("CARGO_BIN_EXE_ocp809-test-peer");

/// A namespace for the sender and one for the wall; removed on drop, also when the test panics.
pub(crate) struct Stage {
    folder: TempDir,
    pub(crate) server: String,
    pub(crate) wall: String,
    /// Where cables with faults have their relays, and switches stand.
    pub(crate) middle: String,
    running: Vec<Child>,
}

impl Stage {
    /// Both namespaces and nothing between them.
    pub(crate) fn empty(name: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let named = |kind: &str| format!("{kind}{name}{}", std::process::id());
        let stage = Self { folder, server: named("s"), wall: named("w"), middle: named("m"), running: Vec::new() };
        for namespace in [&stage.server, &stage.wall, &stage.middle] {
            ip(&["netns", "add", namespace]);
        }
        stage
    }

    /// With a cable from interface `send` to interface `cards`.
    pub(crate) fn new(name: &str) -> Self {
        let stage = Self::empty(name);
        stage.cable("send", "cards");
        stage
    }

    /// A cable from an interface of the sender to one of the wall.
    pub(crate) fn cable(&self, send: &str, cards: &str) {
        veth((&self.server, send), (&self.wall, cards));
    }

    /// A cable that can lose, reorder, repeat and change frames on their way to the wall: as its relay is told to.
    pub(crate) fn faulty_cable(&self, near_end: &str, cards: &str, seed: u64) -> Peer {
        let (near, far) = (format!("{near_end}-n"), format!("{cards}-f"));
        veth((&self.server, near_end), (&self.middle, &near));
        veth((&self.middle, &far), (&self.wall, cards));
        Self::peer(&self.middle, &["relay", &near, &far, &seed.to_string()])
    }

    /// Pulls or plugs a cable at the wall's end.
    pub(crate) fn set_link(&self, cards: &str, state: &str) {
        ip(&["-n", &self.wall, "link", "set", cards, state]);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a wall whose cards show the source's codes as they are. Ports are called 1, 2 .., cabinets as well, along the
    /// cables.
    pub(crate) fn pass_through(&self, mut spec: WallSpec) -> String {
        for (port, number) in spec.ports.iter_mut().zip(1..) {
            let id = number.to_string();
            spec.cabinets
                .iter_mut()
                .filter(|cabinet| cabinet.port == port.id)
                .for_each(|cabinet| cabinet.port = id.as_str().into());
            port.id = id.as_str().into();
            port.link.transfer = LinkTransfer::Source;
            port.link.dither = false;
            port.brightness_at = AppliedAt::Card;
            port.calibration_at = AppliedAt::Card;
        }
        spec.cabinets.sort_by_key(|cabinet| (cabinet.port.clone(), cabinet.place));
        for (cabinet, number) in spec.cabinets.iter_mut().zip(1..) {
            cabinet.id = number.to_string().as_str().into();
        }
        let file = self.path("wall.toml");
        std::fs::write(&file, to_text(&spec).expect("a document")).expect("written");
        file.display().to_string()
    }

    pub(crate) fn command(&self, namespace: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, BINARY]).args(arguments).current_dir(repository());
        command.env("OCP809_CONFIG_DIR", self.path("config")).env("OCP809_STATE_DIR", self.path("state"));
        command.env("OCP809_SOCKET", self.path("socket"));
        command
    }

    /// Starts the program; what it says goes to a file that a failing test can show.
    pub(crate) fn start(&mut self, namespace: &str, arguments: &[&str]) -> usize {
        let log = std::fs::File::create(self.path(&format!("log{}", self.running.len()))).expect("a log");
        let errors = log.try_clone().expect("the same log");
        let child = self.command(namespace, arguments).stdout(log).stderr(errors).spawn();
        self.running.push(child.expect("the program starts"));
        self.running.len() - 1
    }

    pub(crate) fn kill(&mut self, started: usize) {
        self.running[started].kill().expect("killed");
        self.running[started].wait().expect("reaped");
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(&self.server, arguments).output().expect("the program runs")
    }

    /// Plays the cards of a wall, watched flip by flip.
    pub(crate) fn cards(&self, wall: &str, ends: &[&str]) -> Peer {
        Self::peer(&self.wall, &[&["cards", wall], ends].concat())
    }

    /// Looks at every packet that reaches the wall.
    pub(crate) fn coverage(&self, wall: &str, ends: &[&str]) -> Peer {
        Self::peer(&self.wall, &[&["coverage", wall], ends].concat())
    }

    fn peer(namespace: &str, arguments: &[&str]) -> Peer {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, PEER]).args(arguments).current_dir(repository());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the peer starts");
        let answers = BufReader::new(child.stdout.take().expect("its answers"));
        let orders = child.stdin.take();
        let mut peer = Peer { child, orders, answers };
        assert_eq!(peer.answer(), "ready", "the peer of {arguments:?}");
        peer
    }

    pub(crate) fn status(&self) -> Option<Value> {
        let output = self.run(&["status", "--json"]);
        serde_json::from_slice(&output.stdout).ok()
    }

    /// Waits until the status is as wanted.
    pub(crate) fn wait_for(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
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
        let log = std::fs::read_to_string(self.path("log0")).unwrap_or_default();
        unreachable!("{what} never came: {last:#?}\n{log}")
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for child in &mut self.running {
            // A child that has ended already is no error.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        for namespace in [&self.server, &self.wall, &self.middle] {
            let _gone = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

/// A program at the other end of a cable.
pub(crate) struct Peer {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Gives an order and returns its answer.
    pub(crate) fn ask(&mut self, order: &str) -> Value {
        writeln!(self.orders.as_mut().expect("it listens"), "{order}").expect("the peer lives");
        self.answer()
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer lives");
        serde_json::from_str(&line).unwrap_or_default()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A cable between two namespaces. No IPv6, so that nobody talks by himself.
fn veth((near_in, near): (&str, &str), (far_in, far): (&str, &str)) {
    ip(&["link", "add", near, "netns", near_in, "type", "veth", "peer", "name", far, "netns", far_in]);
    for (namespace, name) in [(near_in, near), (far_in, far)] {
        ip(&["-n", namespace, "link", "set", name, "addrgenmode", "none"]);
        ip(&["-n", namespace, "link", "set", name, "up"]);
    }
}

pub(crate) fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip runs");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(crate) fn cards(status: &Value) -> &[Value] {
    status["cards"].as_array().map_or(&[], Vec::as_slice)
}

pub(crate) fn online(status: &Value) -> usize {
    cards(status).iter().filter(|card| card["online"] == true).count()
}

/// Frames that every card has shown at least.
pub(crate) fn shown(status: &Value) -> u64 {
    cards(status).iter().filter_map(|card| card["shown"].as_u64()).min().unwrap_or(0)
}

pub(crate) fn pixel(file: &Path, x: u32, y: u32) -> Option<[u8; 3]> {
    image::open(file).ok().map(|picture| picture.to_rgb8().get_pixel(x, y).0)
}
