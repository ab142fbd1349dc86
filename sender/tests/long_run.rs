//! Frame after frame of the sample walls by every backend over real cables: each packet is compared with one that was built
//! apart, and handed to virtual cards, which miss nothing. `OCP809_FRAMES=100000` makes the short run a long one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::sync::Arc;

use common::capability::{program, require, root};
use common::netns::Namespace;
use common::paint;
use common::witness::Witness;
use ocp809_sender::emulator::{CardDetail, VirtualWall};
use ocp809_sender::ids::PortIndex;
use ocp809_sender::slice::{PortPlan, SlicePlan};
use ocp809_sender::stream::{FeedEnd, FrameOutcome, FrameStart, Pacing, PortFrame, PortLayout, PortSender};
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, SystemClock};
use ocp809_sender::transport::interface::find_by_name;
use ocp809_sender::transport::{Backend, Interface, Reception, open};
use ocp809_sender::wall::{ColorlightSpec, Wall, WallSpec};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch};

/// Frames of the demo wall in a test run; the one of 1920x1080 gets a tenth.
const FRAMES: u64 = 200;

/// A LATCH is shorter than this, packets of pixels are longer.
const LATCH_BYTES: usize = 120;

fn frames() -> u64 {
    let asked = std::env::var("OCP809_FRAMES").ok();
    asked.map_or(FRAMES, |frames| frames.parse().expect("OCP809_FRAMES is a number"))
}

/// A sample wall with links of this MTU.
fn wall(name: &str, mtu: u16) -> Wall {
    let text = std::fs::read_to_string(format!("{}/../assets/walls/{name}.toml", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut spec = toml::from_str::<WallSpec>(&text).unwrap();
    spec.ports.iter_mut().for_each(|port| port.link.mtu = mtu);
    Wall::from_spec(&spec).unwrap()
}

/// A port, its cable and what must come out of it.
struct Cable<'a> {
    plan: &'a PortPlan,
    sender: PortSender,
    frame: PortFrame,
    expected: PortFrame,
    witness: Witness,
    in_place: u64,
}

impl<'a> Cable<'a> {
    fn new(
        wall: &Wall,
        plan: &'a PortPlan,
        (near, far): &(Interface, Interface),
        backend: Backend,
        clock: &Arc<dyn Clock>,
    ) -> Self {
        let source = near.mac.unwrap();
        let layout = Arc::new(PortLayout::new(wall, plan, source, None).unwrap());
        let opened = open(near, Reception::Ocp809Sender, backend.alone()).expect("root may");
        let (transport, colorlight) = (opened.transport, ColorlightSpec::default());
        let mut sender = PortSender::new(Arc::clone(&layout), &colorlight, transport, Pacing::BURST, Arc::clone(clock));
        let (frame, expected) = (sender.new_frame(), PortFrame::new(layout));
        Self { plan, sender, frame, expected, witness: Witness::of(far, far.mtu as usize + 14), in_place: 0 }
    }

    /// Sends frame `number` and looks at what comes.
    fn show(&mut self, wall: &mut VirtualWall, port: PortIndex, number: u64, clock: &dyn Clock) {
        let [seed, second, ..] = number.to_le_bytes();
        let id = FrameId(u16::from_le_bytes([seed, second]));
        let packets = self.plan.packets.len();
        paint(self.plan, self.expected.memory_mut(), seed);
        self.expected.seal(0..packets, id);

        let is_settled = self.sender.is_settled();
        self.in_place += u64::from(is_settled);
        self.frame.renew(is_settled);
        paint(self.plan, self.frame.memory_mut(), seed);
        let latch = Latch::neutral(EPOCH_WITHOUT_CARDS);
        let (start, period_ns) = (clock.now(), 5 * NANOS_PER_SECOND);
        let start = FrameStart { frame_id: id, start, period_ns, deadline: start.after(period_ns) };
        assert!(self.sender.begin(&start, &latch), "the link is up");
        self.sender.send_ready(self.frame.memory_mut(), 0..packets);
        let report = self.sender.latch(&latch, clock.now());
        assert_eq!(report.outcome, FrameOutcome::Sent, "frame {number}: {:?}", self.sender.last_error());

        let mut expected = self.expected.packets(0..packets).packets();
        let (mut changed, mut latches) = (0, 0);
        for _ in 0..100_000 {
            self.witness.take(|frame| {
                if expected.clone().next() == Some(frame) {
                    expected.next();
                } else if frame.len() < LATCH_BYTES {
                    latches += 1;
                } else {
                    changed += 1;
                }
                wall.deliver(port, FeedEnd::Head, clock.now(), clock.tai(), frame);
            });
            if expected.len() == 0 && latches >= 2 {
                break;
            }
            std::thread::yield_now();
        }
        assert_eq!((expected.len(), changed, self.witness.missed()), (0, 0, 0), "frame {number}: missing, changed, unseen");
        assert!(latches >= 2, "frame {number}: {latches} copies of the LATCH");
    }
}

/// A cable for frames of this MTU.
fn cable(namespace: &Namespace, port: usize, mtu: u16) -> (Interface, Interface) {
    let names = [format!("near{port}"), format!("far{port}")];
    namespace.cable(&names[0], &names[1]);
    let [near, far] = names.map(|name| {
        namespace.ip(&["link", "set", &name, "mtu", &mtu.to_string()]);
        find_by_name(&name).unwrap()
    });
    (near, far)
}

fn run(name: &str, mtu: u16, backend: Backend, frames: u64) {
    let wall = wall(name, mtu);
    let plan = SlicePlan::build(&wall).unwrap();
    let namespace = Namespace::enter_new();
    let cables: Vec<_> = (0..plan.ports.len()).map(|port| cable(&namespace, port, mtu)).collect();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let ports = plan.ports.iter().zip(&cables);
    let mut ports: Vec<_> = ports.map(|(plan, cable)| Cable::new(&wall, plan, cable, backend, &clock)).collect();
    let mut cards = VirtualWall::new(&wall);
    for number in 0..frames {
        for (port, cable) in (0..).map(PortIndex).zip(&mut ports) {
            cable.show(&mut cards, port, number, &*clock);
        }
        cards.advance(clock.now(), clock.tai());
    }
    std::thread::sleep(std::time::Duration::from_millis(20));
    cards.advance(clock.now(), clock.tai());
    for status in cards.statuses() {
        let CardDetail::Ocp809(card) = status.detail else { panic!("an OCP-809 card") };
        let sides = card.counters.ports;
        let faults = sides.map(|side| side.lost + side.bad_crc + side.bad_fcs + side.duplicates + side.short);
        assert_eq!(faults, [0; 2], "{name} by {backend}: {sides:?}");
        // Frames come faster than a gigabit link would bring them, so that a card may have no buffer for one; cards that were
        // just switched on may take the second one.
        let seen = card.counters.frames;
        let is_whole = seen.missing == 0 && seen.range == 0 && seen.shown + seen.held + 2 >= frames;
        assert!(is_whole && seen.shown * 2 > frames, "{name} by {backend}: {seen:?}");
    }
    if matches!(backend, Backend::Xdp | Backend::Ring) {
        let in_place: u64 = ports.iter().map(|port| port.in_place).sum();
        assert!(in_place * 2 > frames, "{name} by {backend}: {in_place} frames in place");
    }
}

#[test]
fn the_demo_wall_by_xdp() {
    require!(root(), program("ip"));
    run("demo", 1_500, Backend::Xdp, frames());
}

#[test]
fn the_demo_wall_by_ring() {
    require!(root(), program("ip"));
    run("demo", 1_500, Backend::Ring, frames());
}

#[test]
fn the_demo_wall_by_sendmmsg() {
    require!(root(), program("ip"));
    run("demo", 1_500, Backend::Packet, frames());
}

#[test]
fn the_demo_wall_by_pnet() {
    require!(root(), program("ip"));
    run("demo", 1_500, Backend::Portable, frames());
}

#[test]
fn the_demo_wall_in_jumbo_frames_by_ring() {
    require!(root(), program("ip"));
    run("demo", 9_000, Backend::Ring, frames());
}

#[test]
fn full_hd_by_xdp() {
    require!(root(), program("ip"));
    run("full-hd", 1_500, Backend::Xdp, frames() / 10);
}

#[test]
fn full_hd_by_ring() {
    require!(root(), program("ip"));
    run("full-hd", 1_500, Backend::Ring, frames() / 10);
}

#[test]
fn full_hd_by_sendmmsg() {
    require!(root(), program("ip"));
    run("full-hd", 1_500, Backend::Packet, frames() / 10);
}

#[test]
fn full_hd_by_pnet() {
    require!(root(), program("ip"));
    run("full-hd", 1_500, Backend::Portable, frames() / 10);
}
