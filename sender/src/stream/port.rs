//! One Ethernet output at work: seals packets when their pixels are final, sends them at their time out of one interface
//! or both ends of a loop, latches, counts, listens.
//!
//! A frame is sent whole or not at all: whether a link is up is asked before its first packet. What an interface does
//! not take at once is tried again until the frame's time is over; then the frame is cut, and cards keep the one before.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
pub use super::feed::FeedEnd;
use super::feed::{Feed, Record};
use super::frame::PortFrame;
use super::in_flight::Frame;
use super::latch::LatchPackets;
use super::layout::PortLayout;
use super::pacing::{Pacing, PacketPacer};
use super::stats::{Histogram, PortCounters};
use crate::time::{Clock, Nanos, Tai};
use crate::transport::{LinkState, Sending, Transport, TransportError};
use crate::wall::{ColorlightSpec, ProtocolKind};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::Signing;
use crate::wire::ocp809::{FrameId, LATCH_COPY_GAP_NS, Latch};

/// A full interface is tried again after this long: a sixth of what its buffer holds.
const RETRY_NS: u64 = 300_000;

/// A latch that finds its interface full is tried again after this long ..
const LATCH_RETRY_NS: u64 = 50_000;

/// .. for this long: twice what waits in an interface's buffer.
const LATCH_PATIENCE_NS: u64 = 4_000_000;

/// When a frame is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStart {
    /// Its number.
    pub frame_id: FrameId,
    /// From when on its packets may leave.
    pub start: Nanos,
    /// Nanoseconds until the next frame starts; what is not sent by then never will be.
    pub period_ns: u64,
    /// When it is to be latched: all its packets are due before.
    pub deadline: Nanos,
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameOutcome {
    /// Every packet and the latch left by at least one interface.
    Sent,
    /// No link was up: not one packet was sent.
    Dropped,
    /// Packets are missing: cards keep the frame before.
    Cut,
    /// The picture is frozen and the cards know no freeze (Colorlight): not one packet was sent.
    Frozen,
    /// Cards must not be fed: they were not asked yet, or obey another sender. Not one packet was sent.
    Withheld,
}

/// A frame's record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameReport {
    /// The frame.
    pub frame_id: FrameId,
    /// What became of it.
    pub outcome: FrameOutcome,
    /// When an interface took its first packet.
    pub first_packet: Option<Nanos>,
    /// When an interface took its last packet of pixels.
    pub last_packet: Option<Nanos>,
    /// When its latch was handed over.
    pub latched: Option<Nanos>,
}

/// How far a port is with the packets that are ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// All were sent, or the frame is cut.
    Done,
    /// The interface is full or packets are not due: try again then.
    Waiting(Nanos),
}

/// Sends the frames of one port.
pub struct PortSender {
    layout: Arc<PortLayout>,
    latches: LatchPackets,
    feeds: Vec<Feed>,
    /// Longest time that a packet needs through a loop, in nanoseconds; 0 on an open cascade.
    transit_ns: u64,
    pacer: PacketPacer,
    clock: Arc<dyn Clock>,
    frame: Frame,
    counters: PortCounters,
    send_time: Histogram,
    latch_error: Histogram,
    last_error: Option<TransportError>,
}

impl PortSender {
    /// A port that sends out of `transport`. `colorlight` matters on Colorlight ports only.
    #[must_use]
    pub fn new(
        layout: Arc<PortLayout>,
        colorlight: &ColorlightSpec,
        transport: Box<dyn Transport>,
        pacing: Pacing,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            latches: LatchPackets::new(&layout, colorlight),
            feeds: vec![Feed::new(FeedEnd::Head, transport, layout.source())],
            transit_ns: 0,
            pacer: PacketPacer::new(pacing, layout.packets()),
            clock,
            frame: Frame::none(layout.packets()),
            counters: PortCounters::default(),
            send_time: Histogram::new(),
            latch_error: Histogram::new(),
            last_error: None,
            layout,
        }
    }

    /// Feeds the far end of the cascade as well, from address `source`: a loop. `transit_ns` is the longest time that a
    /// packet needs through all cards, their number times `residence_ns`.
    #[must_use]
    pub fn with_tail(mut self, transport: Box<dyn Transport>, source: MacAddress, transit_ns: u64) -> Self {
        self.feeds.push(Feed::new(FeedEnd::Tail, transport, source));
        self.latches = self.latches.with_tail(source);
        self.transit_ns = transit_ns;
        self
    }

    /// Sends every LATCH in its AUTH form: locked cards obey no other.
    #[must_use]
    pub fn signed(mut self, signing: Signing) -> Self {
        self.latches = self.latches.signed(signing, Arc::clone(&self.clock));
        self
    }

    /// Changes the longest time that a packet needs through a loop, once its cards have said how long they take.
    pub const fn set_transit_ns(&mut self, transit_ns: u64) {
        self.transit_ns = transit_ns;
    }

    /// A black frame for this port, in memory from which its interface sends without a copy where that can. For the frame
    /// that the port sends from now on.
    pub fn new_frame(&mut self) -> PortFrame {
        let layout = Arc::clone(&self.layout);
        let memory = match self.feeds.as_mut_slice() {
            [only] => only.transport.packet_memory(&layout.memory_shape()),
            // Two interfaces send one frame from two addresses.
            _ => None,
        };
        match memory {
            Some(memory) => PortFrame::in_memory(layout, memory),
            None => PortFrame::new(layout),
        }
    }

    /// Whether everything that was sent from its frame's own memory has left.
    pub fn is_settled(&mut self) -> bool {
        self.feeds.iter_mut().all(|feed| feed.transport.is_settled())
    }

    /// Leaves out the frame that has begun, of which nothing was offered yet.
    pub fn leave_out(&mut self) {
        self.frame.refused.get_or_insert(FrameOutcome::Dropped);
        self.feeds.iter_mut().for_each(|feed| feed.active = false);
    }

    /// How frames leave by one end, where that knows.
    #[must_use]
    pub fn sending(&self, end: FeedEnd) -> Option<Sending> {
        self.feeds.iter().find(|feed| feed.end == end)?.transport.sending()
    }

    /// Begins a frame; `false` when nothing of it will be sent, because no link is up or has room, or the picture is frozen on cards
    /// that know no freeze. `latch` is the state that it will be shown with. Cards take pixels from a master that they know
    /// only: after a start, a change of term, and when a link came up, a LATCH without pixels goes first.
    pub fn begin(&mut self, frame: &FrameStart, latch: &Latch) -> bool {
        let gap_ns = self.latches.gap_ns(frame.period_ns);
        self.pacer.begin(frame.start, frame.period_ns, Nanos(frame.deadline.0.saturating_sub(gap_ns)));
        self.frame.begin(frame);
        let packets = self.layout.frames_before(self.layout.packets()) + self.latches.copies();
        for feed in &mut self.feeds {
            feed.begin();
            feed.active &= !feed.transport.is_behind(packets);
        }
        if latch.flags.freeze && self.layout.protocol() == ProtocolKind::Colorlight {
            self.frame.refused = Some(FrameOutcome::Frozen);
        } else if self.is_cut() {
            self.frame.refused = Some(FrameOutcome::Dropped);
        }
        if self.frame.refused.is_some() {
            self.feeds.iter_mut().for_each(|feed| feed.active = false);
            return false;
        }
        if self.feeds.iter().any(|feed| feed.active && feed.announced != Some(latch.epoch)) {
            self.announce(frame.frame_id.previous(), &Latch { present_at: Tai::default(), ..*latch });
        }
        let Self { latches, feeds, counters, last_error, .. } = self;
        let mut record = Record { counters, last_error };
        // An interface that has no room even at a frame's start brings the brightness with the next frame.
        let opening = latches.opening(latch);
        for feed in feeds {
            feed.offer(opening, &mut record);
        }
        true
    }

    /// Begins a frame of which nothing is sent, because cards must not be fed now.
    pub fn withhold(&mut self, frame: &FrameStart) {
        self.frame.begin(frame);
        self.frame.refused = Some(FrameOutcome::Withheld);
        for feed in &mut self.feeds {
            feed.begin();
            // Whoever is fed meanwhile may have another master.
            (feed.active, feed.announced) = (false, None);
        }
    }

    /// Takes packets whose pixels in `memory` are final, and sends what is due and fits. Ranges may come in any order;
    /// packets leave in the order of the plan. What remains is sent by [`PortSender::pump`].
    pub fn offer(&mut self, memory: &mut [u8], packets: Range<usize>) -> Progress {
        if self.is_cut() {
            return Progress::Done;
        }
        self.frame.mark_ready(packets);
        let sealed = self.frame.sealed;
        let ready = self.frame.ready_end();
        self.layout.seal(memory, sealed..ready, self.frame.id);
        self.frame.sealed = ready;
        self.pump(memory)
    }

    /// Sends what is ready, due and fits. Never waits.
    pub fn pump(&mut self, memory: &mut [u8]) -> Progress {
        let now = self.clock.now();
        let released = self.pacer.released(now).min(self.frame.sealed);
        let limit = self.layout.frames_before(released);
        let before = self.packets_taken();
        let Self { layout, feeds, counters, last_error, .. } = self;
        let mut record = Record { counters, last_error };
        let mut full = false;
        for feed in feeds {
            let took_all = feed.send_frames(layout, memory, limit, &mut record);
            full |= !took_all;
            feed.active &= took_all || now < self.frame.give_up;
        }
        if self.packets_taken() > before {
            let now = self.clock.now();
            self.frame.first_packet.get_or_insert(now);
            self.frame.last_packet = Some(now);
        }
        self.counters.retries += u64::from(full);
        if self.is_cut() {
            Progress::Done
        } else if full {
            Progress::Waiting(now.after(RETRY_NS).min(self.frame.give_up))
        } else if released < self.frame.sealed {
            Progress::Waiting(self.pacer.due(released))
        } else {
            Progress::Done
        }
    }

    /// As [`PortSender::offer`], and waits until these packets were sent: for a port with a thread of its own.
    pub fn send_ready(&mut self, memory: &mut [u8], packets: Range<usize>) {
        let mut progress = self.offer(memory, packets);
        while let Progress::Waiting(until) = progress {
            self.clock.sleep_until(until);
            progress = self.pump(memory);
        }
    }

    /// Ends the frame: shows it at `deadline`, or as soon after it as its packets are out. Several ports that show one
    /// picture are latched by [`super::latch_together`].
    pub fn latch(&mut self, latch: &Latch, deadline: Nanos) -> FrameReport {
        self.clock.meet(self.latch_due(deadline));
        for turn in 0..self.latch_copies() {
            self.await_turn(turn);
            self.send_latch(latch, turn);
        }
        self.finish(deadline)
    }

    /// Tells cards a new state, or only that the sender lives, while no frame is in flight. Colorlight ports stay silent.
    pub fn send_state(&mut self, frame_id: FrameId, latch: &Latch) {
        let start = self.clock.now();
        let start = FrameStart { frame_id, start, period_ns: RETRY_NS, deadline: start };
        self.frame.begin(&start);
        self.feeds.iter_mut().for_each(Feed::begin);
        self.announce(frame_id, latch);
        self.feeds.iter_mut().for_each(|feed| feed.active = false);
    }

    /// Sends packets beside the stream (discovery, control) out of one end; returns how many were taken.
    ///
    /// # Errors
    /// The interface's error, which is counted as well.
    pub fn send_control(&mut self, end: FeedEnd, batch: Batch<'_>) -> Result<usize, TransportError> {
        let Some(feed) = self.feeds.iter_mut().find(|feed| feed.end == end) else { return Ok(0) };
        let sent = feed.transport.send(batch).inspect_err(|error| self.counters.count_error(error.kind()))?;
        self.counters.packets += sent as u64;
        self.counters.bytes += batch.take(sent).bytes();
        Ok(sent)
    }

    /// Takes one received frame into `buffer`: the end that it came in by, and its length.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Option<(FeedEnd, usize)> {
        let Self { feeds, counters, last_error, .. } = self;
        for feed in feeds {
            match feed.transport.receive(buffer) {
                Ok(None) => {}
                Ok(Some(length)) => {
                    counters.received += 1;
                    return Some((feed.end, length));
                }
                Err(error) => Record { counters, last_error }.error(error),
            }
        }
        None
    }

    /// The carrier of one end; `None` when the port has no such end.
    pub fn link(&mut self, end: FeedEnd) -> Option<LinkState> {
        self.feeds.iter_mut().find(|feed| feed.end == end).map(|feed| feed.transport.link())
    }

    /// The carrier of both ends as of the last frame's begin; [`LinkState::Down`] for an end that the port does not have.
    #[must_use]
    pub fn links(&self) -> [LinkState; 2] {
        let link = |end| self.feeds.iter().find(|feed| feed.end == end).map_or(LinkState::Down, |feed| feed.link);
        [link(FeedEnd::Head), link(FeedEnd::Tail)]
    }

    /// Counters since the port was opened.
    #[must_use]
    pub const fn counters(&self) -> &PortCounters {
        &self.counters
    }

    /// The newest error, which may be long past.
    #[must_use]
    pub const fn last_error(&self) -> Option<&TransportError> {
        self.last_error.as_ref()
    }

    /// From a frame's start to its last packet of pixels, in nanoseconds.
    #[must_use]
    pub const fn send_time(&self) -> &Histogram {
        &self.send_time
    }

    /// How late latches left, in nanoseconds.
    #[must_use]
    pub const fn latch_error(&self) -> &Histogram {
        &self.latch_error
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// When the latch may leave at the earliest: Colorlight cards need a pause after the last pixels.
    pub(super) fn latch_due(&self, deadline: Nanos) -> Nanos {
        let gap_ns = self.latches.gap_ns(self.frame.give_up.since(self.frame.start));
        self.frame.last_packet.map_or(deadline, |last| last.after(gap_ns).max(deadline))
    }

    /// How often the latch is sent. A LATCH tells cards what they miss; a Colorlight sync would show a mixture.
    pub(super) fn latch_copies(&self) -> usize {
        let silent = self.frame.refused.is_some() || (self.layout.protocol() == ProtocolKind::Colorlight && !self.is_whole());
        if silent { 0 } else { self.latches.copies() }
    }

    /// When the latch's next turn may begin. In a loop the copies of the turn before must have passed all cards.
    pub(super) fn turn_due(&self) -> Nanos {
        self.frame.copied.after(self.transit_ns.max(LATCH_COPY_GAP_NS))
    }

    /// Sends a turn of the latch: one copy out of every interface whose link is up.
    pub(super) fn send_latch(&mut self, latch: &Latch, turn: usize) {
        if turn == 0 {
            self.frame.whole = self.is_whole();
            self.feeds.iter_mut().for_each(|feed| feed.active = !feed.link.is_down());
            let packets = u16::try_from(self.layout.packets()).unwrap_or(u16::MAX);
            let stamped = self.stamped(latch);
            self.frame.latched = Some(self.clock.now());
            // Built here for each interface's own address, sent below.
            let _built = self.latches.closing(self.frame.id, packets, &stamped);
        }
        self.send_turn(turn);
    }

    /// Closes the frame's books.
    pub(super) fn finish(&mut self, deadline: Nanos) -> FrameReport {
        let Frame { id, start, refused, whole, first_packet, last_packet, latched, .. } = self.frame;
        let sent = whole && latched.is_some() && !self.is_cut();
        let outcome = refused.unwrap_or(if sent { FrameOutcome::Sent } else { FrameOutcome::Cut });
        match outcome {
            FrameOutcome::Sent => self.counters.frames_sent += 1,
            FrameOutcome::Cut => self.counters.frames_cut += 1,
            FrameOutcome::Dropped => self.counters.frames_dropped += 1,
            FrameOutcome::Frozen | FrameOutcome::Withheld => {}
        }
        if let Some(last) = last_packet {
            self.send_time.add(last.since(start));
        }
        if let Some(latched) = latched {
            self.latch_error.add(latched.since(deadline));
        }
        self.feeds.iter_mut().for_each(|feed| feed.active = false);
        FrameReport { frame_id: id, outcome, first_packet, last_packet, latched }
    }

    /// Tells cards a state and who sends it: a LATCH of no packets, in all its turns.
    fn announce(&mut self, frame_id: FrameId, latch: &Latch) {
        let turns = self.latches.state(frame_id, &self.stamped(latch)).len();
        for turn in 0..turns {
            self.await_turn(turn);
            self.send_turn(turn);
        }
        for feed in self.feeds.iter_mut().filter(|feed| feed.active) {
            feed.announced = Some(latch.epoch);
        }
    }

    fn await_turn(&self, turn: usize) {
        if turn > 0 {
            self.clock.meet(self.turn_due());
        }
    }

    /// Sends a turn of the latch that was built last. It is one packet: a full interface has room for it soon.
    fn send_turn(&mut self, turn: usize) {
        let Self { latches, feeds, counters, last_error, clock, .. } = self;
        let mut record = Record { counters, last_error };
        let copies = latches.copies();
        for feed in feeds {
            let (copy, give_up) = (feed.end.copy_in_turn(turn, copies), clock.now().after(LATCH_PATIENCE_NS));
            while feed.offer(latches.from_end(feed.end).skip(copy).take(1), &mut record) == 0 && feed.active {
                feed.active = clock.now() < give_up;
                record.counters.retries += 1;
                clock.sleep_until(clock.now().after(LATCH_RETRY_NS));
            }
        }
        self.frame.copied = self.clock.now();
    }

    /// The latch with this instant as its time of transmission.
    fn stamped(&self, latch: &Latch) -> Latch {
        #[expect(clippy::cast_possible_truncation, reason = "a LATCH carries the time modulo 2^32")]
        let sent_at = self.clock.tai().0 as u32;
        Latch { sent_at, ..*latch }
    }

    /// Whether an interface took every packet of the frame.
    fn is_whole(&self) -> bool {
        let all = self.layout.frames_before(self.layout.packets());
        self.frame.refused.is_none() && self.feeds.iter().any(|feed| feed.active && feed.sent == all)
    }

    /// Whether no interface takes part in the frame any more.
    fn is_cut(&self) -> bool {
        !self.feeds.iter().any(|feed| feed.active)
    }

    fn packets_taken(&self) -> usize {
        self.feeds.iter().map(|feed| feed.sent).sum()
    }
}

impl fmt::Debug for PortSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortSender").field("port", &self.layout.port()).field("counters", &self.counters).finish_non_exhaustive()
    }
}
