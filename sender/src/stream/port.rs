//! One Ethernet output at work: seals packets when their pixels are final, sends them at their time out of one interface
//! or both ends of a loop, latches, counts, listens.
//!
//! A frame is sent whole or not at all: whether a link is up is asked before its first packet. What an interface does
//! not take at once is tried again until the frame's time is over; then the frame is cut, and cards keep the one before.

use core::fmt;
use core::ops::Range;
use std::sync::Arc;

use super::batch::Batch;
use super::latch::LatchPackets;
use super::layout::PortLayout;
use super::pacing::{Pacing, PacketPacer};
use super::stats::{Histogram, PortCounters};
use crate::time::{Clock, Nanos};
use crate::transport::{LinkState, Transport, TransportError};
use crate::wall::{ColorlightSpec, ProtocolKind};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::{FrameId, LATCH_COPY_GAP_NS, Latch};

/// A full interface is tried again after this long: a sixth of what its buffer holds.
const RETRY_NS: u64 = 300_000;

/// Which end of the cascade an interface feeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedEnd {
    /// The first card.
    Head,
    /// The last card, of a loop.
    Tail,
}

/// When a frame is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStart {
    /// Its number.
    pub frame_id: FrameId,
    /// From when on its packets may leave.
    pub start: Nanos,
    /// Nanoseconds until the next frame starts; what is not sent by then never will be.
    pub period_ns: u64,
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

/// Sends the frames of one port.
pub struct PortSender {
    layout: Arc<PortLayout>,
    latches: LatchPackets,
    feeds: Vec<Feed>,
    pacer: PacketPacer,
    clock: Arc<dyn Clock>,
    frame: Frame,
    counters: PortCounters,
    send_time: Histogram,
    latch_error: Histogram,
    last_error: Option<TransportError>,
}

/// One interface of the port.
struct Feed {
    end: FeedEnd,
    transport: Box<dyn Transport>,
    source: MacAddress,
    link: LinkState,
    /// Whether it still takes part in this frame.
    active: bool,
}

/// The frame in flight.
struct Frame {
    id: FrameId,
    /// Why it is not sent at all, decided before its first packet.
    refused: Option<FrameOutcome>,
    give_up: Nanos,
    start: Nanos,
    /// Packets before this one were sent.
    next: usize,
    /// Which packets have final pixels.
    ready: Vec<bool>,
    first_packet: Option<Nanos>,
    last_packet: Option<Nanos>,
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
        let head = Feed { end: FeedEnd::Head, transport, source: layout.source(), link: LinkState::Unknown, active: false };
        Self {
            latches: LatchPackets::new(&layout, colorlight),
            feeds: vec![head],
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

    /// Feeds the far end of the cascade as well, from address `source`.
    #[must_use]
    pub fn with_tail(mut self, transport: Box<dyn Transport>, source: MacAddress) -> Self {
        self.feeds.push(Feed { end: FeedEnd::Tail, transport, source, link: LinkState::Unknown, active: false });
        self
    }

    /// Begins a frame; `false` when nothing of it will be sent, because no link is up or the picture is frozen on cards
    /// that know no freeze. `latch` is the state that it will be shown with.
    pub fn begin(&mut self, frame: &FrameStart, latch: &Latch) -> bool {
        self.pacer.begin(frame.start, frame.period_ns);
        self.frame.begin(frame);
        self.poll_links();
        if latch.flags.freeze && self.layout.protocol() == ProtocolKind::Colorlight {
            self.frame.refused = Some(FrameOutcome::Frozen);
        } else if self.is_cut() {
            self.frame.refused = Some(FrameOutcome::Dropped);
        }
        if self.frame.refused.is_some() {
            self.feeds.iter_mut().for_each(|feed| feed.active = false);
            return false;
        }
        let Self { latches, feeds, counters, last_error, clock, .. } = self;
        let mut wire = Wire { counters, last_error, clock: clock.as_ref(), give_up: self.frame.give_up };
        let opening = latches.opening(latch);
        for feed in feeds {
            wire.send(feed, opening);
        }
        true
    }

    /// Sends packets whose pixels in `memory` are final, at their times. Ranges may come in any order and each once;
    /// packets leave in the order of the plan.
    pub fn send_ready(&mut self, memory: &mut [u8], packets: Range<usize>) {
        self.frame.mark_ready(packets);
        while !self.is_cut() {
            let next = self.frame.next;
            let chunk = next..self.frame.ready_end(self.pacer.chunk_end(next));
            if chunk.is_empty() {
                break;
            }
            self.clock.sleep_until(self.pacer.due(next));
            self.send_chunk(memory, chunk);
        }
    }

    /// Ends the frame: shows it at `deadline`, or as soon after it as its packets are out.
    pub fn latch(&mut self, latch: &Latch, deadline: Nanos) -> FrameReport {
        if let Some(refused) = self.frame.refused {
            return self.report(refused, None);
        }
        let whole = self.frame.next >= self.layout.packets() && !self.is_cut();
        // A LATCH tells cards what they miss; a Colorlight sync would show a mixture.
        if !whole && self.layout.protocol() == ProtocolKind::Colorlight {
            return self.report(FrameOutcome::Cut, None);
        }
        let gap_ns = self.latches.gap_ns(self.frame.give_up.since(self.frame.start));
        let earliest = self.frame.last_packet.map_or(deadline, |last| last.after(gap_ns).max(deadline));
        self.clock.meet(earliest);
        let latched = self.clock.now();
        let packets = u16::try_from(self.layout.packets()).unwrap_or(u16::MAX);
        self.send_latches(&Latch { sent_at: truncated_ns(self.clock.tai().0), ..*latch }, packets);
        self.latch_error.add(latched.since(deadline));
        let sent = whole && !self.is_cut();
        self.report(if sent { FrameOutcome::Sent } else { FrameOutcome::Cut }, Some(latched))
    }

    /// Tells cards a new state, or only that the sender lives, while no frame is in flight. Colorlight ports stay silent.
    pub fn send_state(&mut self, frame_id: FrameId, latch: &Latch) {
        let now = self.clock.now();
        self.frame.begin(&FrameStart { frame_id, start: now, period_ns: RETRY_NS });
        self.poll_links();
        self.send_latches(&Latch { sent_at: truncated_ns(self.clock.tai().0), ..*latch }, 0);
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
        for feed in &mut self.feeds {
            match feed.transport.receive(buffer) {
                Ok(None) => {}
                Ok(Some(length)) => {
                    self.counters.received += 1;
                    return Some((feed.end, length));
                }
                Err(error) => {
                    self.counters.count_error(error.kind());
                    self.last_error = Some(error);
                }
            }
        }
        None
    }

    /// The carrier of one end; `None` when the port has no such end.
    pub fn link(&mut self, end: FeedEnd) -> Option<LinkState> {
        self.feeds.iter_mut().find(|feed| feed.end == end).map(|feed| feed.transport.link())
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

    /// Whether no interface takes part in the frame any more.
    fn is_cut(&self) -> bool {
        !self.feeds.iter().any(|feed| feed.active)
    }

    fn poll_links(&mut self) {
        for feed in &mut self.feeds {
            feed.link = feed.transport.link();
            feed.active = !feed.link.is_down();
        }
    }

    fn send_chunk(&mut self, memory: &mut [u8], chunk: Range<usize>) {
        self.layout.seal(memory, chunk.clone(), self.frame.id);
        let Self { layout, feeds, counters, last_error, clock, .. } = self;
        let mut wire = Wire { counters, last_error, clock: clock.as_ref(), give_up: self.frame.give_up };
        for feed in feeds {
            let foreign = feed.source != layout.source();
            if foreign {
                layout.set_source(memory, chunk.clone(), feed.source);
            }
            wire.send(feed, layout.batch(memory, chunk.clone()));
            if foreign {
                layout.set_source(memory, chunk.clone(), layout.source());
            }
        }
        if !self.is_cut() {
            let now = self.clock.now();
            self.frame.first_packet.get_or_insert(now);
            self.frame.last_packet = Some(now);
            self.frame.next = chunk.end;
        }
    }

    /// First all first copies, then all repeats.
    fn send_latches(&mut self, latch: &Latch, packets: u16) {
        let Self { latches, feeds, counters, last_error, clock, .. } = self;
        // A latch is worth a few more tries than the frame's own time allows.
        let give_up = self.frame.give_up.max(clock.now().after(RETRY_NS));
        let mut wire = Wire { counters, last_error, clock: clock.as_ref(), give_up };
        let repeats =
            if packets == 0 { latches.state(self.frame.id, latch) } else { latches.closing(self.frame.id, packets, latch) };
        let repeats = repeats.len();
        for copy in 0..repeats {
            for feed in feeds.iter_mut() {
                wire.send(feed, latches.from_source(feed.source).skip(copy).take(1));
            }
            if copy + 1 < repeats {
                clock.meet(clock.now().after(LATCH_COPY_GAP_NS));
            }
        }
    }

    fn report(&mut self, outcome: FrameOutcome, latched: Option<Nanos>) -> FrameReport {
        match outcome {
            FrameOutcome::Sent => self.counters.frames_sent += 1,
            FrameOutcome::Cut => self.counters.frames_cut += 1,
            FrameOutcome::Dropped => self.counters.frames_dropped += 1,
            FrameOutcome::Frozen => {}
        }
        self.feeds.iter_mut().for_each(|feed| feed.active = false);
        let Frame { id, first_packet, last_packet, .. } = self.frame;
        if let Some(last) = last_packet {
            self.send_time.add(last.since(self.frame.start));
        }
        FrameReport { frame_id: id, outcome, first_packet, last_packet, latched }
    }
}

/// What sending needs beside the interface.
struct Wire<'a> {
    counters: &'a mut PortCounters,
    last_error: &'a mut Option<TransportError>,
    clock: &'a dyn Clock,
    give_up: Nanos,
}

impl Wire<'_> {
    /// Sends all packets, or takes the interface out of this frame.
    fn send(&mut self, feed: &mut Feed, mut batch: Batch<'_>) {
        while feed.active && !batch.is_empty() {
            match feed.transport.send(batch) {
                Ok(taken) => {
                    self.counters.packets += taken as u64;
                    self.counters.bytes += batch.take(taken).bytes();
                    batch = batch.skip(taken);
                    if !batch.is_empty() {
                        feed.active = self.wait_for_room();
                    }
                }
                Err(error) => {
                    self.counters.count_error(error.kind());
                    *self.last_error = Some(error);
                    feed.active = false;
                }
            }
        }
    }

    /// Waits a little; whether there is time for another try.
    fn wait_for_room(&mut self) -> bool {
        let now = self.clock.now();
        self.counters.retries += 1;
        self.clock.sleep_until(now.after(RETRY_NS).min(self.give_up));
        now < self.give_up
    }
}

impl Frame {
    fn none(packets: usize) -> Self {
        Self {
            id: FrameId::default(),
            refused: None,
            give_up: Nanos::default(),
            start: Nanos::default(),
            next: 0,
            ready: vec![false; packets],
            first_packet: None,
            last_packet: None,
        }
    }

    fn begin(&mut self, frame: &FrameStart) {
        (self.id, self.start, self.give_up) = (frame.frame_id, frame.start, frame.start.after(frame.period_ns));
        (self.refused, self.next, self.first_packet, self.last_packet) = (None, 0, None, None);
        self.ready.fill(false);
    }

    fn mark_ready(&mut self, packets: Range<usize>) {
        if let Some(ready) = self.ready.get_mut(packets) {
            ready.fill(true);
        }
    }

    /// The first packet from [`Frame::next`] on that is not ready, at most `limit`.
    fn ready_end(&self, limit: usize) -> usize {
        let ready = self.ready.get(self.next..limit.min(self.ready.len())).unwrap_or_default();
        self.next + ready.iter().take_while(|&&ready| ready).count()
    }
}

/// The low half of a clock's nanoseconds, which a LATCH carries.
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 by definition")]
const fn truncated_ns(ns: u64) -> u32 {
    ns as u32
}

impl fmt::Debug for PortSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PortSender").field("port", &self.layout.port()).field("counters", &self.counters).finish_non_exhaustive()
    }
}
