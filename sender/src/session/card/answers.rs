//! What a card's answers and refusals lead to.

use super::{CardSlot, Heard, KnownCard, Replacement, Stage};
use crate::session::ask::{Asked, Signature};
use crate::session::key::KeyState;
use crate::session::problem::CardProblem;
use crate::session::upload::UploadRun;
use crate::time::Nanos;
use crate::wire::ethernet::MacAddress;
use crate::wire::ocp809::control::{Announce, Configuration, LockedMode, NackReason, Opcode, Response, Setting, Stats, Value};

impl CardSlot {
    /// Takes the answer to the request that waits; `card_id` is the id that the card names itself by.
    pub(in crate::session) fn answer(&mut self, response: Response, address: MacAddress, card_id: u16, now: Nanos) -> Heard {
        self.heard = Some(now);
        // Chunks are answered beside the request that waits.
        let asked = if matches!(response, Response::CalChunk(_)) { None } else { self.asked.take() };
        let signature = asked.as_ref().map_or(Signature::None, |asked| asked.to.signature);
        if matches!(response, Response::CalBegin(_) | Response::CalChunk(_) | Response::CalCommit(_)) {
            let step = self.uploads.front_mut().map(|upload| upload.answer(&response, now));
            return step.map_or(Heard::Nothing, |step| self.uploaded(step));
        }
        match response {
            Response::Discover(announce) => {
                self.looked = Some(now);
                return self.found(announce, address, card_id);
            }
            Response::AssignId(_) if self.stage == Stage::Found => self.assigned(),
            Response::Get(configuration) if self.stage == Stage::Assigned => self.read(configuration),
            // Read back: what a card says that it took is not what counts.
            Response::Set(_) if self.stage == Stage::Read => self.stage = Stage::Assigned,
            Response::Save => self.saved(),
            Response::Identify => self.marked(asked.as_ref().map(|asked| &asked.request), now),
            Response::Key(_) => self.key_taken(),
            Response::Stats(stats) => return self.told_stats(stats, signature),
            // Too late for what is asked now, or never asked for here.
            Response::AssignId(_)
            | Response::Get(_)
            | Response::Set(_)
            | Response::CalBegin(_)
            | Response::CalChunk(_)
            | Response::CalCommit(_)
            | Response::CalBank(_)
            | Response::Reboot => {}
        }
        Heard::Nothing
    }

    fn assigned(&mut self) {
        self.assigned_id = self.id;
        self.stage = Stage::Assigned;
        if !self.key.has_site_key() {
            // It obeys whoever asks.
            self.key.settle(KeyState::None);
        }
        if self.is_good() {
            self.be_ready();
        }
    }

    /// STATS that were asked for under a key prove that the card has it, and say where latches under it have to go on.
    fn told_stats(&mut self, stats: Stats, signature: Signature) -> Heard {
        let counter = stats.latch_counter.as_ref().map(|counter| counter.highest);
        self.stats = Some(stats);
        let before = self.key.state();
        self.key.answered(signature);
        if self.key.state() != before {
            // What the wall wants of the card depends on its key.
            (self.good, self.sets) = (None, 0);
            self.stage = Stage::Found;
        }
        if self.key.state() != KeyState::None {
            self.wants_key = false;
        }
        counter.filter(|_| signature == Signature::Site).map_or(Heard::Nothing, Heard::Overtake)
    }

    /// Takes a refusal of the request that waits.
    pub(in crate::session) fn refused(&mut self, reason: NackReason, now: Nanos) -> Heard {
        let asked = self.asked.take();
        let opcode = asked.as_ref().map_or(Opcode::Discover, |asked| asked.request.opcode());
        self.heard = Some(now);
        match (opcode, reason) {
            (_, NackReason::Stale { highest }) => return Heard::ContinueAbove(highest),
            (_, NackReason::AuthRequired | NackReason::BadAuth) => self.not_authorised(asked.as_ref(), now),
            (Opcode::CalBegin | Opcode::CalCommit, reason) if !matches!(reason, NackReason::NotMaster { .. }) => {
                let step = self.uploads.front_mut().map(|upload| upload.refused(reason, now));
                return step.map_or(Heard::Nothing, |step| self.uploaded(step));
            }
            // Who drives the wall is asked for by DISCOVER; a busy card is asked again.
            (_, NackReason::NotMaster { .. } | NackReason::Busy { .. }) => self.stage = Stage::Found,
            (Opcode::Save, reason) => self.save_refused(reason),
            (Opcode::Key, reason) => self.key_refused(reason),
            (Opcode::Identify, _) => self.mark_refused(),
            (opcode, reason) => self.unfit(CardProblem::Refused { opcode, reason }),
        }
        Heard::Nothing
    }

    /// The card does not know the key that it was asked under, or demands one. It may have started anew meanwhile, so that
    /// nothing signed for its last start is good: who is there is asked first.
    fn not_authorised(&mut self, asked: Option<&Asked>, now: Nanos) {
        if !self.key.has_site_key() {
            self.key.settle(KeyState::Foreign);
            self.unfit(CardProblem::KeyRequired);
            return;
        }
        let question = asked.filter(|asked| asked.request.opcode() == Opcode::Stats);
        match question.map(|asked| asked.to.signature) {
            Some(signature) if self.key.refused(signature) => {
                self.wants_key = false;
                self.unfit(CardProblem::ForeignKey);
            }
            Some(_) => self.look_again(now),
            None => {
                self.key.ask_again();
                self.stage = Stage::Found;
                self.look_again(now);
            }
        }
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
            self.be_someone_else();
            let (old, new) = (before.announce.identity.serial.to_string(), announce.identity.serial.to_string());
            heard = Heard::Replaced(Replacement { old, new });
        }
        // What a card refused before, it will refuse again until it is proven otherwise.
        let shortcoming = self.needs.unmet(&announce);
        let is_unusable = shortcoming.as_ref().is_some_and(CardProblem::is_final);
        if shortcoming.is_some() || !is_same {
            self.problem = shortcoming;
        }
        let settings = before.filter(|_| is_same).map(|before| before.settings).unwrap_or_default();
        let has_id = card_id == self.id && is_same_boot && self.assigned_id == self.id;
        if !is_same_boot || self.stage == Stage::Unfit {
            self.key.ask_again();
        }
        if !is_same_boot {
            // A card that starts anew has lost what was not committed, a successor never had it.
            if matches!(heard, Heard::Replaced(_)) {
                self.uploads = self.calibration.iter().cloned().map(UploadRun::new).collect();
            }
            self.uploads.iter_mut().for_each(UploadRun::begin_again);
            self.forget_mark();
        }
        self.known = Some(KnownCard { announce, address, settings });
        self.stage = if is_unusable {
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
        let of_wall = |setting: &Setting| self.wanted.iter().any(|wanted| wanted.kind() == setting.kind());
        // Whether a card is locked follows from its own key: without one, a locked card would stay dark.
        let own = |setting: &&Setting| !of_wall(setting) && setting.kind() != LockedMode::DOC.kind;
        self.inherited = before.settings.iter().filter(own).cloned().collect();
        (self.good, self.sets) = (None, 0);
    }

    fn read(&mut self, configuration: Configuration) {
        let hash = configuration.configuration;
        let Some(known) = &mut self.known else { return };
        known.settings = configuration.settings;
        known.announce.configuration = hash.clone();
        if self.missing().is_empty() {
            (self.good, self.sets) = (Some(hash), 0);
            self.be_ready();
        } else {
            self.stage = Stage::Read;
        }
    }

    /// Whether its settings are those that were read before and found right.
    fn is_good(&self) -> bool {
        let live = self.known.as_ref().map(|known| &known.announce.configuration);
        live.is_some() && live == self.good.as_ref()
    }

    /// It is as the wall wants it, and what stood in the way does no more.
    pub(super) fn be_ready(&mut self) {
        self.stage = Stage::Ready;
        self.problem.take_if(|problem| problem.is_final());
    }

    pub(super) fn unfit(&mut self, problem: CardProblem) {
        self.problem = Some(problem);
        self.stage = Stage::Unfit;
    }
}
