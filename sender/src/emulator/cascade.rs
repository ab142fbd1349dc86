//! Cards on one port with cables between them, fed from one end or from both; cables can be pulled and plugged.
//!
//! Time is simulated: a frame reaches the next card one residence later. Cards are served in windows of that length,
//! within which nothing that one card does can reach another, so the result is that of an event queue, without its cost.
//! While nothing but the stream is on its way, and only downwards, one window is as long as one likes.

use std::collections::VecDeque;

use super::Moment;
use super::card::{Forward, Side};
use super::packets::{Content, PacketIndex, Packets};
use crate::stream::FeedEnd;
use crate::time::Nanos;

/// Frames that wait for a sender at an end of a cascade.
const RETURNED_MAX: usize = 4_096;

/// Something with two ports that stands in a cascade.
pub(crate) trait Node {
    /// From a frame's front at one port to its front at the next card, in nanoseconds; at least 1.
    fn residence_ns(&self) -> u64;

    /// Lets everything happen that is due by then.
    fn advance(&mut self, moment: Moment, outbox: &mut Outbox);

    /// Takes a frame; what happens to it at the other port.
    fn receive(&mut self, side: Side, moment: Moment, frame: Inbound<'_>, outbox: &mut Outbox) -> Forward;

    /// A cable was plugged into a port, or pulled out; what there is to say of it is said when time advances.
    fn link_changed(&mut self, side: Side, up: bool);
}

/// A frame that comes in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inbound<'a> {
    /// The whole Ethernet frame without its FCS.
    pub(crate) bytes: &'a [u8],
    /// What it is.
    pub(crate) content: Content,
    /// Whether its FCS is right.
    pub(crate) fcs_ok: bool,
}

/// Frames that a card makes itself or changes on the way.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    frames: Vec<(Side, Vec<u8>)>,
}

impl Outbox {
    /// Sends a frame out of a port; a short one is padded.
    pub(crate) fn send(&mut self, side: Side, mut frame: Vec<u8>) {
        frame.resize(frame.len().max(crate::wire::ethernet::MIN_FRAME_LEN), 0);
        self.frames.push((side, frame));
    }

    /// What was sent, for tests of a single card.
    #[cfg(test)]
    pub(crate) fn take(&mut self) -> Vec<(Side, Vec<u8>)> {
        core::mem::take(&mut self.frames)
    }
}

/// A frame on a cable or at its end.
#[derive(Debug, Clone, Copy)]
struct Arrival {
    at: Nanos,
    packet: PacketIndex,
    fcs_ok: bool,
    is_stream: bool,
}

impl Arrival {
    /// Whether a frame can make a card send something upwards, or comes from there.
    const fn is_unruly(&self, side: Side) -> bool {
        matches!(side, Side::B) || !self.is_stream
    }
}

/// A card and what waits at its ports.
#[derive(Debug)]
struct Station<N> {
    node: N,
    inboxes: [VecDeque<Arrival>; 2],
}

/// A cascade or loop.
#[derive(Debug)]
pub(crate) struct Cascade<N> {
    stations: Vec<Station<N>>,
    /// Cable i leads to the A port of card i; the last one from the last card to the sender.
    cables: Vec<bool>,
    packets: Packets,
    /// What came back to the sender, at the head and at the tail.
    returned: [VecDeque<Arrival>; 2],
    stream_returned: u64,
    outbox: Outbox,
    moment: Moment,
    window_ns: u64,
    /// Frames on their way that are not the stream from the head.
    unruly: usize,
}

impl<N> Station<N> {
    fn inbox(&mut self, side: Side) -> &mut VecDeque<Arrival> {
        let [a, b] = &mut self.inboxes;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// When the next frame comes in, and by which port.
    fn next(&self) -> Option<(Nanos, Side)> {
        let [a, b] = &self.inboxes;
        match (a.front().map(|f| f.at), b.front().map(|f| f.at)) {
            (Some(a), Some(b)) if b < a => Some((b, Side::B)),
            (Some(a), _) => Some((a, Side::A)),
            (None, b) => b.map(|b| (b, Side::B)),
        }
    }
}

impl<N: Node> Cascade<N> {
    /// Cards one behind the other; `looped`: a cable leads from the last one back to the sender.
    pub(crate) fn new(mut nodes: Vec<N>, looped: bool) -> Self {
        if let Some(last) = nodes.last_mut().filter(|_| !looped) {
            last.link_changed(Side::B, false);
        }
        let window_ns = nodes.iter().map(Node::residence_ns).min().unwrap_or(1).max(1);
        let mut cables = vec![true; nodes.len() + 1];
        if let Some(last) = cables.last_mut() {
            *last = looped;
        }
        let stations = nodes.into_iter().map(|node| Station { node, inboxes: Default::default() }).collect();
        Self {
            stations,
            cables,
            packets: Packets::default(),
            returned: Default::default(),
            stream_returned: 0,
            outbox: Outbox::default(),
            moment: Moment::default(),
            window_ns,
            unruly: 0,
        }
    }

    /// The card at a place.
    pub(crate) fn node(&self, place: usize) -> Option<&N> {
        self.stations.get(place).map(|station| &station.node)
    }

    /// All cards, nearest to the head first.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &N> {
        self.stations.iter().map(|station| &station.node)
    }

    /// The card at a place, to change it.
    pub(crate) fn node_mut(&mut self, place: usize) -> Option<&mut N> {
        self.stations.get_mut(place).map(|station| &mut station.node)
    }

    /// Stream frames that left at an end towards the sender, which ignores them.
    pub(crate) const fn stream_returned(&self) -> u64 {
        self.stream_returned
    }

    /// A frame from the sender's interface at one end. It travels when time is advanced.
    pub(crate) fn deliver(&mut self, end: FeedEnd, moment: Moment, frame: &[u8]) {
        self.moment = moment;
        let cable = self.end_cable(end);
        if !self.is_plugged(cable) {
            return;
        }
        let packet = self.packets.store(frame);
        let (place, side) = match end {
            FeedEnd::Head => (0, Side::A),
            FeedEnd::Tail => (self.stations.len().saturating_sub(1), Side::B),
        };
        let is_stream = self.packets.is_stream(packet);
        self.put(place, side, Arrival { at: moment.now, packet, fcs_ok: true, is_stream });
    }

    /// Lets everything happen that is due by then.
    pub(crate) fn advance(&mut self, moment: Moment) {
        self.moment = moment;
        while let Some(start) = self.next_arrival().filter(|&at| at <= moment.now) {
            let after = moment.now.after(1);
            let end = if self.unruly == 0 { after } else { start.after(self.window_ns).min(after) };
            for place in 0..self.stations.len() {
                self.serve(place, end);
            }
        }
        for place in 0..self.stations.len() {
            if let Some(station) = self.stations.get_mut(place) {
                station.node.advance(moment, &mut self.outbox);
                self.send_outbox(place, moment.now);
            }
        }
    }

    /// Hands over what came back to the sender at one end.
    pub(crate) fn drain(&mut self, end: FeedEnd, each: &mut impl FnMut(&[u8])) {
        let now = self.moment.now;
        let [head, tail] = &mut self.returned;
        let returned = match end {
            FeedEnd::Head => head,
            FeedEnd::Tail => tail,
        };
        while let Some(arrival) = returned.pop_front_if(|arrival| arrival.at <= now) {
            each(self.packets.get(arrival.packet).0);
            self.packets.release(arrival.packet);
        }
    }

    /// Pulls or plugs cable `cable`: 0 leads from the sender to the first card, i to card i, the last one back to the sender.
    pub(crate) fn set_cable(&mut self, cable: usize, plugged: bool) {
        match self.cables.get_mut(cable) {
            Some(now) if *now != plugged => *now = plugged,
            _ => return,
        }
        let upstream = cable.checked_sub(1);
        for (place, side) in [(Some(cable), Side::A), (upstream, Side::B)] {
            let Some(place) = place.filter(|&place| place < self.stations.len()) else { continue };
            if !plugged {
                // What was on the cable is gone.
                while let Some(lost) = self.take(place, side) {
                    self.packets.release(lost.packet);
                }
            }
            if let Some(node) = self.node_mut(place) {
                node.link_changed(side, plugged);
            }
        }
    }

    /// Whether a cable is plugged at both ends.
    pub(crate) fn is_plugged(&self, cable: usize) -> bool {
        self.cables.get(cable).copied().unwrap_or(false)
    }

    /// The cable at an end.
    pub(crate) const fn end_cable(&self, end: FeedEnd) -> usize {
        match end {
            FeedEnd::Head => 0,
            FeedEnd::Tail => self.stations.len(),
        }
    }

    fn next_arrival(&self) -> Option<Nanos> {
        self.stations.iter().filter_map(|station| station.next().map(|(at, _)| at)).min()
    }

    /// Lets one card take everything that comes in before `end`.
    fn serve(&mut self, place: usize, end: Nanos) {
        loop {
            let next = self.stations.get(place).and_then(Station::next);
            let Some((at, side)) = next.filter(|&(at, _)| at < end) else { return };
            let Some(arrival) = self.take(place, side) else { return };
            let Some(station) = self.stations.get_mut(place) else { return };
            let (bytes, content) = self.packets.get(arrival.packet);
            let inbound = Inbound { bytes, content, fcs_ok: arrival.fcs_ok };
            let moment = self.moment.at(at);
            let forward = station.node.receive(side, moment, inbound, &mut self.outbox);
            let leaves = at.after(station.node.residence_ns());
            let onward = Arrival { at: leaves, fcs_ok: forward == Forward::Yes, ..arrival };
            if !self.outbox.frames.is_empty() {
                self.send_outbox(place, at);
            }
            match forward {
                Forward::No => self.packets.release(arrival.packet),
                Forward::Yes | Forward::Damaged => self.send(place, side.other(), onward),
            }
        }
    }

    /// Lets a frame come in at a port of a card.
    fn put(&mut self, place: usize, side: Side, arrival: Arrival) {
        match self.stations.get_mut(place) {
            Some(station) => {
                push(station.inbox(side), arrival);
                self.unruly += usize::from(arrival.is_unruly(side));
            }
            None => self.packets.release(arrival.packet),
        }
    }

    /// Takes the next frame from a port of a card.
    fn take(&mut self, place: usize, side: Side) -> Option<Arrival> {
        let arrival = self.stations.get_mut(place)?.inbox(side).pop_front()?;
        self.unruly -= usize::from(arrival.is_unruly(side));
        Some(arrival)
    }

    /// Puts what a card sends itself on the cable.
    fn send_outbox(&mut self, place: usize, now: Nanos) {
        let residence = self.stations.get(place).map_or(1, |station| station.node.residence_ns());
        let mut frames = core::mem::take(&mut self.outbox.frames);
        for (side, bytes) in frames.drain(..) {
            let packet = self.packets.store(&bytes);
            let is_stream = self.packets.is_stream(packet);
            self.send(place, side, Arrival { at: now.after(residence), packet, fcs_ok: true, is_stream });
        }
        self.outbox.frames = frames;
    }

    /// Puts a frame on the cable at a port of a card.
    fn send(&mut self, place: usize, side: Side, arrival: Arrival) {
        let (cable, next) = match side {
            Side::A => (place, place.checked_sub(1)),
            Side::B => (place + 1, Some(place + 1)),
        };
        if !self.is_plugged(cable) {
            self.packets.release(arrival.packet);
            return;
        }
        if let Some(next) = next.filter(|&next| next < self.stations.len()) {
            self.put(next, side.other(), arrival);
            return;
        }
        // The sender listens to control only, as a socket bound to that Ethernet type does, and takes no damaged frame.
        if arrival.is_stream {
            self.stream_returned += 1;
            self.packets.release(arrival.packet);
            return;
        }
        let [head, tail] = &mut self.returned;
        let returned = if next.is_none() { head } else { tail };
        push(returned, arrival);
        // A sender that does not listen loses the oldest answers, as an interface's ring does.
        if returned.len() > RETURNED_MAX
            && let Some(lost) = returned.pop_front()
        {
            self.packets.release(lost.packet);
        }
    }
}

/// A cable keeps the order of its frames.
fn push(queue: &mut VecDeque<Arrival>, mut arrival: Arrival) {
    if let Some(last) = queue.back() {
        arrival.at = arrival.at.max(last.at);
    }
    queue.push_back(arrival);
}
