//! Two network namespaces with four cables between them, the sender in one and the far end in the other, and the program that
//! writes pictures.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use ocp809_tests::{PortCounts, repository};
use serde_json::Value;
use tempfile::TempDir;

const SENDER: &str = env!("CARGO_BIN_EXE_ocp809-under-test");
const FAR_END: &str = env!("CARGO_BIN_EXE_ocp809-far-end");
const WALL: &str = "assets/walls/full-hd.toml";
const PORTS: u32 = 4;
const WIDTH: usize = 1_920;
const HEIGHT: usize = 1_080;

/// Packets that may wait for the network stack of a core: on virtual cables the receiving half of a packet's way is a queue,
/// where the usual 1000 packets are less than a frame of one port.
const BACKLOG: (&str, &str) = ("/proc/sys/net/core/netdev_max_backlog", "20000");

/// Everything that runs; ended on drop, also when the test panics.
pub(super) struct Rig {
    folder: TempDir,
    server: String,
    wall: String,
    sender: Option<Child>,
    far_end: Option<(Child, ChildStdin, BufReader<ChildStdout>)>,
    backlog: Option<String>,
}

impl Rig {
    /// Starts everything.
    pub(super) fn new(name: &str) -> Self {
        let unique = format!("{name}{}", std::process::id());
        let (server, wall) = (format!("s{unique}"), format!("w{unique}"));
        let folder = TempDir::new().expect("a folder");
        let mut rig = Self { folder, server, wall, sender: None, far_end: None, backlog: None };
        rig.lay_cables();
        rig.start_far_end();
        rig.start_sender();
        rig
    }

    fn lay_cables(&mut self) {
        self.backlog = std::fs::read_to_string(BACKLOG.0).ok();
        std::fs::write(BACKLOG.0, BACKLOG.1).expect("root may");
        for namespace in [&self.server, &self.wall] {
            ip(&["netns", "add", namespace]);
        }
        for port in 1..=PORTS {
            let (near, far) = (format!("send{port}"), format!("cards{port}"));
            ip(&["link", "add", &near, "netns", &self.server, "type", "veth", "peer", "name", &far, "netns", &self.wall]);
            for (namespace, interface) in [(&self.server, &near), (&self.wall, &far)] {
                // No IPv6, so that nobody talks by himself.
                ip(&["-n", namespace, "link", "set", interface, "addrgenmode", "none"]);
                ip(&["-n", namespace, "link", "set", interface, "up"]);
            }
        }
    }

    fn command(&self, namespace: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", namespace, program]).current_dir(repository()).stderr(Stdio::null());
        for (variable, name) in [("OCP809_CONFIG_DIR", "config"), ("OCP809_STATE_DIR", "state"), ("OCP809_SOCKET", "socket")] {
            command.env(variable, self.folder.path().join(name));
        }
        command
    }

    fn start_far_end(&mut self) {
        let mut command = self.command(&self.wall, FAR_END);
        command.arg(WALL).args((1..=PORTS).map(|port| format!("port-{port}=cards{port}")));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the far end starts");
        let (input, output) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));
        self.far_end = Some((child, input, BufReader::new(output)));
    }

    fn start_sender(&mut self) {
        let mut command = self.command(&self.server, SENDER);
        command.args(["run", WALL, "--source", "pipe:-", "--gpu", "cpu", "--confirm"]);
        command.args((1..=PORTS).flat_map(|port| ["--if".to_owned(), format!("port-{port}=send{port}")]));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the sender starts");
        let pipe = child.stdin.take().expect("piped");
        self.sender = Some(child);
        std::thread::Builder::new().name("pictures".to_owned()).spawn(move || write_pictures(pipe)).expect("a thread");
    }

    /// What the far end saw since the last call, port by port.
    pub(super) fn far_end_counts(&mut self) -> BTreeMap<String, PortCounts> {
        let (_, input, output) = self.far_end.as_mut().expect("started");
        input.write_all(b"\n").expect("it listens");
        let mut line = String::new();
        output.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).expect("JSON")
    }

    /// What the sender says of itself.
    pub(super) fn status(&self) -> Value {
        let output = self.command(&self.server, SENDER).args(["status", "--json"]).output().expect("the program runs");
        serde_json::from_slice(&output.stdout).expect("a status")
    }

    /// The sender's process.
    pub(super) fn sender_id(&self) -> u32 {
        self.sender.as_ref().map(Child::id).expect("started")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        let children = self.sender.iter_mut().chain(self.far_end.iter_mut().map(|(child, ..)| child));
        for child in children {
            // A child that has ended already is no error.
            let _ended = child.kill();
            let _reaped = child.wait();
        }
        for namespace in [&self.server, &self.wall] {
            let _gone = Command::new("ip").args(["netns", "del", namespace]).status();
        }
        if let Some(backlog) = &self.backlog {
            let _restored = std::fs::write(BACKLOG.0, backlog.trim());
        }
    }
}

/// Writes a short moving picture as Y4M over and over, as fast as it is taken, until nobody reads any more.
fn write_pictures(mut pipe: ChildStdin) {
    let pictures: Vec<Vec<u8>> = (0..8).map(picture).collect();
    let header = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F60:1 Ip A1:1 C420jpeg\n");
    let mut is_read = pipe.write_all(header.as_bytes()).is_ok();
    for picture in pictures.iter().cycle() {
        is_read = is_read && pipe.write_all(picture).is_ok();
        if !is_read {
            return;
        }
    }
}

/// A frame of the stream: ramps that move, in every hue.
fn picture(number: usize) -> Vec<u8> {
    let code = |value: usize| u8::try_from(16 + value % 220).unwrap_or(16);
    let mut picture = b"FRAME\n".to_vec();
    picture.extend((0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| code(x + 3 * y + 7 * number))));
    for plane in 1..=2 {
        picture.extend((0..HEIGHT / 2).flat_map(|y| (0..WIDTH / 2).map(move |x| code(plane * x / 4 + y / 3 + 5 * number))));
    }
    picture
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("ip runs");
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
