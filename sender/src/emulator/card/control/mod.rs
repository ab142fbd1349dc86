//! The card's side of control (PROTOCOL.md 8): whose requests it obeys, what it answers, what it says unasked.
//!
//! A request passes, in this order: layout and sum, hop and address, HMAC and counter, fencing, memory of finished
//! requests. Only then something is done.

mod events;
mod requests;
mod upload;

use std::collections::VecDeque;

use super::{Card, CardSettings, Forward, Side};
use crate::emulator::Moment;
use crate::emulator::cascade::Outbox;
use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::auth::{CardIdentity as AuthIdentity, Key, ReplayWindows};
use crate::wire::ocp809::control::{
    Body, CARD_FRAME_MAX, CARD_ID_BY_POSITION, ControlError, ControlFrame, ControlHeader, IdentifyMode, Kind, Message, Nack,
    NackReason, Opcode, Reassembly, Response, Route, Seal, Signer, forward,
};
use crate::wire::ocp809::{CARD_ID_ALL, FrameId, VERSION, is_group_address};

use upload::Upload;

/// Finished requests whose answers are repeated to a retry.
const FINISHED_MAX: usize = 8;

/// What control knows beside the stream's state.
#[derive(Debug)]
pub(super) struct Control {
    windows: ReplayWindows,
    reassembly: Reassembly,
    finished: VecDeque<Finished>,
    /// What survives a power cycle.
    pub(super) saved: CardSettings,
    staged: Option<Staged>,
    upload: Option<Upload>,
    next_upload_id: u32,
    identify: Option<(IdentifyMode, Nanos, Option<Nanos>)>,
    reboot_at: Option<Nanos>,
    path_delay_ns: u32,
    last_time_transaction: u32,
    event_transaction: u32,
    next_stats: Option<Nanos>,
    announce_due: bool,
}

/// A request that was done, and what was answered.
#[derive(Debug)]
struct Finished {
    source: MacAddress,
    transaction: u32,
    opcode: u8,
    answer: Body,
}

/// Settings that wait for their frame.
#[derive(Debug)]
struct Staged {
    settings: CardSettings,
    apply_at: FrameId,
}

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
struct Asked {
    side: Side,
    source: MacAddress,
    header: ControlHeader,
}

/// What becomes of a request.
#[derive(Debug)]
enum Outcome {
    /// It is answered.
    Answer(Response),
    /// It is refused.
    Refuse(NackReason),
    /// It is one that gets no answer.
    Silent,
}

impl Control {
    /// A card that starts with these settings in its flash.
    pub(super) fn new(saved: CardSettings) -> Self {
        Self {
            windows: ReplayWindows::default(),
            reassembly: Reassembly::new(),
            finished: VecDeque::with_capacity(FINISHED_MAX),
            saved,
            staged: None,
            upload: None,
            next_upload_id: 1,
            identify: None,
            reboot_at: None,
            path_delay_ns: 0,
            last_time_transaction: 0,
            event_transaction: 0,
            next_stats: None,
            announce_due: true,
        }
    }

    /// How the card was asked to let itself be found.
    pub(super) fn identify(&self) -> Option<(IdentifyMode, Nanos)> {
        self.identify.map(|(mode, since, _)| (mode, since))
    }
}

impl Card {
    /// Takes a control frame; what happens to it at the other port. A frame that goes on with a hop less is in the outbox.
    pub(super) fn control_frame(&mut self, side: Side, moment: Moment, bytes: &[u8], outbox: &mut Outbox) -> Forward {
        let Ok(frame) = ControlFrame::new_checked(bytes) else {
            self.frames.counters_mut().at(side, |port| port.short += 1);
            return Forward::No;
        };
        if frame.packet().check_crc().is_err() {
            self.frames.counters_mut().at(side, |port| port.bad_crc += 1);
            return Forward::No;
        }
        let header = *frame.packet().header();
        let is_request = header.kind == Kind::Request.code();
        let consumes = is_request && self.consumes(&frame);
        if !consumes || header.route.card_id == CARD_ID_ALL {
            let mut onward = bytes.to_vec();
            if forward(&mut onward) {
                outbox.send(side.other(), onward);
            }
        }
        if consumes {
            self.request(side, moment, &frame, outbox);
        }
        Forward::No
    }

    /// Whether a request is for this card.
    fn consumes(&self, frame: &ControlFrame<'_>) -> bool {
        let destination = frame.ethernet().destination;
        if !is_group_address(destination) && destination != self.identity.address {
            return false;
        }
        let Route { hop, card_id } = frame.packet().header().route;
        match card_id {
            CARD_ID_BY_POSITION => hop == 0,
            CARD_ID_ALL => true,
            id => id == self.id,
        }
    }

    fn request(&mut self, side: Side, moment: Moment, frame: &ControlFrame<'_>, outbox: &mut Outbox) {
        let header = *frame.packet().header();
        let asked = Asked { side, source: frame.ethernet().source, header };
        // KEY may take away the key that it was asked under: the answer still carries that one.
        let key = self.keys.key(header.key_id).copied().filter(|_| header.auth);
        let outcome = match self.judge(&asked, frame, moment) {
            Ok(()) => self.join(&asked, frame, moment),
            Err(reason) => Outcome::Refuse(reason),
        };
        let answer = match outcome {
            Outcome::Silent => return,
            Outcome::Answer(response) => Body::Response(response),
            Outcome::Refuse(reason) => Body::Nack(Nack { opcode: header.opcode, reason }),
        };
        self.answer(&asked, key, answer, outbox);
    }

    /// Whether a request is to be obeyed at all.
    fn judge(&mut self, asked: &Asked, frame: &ControlFrame<'_>, moment: Moment) -> Result<(), NackReason> {
        let header = &asked.header;
        if header.version != VERSION {
            return Err(NackReason::Version { lowest: VERSION, highest: VERSION });
        }
        let opcode = Opcode::from_code(header.opcode).filter(|&opcode| opcode != Opcode::Refused);
        let opcode = opcode.ok_or(NackReason::UnknownOpcode)?;
        if opcode.is_mutating() && header.route.card_id == CARD_ID_ALL {
            return Err(NackReason::NotToAll);
        }
        if header.auth {
            self.authenticate(header, frame)?;
        } else if opcode.needs_auth() || (opcode.is_mutating() && self.keys.has_site_key()) {
            return Err(NackReason::AuthRequired);
        }
        if opcode.is_mutating() || opcode == Opcode::Time {
            self.fenced(asked.source, moment)?;
        }
        Ok(())
    }

    fn authenticate(&mut self, header: &ControlHeader, frame: &ControlFrame<'_>) -> Result<(), NackReason> {
        let key = self.keys.key(header.key_id).ok_or(NackReason::BadAuth)?;
        if !frame.is_authentic(&self.auth_identity(), key) {
            return Err(NackReason::BadAuth);
        }
        self.control.windows.accept(header.key_id, header.counter)
    }

    /// While a master lives, only it may change the card.
    fn fenced(&self, source: MacAddress, moment: Moment) -> Result<(), NackReason> {
        match self.fence.master(moment.now) {
            Some(master) if !master.addresses().any(|address| address == source) => {
                Err(NackReason::NotMaster { epoch: master.epoch, age_ms: age_ms(moment.now, master.last_latch) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Joins the chunks of a request and does it once.
    fn join(&mut self, asked: &Asked, frame: &ControlFrame<'_>, moment: Moment) -> Outcome {
        let message = match self.control.reassembly.push(frame) {
            Ok(Some(message)) => message,
            Ok(None) => return Outcome::Silent,
            Err(error) => return Outcome::Refuse(refusal(&error)),
        };
        let Body::Request(request) = message.body else { return Outcome::Silent };
        let same = |done: &&Finished| {
            (done.source, done.transaction, done.opcode) == (asked.source, message.transaction, asked.header.opcode)
        };
        if let Some(done) = self.control.finished.iter().find(same) {
            return match &done.answer {
                Body::Response(response) => Outcome::Answer(response.clone()),
                Body::Nack(nack) => Outcome::Refuse(nack.reason),
                Body::Request(_) | Body::Event(_) => Outcome::Silent,
            };
        }
        let repeatable = request.opcode() != Opcode::CalChunk;
        let outcome = self.perform(request, message.transaction, asked, moment);
        if let Outcome::Answer(response) = &outcome
            && repeatable
        {
            self.remember(asked, Body::Response(response.clone()));
        }
        outcome
    }

    fn remember(&mut self, asked: &Asked, answer: Body) {
        if self.control.finished.len() >= FINISHED_MAX {
            self.control.finished.pop_front();
        }
        let (source, transaction, opcode) = (asked.source, asked.header.transaction, asked.header.opcode);
        self.control.finished.push_back(Finished { source, transaction, opcode, answer });
    }

    /// Sends an answer by the port that the request came in by. Answers to AUTH requests carry AUTH.
    fn answer(&self, asked: &Asked, key: Option<Key>, body: Body, outbox: &mut Outbox) {
        let header = &asked.header;
        let unauthenticated = matches!(&body, Body::Nack(nack) if nack.reason == NackReason::BadAuth);
        let key = key.filter(|_| !unauthenticated);
        let padded = matches!(&body, Body::Response(Response::Discover(announce)) if announce.padding.is_some());
        let frame_max = if padded { usize::from(self.identity.mtu) + 14 } else { CARD_FRAME_MAX };
        let message = Message { route: Route::card(self.id), transaction: header.transaction, body };
        self.send(asked.side, (asked.source, frame_max), &message, key.as_ref().map(|key| (header, key)), outbox);
    }

    /// Puts a message's frames into the outbox.
    fn send(
        &self,
        side: Side,
        (destination, frame_max): (MacAddress, usize),
        message: &Message,
        signer: Option<(&ControlHeader, &Key)>,
        outbox: &mut Outbox,
    ) {
        let signer = signer.map(|(header, key)| Signer {
            card: self.auth_identity(),
            key_id: header.key_id,
            key,
            counter: header.counter,
        });
        let seal = Seal { destination, source: self.identity.address, frame_max, signer };
        // A card's own messages are far shorter than the limit, and none is a request.
        for frame in message.emit(&seal).unwrap_or_default() {
            outbox.send(side, frame);
        }
    }

    /// What HMACs of this card and boot are bound to.
    const fn auth_identity(&self) -> AuthIdentity {
        AuthIdentity { serial: self.identity.serial, boot_count: self.boot_count }
    }

    /// Settings that wait come alive with the first frame at or after theirs.
    pub(super) fn apply_staged(&mut self, frame: FrameId) {
        let Some(staged) = self.control.staged.take_if(|staged| frame == staged.apply_at || frame.newer(staged.apply_at)) else {
            return;
        };
        self.configure(staged.settings);
    }
}

/// Why a request that cannot be read is refused.
const fn refusal(error: &ControlError) -> NackReason {
    match error {
        ControlError::Version { .. } => NackReason::Version { lowest: VERSION, highest: VERSION },
        ControlError::Opcode { .. } => NackReason::UnknownOpcode,
        ControlError::Value { tlv } => NackReason::BadValue { tlv: *tlv },
        ControlError::Truncated { tlv, .. } | ControlError::Missing { tlv } => NackReason::Malformed { tlv: *tlv },
        ControlError::TooLong { .. } => NackReason::TooLong { limit: 16 * 1024 },
        ControlError::Chunk { .. }
        | ControlError::Short { .. }
        | ControlError::EtherType { .. }
        | ControlError::Crc { .. }
        | ControlError::MutatingToAll => NackReason::Malformed { tlv: 0 },
    }
}

/// Milliseconds since `since`.
fn age_ms(now: Nanos, since: Nanos) -> u32 {
    u32::try_from(now.since(since) / 1_000_000).unwrap_or(u32::MAX)
}
