//! What each request does.

use super::{Asked, Outcome, Staged};
use crate::emulator::Moment;
use crate::emulator::card::Card;
use crate::time::Nanos;
use crate::wire::ocp809::auth::Key;
use crate::wire::ocp809::control::{
    Announce, Assignment, Capabilities, Configuration, Discover, Features, Formats, Get, Hardware, Identify, IdentifyMode,
    Identity, Ignored, KeyChange, KeyInstalled, LatchCounter, Master, Model, NackReason, ProtocolVersions, Reboot, Request,
    Response, Set, SetReport, Stats, Text, TimeMark, Value,
};
use crate::wire::ocp809::{CARD_ID_ALL, CARD_ID_MAX};

impl Card {
    /// Does what was asked.
    pub(super) fn perform(&mut self, request: Request, transaction: u32, asked: &Asked, moment: Moment) -> Outcome {
        let done = match request {
            Request::Discover(discover) => Ok(Response::Discover(self.introduce(&discover, asked, moment))),
            Request::AssignId(assignment) => self.take_id(&assignment).map(Response::AssignId),
            Request::Get(get) => Ok(Response::Get(self.configuration(&get))),
            Request::Set(set) => self.stage(set).map(Response::Set),
            Request::Save => {
                self.control.saved.clone_from(&self.settings);
                Ok(Response::Save)
            }
            Request::CalBegin(upload) => self.begin_upload(upload, moment.now).map(Response::CalBegin),
            Request::CalChunk(chunk) => match self.take_chunk(transaction, &chunk, moment.now) {
                Ok(Some(window)) => Ok(Response::CalChunk(window)),
                Ok(None) => return Outcome::Silent,
                Err(reason) => Err(reason),
            },
            Request::CalCommit(id) => self.commit_upload(id.upload_id, moment.now).map(Response::CalCommit),
            Request::CalBank(select) => {
                self.calibration.select(select.choice);
                Ok(Response::CalBank(self.calibration.report(self.settings.modules.len())))
            }
            Request::Stats => Ok(Response::Stats(self.answered_stats(asked, moment))),
            Request::Identify(identify) => {
                self.identify_as(&identify, moment.now);
                Ok(Response::Identify)
            }
            Request::Reboot(reboot) => {
                self.reboot(&reboot, moment.now);
                Ok(Response::Reboot)
            }
            Request::Time(mark) => {
                self.take_time(&mark, transaction, moment.now);
                return Outcome::Silent;
            }
            Request::Key(change) => self.install_key(&change, asked).map(Response::Key),
        };
        done.map_or_else(Outcome::Refuse, Outcome::Answer)
    }

    /// The answer to DISCOVER: as long as the question where that was padded.
    fn introduce(&self, question: &Discover, asked: &Asked, moment: Moment) -> Announce {
        let announce = self.announce(moment);
        let asked_bytes = u16::try_from(asked.header.packet_len()).unwrap_or(u16::MAX);
        if question.padding.is_some() { announce.filling(asked_bytes.min(self.identity.mtu)) } else { announce }
    }

    /// What the card tells about itself.
    pub(super) fn announce(&self, moment: Moment) -> Announce {
        let identity = &self.identity;
        let [board_major, board_minor] = identity.hardware_version.to_be_bytes();
        let [firmware_major, firmware_minor] = identity.firmware_version.to_be_bytes();
        Announce {
            identity: Identity { serial: identity.serial, boot_count: self.boot_count },
            model: Model { name: Text::new(&identity.model) },
            hardware: Hardware { board_major, board_minor, firmware_major, firmware_minor, firmware_patch: 0 },
            protocol: ProtocolVersions::OWN,
            capabilities: Capabilities {
                features: Features(Features::CANVAS.0 | Features::DIMMER.0 | Features::PARITY.0 | Features::LOCK.0),
                mtu: identity.mtu,
                formats: Formats(crate::wall::WireFormat::ALL.into_iter().fold(0, |set, format| set | Formats::of(format).0)),
                buffers: identity.buffers.max(2),
                guard_ns: self.settings.guard_ns(),
                residence_ns: identity.residence_ns,
                max_pixels: identity.pixels_max,
            },
            configuration: self.settings.hash(),
            master: self.reported_master(moment),
            padding: None,
        }
    }

    /// The living master as messages name it.
    pub(super) fn reported_master(&self, moment: Moment) -> Option<Master> {
        self.fence.master(moment.now).map(|master| Master {
            epoch: master.epoch,
            age_ms: super::age_ms(moment.now, master.last_latch),
            macs: master.addresses().collect(),
        })
    }

    fn take_id(&mut self, assignment: &Assignment) -> Result<Identity, NackReason> {
        if !(1..=CARD_ID_MAX).contains(&assignment.card_id) || assignment.card_id == CARD_ID_ALL {
            return Err(NackReason::BadValue { tlv: Assignment::DOC.kind });
        }
        self.assign_id(assignment.card_id);
        self.control.path_delay_ns = assignment.path_delay_ns;
        Ok(Identity { serial: self.identity.serial, boot_count: self.boot_count })
    }

    fn configuration(&self, get: &Get) -> Configuration {
        let mut settings = self.settings.to_wire();
        if let Some(wanted) = get.wanted.as_ref().filter(|wanted| !wanted.kinds.is_empty()) {
            settings.retain(|setting| wanted.kinds.contains(&setting.kind()));
        }
        Configuration { settings, configuration: self.settings.hash() }
    }

    fn stage(&mut self, set: Set) -> Result<SetReport, NackReason> {
        let base = self.control.staged.as_ref().map_or(&self.settings, |staged| &staged.settings);
        let settings = base.with(&set.settings, &self.identity)?;
        let configuration = settings.hash();
        self.control.staged = None;
        if let Some(apply_at) = set.apply_at {
            self.control.staged = Some(Staged { settings, apply_at });
        } else {
            self.configure(settings);
        }
        let ignored = (!set.unknown.is_empty()).then_some(Ignored { kinds: set.unknown });
        Ok(SetReport { configuration, ignored })
    }

    /// STATS for whoever asked. A sender that has the key learns which counters its latches must be above.
    fn answered_stats(&mut self, asked: &Asked, moment: Moment) -> Stats {
        let highest = self.latch_windows.highest(asked.header.key_id);
        let latch_counter = asked.header.auth.then_some(LatchCounter { highest });
        Stats { latch_counter, ..self.stats(moment) }
    }

    fn identify_as(&mut self, identify: &Identify, now: Nanos) {
        let until = (identify.duration_ms > 0).then(|| now.after(u64::from(identify.duration_ms) * 1_000_000));
        self.control.identify = (identify.mode != IdentifyMode::Off).then_some((identify.mode, now, until));
    }

    fn reboot(&mut self, reboot: &Reboot, now: Nanos) {
        self.control.reboot_at = Some(now.after(u64::from(reboot.delay_ms) * 1_000_000));
    }

    fn take_time(&mut self, mark: &TimeMark, transaction: u32, now: Nanos) {
        let follows = mark.previous_transaction == self.control.last_time_transaction;
        let departure = if follows { mark.previous_departure } else { crate::time::Tai(0) };
        self.clock.time_message(departure, self.control.path_delay_ns, now);
        self.control.last_time_transaction = transaction;
    }

    fn install_key(&mut self, change: &KeyChange, asked: &Asked) -> Result<KeyInstalled, NackReason> {
        let current = self.keys.key(asked.header.key_id).ok_or(NackReason::BadAuth)?;
        let key = Key::new(change.masked_key).wrapped(current, &self.auth_identity(), asked.header.counter);
        if self.keys.install(change.new_key_id, key) {
            Ok(KeyInstalled { new_key_id: change.new_key_id })
        } else {
            Err(NackReason::BadValue { tlv: KeyChange::DOC.kind })
        }
    }
}
