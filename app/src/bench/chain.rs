//! One frame from the picture in memory to its latch: pixel path, sealing, sending, as the engine does it.

use std::sync::Arc;

use ocp809_sender::stream::{
    FeedEnd, FrameOutcome, FrameStart, Pacing, PortFrame, PortLayout, PortSender, latch_together, send_rest,
};
use ocp809_sender::time::{Clock, Nanos};
use ocp809_sender::transport::Transport;
use ocp809_sender::wire::ocp809::{EPOCH_WITHOUT_CARDS, FrameId, Latch, software_address};
use ocp809_shaders::{CpuPath, FrameView, Host, PixelPath};

use super::BenchError;
use super::walls::Subject;

/// All that a frame passes through.
pub(super) struct Chain {
    path: CpuPath,
    frames: Vec<PortFrame>,
    senders: Vec<PortSender>,
    latches: Vec<Latch>,
    number: u16,
}

/// What became of a frame, over all ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) frame_id: FrameId,
    /// Whether every port sent all of it.
    pub(super) is_whole: bool,
    /// When the first packet was taken, and the last one.
    pub(super) first_packet: Option<Nanos>,
    pub(super) last_packet: Option<Nanos>,
    /// When the last latch was handed over.
    pub(super) latched: Option<Nanos>,
}

impl Chain {
    /// A chain on `threads` threads into these transports, one for each port.
    pub(super) fn new(
        subject: &Subject,
        threads: usize,
        transports: Vec<Box<dyn Transport>>,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, BenchError> {
        let mut path = CpuPath::new(threads).map_err(BenchError::Path)?;
        path.configure(Arc::clone(&subject.plan)).map_err(BenchError::Path)?;
        let latches = vec![Latch::neutral(EPOCH_WITHOUT_CARDS); subject.slice.ports.len()];
        let mut chain = Self { path, frames: Vec::new(), senders: Vec::new(), latches, number: 0 };
        let ports = subject.slice.ports.iter().zip(subject.wall.ports()).zip(transports).zip(0..);
        for (((plan, port), transport), number) in ports {
            let layout = PortLayout::new(&subject.wall, plan, software_address(number), None).map_err(BenchError::unmade)?;
            let layout = Arc::new(layout);
            let mut sender = PortSender::new(layout, &port.colorlight, transport, Pacing::BURST, Arc::clone(clock));
            chain.frames.push(sender.new_frame());
            chain.senders.push(sender);
        }
        Ok(chain)
    }

    /// How packets leave.
    pub(super) fn sent_by(&self) -> String {
        let sending = self.senders.first().and_then(|sender| sender.sending(FeedEnd::Head));
        sending.map_or_else(|| "memory".to_owned(), |sending| sending.to_string())
    }

    /// Where a loop of frames belongs.
    pub(super) fn host(&self) -> Host {
        self.path.host()
    }

    /// Shows a picture that is complete at `start`, as soon as may be; what is not out after `period_ns` never will be.
    pub(super) fn show(&mut self, picture: &FrameView<'_>, start: Nanos, period_ns: u64) -> Result<Shown, BenchError> {
        let Self { path, frames, senders, latches, number } = self;
        *number = number.wrapping_add(1);
        let frame_id = FrameId(*number);
        let begin = FrameStart { frame_id, start, period_ns, deadline: start.after(period_ns) };
        for ((sender, frame), latch) in senders.iter_mut().zip(frames.iter_mut()).zip(latches.iter()) {
            frame.renew(sender.is_settled());
            sender.begin(&begin, latch);
        }
        let mut memories: Vec<&mut [u8]> = frames.iter_mut().map(PortFrame::memory_mut).collect();
        let phase = u64::from(*number);
        let computed = path.process(picture, phase, &mut memories, &mut |port, packets, memory| {
            if let Some(sender) = senders.get_mut(port.index()) {
                sender.offer(memory, packets);
            }
        });
        computed.map_err(BenchError::Path)?;
        send_rest(senders, frames);
        let mut shown = Shown { frame_id, is_whole: true, first_packet: None, last_packet: None, latched: None };
        latch_together(senders, latches, start, &mut |_, report| {
            shown.is_whole &= report.outcome == FrameOutcome::Sent;
            shown.first_packet = [shown.first_packet, report.first_packet].into_iter().flatten().min();
            shown.last_packet = shown.last_packet.max(report.last_packet);
            shown.latched = shown.latched.max(report.latched);
        });
        Ok(shown)
    }
}
