//! `ocp809-far-end WALL PORT=INTERFACE ..`: the far end of a wall's cables, for measurements. For every line of standard input
//! it writes what it saw since the line before, as JSON by port; the end of standard input ends it.
#![expect(clippy::print_stdout, reason = "its output is read by the test that started it")]
#![expect(clippy::expect_used, reason = "a part of a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::Duration;

use ocp809_app::config::load_wall;
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::{Reception, Transport, realtime};
use ocp809_tests::{Coverage, PortCounts};

/// A pause once nothing waits: short against what the kernel's buffer holds (six frames), long against a packet.
const PAUSE: Duration = Duration::from_millis(2);

/// Above the sender: on a wall the cards do not wait for the sender's processor.
const PRIORITY: u8 = 45;

/// One port's cable.
struct FarEnd {
    port: String,
    transport: PacketTransport,
    drops: u64,
    coverage: Coverage,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let wall = load_wall(Path::new(&arguments.next().expect("a wall"))).expect("a sound wall");
    let mut ends: Vec<FarEnd> = arguments
        .map(|argument| {
            let (port, interface) = argument.split_once('=').expect("PORT=INTERFACE");
            let index = wall.wall.ports().iter().position(|own| own.id.as_str() == port).expect("a port of the wall");
            let interface = find_by_name(interface).expect("an interface");
            let options = PacketOptions { reception: Reception::Ocp809Card, ..PacketOptions::default() };
            FarEnd {
                port: port.to_owned(),
                transport: PacketTransport::open(&interface, options).expect("a raw socket"),
                drops: 0,
                coverage: Coverage::new(wall.plan.ports.get(index).expect("a plan per port")),
            }
        })
        .collect();
    let lines = lines();
    // Without the privilege packets may be lost in front of the receiver, which is counted.
    let _scheduling = realtime::make_punctual(PRIORITY);
    let mut buffer = [0; 2048];
    loop {
        for end in &mut ends {
            while let Some(length) = end.transport.receive(&mut buffer).expect("the link is up") {
                end.coverage.take(buffer.get(..length).unwrap_or_default());
            }
        }
        match lines.try_recv() {
            Ok(()) => println!("{}", serde_json::to_string(&report(&mut ends)).expect("JSON")),
            Err(TryRecvError::Disconnected) => return,
            Err(TryRecvError::Empty) => {}
        }
        std::thread::sleep(PAUSE);
    }
}

/// One message per line of standard input.
fn lines() -> Receiver<()> {
    let (sender, receiver) = sync_channel(1);
    let forward = move || {
        for _ in std::io::stdin().lines() {
            if sender.send(()).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("lines".to_owned()).spawn(forward).expect("a thread");
    receiver
}

fn report(ends: &mut [FarEnd]) -> BTreeMap<String, PortCounts> {
    let counts = |end: &mut FarEnd| {
        let drops = end.transport.kernel_drops();
        let kernel_drops = drops - core::mem::replace(&mut end.drops, drops);
        (end.port.clone(), PortCounts { kernel_drops, ..end.coverage.take_counts() })
    };
    ends.iter_mut().map(counts).collect()
}
