//! Virtual cards behind real links: carries Ethernet frames between transports and a [`VirtualWall`].
//!
//! One thread calls [`CardServer::turn`] again and again; time is passed in, so that tests run it on a manual clock. A thread
//! that is late finds several frames waiting. Links that know when a frame arrived tell so; from others, no cable would bring
//! them at one instant: behind a LATCH the link rests until the cards have flipped.

use core::fmt;
use core::time::Duration;

use super::VirtualWall;
use crate::ids::PortIndex;
use crate::stream::{Batch, FeedEnd, Span};
use crate::time::{Nanos, Tai};
use crate::transport::{Transport, TransportError};
use crate::wire::ethernet::{EtherType, EthernetFrame};
use crate::wire::ocp809::{FrameId, StreamKind, StreamPacket};

/// Largest Ethernet frame that a card takes: MTU 9000, header and one VLAN tag.
const FRAME_BYTES: usize = 9_018;

/// Frames taken from one link before the others get their turn.
const FRAMES_PER_TURN: usize = 256;

/// What waits for a flip is looked at again after this long.
const FLIP_WAIT: Duration = Duration::from_micros(50);

/// The first LATCH of both ends of a loop leave together. A thread that takes the one end's second copy before it found the
/// other end's first one would let them meet half-way (PROTOCOL.md 4), so second copies wait this long.
const LOOP_REST_NS: u64 = 1_000_000;

/// One cable between a sender and an end of a cascade.
pub struct CardLink {
    /// The cascade's port.
    pub port: PortIndex,
    /// The end of the cascade that hangs on it.
    pub end: FeedEnd,
    /// The cable's end on the cards' side.
    pub transport: Box<dyn Transport>,
}

/// What one turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Turn {
    /// Frames that reached cards.
    pub delivered: u64,
    /// Frames that cards sent to senders.
    pub replied: u64,
    /// Frames that a link did not carry.
    pub failed: u64,
}

/// Virtual cards and the links that they hang on.
pub struct CardServer {
    wall: VirtualWall,
    links: Vec<ServedLink>,
    replies: Replies,
    /// Everything up to here has happened.
    advanced: Nanos,
}

/// A link with the cable of the cascade that it stands for.
struct ServedLink {
    link: CardLink,
    /// The card that the cable leads from; `None` is the sender's head interface.
    after_place: Option<u16>,
    is_up: bool,
    frame: Box<[u8; FRAME_BYTES]>,
    /// Length of what lies in `frame` and waits for a flip.
    waiting: Option<usize>,
    /// Whether nothing was left on the link when it was looked at last.
    is_drained: bool,
    /// The newest LATCH that went on to the cards.
    latched: Option<Latched>,
    /// How long the second copy of a LATCH rests, so that the first one of a loop's other end is not missed.
    copy_rest_ns: u64,
}

/// A LATCH on its way through the cards.
#[derive(Clone, Copy)]
struct Latched {
    frame_id: FrameId,
    /// When its second copy may follow.
    heard: Nanos,
    /// When all cards have flipped.
    flipped: Nanos,
}

/// Frames on their way to a sender.
#[derive(Default)]
struct Replies {
    memory: Vec<u8>,
    spans: Vec<Span>,
}

impl CardServer {
    /// Cards behind these links.
    #[must_use]
    pub fn new(wall: VirtualWall, links: Vec<CardLink>) -> Self {
        let is_loop = |port| links.iter().filter(|link: &&CardLink| link.port == port).count() > 1;
        let loops: Vec<bool> = links.iter().map(|link| is_loop(link.port)).collect();
        let serve = |(link, is_loop): (CardLink, bool)| {
            let cards = wall.statuses().filter(|card| card.port == link.port).count();
            let last = u16::try_from(cards.saturating_sub(1)).unwrap_or(u16::MAX);
            let after_place = if link.end == FeedEnd::Tail { Some(last) } else { None };
            let frame = Box::new([0; FRAME_BYTES]);
            let copy_rest_ns = if is_loop { LOOP_REST_NS } else { 0 };
            ServedLink { link, after_place, is_up: true, frame, waiting: None, is_drained: true, latched: None, copy_rest_ns }
        };
        let links = links.into_iter().zip(loops).map(serve).collect();
        Self { wall, links, replies: Replies::default(), advanced: Nanos(0) }
    }

    /// The cards.
    #[must_use]
    pub const fn wall(&self) -> &VirtualWall {
        &self.wall
    }

    /// The cards, to look at their light or to do something to them.
    pub const fn wall_mut(&mut self) -> &mut VirtualWall {
        &mut self.wall
    }

    /// Carries what waits in both directions and lets everything happen that is due at `now`.
    pub fn turn(&mut self, now: Nanos, tai: Tai) -> Turn {
        let mut turn = Turn::default();
        for index in 0..self.links.len() {
            self.plug(index);
            self.take_frames(index, now, tai, &mut turn);
        }
        self.wall.advance(now, tai);
        self.advanced = now;
        (0..self.links.len()).for_each(|index| self.unplug(index));
        let Self { wall, links, replies, .. } = self;
        for ServedLink { link, .. } in links {
            wall.drain(link.port, link.end, &mut |frame| replies.push(frame));
            turn.add_sent(replies, link.transport.as_mut());
        }
        turn
    }

    /// Waits until a frame arrives on some link, at most `timeout`. With several links they share the time.
    ///
    /// # Errors
    /// The error of a link.
    pub fn wait(&mut self, timeout: Duration) -> Result<bool, TransportError> {
        if self.links.iter().any(|link| link.waiting.is_some()) {
            std::thread::sleep(FLIP_WAIT.min(timeout));
            return Ok(true);
        }
        let share = timeout / u32::try_from(self.links.len().max(1)).unwrap_or(u32::MAX);
        for ServedLink { link, .. } in &mut self.links {
            if link.transport.wait(share)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A cable with carrier is plugged at the card.
    fn plug(&mut self, index: usize) {
        let Some(ServedLink { link, after_place, is_up, .. }) = self.links.get_mut(index) else { return };
        if !*is_up && !link.transport.link().is_down() {
            *is_up = true;
            self.wall.plug(link.port, *after_place);
        }
    }

    /// One without carrier is unplugged, once what arrived before has reached the cards.
    fn unplug(&mut self, index: usize) {
        let Some(ServedLink { link, after_place, is_up, is_drained, .. }) = self.links.get_mut(index) else { return };
        if *is_up && *is_drained && link.transport.link().is_down() {
            *is_up = false;
            self.wall.unplug(link.port, *after_place);
        }
    }

    fn take_frames(&mut self, index: usize, now: Nanos, tai: Tai, turn: &mut Turn) {
        let Self { wall, links, advanced, .. } = self;
        let Some(ServedLink { link, frame, waiting, is_drained, latched, copy_rest_ns, .. }) = links.get_mut(index) else {
            return;
        };
        *is_drained = false;
        for _ in 0..FRAMES_PER_TURN {
            let rested = waiting.take();
            let length = match rested.map_or_else(|| link.transport.receive(frame.as_mut_slice()), |length| Ok(Some(length))) {
                Ok(Some(length)) => length,
                Ok(None) => {
                    *is_drained = true;
                    return;
                }
                // A link that fails is no reason for the cards to stop: it is tried again in the next turn.
                Err(_) => {
                    (turn.failed, *is_drained) = (turn.failed + 1, true);
                    return;
                }
            };
            let bytes = frame.get(..length).unwrap_or_default();
            let latch = latch_of_frame(bytes);
            let due = latched.map(|newest| if latch == Some(newest.frame_id) { newest.heard } else { newest.flipped });
            if due.is_some_and(|due| now < due) {
                *waiting = Some(length);
                return;
            }
            // One that has rested comes when it was let go.
            let age_ns = if rested.is_some() { 0 } else { link.transport.age_ns() };
            let arrived = Nanos(now.0.saturating_sub(age_ns)).max(*advanced).max(due.unwrap_or_default()).min(now);
            if let Some(frame_id) = latch.filter(|&frame_id| latched.is_none_or(|newest| newest.frame_id != frame_id)) {
                let heard = arrived.after(*copy_rest_ns);
                *latched = Some(Latched { frame_id, heard, flipped: heard.max(arrived.after(wall.flip_ns(link.port))) });
            }
            wall.deliver(link.port, link.end, arrived, Tai(tai.0.saturating_sub(now.since(arrived))), bytes);
            turn.delivered += 1;
        }
    }
}

/// The frame that these bytes latch, if they are a LATCH at all.
fn latch_of_frame(bytes: &[u8]) -> Option<FrameId> {
    let frame = EthernetFrame::new_checked(bytes).ok().filter(|frame| frame.ethertype() == EtherType::OCP809_STREAM)?;
    let header = *StreamPacket::new_checked(frame.payload()).ok()?.header();
    (matches!(header.kind, StreamKind::Latch { .. }) && header.count > 0).then_some(header.frame_id)
}

impl Turn {
    fn add_sent(&mut self, replies: &mut Replies, transport: &mut dyn Transport) {
        let count = replies.spans.len();
        let sent = transport.send(Batch::new(&replies.memory, &replies.spans)).unwrap_or(0);
        self.replied += sent as u64;
        self.failed += (count - sent) as u64;
        replies.memory.clear();
        replies.spans.clear();
    }
}

impl Replies {
    fn push(&mut self, frame: &[u8]) {
        self.spans.push(Span::new(self.memory.len(), frame.len()));
        self.memory.extend_from_slice(frame);
    }
}

impl fmt::Debug for CardServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardServer").field("links", &self.links.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for CardLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CardLink")
            .field("port", &self.port)
            .field("end", &self.end)
            .field("link", &self.transport.name())
            .finish()
    }
}
