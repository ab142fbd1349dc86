//! What people order of a card: the site's key, and that it stores its settings. And what the key means for its settings.

use super::{CardSlot, Stage};
use crate::session::key::KeyState;
use crate::session::problem::CardProblem;
use crate::wire::ocp809::control::{Features, KeyChange, LockedMode, NackReason, Request, Setting};

/// How far an order to store settings is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Save {
    /// None was given.
    #[default]
    None,
    /// It waits for the card.
    Waiting,
    /// They are stored.
    Done,
}

impl CardSlot {
    /// The card gets the site's key, if it is there and lacks one.
    pub(in crate::session) fn order_key(&mut self) {
        let may_lack_it = matches!(self.key.state(), KeyState::None | KeyState::Unknown) && !self.key.has_proved();
        self.wants_key = self.key.has_site_key() && self.is_found() && may_lack_it;
    }

    /// The card stores its settings once it is ready.
    pub(in crate::session) const fn order_save(&mut self) {
        self.save = Save::Waiting;
    }

    /// Whether an order for a key still waits.
    pub(in crate::session) const fn awaits_key(&self) -> bool {
        self.wants_key
    }

    /// Whether an order to store settings still waits for a card that is there.
    pub(in crate::session) fn awaits_save(&self) -> bool {
        self.save == Save::Waiting && self.is_found()
    }

    /// The time for a key is over.
    pub(in crate::session) const fn end_key_order(&mut self) {
        self.wants_key = false;
    }

    /// The time to store settings is over; whether the card did.
    pub(in crate::session) fn end_save_order(&mut self) -> bool {
        if self.save == Save::Waiting {
            self.warning = Some(CardProblem::NotSaved);
        }
        core::mem::take(&mut self.save) == Save::Done
    }

    /// The request that carries out an order, if one waits. `key_id` is that of the site's key.
    pub(super) fn ordered(&self, key_id: u16) -> Option<Request> {
        if self.wants_key && self.key.state() == KeyState::None {
            // The key itself is filled in where the message gets its counter.
            return Some(Request::Key(KeyChange { new_key_id: key_id, masked_key: [0; 32] }));
        }
        (self.save == Save::Waiting && self.stage == Stage::Ready).then_some(Request::Save)
    }

    pub(super) fn saved(&mut self) {
        self.save = Save::Done;
        self.warning = None;
    }

    pub(super) fn save_refused(&mut self, reason: NackReason) {
        self.save = Save::None;
        self.warning = Some(CardProblem::SaveRefused { reason });
    }

    /// It says that it stored the key; that it has it is asked under the key itself.
    pub(super) fn key_taken(&mut self) {
        self.warning = None;
        self.key.ask_again();
        self.stage = Stage::Found;
    }

    pub(super) fn key_refused(&mut self, reason: NackReason) {
        self.wants_key = false;
        self.warning = Some(CardProblem::KeyRefused { reason });
    }

    /// Another card stands here: orders were not meant for it.
    pub(super) fn be_someone_else(&mut self) {
        self.key.forget();
        (self.wants_key, self.save, self.warning) = (false, Save::None, None);
    }

    /// Whether the card is to demand signed latches. One without a key must not: nothing could be shown on it any more.
    pub(super) fn lock(&self) -> Option<Setting> {
        let locked = self.site.locks && self.key.state() == KeyState::Installed;
        self.can_lock().then_some(Setting::LockedMode(LockedMode { locked }))
    }

    fn can_lock(&self) -> bool {
        self.known.as_ref().is_some_and(|known| known.announce.capabilities.features.contains(Features::LOCK))
    }

    /// Whether it has this site's key and demands signed latches.
    pub(in crate::session) fn is_locked(&self) -> bool {
        let locked = Setting::LockedMode(LockedMode { locked: true });
        let has_it = self.known.as_ref().is_some_and(|known| known.settings.contains(&locked));
        has_it && self.key.state() == KeyState::Installed
    }

    /// What its key leaves to be wished for.
    pub(super) fn key_warning(&self) -> Option<CardProblem> {
        let is_known = self.key.has_site_key() && self.is_found();
        match self.key.state() {
            KeyState::None if is_known && self.key.has_proved() => Some(CardProblem::KeyLost),
            KeyState::None if is_known => Some(CardProblem::NoKey),
            KeyState::Installed if is_known && self.site.locks && !self.can_lock() => Some(CardProblem::NoLock),
            KeyState::Unknown | KeyState::None | KeyState::Installed | KeyState::Foreign => None,
        }
    }
}
