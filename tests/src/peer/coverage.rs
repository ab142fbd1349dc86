//! Looks at every packet of every port and at nothing else: one thread keeps up with four full gigabit ports. Every order is
//! answered with what was seen since the one before, port by port.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ocp809_app::config::load_wall;
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::packet::{PacketOptions, PacketTransport};
use ocp809_sender::transport::{Reception, Transport, realtime};
use ocp809_tests::{Coverage, PortCounts};
use serde_json::Value;

use super::{Failure, Order, Orders, answer};

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

/// Watches the ends of a wall's cables, each `PORT=NAME`, until orders end.
pub(super) fn run(wall: &str, ends: &[&str], orders: &Orders) -> Result<(), Failure> {
    let wall = load_wall(Path::new(wall))?;
    let mut far_ends = Vec::new();
    for end in ends {
        let (port, interface) = end.split_once('=').ok_or("expected PORT=NAME")?;
        let index = wall.wall.ports().iter().position(|own| own.id.as_str() == port);
        let plan = index.and_then(|index| wall.plan.ports.get(index)).ok_or("expected a port of the wall")?;
        let options = PacketOptions { reception: Reception::Ocp809Card, ..PacketOptions::default() };
        let transport = PacketTransport::open(&find_by_name(interface)?, options)?;
        far_ends.push(FarEnd { port: port.to_owned(), transport, drops: 0, coverage: Coverage::new(plan) });
    }
    // Without the privilege packets may be lost in front of the receiver, which is counted.
    let _scheduling = realtime::make_punctual(PRIORITY);
    answer(&Value::from("ready"))?;
    let mut buffer = [0; 2_048];
    loop {
        for end in &mut far_ends {
            while let Some(length) = end.transport.receive(&mut buffer)? {
                end.coverage.take(buffer.get(..length).unwrap_or_default());
            }
        }
        match orders.next() {
            Order::Words(_) => answer(&serde_json::to_value(seen(&mut far_ends))?)?,
            Order::None => {}
            Order::End => return Ok(()),
        }
        std::thread::sleep(PAUSE);
    }
}

fn seen(ends: &mut [FarEnd]) -> BTreeMap<String, PortCounts> {
    let counts = |end: &mut FarEnd| {
        let drops = end.transport.kernel_drops();
        let kernel_drops = drops - core::mem::replace(&mut end.drops, drops);
        (end.port.clone(), PortCounts { kernel_drops, ..end.coverage.take_counts() })
    };
    ends.iter_mut().map(counts).collect()
}
