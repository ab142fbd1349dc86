//! One card of the wall as the session knows it: found by its place, given its id, read, set up, watched, replaced.

use std::collections::VecDeque;

use super::ask::{Addressee, Asked, Letterhead, Patience};
use super::problem::CardProblem;
use super::upload::{CalibrationUpload, UploadRun, UploadStep};
use crate::stream::FeedEnd;
use crate::time::Nanos;
use crate::wall::{AppliedAt, Cabinet, Port, ProtocolKind, Wall, WireFormat};
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::{
    Announce, Assignment, Configuration, ConfigurationHash, Discover, Features, Formats, Get, NackReason, Opcode,
    ProtocolVersions, Request, Response, Set, Setting, Stats,
};
use crate::wire::ocp809::group_address;

/// A card that was found is asked again when it was silent for this long: STATS come every second.
const SILENCE_NS: u64 = 1_300_000_000;

/// A place at which nobody answers is asked again after this long.
const SEARCH_NS: u64 = 500_000_000;

/// A card that refused something is tried again after this long.
const REFUSED_NS: u64 = 2_000_000_000;

/// Settings are written this often before a card counts as one that does not take them.
const SETS: u8 = 3;

/// Who is there.
const DISCOVER: Request = Request::Discover(Discover { padding: None });

/// How far a card's set-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nobody answers at its place.
    Silent,
    /// It answered; its id may be another one's.
    Found,
    /// It has its id; its settings are not known.
    Assigned,
    /// Its settings are known, and some are not the wall's.
    Read,
    /// It is as the wall wants it.
    Ready,
    /// It cannot be set up; see its problem.
    Unfit,
}

/// A card that answered.
#[derive(Debug, Clone)]
pub(super) struct KnownCard {
    /// What it told about itself last.
    pub announce: Announce,
    /// Its address.
    pub address: MacAddress,
    /// All its settings, once read.
    pub settings: Vec<Setting>,
}

/// A card was put in another one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) old: String,
    pub(super) new: String,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// It says nothing beyond itself.
    Nothing,
    /// Another card than before answers here, and takes its place.
    Replaced(Replacement),
    /// A card demands counters above this one.
    ContinueAbove(u64),
    /// Coefficients of a module act.
    Calibrated(u16),
    /// Coefficients of a module are refused.
    NotCalibrated(u16, NackReason),
}

/// The card of one cabinet.
#[derive(Debug)]
pub(super) struct CardSlot {
    /// Place in the cascade, from the head and from the tail.
    hops: [u8; 2],
    id: u16,
    wanted: Vec<Setting>,
    needs: Needs,
    serial: Option<String>,
    stage: Stage,
    end: FeedEnd,
    known: Option<KnownCard>,
    /// The hash of the settings that proved to be the wall's.
    good: Option<ConfigurationHash>,
    /// Settings of a predecessor, which the card takes over.
    inherited: Vec<Setting>,
    assigned_id: u16,
    /// How often settings were written that the card then did not have.
    sets: u8,
    /// Coefficients that wait for the card, the first of them under way.
    uploads: VecDeque<UploadRun>,
    /// Coefficients that the card has or will have, one set per module: a successor gets them too.
    calibration: Vec<CalibrationUpload>,
    asked: Option<Asked>,
    next_ask: Nanos,
    /// Whether who is there has to be asked before anything else.
    must_look: bool,
    pub(super) heard: Option<Nanos>,
    pub(super) stats: Option<Stats>,
    pub(super) problem: Option<CardProblem>,
}

/// What the wall needs of a card.
#[derive(Debug, Clone, Copy)]
struct Needs {
    format: WireFormat,
    mtu: u16,
    dims: bool,
    cuts: bool,
    pixels: u32,
}

impl CardSlot {
    pub(super) fn new(wall: &Wall, port: &Port, cabinet: &Cabinet) -> Self {
        let place = u8::try_from(cabinet.place).unwrap_or(u8::MAX);
        let last = u8::try_from(port.cascade.len().saturating_sub(1)).unwrap_or(u8::MAX);
        Self {
            hops: [place, last.saturating_sub(place)],
            id: Wall::card_id(cabinet),
            wanted: super::settings::wall_settings(wall, port, cabinet),
            needs: Needs {
                format: port.link.format,
                mtu: port.link.mtu,
                dims: port.protocol == ProtocolKind::Ocp809 && port.brightness_at == AppliedAt::Card,
                cuts: port.addressing == crate::wall::Addressing::Canvas,
                pixels: cabinet.memory_pixels,
            },
            serial: cabinet.serial.clone(),
            stage: Stage::Silent,
            end: FeedEnd::Head,
            known: None,
            good: None,
            inherited: Vec::new(),
            assigned_id: 0,
            sets: 0,
            uploads: VecDeque::new(),
            calibration: Vec::new(),
            asked: None,
            next_ask: Nanos(0),
            must_look: false,
            heard: None,
            stats: None,
            problem: None,
        }
    }

    /// Whether the card at this place has answered since it was last silent.
    pub(super) fn is_found(&self) -> bool {
        self.stage != Stage::Silent
    }

    /// Whether it answered by the far end only.
    pub(super) fn is_behind_break(&self) -> bool {
        !self.is_found() || self.end == FeedEnd::Tail
    }

    /// Whether it is set up and may be counted on.
    pub(super) fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    pub(super) const fn known(&self) -> Option<&KnownCard> {
        self.known.as_ref()
    }

    pub(super) const fn id(&self) -> u16 {
        self.id
    }

    /// Serial number of the card that answered last; empty before.
    pub(super) fn serial(&self) -> String {
        self.known.as_ref().map(|known| known.announce.identity.serial.to_string()).unwrap_or_default()
    }

    /// Takes what it reports unasked. A card that speaks by the other end may be cut off from the one that it is asked by.
    pub(super) fn reports(&mut self, stats: Stats, end: FeedEnd, now: Nanos) {
        (self.stats, self.heard) = (Some(stats), Some(now));
        if end != self.end && self.stage == Stage::Ready {
            self.look_again(now);
        }
    }

    /// Somebody may have changed something: who is there is asked at once.
    pub(super) fn look_again(&mut self, now: Nanos) {
        let is_asking = self.asked.as_ref().is_some_and(|asked| asked.request.opcode() == Opcode::Discover);
        if !is_asking {
            (self.asked, self.next_ask, self.must_look) = (None, now, true);
        }
    }

    /// What is to be asked now. `may_change`: whether this sender may change the card.
    pub(super) fn poll(&mut self, now: Nanos, may_change: bool, has_tail: bool, letterhead: &mut Letterhead) -> Option<&Asked> {
        if let Some(asked) = &mut self.asked {
            match asked.patience(now) {
                Patience::Wait => return None,
                Patience::Again => return self.asked.as_ref(),
                Patience::Over => self.give_up(now, has_tail),
            }
        }
        let request = self.next_request(now, may_change)?;
        let is_sure = request.opcode() != Opcode::Discover;
        let asked = Asked::new(letterhead.transaction(), request, self.addressee(is_sure), now);
        self.asked = Some(asked);
        self.asked.as_ref()
    }

    /// Nobody answered: the other end of the cascade is tried next.
    fn give_up(&mut self, now: Nanos, has_tail: bool) {
        self.asked = None;
        let was_silent = self.stage == Stage::Silent;
        self.stage = Stage::Silent;
        let other = if self.end == FeedEnd::Head && has_tail { FeedEnd::Tail } else { FeedEnd::Head };
        // A card that answered a moment ago may be reached from the other side of a break: that must not take long.
        self.next_ask = if was_silent || !has_tail { now.after(SEARCH_NS) } else { now };
        self.end = other;
    }

    fn next_request(&mut self, now: Nanos, may_change: bool) -> Option<Request> {
        let is_due = now >= self.next_ask;
        match self.stage {
            _ if self.must_look => Some(DISCOVER),
            Stage::Silent => is_due.then_some(DISCOVER),
            Stage::Found if may_change => Some(self.assignment()),
            Stage::Assigned if may_change => Some(Request::Get(Get { wanted: None })),
            Stage::Read if may_change => self.set(),
            // Who the master is may change any time while another one lives.
            Stage::Found | Stage::Assigned | Stage::Read => self.repeat(now, SEARCH_NS),
            Stage::Unfit => self.repeat(now, REFUSED_NS),
            Stage::Ready => {
                let upload = self.uploads.front().filter(|_| may_change).and_then(|upload| upload.request(now));
                self.repeat(now, SILENCE_NS).or(upload)
            }
        }
    }

    fn repeat(&self, now: Nanos, after_ns: u64) -> Option<Request> {
        let is_due = self.heard.is_none_or(|heard| now.since(heard) >= after_ns);
        is_due.then_some(DISCOVER)
    }

    /// Who is there is asked of everybody, since another card may be in the place by now; the rest of the card that was found.
    fn addressee(&self, is_sure: bool) -> Addressee {
        let [from_head, from_tail] = self.hops;
        let known = self.known.as_ref().filter(|_| is_sure);
        Addressee {
            end: self.end,
            hops: if self.end == FeedEnd::Head { from_head } else { from_tail },
            address: known.map_or_else(|| group_address(0), |known| known.address),
            identity: known.map(|known| (&known.announce.identity).into()),
        }
    }

    /// Takes coefficients for the card; those that it has for the same module are replaced.
    pub(super) fn calibrate(&mut self, upload: CalibrationUpload) {
        self.calibration.retain(|known| known.module != upload.module);
        self.uploads.retain(|run| run.upload().module != upload.module);
        self.calibration.push(upload.clone());
        self.uploads.push_back(UploadRun::new(upload));
    }

    /// Uploads that are not done.
    pub(super) fn uploads(&self) -> usize {
        self.uploads.len()
    }

    /// The chunks of an upload that are to be sent now.
    pub(super) fn chunks(&mut self, now: Nanos) -> Vec<Asked> {
        if self.stage != Stage::Ready || self.must_look {
            return Vec::new();
        }
        let Some((id, chunks)) = self.uploads.front_mut().and_then(|upload| upload.window(now)) else { return Vec::new() };
        let to = self.addressee(true);
        chunks.into_iter().map(|chunk| Asked::new(id, Request::CalChunk(chunk), to, now)).collect()
    }

    /// Whether an answer about chunks comes from this card.
    pub(super) fn is_uploading_at(&self, address: MacAddress) -> bool {
        !self.uploads.is_empty() && self.known.as_ref().is_some_and(|known| known.address == address)
    }

    fn uploaded(&mut self, step: UploadStep) -> Heard {
        let Some(module) = self.uploads.front().map(|run| run.upload().module) else { return Heard::Nothing };
        match step {
            UploadStep::GoesOn => Heard::Nothing,
            UploadStep::Done => {
                self.uploads.pop_front();
                Heard::Calibrated(module)
            }
            UploadStep::Failed(reason) => {
                self.uploads.pop_front();
                self.calibration.retain(|known| known.module != module);
                Heard::NotCalibrated(module, reason)
            }
        }
    }

    fn assignment(&self) -> Request {
        let [from_head, from_tail] = self.hops;
        let hops = if self.end == FeedEnd::Head { from_head } else { from_tail };
        let residence_ns = self.known.as_ref().map_or(0, |known| known.announce.capabilities.residence_ns);
        Request::AssignId(Assignment { card_id: self.id, path_delay_ns: residence_ns.saturating_mul(hops.into()) })
    }

    /// Settings of the card that are not as they should be; none: it is ready.
    fn set(&mut self) -> Option<Request> {
        let live = self.known.as_ref().map(|known| known.settings.as_slice()).unwrap_or_default();
        let asked_for = self.wanted.iter().chain(&self.inherited);
        let settings: Vec<Setting> = asked_for.filter(|setting| !live.contains(setting)).cloned().collect();
        if settings.is_empty() {
            self.stage = Stage::Ready;
            return None;
        }
        if self.sets >= SETS {
            let kinds = settings.iter().map(|setting| setting.doc().name).collect::<Vec<_>>().join(", ");
            self.unfit(CardProblem::NotTaken { settings: kinds });
            return None;
        }
        self.sets += 1;
        Some(Request::Set(Set { apply_at: None, settings, unknown: Vec::new() }))
    }

    /// Whether an answer belongs to the request that waits here.
    pub(super) fn awaits(&self, transaction: u32) -> bool {
        self.asked.as_ref().is_some_and(|asked| asked.transaction == transaction)
    }

    /// Takes the answer to the request that waits; `card_id` is the id that the card names itself by.
    pub(super) fn answer(&mut self, response: Response, address: MacAddress, card_id: u16, now: Nanos) -> Heard {
        self.asked = None;
        self.heard = Some(now);
        if matches!(response, Response::CalBegin(_) | Response::CalChunk(_) | Response::CalCommit(_)) {
            let step = self.uploads.front_mut().map(|upload| upload.answer(&response, now));
            return step.map_or(Heard::Nothing, |step| self.uploaded(step));
        }
        match response {
            Response::Discover(announce) => return self.found(announce, address, card_id),
            Response::AssignId(_) if self.stage == Stage::Found => {
                self.assigned_id = self.id;
                self.stage = if self.is_good() { Stage::Ready } else { Stage::Assigned };
            }
            Response::Get(configuration) if self.stage == Stage::Assigned => self.read(configuration),
            // Read back: what a card says that it took is not what counts.
            Response::Set(_) if self.stage == Stage::Read => self.stage = Stage::Assigned,
            Response::Stats(stats) => self.stats = Some(stats),
            // Too late for what is asked now, or never asked for here.
            Response::AssignId(_)
            | Response::Get(_)
            | Response::Set(_)
            | Response::Save
            | Response::CalBegin(_)
            | Response::CalChunk(_)
            | Response::CalCommit(_)
            | Response::CalBank(_)
            | Response::Identify
            | Response::Reboot
            | Response::Key(_) => {}
        }
        Heard::Nothing
    }

    /// Takes a refusal of the request that waits.
    pub(super) fn refused(&mut self, reason: NackReason, now: Nanos) -> Heard {
        let opcode = self.asked.take().map_or(Opcode::Discover, |asked| asked.request.opcode());
        self.heard = Some(now);
        if let NackReason::Stale { highest } = reason {
            return Heard::ContinueAbove(highest);
        }
        if matches!(opcode, Opcode::CalBegin | Opcode::CalCommit) && !matches!(reason, NackReason::NotMaster { .. }) {
            let step = self.uploads.front_mut().map(|upload| upload.refused(reason, now));
            return step.map_or(Heard::Nothing, |step| self.uploaded(step));
        }
        if matches!(reason, NackReason::NotMaster { .. } | NackReason::Busy { .. }) {
            // Who drives the wall is asked for by DISCOVER; a busy card is asked again.
            self.stage = Stage::Found;
        } else if matches!(reason, NackReason::AuthRequired | NackReason::BadAuth) {
            self.unfit(CardProblem::KeyRequired);
        } else {
            self.unfit(CardProblem::Refused { opcode, reason });
        }
        Heard::Nothing
    }

    /// A card answers at this place.
    fn found(&mut self, announce: Announce, address: MacAddress, card_id: u16) -> Heard {
        self.must_look = false;
        let before = self.known.take();
        let is_same = before.as_ref().is_some_and(|before| before.announce.identity.serial == announce.identity.serial);
        let is_same_boot = is_same && before.as_ref().is_some_and(|before| before.announce.identity == announce.identity);
        let mut heard = Heard::Nothing;
        if let Some(before) = before.as_ref().filter(|_| !is_same) {
            if before.announce.model != announce.model {
                let (was, is) = (before.announce.model.name.to_string(), announce.model.name.to_string());
                self.known = Some(before.clone());
                self.unfit(CardProblem::OtherModel { serial: announce.identity.serial.to_string(), was, is });
                return Heard::Nothing;
            }
            self.inherit(before);
            let (old, new) = (before.announce.identity.serial.to_string(), announce.identity.serial.to_string());
            heard = Heard::Replaced(Replacement { old, new });
        }
        self.problem = self.shortcoming(&announce);
        let settings = before.filter(|_| is_same).map(|before| before.settings).unwrap_or_default();
        let has_id = card_id == self.id && is_same_boot && self.assigned_id == self.id;
        if !is_same_boot {
            // A card that starts anew has lost what was not committed, a successor never had it.
            if matches!(heard, Heard::Replaced(_)) {
                self.uploads = self.calibration.iter().cloned().map(UploadRun::new).collect();
            }
            self.uploads.iter_mut().for_each(UploadRun::begin_again);
        }
        self.known = Some(KnownCard { announce, address, settings });
        self.stage = if self.problem.as_ref().is_some_and(CardProblem::is_final) {
            Stage::Unfit
        } else if self.stage == Stage::Ready && has_id && self.is_good() {
            Stage::Ready
        } else {
            Stage::Found
        };
        heard
    }

    /// A card of the same model stands in for its predecessor: it gets what the predecessor had beyond the wall's settings.
    fn inherit(&mut self, before: &KnownCard) {
        let own = |setting: &&Setting| !self.wanted.iter().any(|wanted| wanted.kind() == setting.kind());
        self.inherited = before.settings.iter().filter(own).cloned().collect();
        (self.good, self.sets) = (None, 0);
    }

    /// What the card lacks for this wall.
    fn shortcoming(&self, announce: &Announce) -> Option<CardProblem> {
        let (needs, can) = (&self.needs, &announce.capabilities);
        if announce.protocol.lowest > ProtocolVersions::OWN.highest || announce.protocol.highest < ProtocolVersions::OWN.lowest {
            return Some(CardProblem::Version { lowest: announce.protocol.lowest, highest: announce.protocol.highest });
        }
        if !can.formats.contains(Formats::of(needs.format)) {
            return Some(CardProblem::Format { wanted: needs.format, deepest: can.formats.deepest() });
        }
        if can.max_pixels < needs.pixels {
            return Some(CardProblem::Pixels { needed: needs.pixels, most: can.max_pixels });
        }
        if can.mtu < needs.mtu {
            return Some(CardProblem::Mtu { wanted: needs.mtu, most: can.mtu });
        }
        if needs.cuts && !can.features.contains(Features::CANVAS) {
            return Some(CardProblem::NoCanvas);
        }
        if needs.dims && !can.features.contains(Features::DIMMER) {
            return Some(CardProblem::NoDimmer);
        }
        let found = announce.identity.serial.to_string();
        let named = self.serial.as_ref().filter(|named| **named != found);
        named.map(|named| CardProblem::OtherSerial { named: named.clone(), found })
    }

    fn read(&mut self, configuration: Configuration) {
        let hash = configuration.configuration;
        let Some(known) = &mut self.known else { return };
        known.settings = configuration.settings;
        let live = &known.settings;
        if self.wanted.iter().chain(&self.inherited).all(|setting| live.contains(setting)) {
            (self.good, self.sets) = (Some(hash.clone()), 0);
            known.announce.configuration = hash;
            self.stage = Stage::Ready;
        } else {
            self.stage = Stage::Read;
        }
    }

    /// Whether its settings are those that were read before and found right.
    fn is_good(&self) -> bool {
        let live = self.known.as_ref().map(|known| &known.announce.configuration);
        live.is_some() && live == self.good.as_ref()
    }

    fn unfit(&mut self, problem: CardProblem) {
        self.problem = Some(problem);
        self.stage = Stage::Unfit;
    }
}
