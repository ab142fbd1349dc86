//! The frame thread: once per tick of the frame clock, from the newest picture to the latch.
//!
//! It owns pixel path and ports, waits for nobody, allocates nothing, and reports each frame as a [`FrameRecord`].

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};

use arc_swap::ArcSwap;
use ocp809_sender::ids::PortIndex;
use ocp809_sender::session::{Outgoing, Streaming};
use ocp809_sender::stream::{FeedEnd, FrameStart, PortSender};
use ocp809_sender::time::{Clock, FrameClock, Nanos, Tai};
use ocp809_sender::transport::{LinkState, Sending, realtime};
use ocp809_sender::wire::ocp809::{FrameId, Latch};
use ocp809_shaders::{FrameView, PathPlan, PixelPath};

use super::output::{Output, WallFrame};
use super::requests::Requests;
use super::wire::{ControlFrame, FRAME_BYTES};
use crate::capture::{Advance, Picture};

/// Received frames taken per port and wall frame.
const REPLIES_PER_FRAME: usize = 64;

/// `SCHED_FIFO` priority where it is allowed: above other programs, below the kernel's interrupt threads (50).
const PRIORITY: u8 = 40;

/// What the frame thread works by. Built by the control thread and swapped as a whole between two frames.
pub(super) struct Setup {
    /// Rate and numbering of frames.
    pub(super) clock: FrameClock,
    /// The pixel path's tables, once a picture's shape is known.
    pub(super) plan: Option<Arc<PathPlan>>,
    /// The state that each port's cards show the frame with.
    pub(super) latches: Vec<Latch>,
    /// Whether the picture stands still.
    pub(super) is_frozen: bool,
    /// Which ports may be fed, and how frames are timed.
    pub(super) streaming: Streaming,
}

/// Before the first source: nothing.
pub(super) struct NoPicture;

impl Picture for NoPicture {
    fn advance(&mut self) -> Advance {
        Advance::default()
    }

    fn view(&self) -> Option<FrameView<'_>> {
        None
    }

    fn arrived(&self) -> Option<Nanos> {
        None
    }
}

/// What became of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FrameRecord {
    /// Number of the frame on the frame clock.
    pub(super) number: u64,
    /// When it was due.
    pub(super) due: Tai,
    /// Whether its picture is new.
    pub(super) is_new: bool,
    /// Pictures that were overtaken by the one that is shown.
    pub(super) skipped: u32,
    /// Frames of the clock that were left out before this one, because the one before took too long.
    pub(super) missed: u32,
    /// How the ports fared.
    pub(super) wall: WallFrame,
    /// From the picture in memory to the first packet and to the last, in microseconds; of new pictures only.
    pub(super) latency_us: Option<(u32, u32)>,
    /// How long after its instant it was latched, in nanoseconds.
    pub(super) late_ns: u64,
    /// How many pictures were put in front of the frame thread up to this frame's.
    pub(super) picture: u64,
    /// Whether the picture's shape is not the plan's: the picture before was sent again.
    pub(super) is_unplanned: bool,
    /// Whether the pixel path failed.
    pub(super) is_failed: bool,
}

/// What a port's status says, copied out once per second.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PortRecord {
    /// The carrier at the head of the cascade, and at the far end of a loop.
    pub(super) links: [LinkState; 2],
    /// How frames leave at the head of the cascade.
    pub(super) sending: Option<Sending>,
    pub(super) packets: u64,
    pub(super) bytes: u64,
    pub(super) errors: u64,
}

/// What the frame thread tells the control thread. Frames from cards travel in a queue of their own.
pub(super) enum Report {
    /// A frame.
    Frame(FrameRecord),
    /// A port, about once per second and when its carrier comes or goes.
    Port(PortIndex, PortRecord),
    /// What computes the pixels from now on, and why it is not what was wanted.
    Path { name: String, trouble: Option<String> },
    /// A request that was sent, and when.
    Posted(Outgoing, Tai),
    /// The source that was replaced, to be dropped elsewhere.
    Retired(Box<dyn Picture>),
}

/// The frame thread's state.
pub(super) struct FrameLoop {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) setup: Arc<ArcSwap<Setup>>,
    pub(super) output: Output,
    pub(super) path: Box<dyn PixelPath>,
    pub(super) picture: Box<dyn Picture>,
    pub(super) new_pictures: Receiver<Box<dyn Picture>>,
    pub(super) reports: SyncSender<Report>,
    pub(super) replies: SyncSender<ControlFrame>,
    pub(super) requests: Requests,
    /// Frames with a picture after which the thread ends; `None` goes on.
    pub(super) limit: Option<u64>,
    pub(super) stop: Arc<AtomicBool>,
}

/// What changes from frame to frame.
struct Progress {
    /// The plan that the path was configured with.
    plan: Option<Arc<PathPlan>>,
    /// States with their instants filled in.
    latches: Vec<Latch>,
    next: u64,
    /// From a frame's number to its id, modulo 65536; see [`Progress::id_of`].
    id_offset: u16,
    clock: FrameClock,
    /// Pictures that were taken.
    pictures: u64,
    ports_told: Nanos,
    /// Each port's carriers as they were told last.
    links: Vec<[LinkState; 2]>,
    /// What was told of the pixel path last.
    is_troubled: bool,
    buffer: Box<[u8; FRAME_BYTES]>,
}

impl FrameLoop {
    /// Runs until it is told to stop, as one of the threads that compute the pixels.
    pub(super) fn run(self) {
        let host = self.path.host();
        // A worker that has to wait for the processor holds up the frame as much as the frame thread itself would.
        host.on_each_worker(be_punctual);
        host.run(move || self.run_here());
    }

    fn run_here(mut self) {
        let setup = self.setup.load_full();
        let mut progress = Progress {
            plan: None,
            latches: setup.latches.clone(),
            next: setup.clock.next_after(self.clock.tai()) + 1,
            id_offset: 0,
            clock: setup.clock,
            pictures: 0,
            ports_told: self.clock.now(),
            links: Vec::with_capacity(setup.latches.len()),
            is_troubled: false,
            buffer: Box::new([0; FRAME_BYTES]),
        };
        drop(setup);
        let mut shown = 0;
        while !self.stop.load(Ordering::Relaxed) && self.limit.is_none_or(|limit| shown < limit) {
            let record = self.frame(&mut progress);
            // A port that may never be fed does not keep the others' frames from counting.
            let is_withheld = record.wall.withheld > 0 && record.wall.sent == 0;
            shown += u64::from(!record.is_unplanned && !is_withheld);
            self.tell(Report::Frame(record));
            self.between_frames(&mut progress);
        }
        // The last word: what the ports sent in the end.
        self.tell_ports();
    }

    /// One tick: waits for the frame's start, shows, latches at its deadline.
    fn frame(&mut self, progress: &mut Progress) -> FrameRecord {
        let setup = self.setup.load();
        if progress.clock != setup.clock {
            progress.clock = setup.clock;
            progress.go_on_at(setup.clock.next_after(self.clock.tai()) + 1);
        }
        let missed = progress.skip_to(self.clock.tai());
        let number = progress.next;
        progress.next += 1;
        let due = progress.clock.present_at(number);
        let period_ns = progress.clock.rate().period_ns();
        let streaming = &setup.streaming;
        let lead_ns = streaming.lead_ns.unwrap_or(0).min(period_ns / 4);
        let instant = self.monotonic(due);
        let deadline = Nanos(instant.0.saturating_sub(lead_ns));
        // Cards need their guard time after the present instant before to have a buffer free (PROTOCOL.md, latch rule).
        let start = Nanos(instant.0.saturating_sub(period_ns).saturating_add(streaming.guard_ns.min(period_ns / 4)));
        self.clock.sleep_until(start);

        let present_at = if streaming.lead_ns.is_some() { due } else { Tai::default() };
        progress.latches.clone_from(&setup.latches);
        progress.latches.iter_mut().for_each(|latch| latch.present_at = present_at);
        // A picture that nobody could see yet is not passed over: sources that must not lose one count on it.
        let is_unseen = self.picture.view().is_some() && (setup.plan.is_none() || !streaming.open.contains(&true));
        let advance = if setup.is_frozen || is_unseen { Advance::default() } else { self.picture.advance() };
        let frame_id = progress.id_of(number);
        let frame_start = FrameStart { frame_id, start: self.clock.now(), period_ns, deadline };
        let is_fed = self.output.begin(&frame_start, &progress.latches, streaming);
        let (is_unplanned, is_failed) = if is_fed { self.show(progress, setup.plan.as_ref(), number) } else { (true, false) };
        let wall = self.output.latch(deadline, &progress.latches);
        FrameRecord {
            number,
            due,
            is_new: advance.is_new,
            skipped: advance.skipped,
            missed,
            wall,
            latency_us: self.latency(&wall).filter(|_| advance.is_new),
            late_ns: wall.latched.map_or(0, |latched| latched.since(deadline)),
            picture: progress.pictures,
            is_unplanned,
            is_failed,
        }
    }

    /// Fills and sends the packets; whether the picture did not fit the plan, and whether the path failed.
    fn show(&mut self, progress: &mut Progress, plan: Option<&Arc<PathPlan>>, number: u64) -> (bool, bool) {
        // Colour is the plan's: what the source declares may have been overridden.
        let planned = plan.and_then(|plan| Some((plan, self.picture.view()?.with_color_of(plan.source())?)));
        let Some((plan, view)) = planned else {
            self.output.show_again();
            return (true, false);
        };
        let is_current = progress.plan.as_ref().is_some_and(|current| Arc::ptr_eq(current, plan));
        if !is_current {
            if let Err(error) = self.path.configure(Arc::clone(plan)) {
                tracing::error!(%error, "the pixel path refused a plan");
                return (false, true);
            }
            progress.plan = Some(Arc::clone(plan));
        }
        let shown = self.output.show(self.path.as_mut(), &view, number);
        (false, shown.is_err())
    }

    fn latency(&self, wall: &WallFrame) -> Option<(u32, u32)> {
        let arrived = self.picture.arrived()?;
        let micros = |at: Nanos| u32::try_from(at.since(arrived) / 1_000).unwrap_or(u32::MAX);
        Some((micros(wall.first_packet?), micros(wall.last_packet?)))
    }

    /// Requests out, replies in, a new source: everything that has the time until the next frame starts.
    fn between_frames(&mut self, progress: &mut Progress) {
        self.post(progress.clock.rate().period_ns());
        let replies = &self.replies;
        self.output.receive(&mut progress.buffer, REPLIES_PER_FRAME, &mut |port, end, frame| {
            let port = PortIndex(u16::try_from(port).unwrap_or(u16::MAX));
            // A full queue means that the control thread lags: cards repeat what matters.
            let _lost = replies.try_send(ControlFrame::new(port, end, frame));
        });
        if let Ok(picture) = self.new_pictures.try_recv() {
            progress.pictures += 1;
            let old = std::mem::replace(&mut self.picture, picture);
            self.tell(Report::Retired(old));
        }
        if self.path.trouble().is_some() != progress.is_troubled {
            let (name, trouble) = (self.path.name().to_owned(), self.path.trouble().map(str::to_owned));
            // A full queue means that the control thread lags: it is told after a later frame.
            progress.is_troubled ^= self.reports.try_send(Report::Path { name, trouble }).is_ok();
        }
        let now = self.clock.now();
        let links = self.output.senders().iter().map(PortSender::links);
        if now.since(progress.ports_told) >= 1_000_000_000 || !links.clone().eq(progress.links.iter().copied()) {
            progress.ports_told = now;
            progress.links.clear();
            progress.links.extend(links);
            self.tell_ports();
        }
    }

    /// Sends requests of the control thread. Right after a latch, nothing that follows could be delayed by them.
    fn post(&mut self, period_ns: u64) {
        let Self { requests, output, setup, reports, clock, .. } = self;
        requests.begin(period_ns, &setup.load().streaming.open);
        requests.send(&mut |request| output.post(request), &mut |request| {
            let _lost = reports.try_send(Report::Posted(request, clock.tai()));
        });
    }

    fn tell_ports(&mut self) {
        let reports = &self.reports;
        for (index, sender) in self.output.senders_mut().iter_mut().enumerate() {
            let counters = sender.counters();
            let record = PortRecord {
                packets: counters.packets,
                bytes: counters.bytes,
                errors: counters.all_errors(),
                links: sender.links(),
                sending: sender.sending(FeedEnd::Head),
            };
            let port = PortIndex(u16::try_from(index).unwrap_or(u16::MAX));
            let _lost = reports.try_send(Report::Port(port, record));
        }
    }

    /// Never waits: a full queue means that the control thread lags, and the next record will do.
    fn tell(&self, report: Report) {
        let _lost = self.reports.try_send(report);
    }

    /// The instant of `due` on the monotonic clock.
    fn monotonic(&self, due: Tai) -> Nanos {
        let (now, tai) = (self.clock.now(), self.clock.tai());
        Nanos(now.0.saturating_add(due.0.saturating_sub(tai.0)).saturating_sub(tai.0.saturating_sub(due.0)))
    }
}

impl Progress {
    /// Leaves out frames whose deadline is nearer than half a period, so that one slow frame does not make all later ones
    /// late; how many.
    fn skip_to(&mut self, tai: Tai) -> u32 {
        let half = self.clock.rate().period_ns() / 2;
        let earliest = self.clock.next_after(Tai(tai.0.saturating_add(half)));
        let missed = earliest.saturating_sub(self.next);
        if missed > 0 {
            self.next = earliest;
        } else if self.next > earliest + 2 {
            // A clock that was set back must not stop the wall for as long.
            self.go_on_at(earliest);
        }
        u32::try_from(missed).unwrap_or(u32::MAX)
    }

    /// The id of a frame: the low half of the number that hosts share, so that a restart goes on counting where the wall is.
    /// After a change of rate, or a clock that was set back, it goes on where it was: cards take what jumps for old.
    const fn id_of(&self, number: u64) -> FrameId {
        FrameId(truncated(number).wrapping_add(self.id_offset))
    }

    /// The next frame is another one than was due, and has the id that was due.
    const fn go_on_at(&mut self, number: u64) {
        let FrameId(id) = self.id_of(self.next);
        self.id_offset = id.wrapping_sub(truncated(number));
        self.next = number;
    }
}

fn be_punctual() {
    if let Err(error) = realtime::make_punctual(PRIORITY).real_time {
        tracing::debug!(%error, "no real-time priority: frames may be late under load");
    }
}

#[expect(clippy::cast_possible_truncation, reason = "modulo 65536 by definition")]
const fn truncated(number: u64) -> u16 {
    number as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use ocp809_sender::time::Rational;

    #[test]
    fn ids_go_on_whatever_becomes_of_rate_and_clock() {
        let clock = |hz| FrameClock::new(Rational::new(hz, 1).unwrap());
        let mut progress = Progress {
            plan: None,
            latches: Vec::new(),
            next: 1_000_000,
            id_offset: 0,
            clock: clock(60),
            pictures: 0,
            ports_told: Nanos(0),
            links: Vec::new(),
            is_troubled: false,
            buffer: Box::new([0; FRAME_BYTES]),
        };
        let FrameId(first) = progress.id_of(progress.next);
        assert_eq!(first, truncated(1_000_000), "the number that hosts share");
        progress.go_on_at(416_666);
        assert_eq!(progress.id_of(progress.next), FrameId(first), "another rate");
        progress.next += 1;
        assert_eq!(progress.id_of(progress.next), FrameId(first.wrapping_add(1)), "and on");
        progress.clock = clock(25);
        progress.next = progress.clock.next_after(Tai(2_000_000_000_000)) + 1_000;
        let FrameId(due) = progress.id_of(progress.next);
        progress.skip_to(Tai(2_000_000_000_000));
        assert_eq!(progress.id_of(progress.next), FrameId(due), "a clock that was set back");
        let before = progress.next;
        let missed = progress.skip_to(Tai(2_001_000_000_000));
        assert_eq!(u64::from(missed), progress.next - before, "frames that were left out ..");
        assert_eq!(
            progress.id_of(progress.next),
            FrameId(due.wrapping_add(truncated(missed.into()))),
            ".. are missing in the ids"
        );
    }
}
