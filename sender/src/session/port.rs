//! One port of the wall: its cards, its links, whether it may stream, and the proof that long packets pass.

use super::ask::{Addressee, Asked, Letterhead, Patience, Signature};
use super::card::{CardSlot, Heard, Replacement};
use super::key::Site;
use super::mastership::Rivals;
use super::time_feed::TimeFeed;
use super::{Notice, Outgoing, PortAddresses};
use crate::ids::{CabinetIndex, PortIndex};
use crate::stream::FeedEnd;
use crate::time::{Nanos, Tai};
use crate::wall::{Port, ProtocolKind, Wall};
use crate::wire::ethernet::{HEADER_LEN, MacAddress};
use crate::wire::ocp809::control::{
    Body, ControlFrame, Discover, Event, Kind, Master, NackReason, Opcode, Padding, Reassembly, Request, Response, Seal,
};
use crate::wire::ocp809::group_address;

/// Cards of a link that came up have this long to say who drives them.
const OPENING_NS: u64 = 500_000_000;

/// Packets of this size always pass.
const MTU_ALWAYS: u16 = 1_500;

/// A link that does not pass long packets is asked again after this long.
const PROOF_NS: u64 = 1_000_000_000;

/// One Ethernet output.
#[derive(Debug)]
pub(super) struct PortSession {
    index: PortIndex,
    protocol: ProtocolKind,
    addresses: PortAddresses,
    mtu: u16,
    cards: Vec<(CabinetIndex, CardSlot)>,
    joints: [Reassembly; 2],
    times: [TimeFeed; 2],
    /// When each end's link came up; `None` while it is down.
    up: [Option<Nanos>; 2],
    /// Cards had the time to say who drives them.
    settled: bool,
    proofs: [Proof; 2],
}

/// Whether long packets pass the cascade from one end.
#[derive(Debug, Default)]
struct Proof {
    asked: Option<Asked>,
    proven: bool,
    next: Nanos,
}

/// What a frame from a card means for the wall.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// A card was put in another one's place.
    pub(super) notice: Option<Notice>,
    /// Somebody whom a card takes for the master.
    pub(super) master: Option<Master>,
    /// Whether the card that says so obeys signed latches only.
    pub(super) is_locked: bool,
}

const fn at(end: FeedEnd) -> usize {
    match end {
        FeedEnd::Head => 0,
        FeedEnd::Tail => 1,
    }
}

impl PortSession {
    pub(super) fn new(wall: &Wall, index: PortIndex, port: &Port, addresses: PortAddresses, site: Site) -> Self {
        let is_ours = port.protocol == ProtocolKind::Ocp809;
        let slots = port
            .cascade
            .iter()
            .filter(|_| is_ours)
            .filter_map(|&cabinet| Some((cabinet, CardSlot::new(wall, port, wall.cabinet(cabinet)?, site))));
        Self {
            index,
            protocol: port.protocol,
            addresses,
            mtu: port.link.mtu,
            cards: slots.collect(),
            joints: [Reassembly::new(), Reassembly::new()],
            times: [TimeFeed::default(), TimeFeed::default()],
            up: [None; 2],
            settled: false,
            proofs: [Proof::default(), Proof::default()],
        }
    }

    pub(super) fn card_mut(&mut self, cabinet: CabinetIndex) -> Option<&mut CardSlot> {
        self.cards.iter_mut().find(|(own, _)| *own == cabinet).map(|(_, card)| card)
    }

    pub(super) fn cards(&self) -> impl Iterator<Item = (CabinetIndex, &CardSlot)> {
        self.cards.iter().map(|(cabinet, card)| (*cabinet, card))
    }

    pub(super) fn cards_mut(&mut self) -> impl Iterator<Item = &mut CardSlot> {
        self.cards.iter_mut().map(|(_, card)| card)
    }

    /// The card of this cabinet, and no other one, marks itself.
    pub(super) fn identify(&mut self, cabinet: Option<CabinetIndex>) {
        for (own, card) in &mut self.cards {
            card.mark(cabinet == Some(*own));
        }
    }

    /// The carrier of an end.
    pub(super) fn link(&mut self, end: FeedEnd, is_up: bool, now: Nanos) {
        let Some(up) = self.up.get_mut(at(end)) else { return };
        match (is_up, &up) {
            (true, None) => {
                *up = Some(now);
                self.cards.iter_mut().for_each(|(_, card)| card.look_again(now));
                self.doubt_long_packets();
            }
            (false, Some(_)) => *up = None,
            (true, Some(_)) | (false, None) => {}
        }
    }

    pub(super) fn is_up(&self) -> bool {
        self.up.iter().any(Option::is_some)
    }

    /// Whether cards had their say about who drives them, or there are none that could.
    pub(super) fn is_settled(&mut self, now: Nanos) -> bool {
        let had_time = self.up.iter().flatten().any(|up| now.since(*up) >= OPENING_NS);
        let all_answered = self.cards.iter().all(|(_, card)| card.is_found());
        self.settled |= self.is_up() && (had_time || all_answered || self.protocol == ProtocolKind::Colorlight);
        self.settled
    }

    /// Whether packets of the port's size are known to pass.
    pub(super) fn passes_packets(&self) -> bool {
        let needed = |end| self.up.get(at(end)).copied().flatten().is_some() && self.has(end);
        let proven = |end| self.proofs.get(at(end)).is_some_and(|proof| proof.proven);
        self.mtu <= MTU_ALWAYS
            || self.protocol == ProtocolKind::Colorlight
            || [FeedEnd::Head, FeedEnd::Tail].into_iter().filter(|&end| needed(end)).all(proven)
    }

    const fn has(&self, end: FeedEnd) -> bool {
        matches!(end, FeedEnd::Head) || self.addresses.tail.is_some()
    }

    fn address(&self, end: FeedEnd) -> MacAddress {
        match end {
            FeedEnd::Head => self.addresses.head,
            FeedEnd::Tail => self.addresses.tail.unwrap_or(self.addresses.head),
        }
    }

    /// Sends what is to be asked now. `is_master`: whether this sender may change cards and tells them the time.
    pub(super) fn poll(
        &mut self,
        (now, tai): (Nanos, Tai),
        is_master: bool,
        letterhead: &mut Letterhead,
        send: &mut dyn FnMut(Outgoing),
    ) {
        if self.protocol == ProtocolKind::Colorlight || !self.is_up() {
            return;
        }
        let (index, addresses, has_tail) = (self.index, self.addresses, self.addresses.tail.is_some());
        for (_, card) in &mut self.cards {
            if let Some(asked) = card.poll(now, is_master, has_tail, letterhead) {
                post(letterhead, asked, (index, addresses), usize::from(MTU_ALWAYS), tai, send);
            }
        }
        // One card at a time, so that its chunks do not push everybody else's requests out of the queue.
        if let Some((_, card)) =
            self.cards.iter_mut().find(|(_, card)| card.uploads() > 0 && card.is_ready()).filter(|_| is_master)
        {
            for mut asked in card.chunks(now) {
                post(letterhead, &mut asked, (index, addresses), usize::from(MTU_ALWAYS), tai, send);
            }
        }
        self.poll_proofs(now, tai, letterhead, send);
        if is_master {
            self.poll_time(now, letterhead, send);
        }
    }

    /// In a closed loop the head's TIME reaches everybody; at a break the tail's reaches those behind it.
    fn poll_time(&mut self, now: Nanos, letterhead: &mut Letterhead, send: &mut dyn FnMut(Outgoing)) {
        let is_broken = self.cards.iter().any(|(_, card)| card.is_behind_break());
        for end in [FeedEnd::Head, FeedEnd::Tail] {
            if !self.has(end) || (end == FeedEnd::Tail && !is_broken) {
                continue;
            }
            let source = self.address(end);
            let Some(time) = self.times.get_mut(at(end)) else { continue };
            let Some(message) = time.poll(now, || letterhead.transaction()) else { continue };
            let seal = Seal { destination: group_address(0), source, frame_max: usize::from(MTU_ALWAYS), signer: None };
            for frame in message.emit(&seal).unwrap_or_default() {
                send(Outgoing { port: self.index, end, frame, time: Some(message.transaction) });
            }
        }
    }

    /// Asks the last card from each end whether packets of the port's size reach it and come back.
    fn poll_proofs(&mut self, now: Nanos, tai: Tai, letterhead: &mut Letterhead, send: &mut dyn FnMut(Outgoing)) {
        if self.mtu <= MTU_ALWAYS {
            return;
        }
        let last = u8::try_from(self.cards.len().saturating_sub(1)).unwrap_or(u8::MAX);
        for end in [FeedEnd::Head, FeedEnd::Tail] {
            let (has_end, target) = (self.has(end), (self.index, self.addresses));
            let Some(proof) = self.proofs.get_mut(at(end)).filter(|proof| has_end && !proof.proven) else { continue };
            match proof.asked.as_mut().map(|asked| asked.patience(now)) {
                Some(Patience::Wait) => continue,
                Some(Patience::Over) => {
                    (proof.asked, proof.next) = (None, now.after(PROOF_NS));
                    continue;
                }
                None if now < proof.next => continue,
                None => {
                    let signature = Signature::None;
                    let to = Addressee { end, hops: last, address: group_address(0), identity: None, signature };
                    let request = Request::Discover(Discover::filling(self.mtu));
                    proof.asked = Some(Asked::new(letterhead.transaction(), request, to, now));
                }
                Some(Patience::Again) => {}
            }
            if let Some(asked) = &mut proof.asked {
                post(letterhead, asked, target, usize::from(self.mtu), tai, send);
            }
        }
    }

    /// What passed may pass no more.
    fn doubt_long_packets(&mut self) {
        self.proofs = [Proof::default(), Proof::default()];
    }

    /// A TIME message left.
    pub(super) fn departed(&mut self, end: FeedEnd, transaction: u32, tai: Tai) {
        if let Some(time) = self.times.get_mut(at(end)) {
            time.departed(transaction, tai);
        }
    }

    /// Takes a frame that came in by one end; `None` when it is no message of a card.
    pub(super) fn hear(&mut self, end: FeedEnd, bytes: &[u8], now: Nanos, letterhead: &Letterhead) -> Option<Report> {
        let frame = ControlFrame::new_checked(bytes).ok()?;
        frame.packet().check_crc().ok()?;
        self.may_be_heard(&frame, letterhead).then_some(())?;
        let address = frame.ethernet().source;
        let message = self.joints.get_mut(at(end))?.push(&frame).ok()??;
        Some(match message.body {
            Body::Response(response) => {
                self.answer(message.transaction, response, (address, message.route.card_id), now, letterhead)
            }
            Body::Nack(nack) => self.refusal(message.transaction, nack.reason, now, letterhead),
            Body::Event(event) => self.event(event, (end, message.route.card_id), now),
            Body::Request(_) => return None,
        })
    }

    /// Whether a frame proves as much as it has to: an answer to a signed request has to be signed as well.
    fn may_be_heard(&self, frame: &ControlFrame<'_>, letterhead: &Letterhead) -> bool {
        let header = frame.packet().header();
        let is_answer = [Kind::Response.code(), Kind::Nack.code()].contains(&header.kind);
        // Chunks carry the number of their upload, which every card counts by itself.
        let asked = if is_answer && header.opcode != Opcode::CalChunk.code() {
            self.cards.iter().find_map(|(_, card)| card.asked(header.transaction))
        } else {
            None
        };
        asked.map_or(!header.auth, |asked| asked.accepts(frame, letterhead))
    }

    fn answer(
        &mut self,
        transaction: u32,
        response: Response,
        (address, card_id): (MacAddress, u16),
        now: Nanos,
        letterhead: &Letterhead,
    ) -> Report {
        let master = master_of(&response);
        let proof =
            self.proofs.iter_mut().find(|proof| proof.asked.as_ref().is_some_and(|asked| asked.transaction == transaction));
        if let (Some(proof), Response::Discover(announce)) = (proof, &response) {
            let filling = announce.clone().filling(self.mtu).padding;
            proof.proven = filling
                .is_some_and(|Padding { zeros }| announce.padding.as_ref().is_some_and(|p| p.zeros.0.len() >= zeros.0.len()));
            proof.asked = None;
            return Report { master, ..Report::default() };
        }
        let is_of_chunks = matches!(response, Response::CalChunk(_));
        let is_meant = |card: &CardSlot| if is_of_chunks { card.is_uploading_at(address) } else { card.awaits(transaction) };
        let mut asked = self.cards.iter_mut().find(|(_, card)| is_meant(card));
        let heard = asked.as_mut().map(|(cabinet, card)| (*cabinet, card.answer(response, address, card_id, now)));
        let is_locked = asked.is_some_and(|(_, card)| card.is_locked());
        Report { notice: settle(heard, letterhead), master, is_locked }
    }

    fn refusal(&mut self, transaction: u32, reason: NackReason, now: Nanos, letterhead: &Letterhead) -> Report {
        let mut asked = self.cards.iter_mut().find(|(_, card)| card.awaits(transaction));
        let heard = asked.as_mut().map(|(cabinet, card)| (*cabinet, card.refused(reason, now)));
        let is_locked = asked.is_some_and(|(_, card)| card.is_locked());
        let notice = settle(heard, letterhead);
        let master = if let NackReason::NotMaster { epoch, age_ms } = reason {
            Some(Master { epoch, age_ms, macs: Vec::new() })
        } else {
            None
        };
        Report { notice, master, is_locked }
    }

    fn event(&mut self, event: Event, (end, card_id): (FeedEnd, u16), now: Nanos) -> Report {
        let is_locked = self.cards.iter().any(|(_, card)| card.id() == card_id && card.is_locked());
        match event {
            Event::Announce(announce) => {
                // A card started, or a cable was plugged in: everything behind it may be another card.
                self.cards.iter_mut().for_each(|(_, card)| card.look_again(now));
                self.doubt_long_packets();
                Report { notice: None, master: announce.master, is_locked }
            }
            Event::Stats(stats) => {
                let master = stats.master.clone();
                if let Some((_, card)) = self.cards.iter_mut().find(|(_, card)| card.id() == card_id) {
                    card.reports(stats, end, now);
                }
                Report { notice: None, master, is_locked }
            }
            Event::Refused(master) => Report { notice: None, master: Some(master), is_locked },
        }
    }

    /// Whether every card that is there follows the sender's clock; `None` where none can.
    pub(super) fn is_synced(&self) -> Option<bool> {
        let found = || self.cards.iter().filter(|(_, card)| card.is_found());
        let synced = |card: &CardSlot| card.stats.as_ref().is_some_and(|stats| stats.timing.synced);
        (found().count() > 0).then(|| found().all(|(_, card)| synced(card)))
    }

    /// From a frame's departure to its arrival at the last card, in nanoseconds: cards times the longest residence.
    pub(super) fn transit_ns(&self) -> u64 {
        let longest = self.capabilities().map(|can| u64::from(can.residence_ns)).max().unwrap_or(0);
        longest * self.cards.len() as u64
    }

    /// How long after a present instant cards with two buffers need until the next frame may start, in nanoseconds;
    /// `None` while no card has said so.
    pub(super) fn guard_ns(&self) -> Option<u64> {
        self.capabilities().map(|can| if can.buffers > 2 { 0 } else { u64::from(can.guard_ns) }).max()
    }

    fn capabilities(&self) -> impl Iterator<Item = &crate::wire::ocp809::control::Capabilities> {
        self.cards.iter().filter_map(|(_, card)| card.known()).map(|known| &known.announce.capabilities)
    }

    /// Whether another sender drives this port, as far as `rivals` know.
    pub(super) fn is_foreign(&self, rivals: &Rivals, now: Nanos) -> bool {
        rivals.alive(now).is_some_and(|foreign| foreign.port == self.index)
    }
}

fn master_of(response: &Response) -> Option<Master> {
    if let Response::Discover(announce) = response {
        return announce.master.clone();
    }
    if let Response::Stats(stats) = response { stats.master.clone() } else { None }
}

/// What an answer means beyond its card.
fn settle(heard: Option<(CabinetIndex, Heard)>, letterhead: &Letterhead) -> Option<Notice> {
    match heard? {
        (_, Heard::Nothing) => None,
        (_, Heard::ContinueAbove(highest)) => {
            letterhead.continue_above(highest);
            None
        }
        (_, Heard::Overtake(highest)) => {
            letterhead.overtake(highest);
            None
        }
        (cabinet, Heard::Replaced(Replacement { old, new })) => Some(Notice::Replaced { cabinet, old, new }),
        (cabinet, Heard::Calibrated(module)) => Some(Notice::Calibrated { cabinet, module }),
        (cabinet, Heard::NotCalibrated(module, reason)) => Some(Notice::NotCalibrated { cabinet, module, reason }),
    }
}

/// Sends a request out of the end that it was addressed to.
fn post(
    letterhead: &Letterhead,
    asked: &mut Asked,
    (port, addresses): (PortIndex, PortAddresses),
    mtu: usize,
    tai: Tai,
    send: &mut dyn FnMut(Outgoing),
) {
    let end = asked.to.end;
    let source = if end == FeedEnd::Tail { addresses.tail.unwrap_or(addresses.head) } else { addresses.head };
    for frame in letterhead.frames(asked, source, HEADER_LEN + mtu, tai) {
        send(Outgoing { port, end, frame, time: None });
    }
}
