//! The wall's ports, driven together: one frame goes out of all of them, and all latch at the same instant.
//!
//! Owned by the frame thread. Packets leave while later bands of the picture are still computed.

use ocp809_sender::session::{Outgoing, Streaming};
use ocp809_sender::stream::{
    Batch, FeedEnd, FrameOutcome, FrameReport, FrameStart, PortFrame, PortSender, Span, latch_together, send_rest,
};
use ocp809_sender::time::Nanos;
use ocp809_sender::wall::limits::MAX_PORTS;
use ocp809_sender::wire::ocp809::Latch;
use ocp809_shaders::{FrameView, PathError, PixelPath};

use super::wire::FRAME_BYTES;

/// All ports of the wall: what is sent, who sends it, and whether the frame in flight goes out of it at all.
pub(super) struct Output {
    frames: Vec<PortFrame>,
    senders: Vec<PortSender>,
    open: Vec<bool>,
}

/// What became of a wall frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct WallFrame {
    /// Ports that showed it.
    pub(super) sent: u32,
    /// Ports whose cards must not be fed now.
    pub(super) withheld: u32,
    /// Ports that had no link.
    pub(super) dropped: u32,
    /// Ports on which packets are missing.
    pub(super) cut: u32,
    /// When the first packet of any port left.
    pub(super) first_packet: Option<Nanos>,
    /// When the last packet of any port left.
    pub(super) last_packet: Option<Nanos>,
    /// When the last port latched.
    pub(super) latched: Option<Nanos>,
}

impl Output {
    pub(super) fn new(ports: Vec<(PortSender, PortFrame)>) -> Self {
        let open = vec![false; ports.len()];
        let (senders, frames) = ports.into_iter().unzip();
        Self { frames, senders, open }
    }

    pub(super) fn senders(&self) -> &[PortSender] {
        &self.senders
    }

    pub(super) fn senders_mut(&mut self) -> &mut [PortSender] {
        &mut self.senders
    }

    /// Begins a frame on every port that may be fed; `latches` has the state of each port. Whether any port takes it.
    pub(super) fn begin(&mut self, start: &FrameStart, latches: &[Latch], streaming: &Streaming) -> bool {
        for (index, ((sender, open), latch)) in self.senders.iter_mut().zip(&mut self.open).zip(latches).enumerate() {
            if let Some(&transit_ns) = streaming.transit_ns.get(index).filter(|&&transit_ns| transit_ns > 0) {
                sender.set_transit_ns(transit_ns);
            }
            if streaming.open.get(index).is_some_and(|&may_feed| may_feed) {
                *open = sender.begin(start, latch);
            } else {
                sender.withhold(start);
                *open = false;
            }
        }
        self.open.contains(&true)
    }

    /// Computes a picture and sends each packet as soon as its pixels are final.
    ///
    /// # Errors
    /// [`PathError`]: the frame is cut, and cards keep the one before.
    pub(super) fn show(&mut self, path: &mut dyn PixelPath, picture: &FrameView<'_>, phase: u64) -> Result<(), PathError> {
        let Self { frames, senders, open } = self;
        let mut memories: [&mut [u8]; MAX_PORTS] = std::array::from_fn(|_| <&mut [u8]>::default());
        let count = frames.len();
        for ((slot, frame), sender) in memories.iter_mut().zip(frames).zip(&mut *senders) {
            frame.renew(sender.is_settled());
            *slot = frame.memory_mut();
        }
        path.process(picture, phase, memories.get_mut(..count).unwrap_or_default(), &mut |port, packets, memory| {
            if let (Some(sender), Some(true)) = (senders.get_mut(port.index()), open.get(port.index())) {
                sender.offer(memory, packets);
            }
        })
    }

    /// Sends what is in packet memory: the picture before, once more.
    pub(super) fn show_again(&mut self) {
        for ((sender, frame), _) in self.senders.iter_mut().zip(&mut self.frames).zip(&self.open).filter(|(_, open)| **open) {
            if !frame.may_repeat(sender.is_settled()) {
                // Cards keep the picture, which is this one.
                sender.leave_out();
                continue;
            }
            let packets = frame.layout().packets();
            sender.offer(frame.memory_mut(), 0..packets);
        }
    }

    /// Sends what is left of the frame, then shows it on every port at the same deadline.
    pub(super) fn latch(&mut self, deadline: Nanos, latches: &[Latch]) -> WallFrame {
        let mut wall = WallFrame::default();
        send_rest(&mut self.senders, &mut self.frames);
        latch_together(&mut self.senders, latches, deadline, &mut |_, report| wall.add(report));
        wall
    }

    /// Sends a frame of control; whether the interface took it or is out of order, in which case nobody else would.
    pub(super) fn post(&mut self, request: &Outgoing) -> bool {
        let Some(sender) = self.senders.get_mut(request.port.index()) else { return true };
        let spans = [Span::new(0, request.frame.len())];
        let taken = sender.send_control(request.end, Batch::new(&request.frame, &spans));
        taken.is_err() || taken.is_ok_and(|taken| taken > 0)
    }

    /// Takes received frames, at most `limit` per port, and gives them to `each`.
    pub(super) fn receive(&mut self, buffer: &mut [u8; FRAME_BYTES], limit: usize, each: &mut dyn FnMut(usize, FeedEnd, &[u8])) {
        for (index, sender) in self.senders.iter_mut().enumerate() {
            for _ in 0..limit {
                let Some((end, length)) = sender.receive(buffer) else { break };
                each(index, end, buffer.get(..length).unwrap_or_default());
            }
        }
    }
}

impl WallFrame {
    fn add(&mut self, report: FrameReport) {
        match report.outcome {
            FrameOutcome::Sent | FrameOutcome::Frozen => self.sent += 1,
            FrameOutcome::Withheld => self.withheld += 1,
            FrameOutcome::Dropped => self.dropped += 1,
            FrameOutcome::Cut => self.cut += 1,
        }
        self.first_packet = earlier(self.first_packet, report.first_packet);
        self.last_packet = self.last_packet.max(report.last_packet);
        self.latched = self.latched.max(report.latched);
    }
}

fn earlier(a: Option<Nanos>, b: Option<Nanos>) -> Option<Nanos> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}
