//! Memory that a device sends from, on a cable so slow that it is still read when the next pictures are due.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::capability::{program, require, root};
use common::netns::Namespace;
use common::witness::Witness;
use common::{linear_plan, paint};
use ocp809_sender::slice::PortPlan;
use ocp809_sender::stream::{FrameOutcome, FrameReport, FrameStart, Pacing, PortFrame, PortLayout, PortSender};
use ocp809_sender::time::{Clock, NANOS_PER_SECOND, SystemClock};
use ocp809_sender::transport::{Backend, Reception, open};
use ocp809_sender::wall::{ColorlightSpec, ProtocolKind, WireFormat};
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch};

const PACKETS: usize = 100;

/// A LATCH is shorter than this, packets of pixels are longer.
const LATCH_BYTES: usize = 120;

struct Port {
    plan: PortPlan,
    sender: PortSender,
    frame: PortFrame,
    clock: Arc<dyn Clock>,
}

impl Port {
    fn begin(&mut self, id: u16) {
        let (start, period_ns) = (self.clock.now(), 5 * NANOS_PER_SECOND);
        let start = FrameStart { frame_id: FrameId(id), start, period_ns, deadline: start.after(period_ns) };
        assert!(self.sender.begin(&start, &Latch::neutral(EPOCH_WITHOUT_CARDS)), "the link is up");
    }

    /// What the frame thread does with a picture, and with one that is shown once more.
    fn show(&mut self, id: u16, picture: Option<u8>) -> FrameReport {
        self.begin(id);
        let is_settled = self.sender.is_settled();
        match picture {
            Some(seed) => {
                self.frame.renew(is_settled);
                paint(&self.plan, self.frame.memory_mut(), seed);
            }
            None if !self.frame.may_repeat(is_settled) => self.sender.leave_out(),
            None => {}
        }
        self.sender.send_ready(self.frame.memory_mut(), 0..PACKETS);
        self.sender.latch(&Latch::neutral(EPOCH_WITHOUT_CARDS), self.clock.now())
    }

    /// The packets of a picture as they must arrive.
    fn expected(&self, id: u16, seed: u8) -> Vec<Vec<u8>> {
        let mut frame = PortFrame::new(Arc::clone(self.frame.layout()));
        paint(&self.plan, frame.memory_mut(), seed);
        frame.seal(0..PACKETS, FrameId(id));
        frame.packets(0..PACKETS).packets().map(<[u8]>::to_vec).collect()
    }
}

#[test]
fn nothing_is_written_under_a_device_that_still_reads() {
    require!(root(), program("ip"), program("tc"));
    let namespace = Namespace::enter_new();
    let (near, far) = namespace.cable("near", "far");
    let limit = ["qdisc", "add", "dev", "near", "root", "tbf", "rate", "20mbit", "burst", "20000", "limit", "4000000"];
    assert!(namespace.command("tc").args(limit).status().unwrap().success(), "tc");
    let mut witness = Witness::of(&far, 1_514);
    let plan = linear_plan(49_400, 494, WireFormat::Rgb8);
    let layout = Arc::new(PortLayout::of_protocol(ProtocolKind::Ocp809, &plan, near.mac.unwrap(), None).unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let transport = open(&near, Reception::Ocp809Sender, Backend::Ring.alone()).unwrap().transport;
    let mut sender = PortSender::new(layout, &ColorlightSpec::default(), transport, Pacing::BURST, Arc::clone(&clock));
    let frame = sender.new_frame();
    let mut port = Port { plan, sender, frame, clock };

    assert_eq!(port.show(1, Some(1)).outcome, FrameOutcome::Sent, "in place");
    assert!(!port.sender.is_settled(), "the cable is slow");
    let again = port.show(2, None);
    assert_eq!((again.outcome, again.first_packet, again.latched), (FrameOutcome::Dropped, None, None), "not a packet of it");
    assert_eq!(port.show(3, Some(3)).outcome, FrameOutcome::Sent, "from the stand-in");
    assert_eq!(port.show(4, None).outcome, FrameOutcome::Sent, "once more from there");
    let settled = (0..3_000).any(|_| {
        std::thread::sleep(Duration::from_millis(1));
        port.sender.is_settled()
    });
    assert!(settled, "it leaves in the end");
    assert_eq!(port.show(5, Some(5)).outcome, FrameOutcome::Sent, "in place again");

    let (mut arrived, mut idle) = (Vec::new(), 0);
    while idle < 300 {
        let came = witness.take(|frame| {
            if frame.len() > LATCH_BYTES {
                arrived.push(frame.to_vec());
            }
        });
        idle = if came > 0 { 0 } else { idle + 1 };
        std::thread::sleep(Duration::from_millis(1));
    }
    let expected: Vec<_> = [(1, 1), (3, 3), (4, 3), (5, 5)].into_iter().flat_map(|(id, seed)| port.expected(id, seed)).collect();
    assert_eq!((arrived.len(), port.sender.counters().frames_dropped), (expected.len(), 1), "four frames, and one left out");
    assert!(arrived == expected, "as they were when they were sent");
}
