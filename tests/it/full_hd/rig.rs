//! Four cables between the sender and a peer that looks at every packet, and a thread that writes pictures into the sender.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};

use ocp809_tests::PortCounts;
use serde_json::Value;

use crate::stage::{Peer, Stage};

const WALL: &str = "assets/walls/full-hd.toml";
const PORTS: [&str; 4] = ["port-1", "port-2", "port-3", "port-4"];
const WIDTH: usize = 1_920;
const HEIGHT: usize = 1_080;

/// Room for the packets that wait for the network stack of a core: on virtual cables the receiving half of a packet's way is
/// a queue, where the usual 1000 packets are less than a frame of one port. The system's own limit returns on drop.
struct Backlog(String);

/// Everything that runs; ended on drop, also when the test panics.
pub(super) struct Rig {
    sender: Child,
    far_end: Peer,
    stage: Stage,
    _backlog: Backlog,
}

impl Rig {
    /// Starts everything.
    pub(super) fn new(name: &str) -> Self {
        let backlog = Backlog::raise();
        let stage = Stage::empty(name);
        let (mut near, mut far) = (Vec::new(), Vec::new());
        for port in PORTS {
            let (send, cards) = (format!("s-{port}"), format!("c-{port}"));
            stage.cable(&send, &cards);
            near.push(format!("{port}={send}"));
            far.push(format!("{port}={cards}"));
        }
        let far_end = stage.coverage(WALL, &far.iter().map(String::as_str).collect::<Vec<_>>());
        let mut arguments = vec!["run", WALL, "--source", "pipe:-", "--gpu", "cpu", "--confirm"];
        arguments.extend(near.iter().flat_map(|interface| ["--if", interface]));
        let mut command = stage.command(&stage.server, &arguments);
        let command = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut sender = command.spawn().expect("the sender starts");
        let pipe = sender.stdin.take().expect("piped");
        std::thread::Builder::new().name("pictures".to_owned()).spawn(move || write_pictures(pipe)).expect("a thread");
        Self { sender, far_end, stage, _backlog: backlog }
    }

    /// What the far end saw since the last call, port by port.
    pub(super) fn far_end_counts(&mut self) -> BTreeMap<String, PortCounts> {
        serde_json::from_value(self.far_end.ask("counts")).expect("counts of every port")
    }

    /// What the sender says of itself.
    pub(super) fn status(&self) -> Value {
        self.stage.status().expect("the sender answers")
    }

    /// The sender's process.
    pub(super) fn sender_id(&self) -> u32 {
        self.sender.id()
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // A sender that has ended already is no error.
        let _ended = self.sender.kill();
        let _reaped = self.sender.wait();
    }
}

impl Backlog {
    const FILE: &str = "/proc/sys/net/core/netdev_max_backlog";

    fn raise() -> Self {
        let own = std::fs::read_to_string(Self::FILE).expect("Linux");
        std::fs::write(Self::FILE, "20000").expect("root may");
        Self(own)
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        let _restored = std::fs::write(Self::FILE, self.0.trim());
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
